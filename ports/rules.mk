# Programs from Debian source packages, for compartments: `make port-NAME`, or `make ports` for all. `make native-port-NAME`
# builds the native twin that benchmarks compare with, `make relocatable-port-NAME` the port with -fcls=relocatable. They land in
# build/ports/NAME, build/ports/native/NAME and build/ports/relocatable/NAME.
PORTS := $(patsubst ports/%/recipe,%,$(wildcard ports/*/recipe))
PORT_FILES := ports/build ports/recipe.sh ports/native-cc scripts/fetch-source.sh

.PHONY: ports native-ports $(PORTS:%=port-%) $(PORTS:%=native-port-%) $(PORTS:%=relocatable-port-%)
# All but those that are FFmpeg and x264 once more: they take long, and only experiments want them.
SPECIAL_PORTS := ffmpeg-full ffmpeg-c x264-c
ports: $(patsubst %,port-%,$(filter-out $(SPECIAL_PORTS),$(PORTS)))
native-ports: $(patsubst %,native-port-%,$(filter-out $(SPECIAL_PORTS),$(PORTS)))
$(PORTS:%=port-%): port-%: $(GUEST_TOOLCHAIN) $(SYSROOT)/key $(BUILD)/bin/orc $(BUILD)/bin/orc-nasm $(BUILD)/bin/orc-lift
	@echo "  PORT $*" && env -u MAKEFLAGS -u MFLAGS BUILD=$(BUILD) ports/build $* >/dev/null
$(PORTS:%=native-port-%): native-port-%: $(NATIVE_SYSROOT)/key
	@echo "  PORT $* (native)" && env -u MAKEFLAGS -u MFLAGS BUILD=$(BUILD) ports/build $* --native >/dev/null
$(PORTS:%=relocatable-port-%): relocatable-port-%: $(GUEST_TOOLCHAIN) $(SYSROOT)/key $(BUILD)/bin/orc $(BUILD)/bin/orc-nasm $(BUILD)/bin/orc-lift
	@echo "  PORT $* (relocatable)" && env -u MAKEFLAGS -u MFLAGS BUILD=$(BUILD) ports/build $* --relocatable >/dev/null
