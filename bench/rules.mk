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

# bench-video: FFmpeg and x264 against their native twins, with assembly and without (four builds of FFmpeg), and against the
# machine's own ffmpeg if there is one.
BENCHES += bench-video
.PHONY: bench-video
bench-video: port-ffmpeg port-ffmpeg-c native-port-ffmpeg native-port-ffmpeg-c
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

# bench-paper: the evaluation against the kernel's same-page merging. QUICK=1 for a short form.
BENCH_CELL_SRCS := bench/paper/cell.c $(filter-out cli/orc.c,$(ORC_SRCS))
$(BUILD)/bench/paper-cell: $(patsubst %,$(BUILD)/obj/%.o,$(BENCH_CELL_SRCS))
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -o $@ $^ $(ORC_LIBS)
$(BUILD)/bench/paper-enter: $(BUILD)/obj/bench/paper/enter.c.o
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CC) $(HOST_LDFLAGS) -o $@ $^
DEPFILES += $(patsubst %,$(BUILD)/obj/bench/paper/%.c.d,cell enter)
$(BUILD)/bench/paper-merge.so: bench/paper/merge.c ports/native-cc $(NATIVE_SYSROOT)/key
	@mkdir -p $(@D) && echo "  LINK $@" && ORC_NATIVE_SYSROOT=$(NATIVE_SYSROOT) ports/native-cc $(WARN) -std=gnu17 -D_GNU_SOURCE -O2 -fPIC -shared -o $@ $<
BENCHES += bench-paper
.PHONY: bench-paper
PAPER_PORTS := redis lua5.4 sqlite3 $(filter transcode ffmpeg $(if $(filter-out 0,$(QUICK)),,ffmpeg-full),$(PORTS))
bench-paper: $(GUEST_READY) $(addprefix $(BUILD)/bench/,paper-cell paper-enter paper-merge.so sharing-host) $(foreach port,$(PAPER_PORTS),port-$(port) native-port-$(port))
	@bench/paper/run.py $(BUILD)

# The last run's report and plots, for docs/evaluation.md to show.
.PHONY: bench-paper-publish
bench-paper-publish:
	@mkdir -p docs/evaluation && rm -f docs/evaluation/* && cp $(BUILD)/bench/paper/{report.md,*.svg} docs/evaluation/
