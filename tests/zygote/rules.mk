# Zygotes and their clones, by `orc run`.
$(BUILD)/tests/zygote: tests/zygote/run.py $(wildcard tests/zygote/*.c) bench/sharing/tenants.py $(PROGRAMS) | $(patsubst %,port-%,$(filter-out $(SPECIAL_PORTS),$(PORTS)))
	@mkdir -p $(@D) && printf '#!/bin/sh\nexec tests/zygote/run.py %s\n' '$(BUILD)' >$@ && chmod +x $@
TEST_PROGRAMS += $(BUILD)/tests/zygote
TESTS += $(BUILD)/tests/zygote
