# orc-cc, the compiler driver, and the small tools that are LLVM's under another name.
$(eval $(call program,orc-cc,$(addprefix toolchain/cc/,main.c options.c stages.c link.c) $(addprefix toolchain/common/,arguments.c tool.c locate.c check.c) trusted/verifier/instruction.c trusted/verifier/guard.c,-lZydis))

ORC_LLVM_TOOLS := ar ranlib nm objdump
PROGRAMS += $(ORC_LLVM_TOOLS:%=$(BUILD)/bin/orc-%)
$(ORC_LLVM_TOOLS:%=$(BUILD)/bin/orc-%): $(BUILD)/bin/orc-%: toolchain/cc/llvm-tool.sh
	@mkdir -p $(@D) && sed 's/@TOOL@/llvm-$*-$(LLVM)/' $< >$@ && chmod +x $@

PROGRAMS += $(BUILD)/bin/orc-strip
$(BUILD)/bin/orc-strip: toolchain/cc/strip-tool.sh
	@mkdir -p $(@D) && sed 's/@LLVM@/$(LLVM)/' $< >$@ && chmod +x $@
