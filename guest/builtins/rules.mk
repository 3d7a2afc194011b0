# The compiler's support functions, as guest code.
ifndef BUILTINS_OBJECTS # included once, whoever asks
BUILTINS := $(addprefix guest/builtins/,int128.c convert128.c power.c complex.c dynamic_stack.c cpu_model.c cpuid.c)
# Already in the confined form, so the rewriter has no part in it.
BUILTINS_FLOATS := $(BUILD)/guest/builtins/floats.o
BUILTINS_OBJECTS := $(BUILTINS:guest/%.c=$(BUILD)/guest/%.o) $(BUILTINS_FLOATS)
ORC_TOOLCHAIN := $(BUILD)/bin/orc-cc $(BUILD)/bin/orc-sfi $(BUILD)/lib/orc/orc-pass.so
PROGRAMS += $(BUILD)/lib/orc/libbuiltins.a
DEPFILES += $(BUILTINS_OBJECTS:.o=.d)

$(BUILD)/guest/builtins/%.o: guest/builtins/%.c $(ORC_TOOLCHAIN)
	@mkdir -p $(@D) && echo "  ORC  $<"
	@$(BUILD)/bin/orc-cc -std=gnu17 -O2 -g -ffreestanding -fPIC -fvisibility=hidden -Wall -Wextra -Werror -Iinclude -MMD -MF $(@:.o=.d) -c $< -o $@

$(BUILTINS_FLOATS): guest/builtins/floats.S include/orc/abi.h include/orc/hostcall.h
	@mkdir -p $(@D) && echo "  AS   $<"
	@$(HOST_CC) -Iinclude -c $< -o $@

$(BUILD)/lib/orc/libbuiltins.a: $(BUILTINS_OBJECTS)
	@mkdir -p $(@D) && echo "  AR   $@" && rm -f $@ && llvm-ar-$(LLVM) rcsD $@ $^
endif
