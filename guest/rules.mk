# The guest's C library: built with orc-cc, found by it in build/lib/orc/sysroot. Its twin, the same C sources built
# with plain clang, is what tests and benchmarks compare with.
include guest/builtins/rules.mk

SYSROOT := $(BUILD)/lib/orc/sysroot
NATIVE_SYSROOT := $(BUILD)/native/sysroot
GUEST_TOOLCHAIN := $(addprefix $(BUILD)/bin/,orc-cc orc-sfi orc-ld orc-ar orc-ranlib) $(BUILD)/lib/orc/orc-pass.so $(BUILD)/lib/orc/object.ld
MUSL_FILES := $(shell find guest/musl -type f) scripts/fetch-source.sh include/orc/abi.h include/orc/bare.h

PROGRAMS += $(SYSROOT)/key
$(SYSROOT)/key: $(GUEST_TOOLCHAIN) $(MUSL_FILES)
	@echo "  MUSL $(SYSROOT)" && guest/musl/build.sh guest $(BUILD)/bin/orc-cc $(SYSROOT) && touch $@
$(NATIVE_SYSROOT)/key: $(MUSL_FILES)
	@echo "  MUSL $(NATIVE_SYSROOT)" && guest/musl/build.sh native $(HOST_CC) $(NATIVE_SYSROOT) && touch $@

# Everything that compiles for a compartment and runs there.
GUEST_READY := $(GUEST_TOOLCHAIN) $(SYSROOT)/key $(BUILD)/lib/orc/libbuiltins.a $(BUILD)/bin/orc
