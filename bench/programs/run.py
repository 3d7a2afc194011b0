#!/usr/bin/env python3
"""Whole programs (ports/) in a compartment against their native twins: the same sources, options and C library, compiled
by plain clang, dynamically linked like the guests. One interleaved run; medians. The tables go to standard output and
to BUILD/bench/programs.md.

Usage: run.py [BUILD]    BENCH_ROUNDS (default 7)   BENCH_SECONDS a run (default 1)   BENCH_ONLY lua,sqlite,redis,zstd,threads"""

import csv
import functools
import io
import math
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KINDS = ("native", "orc")


class Failure(Exception):
    pass


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=900, **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n" + (done.stdout[-500:] + done.stderr[-1500:]).decode(errors="replace"))
    return done.stdout.decode()


class Bench:
    def __init__(self, build):
        self.build = build
        self.orc = os.path.join(build, "bin/orc")
        self.rounds = int(os.environ.get("BENCH_ROUNDS", "7"))
        self.seconds = float(os.environ.get("BENCH_SECONDS", "1"))
        self.work = tempfile.mkdtemp(prefix="orc-bench-")
        self.installed = {}

    def port(self, name):
        for kind in KINDS:
            command = [os.path.join(TOP, "ports/build"), name] + (["--native"] if kind == "native" else [])
            self.installed[name, kind] = run(command, env={**os.environ, "BUILD": self.build}).strip()

    def command(self, kind, port, program, *arguments, options=()):
        path = os.path.join(self.installed[port, kind], "bin", program)
        if kind == "native":
            return [path, *arguments]
        return [self.orc, "run", "--lib", os.path.join(self.installed[port, kind], "lib"), *options, path, *arguments]

    def interleaved(self, measure):
        """measure(kind) -> {workload: value}, alternating; returns {workload: {kind: [values]}}."""
        times = {}
        for number in range(self.rounds):
            for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
                for workload, value in measure(kind).items():
                    times.setdefault(workload, {name: [] for name in KINDS})[kind].append(value)
        return times


def lua(bench):
    bench.port("lua5.4")
    scripts = os.path.join(HERE, "lua")
    workloads = sorted(name[:-4] for name in os.listdir(scripts) if name.endswith(".lua") and name != "measure.lua")
    rounds, results = {}, {}

    def once(kind, workload, count):
        where = scripts if kind == "native" else "/bench"
        output = run(bench.command(kind, "lua5.4", "lua", where + "/measure.lua", workload, str(count), options=["--mount", scripts + ":/bench:ro"]))
        seconds, result = output.split(maxsplit=1)
        if results.setdefault((workload, count), result) != result:
            raise Failure(f"lua {workload}: the results differ: {result} and {results[workload, count]}")
        return float(seconds)

    for workload in workloads:
        rounds[workload] = max(1, round(bench.seconds / max(once("native", workload, 1), 1e-3)))
    times = bench.interleaved(lambda kind: {f"Lua {workload.replace('_', ' ')}": once(kind, workload, rounds[workload]) for workload in workloads})
    return "seconds", times


def sqlite(bench):
    bench.port("sqlite3")
    hashes = set()
    size = max(5, round(25 * bench.seconds))

    def once(kind, where):
        directory = tempfile.mkdtemp(dir=bench.work)
        options = ["--mount", directory + ":" + directory]
        database = ":memory:" if where == "memory" else directory + "/db"
        output = run(bench.command(kind, "sqlite3", "speedtest1", "--verify", "--size", str(size), database, options=options))
        hashes.add(re.search(r"^Verification Hash: (.*)$", output, re.M).group(1))
        if len(hashes) > 1:
            raise Failure(f"speedtest1: the hashes differ: {hashes}")
        return float(re.search(r"TOTAL\.*\s*([\d.]+)s", output).group(1))

    times = bench.interleaved(lambda kind: {f"SQLite speedtest1, in {where}": once(kind, where) for where in ("memory", "a file")})
    return "seconds", times


def zstd(bench):
    bench.port("zstd")
    text = os.path.join(bench.work, "text")
    sources = sorted(os.path.join(root, name) for root, _, names in os.walk(TOP) for name in names if name.endswith((".c", ".h", ".md", ".py")) and "/build/" not in root + "/")
    with open(text, "wb") as out:
        while out.tell() < 16 << 20:
            for source in sources:
                with open(source, "rb") as file:
                    out.write(file.read())

    def once(kind, level):
        command = bench.command(kind, "zstd", "zstd", f"-b{level}", f"-i{max(1, round(bench.seconds))}", text, options=["--mount", f"{text}:{text}:ro"])
        done = subprocess.run(command, capture_output=True, check=True, timeout=300)
        # A line is overwritten as the figures get better: the last with both counts.
        lines = (done.stdout + done.stderr).decode().replace("\r", "\n").splitlines()
        speeds = [found for found in (re.findall(r"([\d.]+) MB/s", line) for line in lines) if len(found) == 2][-1]
        return {f"zstd -{level} compresses": 1 / float(speeds[-2]), f"zstd -{level} decompresses": 1 / float(speeds[-1])}

    return "seconds a MB", bench.interleaved(lambda kind: {**once(kind, 1), **once(kind, 9)})


