# The machine-code verifier. Whoever links it adds $(VERIFIER_LIBS).
VERIFIER_SRCS := trusted/verifier/verify.c trusted/verifier/instruction.c trusted/verifier/guard.c
VERIFIER_LIBS := -lZydis

# Its speed: `make bench-verify`, or build/bench/verify-bench OBJECT...
VERIFY_BENCH_SRCS := bench/verify.c embed/object_file.c embed/file_bytes.c toolchain/common/object_hash.c $(VERIFIER_SRCS)
$(BUILD)/bench/verify-bench: $(patsubst %,$(BUILD)/obj/%.o,$(VERIFY_BENCH_SRCS))
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -o $@ $^ $(VERIFIER_LIBS) -lsodium
DEPFILES += $(BUILD)/obj/bench/verify.c.d
PROGRAMS += $(BUILD)/bench/verify-bench
BENCHES += bench-verify
.PHONY: bench-verify
bench-verify: $(BUILD)/bench/verify-bench
	@$<
