# Hostcall fuzzing, plain and sanitised: FUZZ_SECONDS=1800 for a long run.
FUZZ_HOSTCALL_SRCS := $(addprefix tests/fuzz/hostcalls/, main.c calls.c world.c) $(addprefix tests/intravisor/, fixture.c programs.S) \
	$(INTRAVISOR_SRCS) $(VERIFIER_SRCS)
$(eval $(call unit_test,fuzz-hostcalls,$(FUZZ_HOSTCALL_SRCS),$(VERIFIER_LIBS) $(INTRAVISOR_LIBS)))
