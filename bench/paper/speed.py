"""Frames a second of one transcoder that has the machine to itself, as fast as it can."""

import time

from crowd import Crowd
from workloads import Transcode


class AtFullSpeed(Transcode):
    RATE = 0


def measure(build, configuration, seconds):
    workload = AtFullSpeed()
    workload.prepare(build)
    with Crowd(build, workload, configuration, 1) as crowd:
        crowd.start_next()
        client = crowd.clients[0]
        begin = settled(client)
        time.sleep(seconds)
        client.work()
        return (client.frames - begin[1]) / (client.milliseconds - begin[0]) * 1000


def settled(client):
    """The first report after a second: (milliseconds, frames)."""
    time.sleep(1)
    client.work()
    return client.milliseconds, client.frames
