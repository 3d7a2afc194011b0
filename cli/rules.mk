# The orc command.
ORC_SRCS := $(sort $(wildcard cli/*.c)) $(EMBED_SRCS) $(VERIFIER_SRCS) $(INTRAVISOR_SRCS)
ORC_LIBS := $(VERIFIER_LIBS) $(INTRAVISOR_LIBS) $(HOSTCALLS_ORDER) -lpthread
$(eval $(call program,orc,$(ORC_SRCS),$(ORC_LIBS)))
$(BUILD)/bin/orc $(BUILD)/san/orc: trusted/hostcalls.order

# The interpreter of programs that run like native ones: nothing is relocated for it, so it must need nothing.
PROGRAMS += $(BUILD)/bin/ld-orc
$(BUILD)/bin/ld-orc: cli/ld_orc/ld_orc.c
	@mkdir -p $(@D) && echo "  LINK $@"
	@$(HOST_CC) $(HOST_CPPFLAGS) -std=gnu17 -Os $(WARN) -ffreestanding -fno-stack-protector -fno-builtin -fPIE -fno-jump-tables -fno-asynchronous-unwind-tables \
		-nostdlib -static-pie -fuse-ld=lld -Wl,-z,noexecstack,-z,relro,--build-id=none -s -o $@ $<
	@! llvm-readelf-$(LLVM) -rd $@ | grep -q 'R_X86_64\|NEEDED' || { echo "ld-orc would need a dynamic linker" >&2; exit 1; }
