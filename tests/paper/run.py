#!/usr/bin/env python3
"""The evaluation's harness (bench/paper): its settings, its arithmetic, its report from recorded results, and small crowds. TAP.

Usage: run.py BUILD"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import xml.dom.minidom

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
HARNESS = os.path.join(TOP, "bench/paper")
sys.path.insert(0, HARNESS)

import crowd  # noqa: E402
import fill  # noqa: E402
import group  # noqa: E402
import ksm  # noqa: E402
import latency  # noqa: E402
import plots  # noqa: E402
import report  # noqa: E402
from guard import Guard  # noqa: E402
from results import Results  # noqa: E402
from workloads import WORKLOADS, Failure  # noqa: E402

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
WORK = tempfile.mkdtemp(prefix="orc-paper-test-")
RECORDED = os.path.join(HERE, "recorded")
SETTINGS = {"run": "0", "sleep_millisecs": "20", "pages_to_scan": "100", "advisor_mode": "[none] scan-time", "pages_sharing": "0", "full_scans": "0"}
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def expect_equal(value, expected):
    expect(value == expected, f"{value!r} instead of {expected!r}")


def fake_ksm(name, **changes):
    """A directory like the kernel's."""
    directory = os.path.join(WORK, name)
    os.makedirs(directory)
    for setting, value in (SETTINGS | changes).items():
        ksm.write(setting, value, directory)
    return directory


def in_fake(function):
    """Runs it with the kernel's directory replaced."""

    def run():
        real, ksm.DIRECTORY = ksm.DIRECTORY, fake_ksm(function.__name__)
        try:
            function()
        finally:
            ksm.DIRECTORY = real

    run.__doc__ = function.__doc__
    return run


# --- Settings ---

@test
def guard_after_success():
    """KSM's settings are back after a run"""
    directory = fake_ksm("success")
    with Guard(directory=directory):
        ksm.write("run", 1, directory)
        ksm.write("pages_to_scan", 5000, directory)
    expect_equal(ksm.save(directory), {"run": "0", "sleep_millisecs": "20", "pages_to_scan": "100", "advisor_mode": "none"})


@test
def guard_after_failure():
    """KSM's settings are back after an exception"""
    directory = fake_ksm("failure", run="1", pages_to_scan="77")
    try:
        with Guard(directory=directory):
            ksm.write("run", 0, directory)
            ksm.write("pages_to_scan", 5000, directory)
            raise Failure("on purpose")
    except Failure:
        pass
    expect_equal((ksm.read("run", directory), ksm.read("pages_to_scan", directory)), ("1", "77"))


def guard_after_signal(number):
    directory = fake_ksm(f"signal-{number}")
    code = f"import sys, time; sys.path.insert(0, {HARNESS!r}); import ksm; from guard import Guard\n" \
           f"with Guard(directory={directory!r}): ksm.write('run', 1, {directory!r}); print('changed', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    expect_equal(process.stdout.readline(), b"changed\n")
    expect_equal(ksm.read("run", directory), "1")
    os.killpg(process.pid, number)
    process.wait()
    process.stdout.close()
    end = time.monotonic() + 20
    while ksm.read("run", directory) != "0" and time.monotonic() < end:
        time.sleep(0.02)
    expect_equal(ksm.read("run", directory), "0")


for name, signal_number in (("Ctrl-C", signal.SIGINT), ("a kill that can't be caught", signal.SIGKILL), ("a termination", signal.SIGTERM)):
    def after_signal(number=signal_number):
        guard_after_signal(number)
    after_signal.__doc__ = f"KSM's settings are back after {name}"
    test(after_signal)


@test
@in_fake
def working_ends():
    """aggressive KSM runs inside its context only, and configurations without KSM touch nothing"""
    with ksm.Working(ksm.ON, None, 0, 0):
        expect_equal(ksm.read("run"), "1")
    expect_equal(ksm.read("run"), "0")
    ksm.write("run", 1)
    with ksm.Working(crowd.ORC, None, 0, 0):
        expect_equal(ksm.read("run"), "1")


@test
@in_fake
def tuner():
    """ksmtuned's rule: scans under a fifth free, faster each time up to a limit, then slower, and stops where all fits unmerged"""
    usage = [50]
    tuned = ksm.Tuner(lambda: usage[0], 100, 60)
    tuned.check()
    expect_equal(ksm.read("run"), "0")
    usage[0] = 81
    pages = []
    for _ in range(6):
        tuned.check()
        pages.append(int(ksm.read("pages_to_scan")))
    expect_equal((pages, ksm.read("run")), ([364, 664, 964, 1250, 1250, 1250], "1"))
    usage[0] = 60
    ksm.write("pages_sharing", 1)
    tuned.check()
    expect_equal((ksm.read("pages_to_scan"), ksm.read("run")), ("1200", "1"))
    ksm.write("pages_sharing", 0)
    tuned.check()
    expect_equal(ksm.read("run"), "0")


