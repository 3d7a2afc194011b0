#!/usr/bin/env python3
"""What `make demo` shows, once everything is built: tenants that share one copy of their programs, and what that saves.

Usage: demo.py BUILD    ORC_DEMO_TENANTS (default 100) of each kind"""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench/sharing"))

import tenants  # noqa: E402
from tenants import memory  # noqa: E402

WORDS = {tenants.ORC: "compartments that share", tenants.CLONE: "compartments that are clones of a zygote", tenants.NATIVE: "native processes that share the page cache", tenants.PRIVATE: "compartments that share nothing"}


def show_objects(programs, pid):
    lines = subprocess.run([programs.orc, "objects"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    saved = 0
    for line in lines[:1] + [line for line in lines if line.split()[0] == str(pid)]:
        print("  " + line[8:])
        saved += int(line.split()[-1]) if line.split()[-1].isdigit() else 0
    print(f"  {saved / 1024:,.0f} MiB saved")


def show_tenants(programs, count):
    with tenants.Crowd(programs, tenants.CLONE, count, count) as crowd:
        redis, lua = crowd.talk()
        print(f"{count} Redis and {count} Lua compartments in one cell (process {crowd.pid}), clones of two zygotes: all started and asked once in {time.monotonic() - crowd.start:.2f} s")
        print(f"  Redis: {redis} of {count} answered PING, SET and GET, each from its own data")
        print(f"  Lua:   {lua} of {count} answered, each from its own state")
        print("one copy of each object:")
        show_objects(programs, crowd.pid)
        again = crowd.talk(2)
        print(f"asked again, they remember what only they were told: {again[0]} and {again[1]}")
        bad = crowd.stop()
        print("stopped; " + (f"exit statuses {bad}" if bad else "exit status 0"), flush=True)
        if (redis, lua) != (count, count) or again != (count, count) or bad:
            raise tenants.Failure("not everyone answered as expected, or ended well")


def measure(programs, mode, **count):
    with tenants.Crowd(programs, mode, **count) as crowd:
        answered = sum(crowd.talk())
        if answered != sum(count.values()):
            raise tenants.Failure(f"{WORDS[mode]}: {answered} of {sum(count.values())} answered")
        crowd.close_clients()
        return crowd.memory() / answered / 1024


def show_memory(programs, count):
    print("\n" + f"memory of each of {count}, KiB".ljust(46) + " Redis      Lua")
    for mode in (tenants.CLONE, tenants.ORC, tenants.NATIVE, tenants.PRIVATE):
        print(f"  {WORDS[mode]:<43}", end="", flush=True)
        print(f"{measure(programs, mode, redis=count):8,.0f}", end="", flush=True)
        print(f" {measure(programs, mode, lua=count):8,.0f}", flush=True)
    print(memory.method() if not memory.PARENT else f"(all pages, page tables and kernel structures, as the memory cgroup counts them, shared ones divided by {count})")


def main():
    programs = tenants.Programs(os.path.abspath(sys.argv[1]))
    count = int(os.environ.get("ORC_DEMO_TENANTS", "100"))
    show_tenants(programs, count)
    show_memory(programs, count)


try:
    main()
except (tenants.Failure, subprocess.SubprocessError, OSError) as failure:
    print(f"demo: {failure}", file=sys.stderr)
    sys.exit(1)
