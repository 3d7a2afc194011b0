#!/usr/bin/env python3
"""The two models of compartment-local storage: the same programs with -fcls=fixed and -fcls=relocatable, both linked to
the same libc.so, in one interleaved run; then the private memory of a compartment.

Usage: run.py [BUILD]    BENCH_ROUNDS (default 7)   BENCH_SECONDS a run (default 0.2)   BENCH_COUNT compartments (default 200)
                         BENCH_ONLY name,name (programs)   BENCH_PARTS time,memory"""

import math
import os
import re
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SFI = os.path.join(HERE, "../sfi")
sys.path[:0] = [os.path.join(HERE, "../../tests/ports"), os.path.join(HERE, "../runtime")]

import memory  # noqa: E402
import ports  # noqa: E402
from ports import guest  # noqa: E402

MODELS = ("fixed", "relocatable")
BATCHES = 11  # as in harness.h
TENANTS = [("hello", "idle"), ("sqlite3", "idle"), ("sqlite3", "worked")]


class Built:
    """One program in both models."""

    def __init__(self, tools, name, source, work, port_name=None):
        self.tools, self.name, self.paths, self.text = tools, name, {}, {}
        port = ports.Port(tools, port_name) if port_name else None
        flags, root = (port.flags, port.root) if port else ([], HERE)
        for model in MODELS:
            option, path = "-fcls=" + model, os.path.join(work, f"{name}-{model}")
            objects = port.objects("orc", (option,)) if port else []
            guest.must([*tools.orc_compile(), option, "-O2", "-w", *flags, "-I" + SFI, "-I" + ports.HERE, "-ffunction-sections", "-fdata-sections", "-c",
                        source, "-o", path + ".o"], cwd=root)
            guest.must([tools.orc_cc, "-Wl,--gc-sections", "-o", path, path + ".o", *objects])
            guest.must([tools.orc, "verify", path])
            self.paths[model], self.text[model] = path, size_of(path, r"\.text")

    def run(self, model, *arguments):
        return guest.must([self.tools.orc, "run", "--time", "120", self.paths[model], *arguments]).stdout.decode().split()


def size_of(path, sections):
    output = guest.must(["llvm-size-22", "-A", path]).stdout.decode()
    return sum(int(match.group(1)) for match in re.finditer(rf"^(?:{sections})\s+(\d+)", output, re.M))


def calibrate(program, workload, seconds):
    goal, rounds = seconds * 1e9 / BATCHES, 1
    while True:
        nanoseconds = int(program.run("fixed", workload, str(rounds))[0])
        if nanoseconds > goal / 2 or rounds > 1 << 24:
            return max(1, round(rounds * goal / max(nanoseconds, 1)))
        rounds *= max(2, min(64, int(goal / max(nanoseconds, 1))))


def measure_time(programs):
    rounds_of_all, seconds = int(os.environ.get("BENCH_ROUNDS", "7")), float(os.environ.get("BENCH_SECONDS", "0.2"))
    chosen = [(program, workload) for program in programs for workload in program.run("fixed")]
    rounds = {workload: calibrate(program, workload, seconds) for program, workload in chosen}
    results = {workload: {model: [] for model in MODELS} for _, workload in chosen}
    for number in range(rounds_of_all):
        print(f"round {number + 1} of {rounds_of_all}", file=sys.stderr, flush=True)
        for program, workload in chosen:
            digests = set()
            for model in MODELS if number % 2 == 0 else MODELS[::-1]:
                median, fastest, digest = program.run(model, workload, str(rounds[workload]))
                results[workload][model].append((int(median), int(fastest)))
                digests.add(digest)
            if len(digests) != 1:
                raise guest.Failure(f"{workload}: the models' results differ")
    lines = ["| workload | fixed, µs a call | relocatable | ratio | of the fastest |", "|---|---:|---:|---:|---:|"]
    ratios, fastest_ratios = [], []
    for _, workload in chosen:
        one, two = (results[workload][model] for model in MODELS)
        medians = [statistics.median(run[0] for run in runs) / 1e3 / rounds[workload] for runs in (one, two)]
        fastest = [min(run[1] for run in runs) for runs in (one, two)]
        ratio, fastest_ratio = medians[1] / medians[0], fastest[1] / fastest[0]
        if not workload.startswith("globals"):
            ratios.append(ratio)
            fastest_ratios.append(fastest_ratio)
        lines.append(f"| {workload} | {medians[0]:.1f} | {medians[1]:.1f} | {ratio:.3f} | {fastest_ratio:.3f} |")

    def mean(values):
        return math.exp(statistics.fmean(map(math.log, values))) if values else float("nan")
    lines.append(f"| **geometric mean of {len(ratios)}**, without `globals` | | | **{mean(ratios):.3f}** | {mean(fastest_ratios):.3f} |")
    lines += ["", "| code | fixed, bytes of text | relocatable | ratio |", "|---|---:|---:|---:|"]
    for program in programs:
        lines.append(f"| {program.name} | {program.text['fixed']} | {program.text['relocatable']} | {program.text['relocatable'] / program.text['fixed']:.3f} |")
    return lines