@test
@in_fake
def missing_feature():
    """a kernel without KSM leaves the configurations out, and says why"""
    os.remove(ksm.path("run"))
    expect_equal(set(ksm.missing()), {ksm.ON, ksm.TUNED, ksm.ADVISOR})
    expect("no KSM" in ksm.missing()[ksm.ON], ksm.missing()[ksm.ON])


# --- Arithmetic ---

@test
def growth():
    """one more tenant is expected to take what the first or the last ones took, whichever is more"""
    taken = fill.Growth()
    taken.add(1000)
    for each in [10] * 10 + [4] * 10:
        taken.add(each)
    expect_equal(taken.expected(), 10)
    for _ in range(10):
        taken.add(30)
    expect_equal(taken.expected(), 30)


@test
def percentiles():
    """redis-benchmark's report is read: throughput, p50, p99, p99.9"""
    with open(os.path.join(HERE, "redis-benchmark.txt"), encoding="ascii") as file:
        text = file.read()
    expect_equal(latency.parse(text), (48661.8, 0.543, 4.615, 17.087))
    try:
        latency.parse("nothing")
    except Failure:
        return
    raise AssertionError("a report without figures was accepted")


@test
def frames():
    """a transcoder's own count is read, whether it says first that it's ready or not"""

    class Tenant:
        name, said, waiting = "transcode-0", [], ["1000,0", "1100,1", "2100,11", "3100,21"]

        def write_line(self, line):
            self.said.append(line)

        def read_line(self):
            return self.waiting.pop(0)

        def lines_so_far(self):
            lines, self.waiting = self.waiting, []
            return lines

    for start in ([], ["ready"]):
        tenant = Tenant()
        tenant.waiting = start + Tenant.waiting
        client = WORKLOADS["transcode"].client(tenant)
        client.first()
        expect_equal((client.frames, client.work(), client.frames, client.milliseconds), (1, 20, 21, 3100))
        tenant.waiting = ["4100,5"]
        try:
            client.work()
        except Failure:
            continue
        raise AssertionError("a count that goes back was accepted")


# --- The report ---

def recorded(name):
    directory = os.path.join(WORK, name)
    shutil.copytree(RECORDED, directory)
    return Results(directory)


@test
def goals():
    """goals come from the right rows, and a missed one says so"""
    found = {goal.what: goal for goal in report.goals(recorded("goals"))}
    density = found["Lua: tenants in the budget, ORC / best KSM (KSM aggressive)"]
    expect_equal((density.value, density.is_met), (200 / 180, False))
    against_nothing = found["Lua: tenants in the budget, ORC / no de-duplication"]
    expect_equal((against_nothing.value, against_nothing.is_met), (8.0, True))
    p99 = next(goal for what, goal in found.items() if "SET: p99" in what)
    expect_equal((round(p99.value, 3), p99.is_met), (1.02, True))
    expect("**missed**" in density.row()[3] and "met" in against_nothing.row()[3], "verdicts")


@test
def whole_report():
    """the report from recorded results is the recorded one"""
    results = recorded("report")
    with open(os.path.join(HERE, "report.md"), encoding="utf-8") as file:
        expect_equal(report.write_report(results), file.read())


@test
def half_a_report():
    """experiments that weren't run are left out"""
    results = recorded("half")
    for name in ("latency", "scaling", "settle", "saving"):
        os.remove(results.path(name + ".csv"))
    text = report.report(results)
    expect("Tenants in a fixed budget" in text and "Redis under load" not in text, text[:200])


@test
def all_plots():
    """each plot that the report shows is drawn, as SVG and PNG"""
    results = recorded("plots")
    plots.draw_all(results)
    for line in report.report(results).splitlines():
        if line.startswith("!["):
            name = line[line.index("(") + 1:-5]
            xml.dom.minidom.parse(results.path(name + ".svg"))
            with open(results.path(name + ".png"), "rb") as file:
                expect_equal(file.read(8), b"\x89PNG\r\n\x1a\n")


@test
def other_fields():
    """results of another form are refused"""
    results = recorded("fields")
    with open(results.path("density.csv"), "w", encoding="ascii") as file:
        file.write("workload,tenants\nlua,3\n")
    try:
        results.rows("density")
    except ValueError:
        return
    raise AssertionError("accepted")


