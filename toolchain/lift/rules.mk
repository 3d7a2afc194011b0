# The lifter: from an assembled object back to assembly text. Programs link it.
LIFT_SRCS := $(addprefix toolchain/lift/,object.c code.c registers.c liveness.c spill.c print.c gather.c write.c) toolchain/common/att.c
