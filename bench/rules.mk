# Benchmarks. bench-sfi: the toolchain's cost in time and size.
BENCHES += bench-sfi
.PHONY: bench-sfi
bench-sfi: $(GUEST_READY) $(NATIVE_SYSROOT)/key
	@bench/sfi/run.py $(BUILD)

# bench-runtime: calls, starts and memory of compartments against processes.
BENCH_LAUNCH_SRCS := bench/runtime/launch.c $(EMBED_SRCS) $(VERIFIER_SRCS) $(INTRAVISOR_SRCS)
$(BUILD)/bench/runtime-launch: $(patsubst %,$(BUILD)/obj/%.o,$(BENCH_LAUNCH_SRCS))
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -o $@ $^ $(ORC_LIBS)
$(BUILD)/bench/runtime-spawn: $(BUILD)/obj/bench/runtime/spawn.c.o
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -o $@ $^
DEPFILES += $(patsubst %,$(BUILD)/obj/bench/runtime/%.c.d,launch spawn)
BENCHES += bench-runtime
.PHONY: bench-runtime
bench-runtime: $(GUEST_READY) $(NATIVE_SYSROOT)/key $(BUILD)/bench/runtime-launch $(BUILD)/bench/runtime-spawn
	@bench/runtime/run.py $(BUILD)

# bench-programs: whole programs (ports/) against their native twins.
BENCHES += bench-programs
.PHONY: bench-programs
bench-programs: $(foreach port,lua5.4 sqlite3 redis zstd threads,port-$(port) native-port-$(port))
	@bench/programs/run.py $(BUILD)

# bench-video: FFmpeg and x264 against their native twins, and against the machine's own ffmpeg if there is one.
BENCHES += bench-video
.PHONY: bench-video
bench-video: port-ffmpeg native-port-ffmpeg
	@bench/programs/video.py $(BUILD)

# bench-sharing: what the object store costs and saves, with Redis and Lua.
BENCH_SHARING_SRCS := bench/sharing/host.c $(EMBED_SRCS) $(VERIFIER_SRCS) $(INTRAVISOR_SRCS)
$(BUILD)/bench/sharing-host: $(patsubst %,$(BUILD)/obj/%.o,$(BENCH_SHARING_SRCS))
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -o $@ $^ $(ORC_LIBS)
DEPFILES += $(BUILD)/obj/bench/sharing/host.c.d
BENCHES += bench-sharing
.PHONY: bench-sharing
bench-sharing: $(GUEST_READY) $(BUILD)/bench/sharing-host $(foreach port,redis lua5.4,port-$(port) native-port-$(port))
	@bench/sharing/run.py $(BUILD)

# bench-cls: the two models of compartment-local storage.
BENCHES += bench-cls
.PHONY: bench-cls
bench-cls: $(GUEST_READY) $(foreach port,lua5.4 sqlite3 zstd redis,port-$(port) relocatable-port-$(port))
	@bench/cls/run.py $(BUILD)
