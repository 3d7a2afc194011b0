# Escape fuzzing: FUZZ_SECONDS=1800 for a long run.
FUZZ_ESCAPE_SRCS := $(addprefix tests/fuzz/escape/, main.c generate.c world.c) tests/intravisor/programs.S $(INTRAVISOR_SRCS) $(VERIFIER_SRCS)
$(BUILD)/tests/fuzz-escape: $(patsubst %,$(BUILD)/obj/%.o,$(FUZZ_ESCAPE_SRCS))
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -Wl,--wrap=orc_hostcall -o $@ $^ $(VERIFIER_LIBS) $(INTRAVISOR_LIBS)
TESTS += $(BUILD)/tests/fuzz-escape
TEST_PROGRAMS += $(BUILD)/tests/fuzz-escape
DEPFILES += $(patsubst %,$(BUILD)/obj/%.d,$(FUZZ_ESCAPE_SRCS))
