"""From one tenant to a thousand: seconds until all have answered, memory, and the time in which all have been served once."""

import time

from crowd import Crowd


def measure(build, workload, configuration, tenants):
    """(seconds to start all, MiB, seconds to serve each once: the best of three)."""
    with Crowd(build, workload, configuration, tenants) as crowd:
        start = time.monotonic()
        for _ in range(tenants):
            crowd.start_next()
        seconds = time.monotonic() - start
        time.sleep(0.5)  # the cgroup's counter is gathered in batches
        served = min(served_once(crowd) for _ in range(3))
        return seconds, crowd.group.usage() / 2**20, served


def served_once(crowd):
    start = time.monotonic()
    crowd.work()
    return time.monotonic() - start
