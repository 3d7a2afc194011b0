# Benchmarks. bench-sfi: the toolchain's cost in time and size.
BENCHES += bench-sfi
.PHONY: bench-sfi
bench-sfi: $(GUEST_READY) $(NATIVE_SYSROOT)/key
	@bench/sfi/run.py $(BUILD)
