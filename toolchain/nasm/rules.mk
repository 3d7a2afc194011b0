# orc-nasm: nasm for compartments.
$(eval $(call program,orc-nasm,$(addprefix toolchain/nasm/,main.c object.c code.c registers.c liveness.c spill.c print.c gather.c write.c) $(addprefix toolchain/common/,arguments.c tool.c locate.c),-lZydis))
