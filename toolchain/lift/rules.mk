# The lifter: from an assembled object back to assembly text. orc-lift is for GNU assembly; orc-nasm links the rest.
LIFT_SRCS := $(addprefix toolchain/lift/,object.c code.c registers.c liveness.c spill.c print.c gather.c write.c stack.c share.c accepted.c classify.c distance.c tables.c) toolchain/common/att.c
$(eval $(call program,orc-lift,$(addprefix toolchain/lift/,main.c annotate.c) $(LIFT_SRCS) $(addprefix toolchain/common/,arguments.c tool.c locate.c),-lZydis))
