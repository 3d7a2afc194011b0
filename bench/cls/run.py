#!/usr/bin/env python3
"""The two models of compartment-local storage: the same programs with -fcls=fixed and -fcls=relocatable, all with the same
libc.so, in one interleaved run; their sizes; then the private memory of a compartment.

Usage: run.py [BUILD]    BENCH_ROUNDS (default 7)   BENCH_SECONDS a workload's run (default 0.5)   BENCH_COUNT compartments (default 50)
                         BENCH_ONLY globals,lua,sqlite,zstd,redis   BENCH_PARTS time,size,memory"""

import math
import os
import statistics
import subprocess
import sys

import crowds
import workloads
from models import FIXED, MODELS, RELOCATABLE, Failure, Programs, memory, size_of, tenants

OBJECTS = [("lua5.4", "lib/liblua5.4.so.0"), ("sqlite3", "lib/libsqlite3.so.0"), ("zstd", "lib/libzstd.so.1"), ("redis", "bin/redis-server")]


def mean(values):
    return math.exp(statistics.fmean(map(math.log, values))) if values else float("nan")


def time_lines(programs):
    rounds, seconds = int(os.environ.get("BENCH_ROUNDS", "7")), float(os.environ.get("BENCH_SECONDS", "0.5"))
    chosen = os.environ.get("BENCH_ONLY", ",".join(workloads.ALL)).split(",")
    groups, times, outcomes = [workloads.ALL[name](programs, seconds) for name in chosen], {}, {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for group in groups:
            for model in MODELS if number % 2 == 0 else MODELS[::-1]:
                for name, (value, outcome) in group.run(model).items():
                    times.setdefault(name, {model: [] for model in MODELS})[model].append(value)
                    if outcomes.setdefault(name, outcome) != outcome:
                        raise Failure(f"{name}: the results differ: {outcome} and {outcomes[name]}")
    lines = [f"Processor seconds (globals: elapsed), medians of {rounds} interleaved runs.", "", "| workload | fixed | relocatable | ratio | of the fastest |", "|---|---:|---:|---:|---:|"]
    ratios, fastest_ratios = [], []
    for name, runs in times.items():
        medians, fastest = [statistics.median(runs[model]) for model in MODELS], [min(runs[model]) for model in MODELS]
        ratio, fastest_ratio = medians[1] / medians[0], fastest[1] / fastest[0]
        if not name.startswith("globals"):
            ratios.append(ratio)
            fastest_ratios.append(fastest_ratio)
        lines.append(f"| {name} | {medians[0]:.3f} | {medians[1]:.3f} | {ratio:.3f} | {fastest_ratio:.3f} |")
    return lines + [f"| **geometric mean of {len(ratios)}**, without `globals` | | | **{mean(ratios):.3f}** | {mean(fastest_ratios):.3f} |"]


def size_lines(programs):
    lines = ["| object | model | text, bytes | data region | initial CLS | zero CLS |", "|---|---|---:|---:|---:|---:|"]
    for port, file in OBJECTS:
        for model in MODELS:
            path = os.path.join(programs.port(model, port), file)
            data = size_of(path, r"\.got|\.data|\.data\.rel\.ro|\.tdata|\.bss|\.cls\.displacement|\.cls\.addresses")
            lines.append(f"| {os.path.basename(file)} | {model} | {size_of(path, '[.]text')} | {data} | {size_of(path, '[.]cls[.]data')} | {size_of(path, '[.]cls[.]bss')} |")
        one, two = (size_of(os.path.join(programs.port(model, port), file), "[.]text") for model in (FIXED, RELOCATABLE))
        lines.append(f"| | ratio | {two / one:.3f} | | | |")
    return lines


def main():
    programs = Programs(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build"))
    parts = os.environ.get("BENCH_PARTS", "time,size,memory").split(",")
    lines = ["# Compartment-local storage: fixed and relocatable", "", f"`make bench-cls` on {memory.machine()}."]
    if "time" in parts:
        lines += ["", *time_lines(programs)]
    if "size" in parts:
        lines += ["", *size_lines(programs)]
    if "memory" in parts:
        lines += ["", *crowds.lines(programs, int(os.environ.get("BENCH_COUNT", "50")))]
    text = "\n".join(lines) + "\n"
    with open(os.path.join(programs.build, "bench/cls.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


try:
    main()
except (Failure, tenants.Failure, subprocess.SubprocessError, OSError) as failure:
    print(f"bench: {failure}", file=sys.stderr)
    sys.exit(1)
