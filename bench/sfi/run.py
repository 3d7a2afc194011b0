#!/usr/bin/env python3
"""orc-cc against plain clang at the same level (-O2, clang's own defaults otherwise), one interleaved run.

Both sides are linked with the same C library, compiled by the respective compiler. Each workload is timed inside the
program; native and confined runs alternate. The table goes to standard output and to BUILD/bench/sfi.md.

Usage: run.py [BUILD]    BENCH_ROUNDS (default 9)   BENCH_SECONDS a run (default 0.3)   BENCH_ONLY name,name"""

import math
import os
import platform
import re
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/ports"))

import ports  # noqa: E402
from ports import guest  # noqa: E402

BATCHES = 11  # as in harness.h
# Outside the geometric mean: it measures the processor's segment base, not code.
EXTRAS = {"pointer-chase"}
GOAL_MEAN, GOAL_WORST, GOAL_SIZE = 1.05, 1.20, 1.35


class Program:
    """A benchmark program in both forms, with the text size of its own code (without the C library)."""

    def __init__(self, tools, name, work):
        self.tools, self.name = tools, name
        source = os.path.join(HERE, name + ".c")
        self.paths, self.text = {}, {}
        for kind in ("native", "orc"):
            compile_command = tools.native_compile() if kind == "native" else tools.orc_compile()
            path = os.path.join(work, f"{name}-{kind}")
            flags, objects, root = ["-O2"], [], HERE
            if name in ports.names():
                port = ports.Port(tools, name)
                flags, root = port.flags, port.root
                objects = port.objects(kind)
            guest.must([*compile_command, *flags, "-I" + HERE, "-I" + ports.HERE, "-ffunction-sections", "-c", source, "-o", path + ".o"], cwd=root)
            link = tools.native_link if kind == "native" else tools.orc_link
            guest.must(link(path, [path + ".o", *objects]))
            if kind == "orc":
                guest.must([tools.orc, "verify", path])
            self.paths[kind] = path
            self.text[kind] = text_size([path + ".o", *objects])
        self.workloads = guest.must([self.paths["native"]]).stdout.decode().split()

    def measure(self, kind, workload, rounds):
        """Nanoseconds (median and fastest batch) and digest of batches of `rounds` calls."""
        path = self.paths[kind]
        command = [path] if kind == "native" else self.tools.bare(path, seconds=120)
        out = guest.must([*command, workload, str(rounds)]).stdout.decode().split()
        return int(out[0]), int(out[1]), out[2]


def text_size(objects):
    output = guest.must(["llvm-size-22", "-A", *objects]).stdout.decode()
    return sum(int(match.group(1)) for match in re.finditer(r"^\.text\S*\s+(\d+)", output, re.M))


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    version = guest.must(["clang-22", "--version"]).stdout.decode().splitlines()[0]
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}; {version}"


def calibrate(program, workload, seconds):
    """Calls in a batch, so that a run of BATCHES takes about `seconds`."""
    goal = seconds * 1e9 / BATCHES
    rounds = 1
    while True:
        nanoseconds, _, _ = program.measure("native", workload, rounds)
        if nanoseconds > goal / 2 or rounds > 1 << 24:
            return max(1, round(rounds * goal / max(nanoseconds, 1)))
        rounds *= max(2, min(64, int(goal / max(nanoseconds, 1))))


