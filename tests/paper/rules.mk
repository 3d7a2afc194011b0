# The evaluation's harness: settings restored, report and plots from recorded results, small crowds.
$(BUILD)/tests/paper: tests/paper/run.py $(wildcard tests/paper/recorded/*) $(wildcard bench/paper/*.py) $(PROGRAMS) $(addprefix $(BUILD)/bench/paper-,cell enter merge.so) | port-lua5.4
	@mkdir -p $(@D) && printf '#!/bin/sh\nexec tests/paper/run.py %s\n' '$(BUILD)' >$@ && chmod +x $@
TEST_PROGRAMS += $(BUILD)/tests/paper
TESTS += $(BUILD)/tests/paper
