SFI_SRCS := $(addprefix toolchain/sfi/,main.c text.c bytes.c flow.c frame.c exact.c guard.c table.c string.c bits.c float.c debug.c rewrite.c)
$(eval $(call program,orc-sfi,$(SFI_SRCS) toolchain/common/att.c,-lZydis))
