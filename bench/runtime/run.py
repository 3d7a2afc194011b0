#!/usr/bin/env python3
"""What running in a compartment costs against running natively, one interleaved run: hostcalls against system calls, starts
against fork and exec, idle compartments against idle processes.

Both sides run the same sources, with the same C library. Runs alternate; figures are medians, and ratios are those of the
medians. The table goes to standard output and to BUILD/bench/runtime.md.

Usage: run.py [BUILD]    BENCH_ROUNDS (default 9)   BENCH_IDLE (default 1000)   BENCH_ONLY name,name (prefixes)"""

import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/exec"))

import guest  # noqa: E402
import memory  # noqa: E402

SIZES = (1, 64, 1024, 4096, 16384, 65536)
GOALS = {"null": 0.3, "start": 0.5}
IO_GOAL = 1.3
IDLE_GOAL = 96  # KiB


class Programs:
    """Guest and native builds of hello.c and calls.c, and the host programs that start them."""

    def __init__(self, build):
        self.build = build
        self.tools = guest.Toolchain(build, twin=True)
        self.work = os.path.join(build, "bench/runtime-work")
        os.makedirs(self.work, exist_ok=True)
        for name in ("hello", "calls"):
            source = os.path.join(HERE, name + ".c")
            guest.must([self.tools.orc_cc, "-O2", "-I" + os.path.join(guest.TOP, "include"), "-o", self.guest(name), source])
            self.tools.build_native(source, self.native(name), ["-O2"])
        self.native_dynamic = os.path.join(self.work, "hello-glibc")
        guest.must(["clang-22", "-O2", "-o", self.native_dynamic, os.path.join(HERE, "hello.c")])
        self.launch = os.path.join(build, "bench/runtime-launch")
        self.spawn = os.path.join(build, "bench/runtime-spawn")

    def guest(self, name):
        return os.path.join(self.work, name + "-orc")

    def native(self, name):
        return os.path.join(self.work, name + "-native")

    def calls(self, arguments, grant=()):
        """Commands of both sides."""
        return ([self.native("calls"), *arguments], [self.tools.orc, "run", *grant, self.guest("calls"), *arguments])


def number(command):
    return float(guest.must(command, timeout=300).stdout.decode().split()[-1])


