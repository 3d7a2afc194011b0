#!/usr/bin/env python3
"""The evaluation: tenants in compartments that share their programs against processes, with and without the kernel's
same-page merging (KSM). Results go to BUILD/bench/paper: CSV, plots, report.md. KSM's settings are restored whatever happens.

Usage: run.py [BUILD]
    QUICK=1                   a short form, under 8 minutes
    EXPERIMENTS="fill redis"  only some: fill (throughput over time and density), redis (Redis under load), settle (time and processor time of
                              de-duplication), scaling (1 to 1,000 tenants), speed (a transcoder alone)
    WORKLOADS="redis lua"     only some: transcode, transcode-full, redis, lua, sqlite
    CONFIGURATIONS=...        only some (see crowd.py)"""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

import crowd
import fill
import group
import ksm
import latency
import plots
import report
import scaling
import settle
import speed
from guard import Guard
from results import Results
from workloads import WORKLOADS, Failure, not_built

MIB = 2**20
QUICK = os.environ.get("QUICK", "") not in ("", "0")
MERGING = (ksm.ON, ksm.TUNED, ksm.ADVISOR)
MOST = 1000  # tenants in one crowd


def chosen(variable, all_of_them):
    wanted = os.environ.get(variable, "").split()
    if unknown := set(wanted) - set(all_of_them):
        raise Failure(f"{variable}: {' '.join(sorted(unknown))}: not among {' '.join(all_of_them)}")
    return [name for name in all_of_them if not wanted or name in wanted]


class Plan:
    """How long and how large; all in one place."""

    # MiB
    budgets = {"transcode": 192, "transcode-full": 256, "redis": 96, "lua": 24, "sqlite": 32} if QUICK else \
        {"transcode": 384, "transcode-full": 512, "redis": 256, "lua": 64, "sqlite": 96}
    interval = 10 if QUICK else 60  # seconds between ksmtuned's checks
    # Seconds without anybody added, after which a run is over, and the longest run.
    patience = {ksm.ON: 6, ksm.TUNED: 12, ksm.ADVISOR: 12} if QUICK else {ksm.ON: 20, ksm.TUNED: 75, ksm.ADVISOR: 40}
    patience_without_merging = 2 if QUICK else 6
    limit = {} if QUICK else {ksm.TUNED: 150}
    limit_of_others = 30 if QUICK else 90
    # For these, fewer of KSM's configurations will do.
    left_out = dict.fromkeys(("lua", "sqlite"), (ksm.TUNED, ksm.ADVISOR))
    settle_workloads = ("redis",) if QUICK else ("transcode", "redis")
    requests = 20000 if QUICK else 100000  # of redis-benchmark, for each operation
    rounds = 1 if QUICK else 5
    crowd = 20 if QUICK else 40  # servers around the one under load
    period = 0.5  # seconds from one start to the next meanwhile
    counts = (1, 10, 100) if QUICK else (1, 10, 30, 100, 300, 1000)
    scaling_workloads = ("lua",) if QUICK else ("lua", "redis")
    speed_rounds, speed_seconds = (1, 3) if QUICK else (5, 5)