def table(programs, times, best, rounds):
    lines = ["| workload | clang -O2, µs a call | orc-cc -O2 | ratio | of the fastest | spread |", "|---|---:|---:|---:|---:|---|"]
    ratios, fastest_ratios = [], []
    for program in programs:
        for workload in program.workloads:
            if workload not in times:
                continue
            native, orc = times[workload]["native"], times[workload]["orc"]
            ratio = statistics.median(orc) / statistics.median(native)
            fastest = best[workload]["orc"] / best[workload]["native"]
            pairs = sorted(b / a for a, b in zip(native, orc))
            if workload not in EXTRAS:
                ratios.append((ratio, workload))
                fastest_ratios.append(fastest)
            note = " (extra)" if workload in EXTRAS else ""
            lines.append(f"| {workload}{note} | {statistics.median(native) / 1e3 / rounds[workload]:.1f} | {statistics.median(orc) / 1e3 / rounds[workload]:.1f} | {ratio:.3f} | {fastest:.3f} | {pairs[0]:.2f}-{pairs[-1]:.2f} |")
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio, _ in ratios))
    worst = max(ratios)
    fastest_mean = math.exp(statistics.fmean(math.log(ratio) for ratio in fastest_ratios))
    lines.append(f"| **geometric mean of {len(ratios)}** | | | **{mean:.3f}** | {fastest_mean:.3f} | |")
    lines += ["", "| code | clang -O2, bytes of text | orc-cc -O2 | ratio |", "|---|---:|---:|---:|"]
    for program in programs:
        lines.append(f"| {program.name} | {program.text['native']} | {program.text['orc']} | {program.text['orc'] / program.text['native']:.3f} |")
    native, orc = (sum(program.text[kind] for program in programs) for kind in ("native", "orc"))
    lines.append(f"| **all** | {native} | {orc} | **{orc / native:.3f}** |")
    lines += ["", f"Goals: mean at most {GOAL_MEAN} ({'met' if mean <= GOAL_MEAN else 'missed'}), worst at most {GOAL_WORST} "
                  f"({worst[1]}: {worst[0]:.3f}, {'met' if worst[0] <= GOAL_WORST else 'missed'}), text at most {GOAL_SIZE} "
                  f"({'met' if orc / native <= GOAL_SIZE else 'missed'})."]
    return lines


def main():
    tools = guest.Toolchain(guest.main_build(), twin=True)
    work = os.path.join(tools.build, "bench/sfi-work")
    os.makedirs(work, exist_ok=True)
    rounds_of_all = int(os.environ.get("BENCH_ROUNDS", "9"))
    seconds = float(os.environ.get("BENCH_SECONDS", "0.3"))
    only = os.environ.get("BENCH_ONLY", "").split(",") if os.environ.get("BENCH_ONLY") else None
    names = sorted(name[:-2] for name in os.listdir(HERE) if name.endswith(".c"))
    programs, failed = [], []
    for name in names:
        print(f"building {name}", file=sys.stderr, flush=True)
        try:
            programs.append(Program(tools, name, work))
        except guest.Failure as failure:
            failed.append(name)
            print(failure, file=sys.stderr, flush=True)
    chosen = [(program, workload) for program in programs for workload in program.workloads if not only or workload in only]
    rounds, times, best = {}, {}, {}
    for program, workload in chosen:
        rounds[workload] = calibrate(program, workload, seconds)
        times[workload], best[workload] = {"native": [], "orc": []}, {}
    for number in range(rounds_of_all):
        print(f"round {number + 1} of {rounds_of_all}", file=sys.stderr, flush=True)
        for program, workload in chosen:
            results = {kind: program.measure(kind, workload, rounds[workload])
                       for kind in (("native", "orc") if number % 2 == 0 else ("orc", "native"))}
            if results["native"][2] != results["orc"][2]:
                raise guest.Failure(f"{workload}: digests differ: {results}")
            for kind, (median, fastest, _) in results.items():
                times[workload][kind].append(median)
                best[workload][kind] = min(fastest, best[workload].get(kind, fastest))
    lines = ["# The toolchain's cost", "", f"`make bench-sfi` on {machine()}. Medians of {rounds_of_all} interleaved runs of about {seconds} s each; the ratio of "
             "the fastest runs tells how far other work on the machine blurred them.", ""]
    lines += table(programs, times, best, rounds)
    if failed:
        lines += ["", "Not built: " + ", ".join(failed) + "."]
    text = "\n".join(lines) + "\n"
    os.makedirs(os.path.join(tools.build, "bench"), exist_ok=True)
    with open(os.path.join(tools.build, "bench/sfi.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    sys.exit(1 if failed else 0)


try:
    main()
except guest.Failure as failure:
    print(f"bench: {failure}", file=sys.stderr)
    sys.exit(1)