def map_counts(pid):
    """Mappings, and pages that this process alone has, dirtied."""
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        text = file.read()
    return len(re.findall(r"^Size:", text, re.M)), sum(int(kib) for kib in re.findall(r"^Anonymous:\s+(\d+)", text, re.M)) * 1024


def measure_tenants(command, count):
    """Starts `orc run -n count`, waits for all, measures, ends it."""
    group = None
    if memory.PARENT:
        group = os.path.join(memory.PARENT[1], f"orc-bench-{os.getpid()}-{time.monotonic_ns()}")
        os.mkdir(group)
    enter = (lambda: open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii").write("0")) if group else None
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=enter)
    try:
        for _ in range(count):
            if b"ready" not in process.stdout.readline():
                raise guest.Failure(f"{' '.join(command)}: a compartment didn't start")
        time.sleep(1)  # statistics are gathered in batches
        usage = memory.group_usage(memory.PARENT[0], group) if group else memory.process_usage(process.pid)
        usage["page tables"] = memory.page_tables(process.pid)
        usage["mappings"], usage["dirtied"] = map_counts(process.pid)
        return usage
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if group:
            memory.remove(group)


def measure_memory(tools, programs):
    count, few = int(os.environ.get("BENCH_COUNT", "200")), 10
    lines = [f"| a compartment of {count} | model | all, KiB | dirtied pages | page tables, KiB | mappings |", "|---|---|---:|---:|---:|---:|"]
    for name, state in TENANTS:
        for model in MODELS:
            command = [tools.orc, "run", "-n"], [programs[name].paths[model], state]
            small, large = (measure_tenants([*command[0], str(n), *command[1]], n) for n in (few, count))
            each = {key: (large[key] - small[key]) / (count - few) for key in large}
            lines.append(f"| {name}, {state} | {model} | {each['total'] / 1024:.1f} | {each['dirtied'] / 4096:.2f} | {each['page tables'] / 1024:.2f} | {each['mappings']:.2f} |")
    lines += ["", memory.method(), "Dirtied pages and mappings are the kernel's smaps of the cell."]
    lines += ["", "| program | model | data region, bytes | CLS template | CLS zeros |", "|---|---|---:|---:|---:|"]
    for name, program in programs.items():
        for model in MODELS:
            path = program.paths[model]
            lines.append(f"| {name} | {model} | {size_of(path, r'[.]got|[.]data|[.]bss|[.]cls[.]displacement|[.]cls[.]addresses')} | {size_of(path, '[.]cls[.]data')} | {size_of(path, '[.]cls[.]bss')} |")
    return lines


def main():
    tools = guest.Toolchain(guest.main_build())
    work = os.path.join(tools.build, "bench/cls-work")
    os.makedirs(work, exist_ok=True)
    parts = os.environ.get("BENCH_PARTS", "time,memory").split(",")
    only = os.environ["BENCH_ONLY"].split(",") if "BENCH_ONLY" in os.environ else None
    lines = ["# Compartment-local storage: fixed and relocatable", "", f"`make bench-cls` on {memory.machine()}.", ""]
    if "time" in parts:
        names = sorted(name[:-2] for name in os.listdir(SFI) if name.endswith(".c"))
        sources = {"globals": os.path.join(HERE, "globals.c"), **{name: os.path.join(SFI, name + ".c") for name in names}}
        programs = []
        for name, source in sources.items():
            if not only or name in only:
                print(f"building {name}", file=sys.stderr, flush=True)
                programs.append(Built(tools, name, source, work, name if name in ports.names() else None))
        lines += measure_time(programs)
    if "memory" in parts:
        tenants = {"hello": Built(tools, "hello-tenant", os.path.join(HERE, "hello.c"), work),
                   "sqlite3": Built(tools, "sqlite3-tenant", os.path.join(HERE, "tenant.c"), work, "sqlite3")}
        lines += ["", *measure_memory(tools, tenants)]
    text = "\n".join(lines) + "\n"
    with open(os.path.join(tools.build, "bench/cls.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


try:
    main()
except guest.Failure as failure:
    print(f"bench: {failure}", file=sys.stderr)
    sys.exit(1)
