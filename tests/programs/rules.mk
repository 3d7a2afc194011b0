# Whole programs from Debian source packages, each a port of ports/, at work in a compartment.
PROGRAM_TESTS := $(patsubst tests/programs/%.sh,%,$(filter-out %/programs.sh,$(wildcard tests/programs/*.sh)))
$(foreach name,$(PROGRAM_TESTS),$(eval $(BUILD)/tests/program-$(name): tests/programs/$(name).sh tests/programs/programs.sh tests/toolchain/tap.sh | port-$(name)))
$(PROGRAM_TESTS:%=$(BUILD)/tests/program-%): $(BUILD)/tests/program-%:
	@mkdir -p $(@D) && printf '#!/bin/sh\nBUILD=%s exec bash $<\n' '$(BUILD)' >$@ && chmod +x $@
TEST_PROGRAMS += $(PROGRAM_TESTS:%=$(BUILD)/tests/program-%)
TESTS += $(PROGRAM_TESTS:%=$(BUILD)/tests/program-%)
