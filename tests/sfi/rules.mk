$(BUILD)/tests/sfi: tests/sfi/run.py
	@mkdir -p $(@D) && printf '#!/bin/sh\nexec python3 tests/sfi/run.py $(BUILD)/bin/orc-sfi\n' > $@ && chmod +x $@
$(BUILD)/tests/sfi-san: tests/sfi/run.py
	@mkdir -p $(@D) && printf '#!/bin/sh\nexec python3 tests/sfi/run.py $(BUILD)/san/orc-sfi\n' > $@ && chmod +x $@
TESTS += $(BUILD)/tests/sfi $(BUILD)/tests/sfi-san
TEST_PROGRAMS += $(BUILD)/tests/sfi $(BUILD)/tests/sfi-san
