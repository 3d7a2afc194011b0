# The guest's C library, found by orc-cc in build/lib/orc: `sysroot`, shared (musl, ld.so and the libOS in one libc.so),
# for programs; `sysroot-bare`, static, for bare compartments (orc-cc -static). A native twin, the same C sources built
# with plain clang, is what benchmarks compare with. Tests compare with an unaltered C library.
include guest/builtins/rules.mk

SYSROOT := $(BUILD)/lib/orc/sysroot
BARE_SYSROOT := $(BUILD)/lib/orc/sysroot-bare
NATIVE_SYSROOT := $(BUILD)/native/sysroot
MUSL_SHARED := $(BUILD)/guest/musl
GUEST_TOOLCHAIN := $(addprefix $(BUILD)/bin/,orc-cc orc-sfi orc-ld orc-ar orc-ranlib) $(addprefix $(BUILD)/lib/orc/,orc-pass.so orc-cls.so object.ld)
MUSL_FILES := $(shell find guest/musl -type f) scripts/fetch-source.sh $(addprefix include/orc/,abi.h object.h cls.h boot.h hostcall.h) guest/libos/libos_thread.h

PROGRAMS += $(SYSROOT)/key $(BARE_SYSROOT)/key
$(BARE_SYSROOT)/key: $(GUEST_TOOLCHAIN) $(MUSL_FILES) guest/linux_headers.sh
	@echo "  MUSL $(@D)" && guest/musl/build.sh bare $(BUILD)/bin/orc-cc $(@D) && guest/linux_headers.sh $(@D)/include && touch $@
$(MUSL_SHARED)/key: $(GUEST_TOOLCHAIN) $(MUSL_FILES)
	@echo "  MUSL $(@D)" && guest/musl/build.sh shared $(BUILD)/bin/orc-cc $(@D) && touch $@
$(NATIVE_SYSROOT)/key: guest/musl/build.sh scripts/fetch-source.sh $(wildcard guest/builtins/*.[ch])
	@echo "  MUSL $(@D)" && guest/musl/build.sh native $(HOST_CC) $(@D) && touch $@

# The libOS, part of libc.so.
LIBOS_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard guest/libos/*.c))
DEPFILES += $(LIBOS_OBJECTS:.o=.d)
LIBOS_CFLAGS := -std=gnu17 -D_GNU_SOURCE= -O2 -g -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -fno-strict-aliasing -fno-stack-protector -fno-jump-tables \
	-fno-asynchronous-unwind-tables -Wall -Wextra -Werror -Wno-pointer-to-int-cast -Wno-int-to-pointer-cast \
	--sysroot=$(MUSL_SHARED) -Iinclude
$(BUILD)/guest/libos/%.o: guest/libos/%.c $(MUSL_SHARED)/key
	@mkdir -p $(@D) && echo "  ORC  $<"
	@$(BUILD)/bin/orc-cc $(LIBOS_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

# Interposable are the names that programs may replace (musl's list); everything else binds inside.
$(SYSROOT)/lib/libc.so: guest/libos/libc.order $(LIBOS_OBJECTS) $(MUSL_SHARED)/key $(BUILD)/lib/orc/libbuiltins.a
	@mkdir -p $(@D) && echo "  LINK $@"
	@$(BUILD)/bin/orc-cc -nostdlib -shared -Wl,-e,_dlstart -Wl,-soname,libc.so -Wl,-Bsymbolic \
		-Wl,--dynamic-list=$(MUSL_SHARED)/lib/dynamic.list -Wl,--gc-sections -Wl,--no-undefined \
		-Wl,--wrap=__malloc_donate,--wrap=__syscall_cp,--wrap=__libc_start_init -Wl,--symbol-ordering-file=guest/libos/libc.order -Wl,--no-warn-symbol-ordering -o $@.new \
		-Wl,--whole-archive $(MUSL_SHARED)/lib/libmusl.a -Wl,--no-whole-archive $(LIBOS_OBJECTS) $(BUILD)/lib/orc/libbuiltins.a
	@mv $@.new $@

# Programs are compiled against headers and stubs only; the key changes with what they are linked to.
$(SYSROOT)/key: $(SYSROOT)/lib/libc.so include/orc/share.h guest/linux_headers.sh
	@rm -rf $(SYSROOT)/include && cp -a $(MUSL_SHARED)/include $(SYSROOT)/include && guest/linux_headers.sh $(SYSROOT)/include
	@mkdir -p $(SYSROOT)/include/orc && cp include/orc/share.h $(SYSROOT)/include/orc/
	@cp -a $(MUSL_SHARED)/lib/*.a $(MUSL_SHARED)/lib/*crt?.o $(SYSROOT)/lib/ && rm -f $(SYSROOT)/lib/lib{c,musl}.a
	@cat $(MUSL_SHARED)/key >$@

# Everything that compiles for a compartment and runs there.
GUEST_READY := $(GUEST_TOOLCHAIN) $(BUILD)/bin/orc-lift $(SYSROOT)/key $(BARE_SYSROOT)/key $(BUILD)/lib/orc/libbuiltins.a $(BUILD)/bin/orc

# $(call guest_test,NAME,SCRIPT): a test that compiles for a compartment and runs there, as a TAP program build/tests/NAME.
define guest_test
$(BUILD)/tests/$(1): $(2) $$(GUEST_READY)
	@mkdir -p $$(@D) && printf '#!/bin/sh\nexec %s %s "$$$$@"\n' $$(CURDIR)/$(2) $$(abspath $(BUILD)) >$$@ && chmod +x $$@
TESTS += $(BUILD)/tests/$(1)
TEST_PROGRAMS += $(BUILD)/tests/$(1)
endef
