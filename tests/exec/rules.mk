# $(call guest_test,NAME,SCRIPT): a test that compiles for a compartment and runs there, as a TAP program build/tests/NAME.
define guest_test
$(BUILD)/tests/$(1): $(2) $$(GUEST_READY) $$(NATIVE_SYSROOT)/key
	@mkdir -p $$(@D) && printf '#!/bin/sh\nexec %s %s "$$$$@"\n' $$(CURDIR)/$(2) $$(abspath $(BUILD)) >$$@ && chmod +x $$@
TESTS += $(BUILD)/tests/$(1)
TEST_PROGRAMS += $(BUILD)/tests/$(1)
endef

$(eval $(call guest_test,exec,tests/exec/run.py))
$(eval $(call guest_test,ports,tests/ports/run.py))
$(eval $(call guest_test,fuzz-csmith,tests/fuzz/csmith/run.py))