def tests_of(programs):
    """(name, native command, guest command, goal)"""
    data = os.path.join(programs.work, "data")
    with open(data, "wb") as file:
        file.write(b"x" * (1 << 20))
    yield ("null", *programs.calls(["null", "0", "2000000"]), GOALS["null"])
    yield ("clock", *programs.calls(["clock", "0", "2000000"]), None)
    for size in SIZES:
        rounds = str(max(5000, 400000 // (1 + size // 1024)))
        yield (f"pipe {size}", *programs.calls(["pipe", str(size), rounds]), IO_GOAL)
    for size in SIZES:
        rounds = str(max(5000, 400000 // (1 + size // 1024)))
        native, orc = programs.calls(["file", str(size), rounds, data], ["--mount", f"{data}:{data}:ro"])
        yield (f"file {size}", native, orc, IO_GOAL)
    for name, size in ("change", "4096"), ("status", "0"), ("missing", "0"), ("lock", "0"):
        native, orc = programs.calls([name, size, "100000", data], ["--mount", f"{programs.work}:{programs.work}"])
        yield (name, native, orc, IO_GOAL if name == "change" else None)
    for size in (1, 4096, 65536):
        rounds = str(max(5000, 400000 // (1 + size // 1024)))
        native = programs.calls(["memory", str(size), rounds, f"/dev/shm/orc-bench-{os.getpid()}"])[0]
        yield (f"memory {size}", native, programs.calls(["memory", str(size), rounds, "/tmp/file"])[1], IO_GOAL)
    yield ("zero 4096", *programs.calls(["zero", "4096", "200000"]), IO_GOAL)
    yield ("away 4096", *programs.calls(["away", "4096", "400000"]), IO_GOAL)
    yield ("start", [programs.spawn, "run", "300", programs.native("hello")], [programs.launch, "run", "300", programs.guest("hello")], GOALS["start"])
    yield ("start, glibc", [programs.spawn, "run", "300", programs.native_dynamic], [programs.launch, "run", "300", programs.guest("hello")], None)


WORDS = {
    "null": "null hostcall; getpid",
    "clock": "clock_gettime",
    "change": "file on a mount: pwrite of 4096 bytes",
    "status": "file on a mount: fstat",
    "missing": "name on a mount that isn't there: stat",
    "lock": "file on a mount: record lock and its end",
    "start": "create, run, destroy hello; fork, exec, wait of static musl hello",
    "start, glibc": "the same; fork, exec, wait of dynamic glibc hello",
}

SIZED = {
    "pipe": "pipe: write and read",
    "file": "file on a read-only mount: pread",
    "memory": "file in memory (natively tmpfs): pread",
    "zero": "/dev/zero: read",
    "away": "/dev/null: write",
}


def describe(name):
    kind, _, size = name.partition(" ")
    if kind in SIZED:
        return f"{SIZED[kind]} of {size} bytes"
    return WORDS[name]


def measure(tests, rounds):
    times = {name: ([], []) for name, *_ in tests}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
        for name, native, orc, _ in tests:
            for side in ((0, 1) if turn % 2 == 0 else (1, 0)):
                times[name][side].append(number(orc if side else native))
    return times


def table(tests, times):
    lines = ["| call | native, ns | compartment, ns | ratio | of the fastest | spread | goal |", "|---|---:|---:|---:|---:|---|---|"]
    for name, _, _, goal in tests:
        native, orc = times[name]
        ratio = statistics.median(orc) / statistics.median(native)
        pairs = sorted(b / a for a, b in zip(native, orc))
        verdict = f"≤ {goal}: {'met' if ratio <= goal else 'missed'}" if goal else ""
        lines.append(f"| {describe(name)} | {statistics.median(native):,.0f} | {statistics.median(orc):,.0f} | **{ratio:.2f}** | {min(orc) / min(native):.2f} | {pairs[0]:.2f}-{pairs[-1]:.2f} | {verdict} |")
    return lines


def idle_table(programs, count):
    """Memory of `count` idle compartments and processes, and of one, so that what is there once doesn't count."""
    sides = (("compartment", programs.launch, programs.guest("hello")), ("process, static musl", programs.spawn, programs.native("hello")),
             ("process, dynamic glibc", programs.spawn, programs.native_dynamic))
    lines = ["", f"| idle, each of {count} | KiB | of these page tables | kernel | anonymous | goal |", "|---|---:|---:|---:|---:|---|"]
    for label, starter, program in sides:
        few, many = (memory.measure([starter, "idle", str(n), program], n) for n in (10, count))
        each = {key: (many[key] - few[key]) / (count - 10) / 1024 for key in many if key in few}
        goal = f"≤ {IDLE_GOAL}: {'met' if each['total'] <= IDLE_GOAL else 'missed'}" if label == "compartment" else ""
        lines.append(f"| {label} | **{each['total']:.1f}** | {each.get('page tables', 0):.1f} | {each.get('kernel', 0):.1f} | {each.get('anonymous', 0):.1f} | {goal} |")
    lines += ["", memory.method()]
    return lines


def crowd(programs, count):
    """The most that one cell is asked to hold at once."""
    start = time.monotonic()
    result = memory.measure([programs.launch, "idle", str(count), programs.guest("hello")], count)
    return ["", f"{count:,} compartments alive at once in one cell: {result['total'] / 2**20:,.0f} MiB in all, ready in {time.monotonic() - start:.1f} s."]


def main():
    build = os.path.abspath(guest.main_build())
    programs = Programs(build)
    only = os.environ.get("BENCH_ONLY", "").split(",") if os.environ.get("BENCH_ONLY") else None
    tests = [test for test in tests_of(programs) if not only or any(test[0].startswith(word) for word in only)]
    rounds = int(os.environ.get("BENCH_ROUNDS", "9"))
    idle = int(os.environ.get("BENCH_IDLE", "1000"))
    lines = ["# What running in a compartment costs", "", f"`make bench-runtime` on {memory.machine()}. Medians of {rounds} interleaved runs.", ""]
    lines += table(tests, measure(tests, rounds))
    if not only or "idle" in only:
        lines += idle_table(programs, idle)
    if not only or "crowd" in only:
        lines += crowd(programs, 5 * idle)
    text = "\n".join(lines) + "\n"
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    with open(os.path.join(build, "bench/runtime.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


try:
    main()
except (guest.Failure, subprocess.SubprocessError) as failure:
    print(f"bench: {failure}", file=sys.stderr)
    sys.exit(1)
