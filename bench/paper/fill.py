"""Tenants are added as memory allows, under a fixed budget, until no more fits: throughput over time, and how many fit."""

import time

import ksm
from crowd import Crowd

MARGIN = 1.2  # what must be free for one more, over what one takes
SLACK = 512 * 1024  # the cgroup's counter may be so far off
WINDOW = 10  # tenants that an average is over


class Growth:
    """What one more tenant takes, from those that have been added: the worse of the first ones and the last ones."""

    def __init__(self):
        self.each = []

    def add(self, grown):
        self.each.append(max(0, grown))

    def expected(self):
        later = self.each[1:] or self.each  # the first brings what all use
        return max((sum(window) / len(window) for window in (later[:WINDOW], later[-WINDOW:]) if window), default=0)

    def needed(self):
        return self.expected() * MARGIN + SLACK


class Series:
    """A sample each second, to be written as CSV."""

    FIELDS = ("seconds", "tenants", "mib", "per_second", "ksm_cpu_seconds", "ksm_merged_mib")

    def __init__(self, group):
        self.group, self.clock, self.start = group, ksm.Clock(), time.monotonic()
        self.last, self.done = self.start, 0.0
        self.rows = [(0.0, 0, round(group.usage() / 2**20, 2), 0.0, 0.0, 0.0)]

    def seconds(self):
        return time.monotonic() - self.start

    def is_due(self):
        return time.monotonic() - self.last >= 1

    def add(self, tenants, done):
        """`done` since the last sample."""
        now = time.monotonic()
        self.rows.append((round(now - self.start, 2), tenants, round(self.group.usage() / 2**20, 2), round(done / (now - self.last), 2),
                          round(self.clock.seconds(), 2), round(ksm.merged() / 2**20, 2)))
        self.last = now


class Fill:
    """One run. Ends when for `patience` seconds nobody could be added, or after `limit` seconds. Tenants are asked one after the other,
    each once a second, as clients do that know nothing of each other."""

    def __init__(self, build, workload, configuration, budget, most, patience, limit, interval):
        self.budget, self.patience, self.limit = budget, patience, limit
        with Crowd(build, workload, configuration, most, budget) as crowd, ksm.Working(configuration, crowd.group.usage, budget, interval):
            self.crowd, self.growth, self.series = crowd, Growth(), Series(crowd.group)
            self.last_added = self.last_turn = self.series.start
            self.added_before_full, self.owed, self.done = 0, 0.0, 0
            self._run()
            self.reached_most = crowd.count == most
            self.tenants, self.mib = crowd.count, crowd.group.usage() / 2**20
            self.ksm_cpu = self.series.clock.seconds()
            del self.crowd

    def _fits(self):
        usage = self.crowd.group.usage()
        return self.crowd.count < self.crowd.most and usage + self.growth.needed() <= self.budget

    def _add(self):
        before = self.crowd.group.usage()
        self.crowd.start_next()
        self.growth.add(self.crowd.group.usage() - before)
        self.last_added = time.monotonic()

    def _serve(self):
        """Those whose turn it is."""
        now = time.monotonic()
        self.owed = min(self.owed + (now - self.last_turn) * self.crowd.count, self.crowd.count)
        self.last_turn = now
        self.done += self.crowd.work(int(self.owed))
        self.owed -= int(self.owed)

    def _run(self):
        while self.series.seconds() < self.limit:
            if self._fits():
                self._add()
            elif time.monotonic() - self.last_added >= self.patience:
                return
            else:
                self.added_before_full = self.added_before_full or self.crowd.count
                time.sleep(0.02)
            self._serve()
            if self.series.is_due():
                self.series.add(self.crowd.count, self.done)
                self.done = 0
