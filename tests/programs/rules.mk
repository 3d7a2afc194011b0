# Whole programs from Debian source packages, each a port of ports/, at work in a compartment.
PROGRAM_TESTS := $(patsubst tests/programs/%.sh,%,$(filter-out %/programs.sh,$(wildcard tests/programs/*.sh)))
$(foreach name,$(PROGRAM_TESTS),$(eval $(BUILD)/tests/program-$(name): tests/programs/$(name).sh tests/programs/programs.sh tests/toolchain/tap.sh | port-$(name)))
$(PROGRAM_TESTS:%=$(BUILD)/tests/program-%): $(BUILD)/tests/program-%:
	@mkdir -p $(@D) && printf '#!/bin/sh\nBUILD=%s exec bash $<\n' '$(BUILD)' >$@ && chmod +x $@
# Some of them once more with their variables relocatable (docs/cls.md), beside a libc.so whose variables are fixed.
RELOCATABLE_TESTS := lua5.4 sqlite3 zstd redis
$(foreach name,$(RELOCATABLE_TESTS),$(eval $(BUILD)/tests/program-$(name)-relocatable: tests/programs/$(name).sh tests/programs/programs.sh tests/toolchain/tap.sh | relocatable-port-$(name)))
$(RELOCATABLE_TESTS:%=$(BUILD)/tests/program-%-relocatable):
	@mkdir -p $(@D) && printf '#!/bin/sh\nBUILD=%s ORC_TEST_PORTS=relocatable/ exec bash $<\n' '$(BUILD)' >$@ && chmod +x $@
TEST_PROGRAMS += $(PROGRAM_TESTS:%=$(BUILD)/tests/program-%)
TESTS += $(PROGRAM_TESTS:%=$(BUILD)/tests/program-%)
TEST_PROGRAMS += $(RELOCATABLE_TESTS:%=$(BUILD)/tests/program-%-relocatable)
TESTS += $(RELOCATABLE_TESTS:%=$(BUILD)/tests/program-%-relocatable)
