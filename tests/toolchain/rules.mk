# Tests of the compiler driver, the linker and the LLVM pass, as build systems and users see them; the driver's and the
# linker's once more with the sanitised programs.
TOOLCHAIN_TESTS := $(addprefix $(BUILD)/tests/toolchain-,driver linker pass project driver-san linker-san)
TEST_PROGRAMS += $(TOOLCHAIN_TESTS)
TESTS += $(TOOLCHAIN_TESTS)
$(BUILD)/tests/toolchain-%-san: tests/toolchain/%.sh tests/toolchain/tap.sh
	@mkdir -p $(@D) && printf '#!/bin/sh\nBUILD=%s ORC_TEST_BIN=san exec bash $<\n' '$(BUILD)' >$@ && chmod +x $@
$(BUILD)/tests/toolchain-%: tests/toolchain/%.sh tests/toolchain/tap.sh
	@mkdir -p $(@D) && printf '#!/bin/sh\nBUILD=%s exec bash $<\n' '$(BUILD)' >$@ && chmod +x $@