class Evaluation:
    def __init__(self, build):
        self.build = build
        self.results = Results(os.path.join(build, "bench/paper"))
        self.start = time.monotonic()
        self.missing = ksm.missing()
        self.configurations = [name for name in chosen("CONFIGURATIONS", list(crowd.CONFIGURATIONS)) if name not in self.missing]
        self.not_built = {name: path for name, workload in WORKLOADS.items() if (path := not_built(build, workload))}
        self.workloads = [name for name in chosen("WORKLOADS", list(WORKLOADS)) if name not in self.not_built]
        self.experiments = chosen("EXPERIMENTS", ["fill", "settle", "redis", "scaling", "speed"])
        self.unmerged = {}  # bytes of one tenant where nothing is shared

    def say(self, text):
        seconds = int(time.monotonic() - self.start)
        print(f"{seconds // 60:3d}:{seconds % 60:02d}  {text}", flush=True)

    def settings(self, configuration):
        return {"patience": Plan.patience.get(configuration, Plan.patience_without_merging), "limit": Plan.limit.get(configuration, Plan.limit_of_others), "interval": Plan.interval}

    # --- The machine ---

    def describe(self):
        thp = ksm.read("enabled", "/sys/kernel/mm/transparent_hugepage")
        facts = {
            "Processor": group.memory.machine(),
            "Memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB, transparent huge pages: {thp}",
            "Date": time.strftime("%Y-%m-%d"),
            "Form": "quick" if QUICK else "full",
            "Load average before": os.getloadavg()[0],
            "Memory is counted by": f"memory cgroup, version {group.memory.PARENT[0]}" if group.memory.PARENT else "/proc: this user can make no memory cgroup",
            "KSM": "; ".join(f"{name}: {why}" for name, why in self.missing.items()) or "all configurations can run",
            "ksmtuned checks each": f"{Plan.interval} s",
        }
        for what, value in facts.items():
            self.results.add("machine", what, value)
            print(f"       {what}: {value}")
        for workload in WORKLOADS.values():
            self.results.add("machine", f"unit of {workload.name}", workload.unit)
        for name in self.missing:
            print(f"       NOT RUN: {crowd.CONFIGURATIONS[name]}: {self.missing[name]}")
        for name, path in self.not_built.items():
            print(f"       NOT RUN: {WORKLOADS[name].title}: {path} isn't built (make port-NAME native-port-NAME)")

    # --- Experiments ---

    def workload(self, name):
        made = WORKLOADS[name]()
        made.prepare(self.build)
        return made

    def fills(self):
        for name in self.workloads:
            for configuration in self.configurations:
                if configuration in Plan.left_out.get(name, ()):
                    continue
                run = fill.Fill(self.build, self.workload(name), configuration, Plan.budgets[name] * MIB, MOST, **self.settings(configuration))
                for row in run.series.rows:
                    self.results.add("series", name, configuration, *row)
                self.results.add("density", name, configuration, Plan.budgets[name], run.tenants, run.added_before_full, run.series.seconds(), run.ksm_cpu, int(run.reached_most))
                self.say(f"{name} in {Plan.budgets[name]} MiB, {crowd.CONFIGURATIONS[configuration]}: {run.added_before_full or run.tenants}, in the end {run.tenants}")
                if configuration == ksm.OFF:
                    self.unmerged[name] = run.growth.expected()

    def registration_seconds(self, workload):
        """Processor time to copy, hash, verify and publish the program's objects and the C library: once for all tenants."""
        libraries = os.path.join(self.build, "ports", workload.libraries or workload.port, "lib")
        files = [os.path.join(self.build, "ports", workload.port, "bin", workload.program), os.path.join(self.build, "lib/orc/sysroot/lib/libc.so")]
        files += [file.path for file in os.scandir(libraries) if ".so" in file.name and not file.is_symlink()]
        total = 0.0
        for file in files:
            done = subprocess.run([os.path.join(self.build, "bench/sharing-host"), "register", "5", file], stdout=subprocess.PIPE, check=True, timeout=60)
            total += statistics.median(float(line.split()[1]) for line in done.stdout.splitlines()) / 1e9
        return total

    def settles(self):
        for name in Plan.settle_workloads:
            if name not in self.workloads:
                continue
            workload = self.workload(name)
            if name not in self.unmerged:
                self.unmerged[name] = self.tenant_alone(workload)
            tenants = int(Plan.budgets[name] * MIB / self.unmerged[name])
            for configuration in self.configurations:
                if configuration not in (*MERGING, crowd.SHARED, crowd.ORC, crowd.ZYGOTE):
                    continue
                run = settle.Settle(self.build, workload, configuration, tenants, self.unmerged[name], **self.settings(configuration))
                for seconds, saved, _ in run.rows:
                    self.results.add("saving", name, configuration, seconds, saved / MIB)
                seconds, cpu = run.reached(0.9)
                watched, total = run.rows[-1][0], run.rows[-1][2]
                if configuration in (crowd.ORC, crowd.ZYGOTE):
                    cpu = total = self.registration_seconds(workload)
                    watched = 0
                self.results.add("settle", name, configuration, tenants, run.start_seconds, run.final / MIB, run.rows[0][1] / MIB, seconds, cpu, watched, total)
                self.say(f"{name}, {tenants} tenants, {crowd.CONFIGURATIONS[configuration]}: {run.final / MIB:.0f} MiB saved, 90 % of it after {seconds:.1f} s")

    def tenant_alone(self, workload):
        with crowd.Crowd(self.build, workload, ksm.OFF, 12) as tenants:
            growth = fill.Growth()
            for _ in range(12):
                before = tenants.group.usage()
                tenants.start_next()
                growth.add(tenants.group.usage() - before)
            return growth.expected()

    def latencies(self):
        if "redis" not in self.workloads:
            return
        for number in range(Plan.rounds):
            for configuration in self.configurations if number % 2 == 0 else self.configurations[::-1]:
                found, cpu = latency.measure(self.build, self.workload("redis"), configuration, Plan.crowd, Plan.requests, Plan.period)
                for operation, values in found.items():
                    self.results.add("latency", configuration, number, operation, *values, cpu)
                words = ", ".join(f"{operation} {values[0]:,.0f}/s, p99 {values[2]:.2f} ms" for operation, values in found.items())
                self.say(f"redis under load, round {number + 1} of {Plan.rounds}, {crowd.CONFIGURATIONS[configuration]}: {words}")

    def speeds(self):
        if "transcode" not in self.workloads:
            return
        for number in range(Plan.speed_rounds):
            for configuration in (crowd.SHARED, crowd.ORC) if number % 2 == 0 else (crowd.ORC, crowd.SHARED):
                found = speed.measure(self.build, configuration, Plan.speed_seconds)
                self.results.add("speed", configuration, number, found)
                self.say(f"a transcoder alone, round {number + 1} of {Plan.speed_rounds}, {crowd.CONFIGURATIONS[configuration]}: {found:.1f} frames/s")

    def scalings(self):
        for name in Plan.scaling_workloads:
            if name not in self.workloads:
                continue
            for configuration in self.configurations:
                if configuration not in (crowd.SHARED, crowd.PRIVATE, crowd.ORC, crowd.ZYGOTE):
                    continue
                for tenants in Plan.counts:
                    if configuration == crowd.PRIVATE and tenants > 300:
                        continue
                    workload = self.workload(name)
                    workload.calm = True
                    row = scaling.measure(self.build, workload, configuration, tenants)
                    self.results.add("scaling", name, configuration, tenants, *row)
                    self.say(f"{tenants} {name}, {crowd.CONFIGURATIONS[configuration]}: {row[0]:.2f} s, {row[1]:.1f} MiB")

    def run(self):
        self.results.clear()
        self.describe()
        ended = "ended early, after "
        try:
            for name, experiment in (("fill", self.fills), ("settle", self.settles), ("redis", self.latencies), ("scaling", self.scalings), ("speed", self.speeds)):
                if name in self.experiments:
                    experiment()
            ended = ""
        finally:
            self.report(ended)

    def report(self, ended):
        """Of what was measured until now."""
        self.results.add("machine", "Took", f"{ended}{(time.monotonic() - self.start) / 60:.1f} minutes, load average after {os.getloadavg()[0]:.1f}")
        plots.draw_all(self.results)
        report.write_report(self.results)
        self.say(f"report and plots: {self.results.path('report.md')}")


def interrupted(number, _):
    raise Failure(f"ended by {signal.Signals(number).name}")


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    for command in ("gnuplot", "redis-benchmark"):
        if not shutil.which(command):
            raise Failure(f"{command} is missing: make deps")
    with Guard(group.PREFIX):
        Evaluation(build).run()


try:
    main()
except (Failure, subprocess.SubprocessError, OSError) as failure:
    print(f"bench: {failure}", file=sys.stderr)
    sys.exit(1)
except KeyboardInterrupt:
    sys.exit(130)
