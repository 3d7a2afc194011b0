"""The memory that a crowd of tenants takes, all of it: pages, page tables, kernel structures and page cache, as a memory
cgroup counts it; without one, from /proc."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runtime"))

import memory  # noqa: E402

PREFIX = os.path.join(memory.PARENT[1], f"orc-paper-{os.getpid()}-") if memory.PARENT else ""
FUSE = 1.3  # the hard limit, over the budget: nothing should come near it


def processes_usage(pids):
    """Proportional shares, so that what several share counts once; page tables; kernel stacks."""
    total = 0
    for pid in pids:
        try:
            status = memory.read_table(f"/proc/{pid}/status")
            total += memory.read_table(f"/proc/{pid}/smaps_rollup")["Pss"] * 1024 + status["VmPTE"] * 1024 + status["Threads"] * 16384
        except (OSError, KeyError):  # it has ended
            pass
    return total


class Group:
    """Of one crowd. `budget` in bytes, or None."""

    number = 0

    def __init__(self, budget=None):
        self.path, self.pids = None, []
        if not memory.PARENT:
            return
        Group.number += 1
        self.path = PREFIX + str(Group.number)
        os.mkdir(self.path)
        if budget:
            limit = "memory.limit_in_bytes" if memory.PARENT[0] == 1 else "memory.max"
            with open(os.path.join(self.path, limit), "w", encoding="ascii") as file:
                file.write(str(int(budget * FUSE)))

    def enter(self):
        """In a child, before it becomes the program."""
        if self.path:
            with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

    def usage(self):
        if self.path:
            return memory.read_number(os.path.join(self.path, "memory.usage_in_bytes" if memory.PARENT[0] == 1 else "memory.current"))
        return processes_usage(self.pids)

    def remove(self):
        if self.path:
            memory.remove(self.path)
