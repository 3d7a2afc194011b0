# Sharing from outside: CLS, constant data, domains, totals, and the same results with and without it.
$(BUILD)/tests/sharing: tests/sharing/run.py $(wildcard tests/sharing/*.c) bench/sharing/tenants.py $(PROGRAMS) | $(patsubst %,port-%,$(filter-out $(SPECIAL_PORTS),$(PORTS)))
	@mkdir -p $(@D) && printf '#!/bin/sh\nexec tests/sharing/run.py %s\n' '$(BUILD)' >$@ && chmod +x $@
TEST_PROGRAMS += $(BUILD)/tests/sharing
TESTS += $(BUILD)/tests/sharing
