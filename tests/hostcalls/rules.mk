# What a compartment may ask for, and what it's refused.
HOSTCALL_TEST_SRCS := tests/hostcalls/fixture.c embed/lock_down.c $(addprefix tests/intravisor/, fixture.c programs.S) $(INTRAVISOR_SRCS) $(VERIFIER_SRCS)
$(foreach test,handles files memory sockets locked_down, \
	$(eval $(call unit_test,hostcalls-$(test),tests/hostcalls/test_$(test).c $(HOSTCALL_TEST_SRCS),$(VERIFIER_LIBS) $(INTRAVISOR_LIBS))))

$(BUILD)/tests/hostcalls-documented: tests/hostcalls/documented.sh
	@mkdir -p $(@D) && printf '#!/bin/sh\nexec $<\n' >$@ && chmod +x $@
TESTS += $(BUILD)/tests/hostcalls-documented
TEST_PROGRAMS += $(BUILD)/tests/hostcalls-documented

include tests/fuzz/hostcalls/rules.mk
