#!/usr/bin/env python3
"""What the object store costs and saves: requests, registrations, starts, and memory of Redis and Lua tenants, in
compartments that share, in compartments that share nothing, and as native processes with the same C library. One run; the
table goes to standard output and to BUILD/bench/sharing.md.

Usage: run.py [BUILD]    BENCH_TENANTS (default 1000: the largest crowd)"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import tenants
from tenants import CLONE, NATIVE, ORC, PRIVATE, memory

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("redis", "lua")


def numbers(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=600)
    if done.returncode != 0:
        raise tenants.Failure(f"{' '.join(command)}: status {done.returncode}: {done.stderr.decode()[-300:]}")
    return [[float(word) for word in line.split()] for line in done.stdout.decode().splitlines()]


def request(programs):
    """Microseconds of a request and of a release, medians of runs. What asks is in a cell with Lua, which has loaded its
    library; the object stays in the store between the requests, as it does for those who come soon."""
    program = os.path.join(programs.build, "bench/sharing-request")
    subprocess.run([os.path.join(programs.build, "bin/orc-cc"), "-O2", "-I" + os.path.join(tenants.TOP, "include"), "-o", program, os.path.join(HERE, "request.c")], check=True)
    library = os.path.join(programs.port("lua5.4", ORC), "lib")
    with tempfile.TemporaryDirectory(prefix="orc-request-") as directory:
        path = os.path.join(directory, "request.cell")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"--lib '{library}' '{programs.lua(ORC)}' -e 'local t = os.time() while os.time() < t + 2 do end'\n")
            file.write(f"--lib '{library}' '{program}' 5000 /usr/local/lib/liblua5.4.so.0\n")
        runs = [numbers([programs.orc, "cell", path])[-1] for _ in range(5)]
    return [statistics.median(run[i] for run in runs) / 1000 for i in (0, 1)]


def registration(programs):
    """MB a second, of the best and the median of rounds."""
    rounds = numbers([os.path.join(programs.build, "bench/sharing-host"), "register", "15", programs.redis(ORC)])
    speeds = [size / nanoseconds * 1000 for size, nanoseconds in rounds]
    return max(speeds), statistics.median(speeds), rounds[0][0] / 1e6


def starts(programs):
    """Milliseconds to the first PONG of the 2nd and of the 91st to 100th server (median), each side three times, interleaved."""
    modes = (ORC, CLONE, NATIVE)
    times = {mode: [] for mode in modes}
    for turn in range(3):
        for mode in modes[turn:] + modes[:turn]:
            port = tenants.free_ports(100)
            times[mode].append([row[0] / 1e6 for row in numbers([os.path.join(programs.build, "bench/sharing-host"), "start", mode, "100", str(port), programs.redis(mode)])])
    return {mode: (statistics.median(run[1] for run in runs), statistics.median(value for run in runs for value in run[90:])) for mode, runs in times.items()}


class Figures:
    """Of one crowd, when all have been talked to."""

    def __init__(self, programs, mode, kind, count):
        with tenants.Crowd(programs, mode, **{kind: count}) as crowd:
            if sum(crowd.talk()) != count:
                raise tenants.Failure(f"{count} {kind} ({mode}): not all answered")
            crowd.close_clients()
            self.seconds = time.monotonic() - crowd.start
            self.total = crowd.memory() / 1024
            pids = [process.pid for process in crowd.processes]
            self.mappings = sum(count_lines(f"/proc/{pid}/maps") for pid in pids)
            self.page_tables = sum(memory.read_table(f"/proc/{pid}/status")["VmPTE"] for pid in pids)
            self.anonymous = sum(memory.read_table(f"/proc/{pid}/smaps_rollup")["Anonymous"] for pid in pids)


def count_lines(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def marginal(few, many, few_count, many_count, field):
    return (getattr(many, field) - getattr(few, field)) / (many_count - few_count)


def verdict(value, goal, at_least=False):
    return f"{'≥' if at_least else '≤'} {goal}: {'met' if (value >= goal if at_least else value <= goal) else 'missed'}"


def cost_lines(programs):
    lines = ["| | | goal |", "|---|---:|---|"]
    asked, released = request(programs)
    lines.append(f"| request of liblua5.4.so, mapping included (its release: {released:.1f} µs) | {asked:.1f} µs | {verdict(asked, 50)} |")
    best, median, size = registration(programs)
    lines.append(f"| registration of redis-server, {size:.1f} MB: copy, hash, verify, relocate, map (best of 15; median {median:.0f}) | {best:.0f} MB/s | {verdict(best, 80, True)} |")
    times = starts(programs)
    for i, which in enumerate(("2nd Redis", "100th Redis (median of the last 10)")):
        for mode, words in ((ORC, "started"), (CLONE, "cloned from a zygote")):
            ratio = times[mode][i] / times[NATIVE][i]
            lines.append(f"| {which}, {words}, to first PONG: {times[mode][i]:.1f} ms; native {times[NATIVE][i]:.1f} ms | {ratio:.2f} | {verdict(ratio, 0.5)} |")
    return lines


def memory_lines(programs):
    lines = ["", "| KiB that one more takes, 10 to 100 | started | clone | native | started / native | clone / native | goal | nothing shared | started / that |",
             "|---|---:|---:|---:|---:|---:|---|---:|---:|"]
    for kind in KINDS:
        each = {}
        for mode in (ORC, CLONE, NATIVE, PRIVATE):
            few, many = (Figures(programs, mode, kind, count) for count in (10, 100))
            each[mode] = marginal(few, many, 10, 100, "total")
        ratio = each[CLONE] / each[NATIVE]
        lines.append(f"| {kind.capitalize()} | {each[ORC]:,.0f} | {each[CLONE]:,.0f} | {each[NATIVE]:,.0f} | {each[ORC] / each[NATIVE]:.2f} | **{ratio:.2f}** | {verdict(ratio, 0.5)} | {each[PRIVATE]:,.0f} | **{each[ORC] / each[PRIVATE]:.2f}** |")
    return lines


def growth_lines(programs, most):
    lines = ["", "| compartments in one cell | up and asked, s | MiB | mappings each | page tables each, KiB | dirtied pages each |", "|---|---:|---:|---:|---:|---:|"]
    for kind in KINDS:
        for mode, words in ((ORC, ""), (CLONE, ", clones")):
            for count in sorted({count for count in (1, 10, 100, 300, most) if count <= most}):
                print(f"  {count} {kind}{words}", file=sys.stderr, flush=True)
                f = Figures(programs, mode, kind, count)
                lines.append(f"| {count:,} {kind.capitalize()}{words} | {f.seconds:.2f} | {f.total / 1024:,.0f} | {f.mappings / count:.1f} | {f.page_tables / count:.1f} | {f.anonymous / 4 / count:.1f} |")
    return lines


def main():
    programs = tenants.Programs(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build"))
    most = int(os.environ.get("BENCH_TENANTS", "1000"))
    lines = ["# What sharing costs and saves", "", f"`make bench-sharing` on {memory.machine()}.", ""]
    for part in (cost_lines, memory_lines):
        lines += part(programs)
    lines += growth_lines(programs, most)
    lines += ["", memory.method().replace("the difference between many and 10, divided by how many more they are", "all of it, the cell's own included")]
    text = "\n".join(lines) + "\n"
    with open(os.path.join(programs.build, "bench/sharing.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


try:
    main()
except (tenants.Failure, subprocess.SubprocessError, OSError) as failure:
    print(f"bench: {failure}", file=sys.stderr)
    sys.exit(1)
