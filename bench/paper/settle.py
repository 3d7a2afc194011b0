"""How long de-duplication takes, and what processor time: a number of tenants starts at once, then the memory is watched."""

import time

import ksm
from crowd import Crowd
from fill import Series

PERIOD = 0.25  # seconds between looks


class Settle:
    """One run. `unmerged`: bytes that a tenant takes where nothing is shared. Ends when for `patience` seconds the memory has
    changed by less than a hundredth of what has been saved, or after `limit` seconds."""

    def __init__(self, build, workload, configuration, tenants, unmerged, patience, limit, interval):
        budget = tenants * unmerged / 0.9  # so that ksmtuned finds less than a fifth free
        with Crowd(build, workload, configuration, tenants, budget) as crowd, ksm.Working(configuration, crowd.group.usage, budget, interval):
            series = Series(crowd.group)
            for _ in range(tenants):
                crowd.start_next()
                if series.is_due():
                    series.add(crowd.count, 0)
            self.start_seconds = series.seconds()
            self.rows = [(0.0, self._saved(crowd, unmerged), series.clock.seconds())]
            self._watch(crowd, series, unmerged, patience, limit)

    @staticmethod
    def _saved(crowd, unmerged):
        return crowd.count * unmerged - crowd.group.usage()

    def _watch(self, crowd, series, unmerged, patience, limit):
        last_answer = last_change = time.monotonic()
        level, next_work = self.rows[0][1], last_answer + 1
        while (now := time.monotonic()) - last_answer < limit and now - last_change < patience:
            time.sleep(PERIOD)
            saved = self._saved(crowd, unmerged)
            self.rows.append((time.monotonic() - last_answer, saved, series.clock.seconds()))
            if abs(saved - level) > 0.01 * max(abs(saved), 2**20):
                level, last_change = saved, time.monotonic()
            if time.monotonic() >= next_work:
                crowd.work()
                next_work = time.monotonic() + 1

    @property
    def final(self):
        """Bytes saved at the end: the median of the last looks."""
        last = sorted(row[1] for row in self.rows[-9:])
        return last[len(last) // 2]

    def reached(self, share):
        """(seconds after the last answer, KSM's processor time in seconds by then) when that share of the final saving was there."""
        for seconds, saved, cpu in self.rows:
            if saved >= share * self.final:
                return seconds, cpu
        return self.rows[-1][0], self.rows[-1][2]
