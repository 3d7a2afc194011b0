"""Redis under load while de-duplication works: one server of a crowd is loaded by redis-benchmark; meanwhile more servers
start at a fixed rate, and KSM, where a configuration has it, scans."""

import re
import subprocess
import threading

import ksm
from crowd import Crowd
from workloads import Failure

CLIENTS = 50
LENGTH = 64  # bytes of a value
OPERATIONS = ("SET", "GET")
THROUGHPUT = re.compile(r"throughput summary: ([\d.]+) requests per second")
SUMMARY = re.compile(r"avg +min +p50 +p95 +p99 +max\s+[\d.]+ +[\d.]+ +([\d.]+) +[\d.]+ +([\d.]+) +[\d.]+")
STEP = re.compile(r"^([\d.]+)% <= ([\d.]+) milliseconds", re.MULTILINE)


def parse(text):
    """Of redis-benchmark's long report for one operation: requests a second, and p50, p99, p99.9 in ms. The last it gives only in the
    steps of its distribution: the first one that covers it, 99.902 %."""
    steps = [(float(share), float(ms)) for share, ms in STEP.findall(text.split("Cumulative")[0])]
    throughput, summary = THROUGHPUT.search(text), SUMMARY.search(text)
    if not steps or not throughput or not summary:
        raise Failure("redis-benchmark's report isn't what it was: " + text[-200:])
    return float(throughput.group(1)), float(summary.group(1)), float(summary.group(2)), next(ms for share, ms in steps if share >= 99.9)


def load(port, operation, requests):
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-c", str(CLIENTS), "-n", str(requests), "-d", str(LENGTH), "-t", operation.lower()]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=300)
    if done.returncode != 0:
        raise Failure(f"redis-benchmark: {done.stderr.decode()[-200:]}")
    return parse(done.stdout.decode().replace("\r", "\n"))


class Starting(threading.Thread):
    """One more tenant every `period` seconds."""

    def __init__(self, crowd, period):
        super().__init__(daemon=True)
        self.crowd, self.period = crowd, period
        self.ended, self.failure = threading.Event(), None

    def run(self):
        try:
            while not self.ended.wait(self.period) and self.crowd.count < self.crowd.most:
                self.crowd.start_next()
        except (Failure, OSError) as failure:
            self.failure = failure

    def stop(self):
        self.ended.set()
        self.join()
        if self.failure:
            raise Failure(f"a tenant could not be started: {self.failure}")


def measure(build, workload, configuration, tenants, requests, period):
    """{operation: (requests a second, p50, p99, p99.9)}, and the seconds of processor time that KSM took meanwhile."""
    with Crowd(build, workload, configuration, tenants + 200) as crowd:
        for _ in range(tenants):
            crowd.start_next()
        # A machine that is full: ksmtuned finds nothing free, and has looked already.
        with ksm.Working(configuration, crowd.group.usage, crowd.group.usage(), 1):
            starting, clock = Starting(crowd, period), ksm.Clock()
            ksm.wait_for_scans(1, 3) if configuration in (ksm.ON, ksm.TUNED, ksm.ADVISOR) else None
            starting.start()
            results = {operation: load(crowd.base, operation, requests) for operation in OPERATIONS}
            starting.stop()
            return results, clock.seconds()
