# orc-ld, the linker, and the layout of an object.
$(eval $(call program,orc-ld,$(addprefix toolchain/ld/,main.c script.c image.c relocations.c plt.c code.c note.c cls.c output.c) $(addprefix toolchain/common/,arguments.c tool.c locate.c object_hash.c),-lZydis -lsodium))

PROGRAMS += $(BUILD)/lib/orc/object.ld
$(BUILD)/lib/orc/object.ld: toolchain/ld/object.ld
	@mkdir -p $(@D) && cp $< $@
