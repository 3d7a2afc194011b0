# ORC: one copy of each binary object, shared by strongly isolated tenants.
#
#   make          build everything into build/
#   make demo     install what is needed, build, run the main job
#   make check    the same, and run every test (TAP, through prove)
#   make bench    every benchmark        make bench-sfi   the toolchain's
#   make tcb      count the trusted code, in tokens, and fail above the budget
#   make deps     install the Debian packages
#   make install PREFIX=/usr/local
#
# Host programs are built twice: build/bin (hardened, -O2) and build/san (ASan and UBSan, for the tests).
# Each part has a rules.mk that names its sources; this file says how anything is built.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

BUILD := build
override BUILD := $(abspath $(BUILD))
PREFIX ?= /usr/local
LLVM := 22
HOST_CC := clang-$(LLVM)
HOST_CXX := clang++-$(LLVM)
LLVM_CONFIG := llvm-config-$(LLVM)

WARN := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wvla -Wformat=2
HOST_CPPFLAGS := -D_GNU_SOURCE -Iinclude
HOST_CFLAGS := -std=gnu17 -O2 -g $(WARN) -Wstrict-prototypes -Wmissing-prototypes -fvisibility=hidden -fPIE \
	-fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero -D_FORTIFY_SOURCE=2
HOST_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack -fuse-ld=lld
# AddressSanitizer's shadow begins a page above the object window and takes the first 16 TiB; what ThreadSanitizer leaves to
# programs ends at 512 GiB.
ASAN_SPACE := -DSLOTS=0x110000000000 -DSLOTS_END=0x280000000000 -DMAX_THREADS=65536u -DCODE_SPACE_END=0x7fff7000u
TSAN_SPACE := -DSLOTS=0x1000000000 -DSLOTS_END=0x4000000000 -DMAX_THREADS=1024u
SAN_CFLAGS := -std=gnu17 -O1 -g $(WARN) -Wstrict-prototypes -Wmissing-prototypes -fPIE -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all $(ASAN_SPACE)
TSAN_CFLAGS := -std=gnu17 -O1 -g $(WARN) -Wstrict-prototypes -Wmissing-prototypes -fPIE -fno-omit-frame-pointer -fsanitize=thread $(TSAN_SPACE)
TSAN_LDFLAGS := -pie -fsanitize=thread -fuse-ld=lld
SAN_LDFLAGS := -pie -fsanitize=address,undefined -fuse-ld=lld

PROGRAMS :=     # everything that `make` builds
TESTS :=        # executables that print TAP
BENCHES :=      # bench targets
SAN_PROGRAMS := # sanitised twins

# $(call program,NAME,SOURCES,LDLIBS): build/bin/NAME and build/san/NAME from C and assembly sources.
define program
$(BUILD)/bin/$(1): $(patsubst %,$(BUILD)/obj/%.o,$(2)) ; @mkdir -p $$(@D) && echo "  LINK $$@" && $(HOST_CC) $(HOST_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(3)
$(BUILD)/san/$(1): $(patsubst %,$(BUILD)/sanobj/%.o,$(2)) ; @mkdir -p $$(@D) && echo "  LINK $$@" && $(HOST_CC) $(SAN_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(3)
PROGRAMS += $(BUILD)/bin/$(1)
SAN_PROGRAMS += $(BUILD)/san/$(1)
DEPFILES += $(patsubst %,$(BUILD)/obj/%.d,$(2)) $(patsubst %,$(BUILD)/sanobj/%.d,$(2))
endef

# $(call unit_test,NAME,SOURCES,LDLIBS): a cmocka program, built and run plain and sanitised.
define unit_test
$(BUILD)/tests/$(1): $(patsubst %,$(BUILD)/obj/%.o,$(2)) ; @mkdir -p $$(@D) && echo "  LINK $$@" && $(HOST_CC) $(HOST_LDFLAGS) -o $$@ $$^ -lcmocka $(3)
$(BUILD)/tests/$(1)-san: $(patsubst %,$(BUILD)/sanobj/%.o,$(2)) ; @mkdir -p $$(@D) && echo "  LINK $$@" && $(HOST_CC) $(SAN_LDFLAGS) -o $$@ $$^ -lcmocka $(3)
TESTS += $(BUILD)/tests/$(1) $(BUILD)/tests/$(1)-san
TEST_PROGRAMS += $(BUILD)/tests/$(1) $(BUILD)/tests/$(1)-san
DEPFILES += $(patsubst %,$(BUILD)/obj/%.d,$(2)) $(patsubst %,$(BUILD)/sanobj/%.d,$(2))
endef

include $(wildcard trusted/*/rules.mk embed/rules.mk toolchain/*/rules.mk guest/rules.mk guest/*/rules.mk ports/rules.mk examples/rules.mk cli/rules.mk tests/rules.mk tests/*/rules.mk bench/rules.mk)

$(BUILD)/obj/%.c.o: %.c
	@mkdir -p $(@D) && echo "  CC   $<"
	@$(HOST_CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@
$(BUILD)/obj/%.S.o: %.S
	@mkdir -p $(@D) && echo "  AS   $<"
	@$(HOST_CC) $(HOST_CPPFLAGS) -g -fPIE -fcf-protection -MMD -MP -MF $(@:.o=.d) -c $< -o $@
$(BUILD)/sanobj/%.c.o: %.c
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CPPFLAGS) $(SAN_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@
$(BUILD)/sanobj/%.S.o: %.S
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CPPFLAGS) -g -fPIE -fcf-protection -MMD -MP -MF $(@:.o=.d) -c $< -o $@
$(BUILD)/tsanobj/%.c.o: %.c
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CPPFLAGS) $(TSAN_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@
$(BUILD)/tsanobj/%.S.o: %.S
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CPPFLAGS) -g -fPIE -fcf-protection -MMD -MP -MF $(@:.o=.d) -c $< -o $@

all: $(PROGRAMS)

check: deps
	@$(MAKE) --no-print-directory run-checks

.PHONY: all check run-checks demo demo-ready bench tcb deps install clean
run-checks: $(PROGRAMS) $(SAN_PROGRAMS) $(TEST_PROGRAMS)
	@prove --timer --merge -j2 $(TESTS)

bench: $(BENCHES)

demo: deps
	@echo "building what the demo needs; $(BUILD)/make.log has the details"
	@scripts/progress.sh $(BUILD)/make.log $(MAKE) --no-print-directory demo-ready
	@scripts/demo.py $(BUILD)

# Redis and Lua for compartments, their native twins, and what they need.
demo-ready: $(BUILD)/bin/orc $(BUILD)/lib/orc/root.key $(foreach port,redis lua5.4,port-$(port) native-port-$(port))

# The commands, the toolchain's parts beside them, the headers.
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
	cp -a $(BUILD)/bin/. $(DESTDIR)$(PREFIX)/bin/
	rm -f $(DESTDIR)$(PREFIX)/bin/tenants
	cp -a $(BUILD)/lib/. $(DESTDIR)$(PREFIX)/lib/
	cp -a include/orc $(DESTDIR)$(PREFIX)/include/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/

tcb:
	@scripts/tcb.py

deps:
	@scripts/deps.sh

clean:
	rm -rf $(BUILD)

-include $(sort $(DEPFILES))
