# orc-nasm: nasm for compartments.
$(eval $(call program,orc-nasm,toolchain/nasm/main.c $(LIFT_SRCS) $(addprefix toolchain/common/,arguments.c tool.c locate.c check.c) trusted/verifier/instruction.c trusted/verifier/guard.c,-lZydis))
