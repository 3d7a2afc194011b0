# nasm's assembly in compartments.
$(eval $(call guest_test,nasm,tests/nasm/run.py))
$(BUILD)/tests/nasm: $(BUILD)/bin/orc-nasm $(addprefix $(BUILD)/san/,orc-nasm orc-sfi)
