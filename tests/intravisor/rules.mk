INTRAVISOR_TEST_SRCS := $(addprefix tests/intravisor/, fixture.c bind.c block.c script.c programs.S) toolchain/common/object_hash.c $(INTRAVISOR_SRCS) $(VERIFIER_SRCS)
INTRAVISOR_TEST_LIBS := $(VERIFIER_LIBS) $(INTRAVISOR_LIBS)

# Each test runs four times: plain and sanitised, with FSGSBASE and by arch_prctl.
$(foreach test,call dormant floats object lifecycle life store zygote, \
	$(eval $(call unit_test,intravisor-$(test),tests/intravisor/test_$(test).c $(INTRAVISOR_TEST_SRCS),$(INTRAVISOR_TEST_LIBS))) \
	$(eval $(call unit_test,intravisor-$(test)-arch-prctl,tests/intravisor/test_$(test).c tests/intravisor/force_arch_prctl.c \
		$(INTRAVISOR_TEST_SRCS),$(INTRAVISOR_TEST_LIBS))))

# And compartments that run on their embedder's threads.
$(foreach test,life dormant, \
	$(eval $(call unit_test,intravisor-$(test)-callers,tests/intravisor/test_$(test).c tests/intravisor/on_callers.c \
		$(INTRAVISOR_TEST_SRCS),$(INTRAVISOR_TEST_LIBS))))

# Races, where ThreadSanitizer can see them: RACE_SECONDS=60 for a long run.
RACE_SRCS := tests/intravisor/races.c $(INTRAVISOR_TEST_SRCS)
$(BUILD)/tests/intravisor-races: $(patsubst %,$(BUILD)/tsanobj/%.o,$(RACE_SRCS))
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(TSAN_LDFLAGS) -o $@ $^ -lcmocka $(INTRAVISOR_TEST_LIBS)
DEPFILES += $(patsubst %,$(BUILD)/tsanobj/%.d,$(RACE_SRCS))
TESTS += $(BUILD)/tests/intravisor-races
TEST_PROGRAMS += $(BUILD)/tests/intravisor-races

# The command, on objects that orc-cc makes.
$(BUILD)/tests/orc-bare.sh: tests/intravisor/orc_bare.sh $(PROGRAMS)
	@mkdir -p $(@D) && sed 's|@BUILD@|$(BUILD)|' $< > $@ && chmod +x $@
TESTS += $(BUILD)/tests/orc-bare.sh
TEST_PROGRAMS += $(BUILD)/tests/orc-bare.sh

# What crossings cost: make bench-hostcall
BENCH_HOSTCALL_SRCS := tests/intravisor/bench_hostcall.c $(INTRAVISOR_TEST_SRCS)
$(BUILD)/tests/bench-hostcall: $(patsubst %,$(BUILD)/obj/%.o,$(BENCH_HOSTCALL_SRCS))
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -o $@ $^ -lcmocka $(INTRAVISOR_TEST_LIBS)
DEPFILES += $(BUILD)/obj/tests/intravisor/bench_hostcall.c.d
.PHONY: bench-hostcall
bench-hostcall: $(BUILD)/tests/bench-hostcall
	@$<
BENCHES += bench-hostcall

include tests/fuzz/escape/rules.mk