def threads(bench):
    bench.port("threads")

    def once(kind):
        from_time = time.monotonic()
        run(bench.command(kind, "threads", "threads", "4", str(max(1, round(3 * bench.seconds)))))
        return {"threads, whole run": time.monotonic() - from_time}

    return "seconds", bench.interleaved(once)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def redis(bench):
    """Throughput and latency, as redis-benchmark (Debian's, outside) sees them, and what the server takes; both servers are up
    all the time. Each test's runs follow one another, since this machine's speed changes within seconds."""
    bench.port("redis")
    servers, ports, figures, times = {}, {}, {}, {}

    def once(kind, pipeline, count, test):
        before = processor_seconds(servers[kind].pid)
        output = run(["redis-benchmark", "-p", ports[kind], "-c", "50", "-P", str(pipeline), "-n", str(count), "-r", "100000", "-t", test, "--csv"])
        taken = processor_seconds(servers[kind].pid) - before
        rows = list(csv.reader(io.StringIO(output)))[1:]
        name, values = f"redis {rows[-1][0].split(' (')[0]}, pipeline {pipeline}", [float(value) for value in rows[-1][1:]]
        figures.setdefault(name, {key: [] for key in KINDS})[kind].append((values[0], values[3], values[5], taken * 1e6 / (count * len(rows))))
        run(["redis-cli", "-p", ports[kind], "flushall"])
        return {name: 1e6 / values[0]}

    try:
        for kind in KINDS:
            ports[kind] = str(free_port())
            command = bench.command(kind, "redis", "redis-server", "--port", ports[kind], "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning",
                                    options=["--listen", "127.0.0.1:" + ports[kind]])
            servers[kind] = subprocess.Popen(command, cwd=bench.work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            for _ in range(100):
                if subprocess.run(["redis-cli", "-p", ports[kind], "ping"], capture_output=True, check=False).returncode == 0:
                    break
                time.sleep(0.1)
            else:
                raise Failure(f"redis-server ({kind}) doesn't answer")
        for pipeline, count, tests in (1, 40000, "ping_mbulk set get incr lpush lrange_100"), (16, 200000, "set get incr"):
            for test in tests.split():
                times.update(bench.interleaved(functools.partial(once, pipeline=pipeline, count=round(count * bench.seconds), test=test)))
        return "µs a request", times, figures
    finally:
        for server in servers.values():
            server.terminate()
        for server in servers.values():
            server.wait()


def processor_seconds(process):
    """Of all of its threads, those that have ended too."""
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def latencies(figures):
    """The rows of the requests: throughput, latency, and the server's processor time."""
    lines = ["", "| Redis, 50 clients | native requests/s | orc requests/s | ratio | native p50, ms | orc p50 | native p99, ms | orc p99 | native server, µs of processor a request | orc |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for name, kinds in figures.items():
        median = {kind: [statistics.median(column) for column in zip(*kinds[kind])] for kind in KINDS}
        native, orc = median["native"], median["orc"]
        lines.append(f"| {name.removeprefix('redis ')} | {native[0]:,.0f} | {orc[0]:,.0f} | {orc[0] / native[0]:.3f} | {native[1]:.3f} | {orc[1]:.3f} | {native[2]:.3f} | {orc[2]:.3f} | {native[3]:.1f} | {orc[3]:.1f} |")
    return lines


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}; {run(['clang-22', '--version']).splitlines()[0]}"


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, "build"))
    bench = Bench(build)
    groups = {"lua": lua, "sqlite": sqlite, "zstd": zstd, "threads": threads, "redis": redis}
    chosen = os.environ.get("BENCH_ONLY", "").split(",") if os.environ.get("BENCH_ONLY") else list(groups)
    rows, extra, ratios, failed = [], [], [], []
    for name in chosen:
        print(f"{name}...", file=sys.stderr, flush=True)
        try:
            unit, times, *figures = groups[name](bench)
        except (Failure, OSError, subprocess.SubprocessError, LookupError) as failure:
            print(f"{name}: {failure}", file=sys.stderr, flush=True)
            failed.append(name)
            continue
        for workload, kinds in times.items():
            native, orc = (statistics.median(kinds[kind]) for kind in KINDS)
            pairs = sorted(b / a for a, b in zip(kinds["native"], kinds["orc"]))
            best = min(kinds["orc"]) / min(kinds["native"])
            ratios.append(orc / native)
            rows.append(f"| {workload} | {native:.3g} | {orc:.3g} | {unit} | {orc / native:.3f} | {best:.3f} | {pairs[0]:.2f}-{pairs[-1]:.2f} |")
        for figure in figures:
            extra += latencies(figure)
    lines = ["# Whole programs", "", f"`make bench-programs` on {machine()}. Medians of {bench.rounds} interleaved runs; time in a compartment over time of the native "
             "twin, lower is better; the ratio of the fastest runs tells how far other work on the machine blurred them.", "",
             "| workload | native | orc | unit | ratio | of the fastest | spread |", "|---|---:|---:|---|---:|---:|---|", *rows]
    if ratios:
        lines.append(f"| **geometric mean of {len(ratios)}** | | | | **{math.exp(statistics.fmean(map(math.log, ratios))):.3f}** | | |")
    lines += extra
    if failed:
        lines += ["", "Not measured: " + ", ".join(failed) + "."]
    text = "\n".join(lines) + "\n"
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    with open(os.path.join(build, "bench/programs.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    subprocess.run(["rm", "-rf", bench.work], check=False)
    sys.exit(1 if failed else 0)


main()