# --- Crowds ---

def small_crowd(configuration):
    """Grows one by one, keeps tenants apart, leaves nothing."""
    with crowd.Crowd(BUILD, WORKLOADS["lua"](), configuration, 4) as tenants:
        for _ in range(3):
            tenants.start_next()
        expect_equal(tenants.work(), 3)
        expect(tenants.group.usage() > 0, "no memory is counted")
        tenants.start_next()
        expect_equal(tenants.work(), 4)
        try:
            tenants.start_next()
        except Failure:
            pass
        else:
            raise AssertionError("a fifth of four was started")
        path, pids = tenants.group.path, [process.pid for process in tenants.processes]
    expect(not path or not os.path.exists(path), "the cgroup is still there")
    expect(not any(os.path.exists(f"/proc/{pid}") for pid in pids), "a process is still there")


for configuration_name in (crowd.ORC, crowd.PRIVATE, crowd.ZYGOTE):
    def crowd_test(configuration=configuration_name):
        small_crowd(configuration)
    crowd_test.__doc__ = f"a crowd of {crowd.CONFIGURATIONS[configuration_name]} grows, works and goes"
    test(crowd_test)


@test
def without_cgroup():
    """where no memory cgroup can be made, memory is taken from /proc"""
    real, group.memory.PARENT = group.memory.PARENT, None
    try:
        small_crowd(crowd.ORC)
    finally:
        group.memory.PARENT = real


@test
def killed_evaluation():
    """the tenants of an evaluation that is killed end, too"""
    if not group.memory.PARENT:
        return  # without cgroups nobody knows them; the evaluation says that it has none
    directory = fake_ksm("killed")
    code = f"""import sys, time; sys.path.insert(0, {HARNESS!r})
import crowd, group; from guard import Guard; from workloads import WORKLOADS
with Guard(group.PREFIX, {directory!r}):
    with crowd.Crowd({BUILD!r}, WORKLOADS['lua'](), crowd.ORC, 1) as tenants:
        tenants.start_next(); print(tenants.directory.name, tenants.group.path, flush=True); time.sleep(60)"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    files, path = process.stdout.readline().decode().split()
    process.kill()
    process.wait()
    process.stdout.close()
    end = time.monotonic() + 20
    while (os.path.exists(path) or os.path.exists(files)) and time.monotonic() < end:
        time.sleep(0.05)
    expect(not os.path.exists(path), "the cgroup is still there, and who is in it")
    expect(not os.path.exists(files), "temporary files are still there")


@test
def dead_tenant():
    """a cell that dies is noticed, and ends the run"""
    with crowd.Crowd(BUILD, WORKLOADS["lua"](), crowd.ORC, 2) as tenants:
        tenants.start_next()
        threading.Timer(0.2, tenants.processes[0].kill).start()
        time.sleep(0.5)
        try:
            tenants.work()
        except Failure:
            return
    raise AssertionError("nobody noticed")


@test
def merge():
    """what the preloaded library leaves isn't mapped from files, and the program still works"""
    source, program = os.path.join(WORK, "maps.c"), os.path.join(WORK, "maps")
    with open(source, "w", encoding="ascii") as file:
        file.write('#include <stdio.h>\nint main(void) { char l[512]; FILE *f = fopen("/proc/self/maps", "r"); while (f && fgets(l, sizeof l, f)) fputs(l, stdout); return 0; }\n')
    environment = os.environ | {"ORC_NATIVE_SYSROOT": os.path.join(BUILD, "native/sysroot")}
    subprocess.run([os.path.join(TOP, "ports/native-cc"), "-O1", "-o", program, source], check=True, env=environment)
    preload = {"LD_PRELOAD": os.path.join(BUILD, "bench/paper-merge.so"), "ORC_MERGE": "copy"}
    plain, moved = (subprocess.run([program], stdout=subprocess.PIPE, check=True, env=env).stdout.decode() for env in ({}, preload))
    expect("libc.so" in plain and "r-xp" in plain, plain)
    expect(" /" not in moved and moved.count("r-xp") >= 3, moved)


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, function in enumerate(TESTS, 1):
        try:
            function()
            print(f"ok {number} - {function.__doc__}", flush=True)
        except Exception:  # whatever it is, the test has failed
            failed += 1
            print(f"not ok {number} - {function.__doc__}")
            print("# " + traceback.format_exc().strip().replace("\n", "\n# "), flush=True)
    return failed


try:
    sys.exit(1 if main() else 0)
finally:
    shutil.rmtree(WORK)
