"""The memory that a compartment has of its own, in each model: tenants in one cell, measured when all have done something."""

import os
import re
import subprocess
import time

from models import CROWD_MODE, HERE, MODELS, Failure, memory, tenants

SLOTS = range(1 << 40, 42 << 40)  # where slots lie, 4 GiB each (DESIGN: 2)
WINDOW = range(256 << 20, (2 << 30) - (64 << 10))


def dirtied(pid):
    """Pages of the slots that are one compartment's alone: those of objects' data regions, and all others."""
    pages, inside = {"window": 0, "elsewhere": 0, "mappings": 0}, None
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            start = re.match(r"([0-9a-f]+)-[0-9a-f]+ ", line)
            if start:
                address = int(start.group(1), 16)
                inside = ("window" if address % (1 << 32) in WINDOW else "elsewhere") if address in SLOTS else None
                pages["mappings"] += inside is not None
            elif inside and line.startswith("Anonymous:"):
                pages[inside] += int(line.split()[1]) // 4
    return pages


def figures(pid, total):
    return {"total": total / 1024, "page tables": memory.page_tables(pid) / 1024, **dirtied(pid)}


class Waiting:
    """`orc run -n COUNT` of a program that says it's ready and waits. A context."""

    def __init__(self, programs, path, libraries, count):
        options = ["--lib", libraries] if libraries else []
        self.command, self.count, self.group = [programs.orc, "run", "-n", str(count), *options, path, "wait"], count, None

    def __enter__(self):
        if memory.PARENT:
            self.group = os.path.join(memory.PARENT[1], f"orc-bench-{os.getpid()}-{time.monotonic_ns()}")
            os.mkdir(self.group)
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=self.enter)
        return self

    def enter(self):
        if self.group:
            with open(os.path.join(self.group, "cgroup.procs"), "w", encoding="ascii") as procs:
                procs.write("0")

    def figures(self):
        for _ in range(self.count):
            if b"ready" not in self.process.stdout.readline():
                raise Failure(f"{' '.join(self.command)}: a compartment didn't start")
        time.sleep(1)  # statistics are gathered in batches
        usage = memory.group_usage(memory.PARENT[0], self.group) if self.group else memory.process_usage(self.process.pid)
        return figures(self.process.pid, usage["total"])

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if self.group:
            memory.remove(self.group)


def waiting(source, port=None, library=None):
    def measure(programs, model, count):
        path = programs.compile(model, os.path.join(HERE, source), port, library)
        with Waiting(programs, path, programs.port(model, port) + "/lib" if port else None, count) as crowd:
            return crowd.figures()
    return measure


def tenants_of(kind):
    def measure(programs, model, count):
        with tenants.Crowd(tenants.Programs(programs.build), CROWD_MODE[model], **{kind: count}) as crowd:
            if sum(crowd.talk()) != count:
                raise Failure(f"{count} {kind} ({model}): not all answered")
            crowd.close_clients()
            return figures(crowd.pid, crowd.memory())
    return measure


KINDS = {"hello, some variables": waiting("hello.c"), "Lua, asked once": tenants_of("lua"), "SQLite, after a query": waiting("tenant.c", "sqlite3", "sqlite3"),
         "Redis, asked once": tenants_of("redis")}


def lines(programs, count, few=10):
    yield f"| one more compartment, {few} to {count} | model | all, KiB | dirtied pages of data regions | other dirtied pages | page tables, KiB | mappings |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for name, measure in KINDS.items():
        for model in MODELS:
            small, large = (measure(programs, model, n) for n in (few, count))
            each = {key: (large[key] - small[key]) / (count - few) for key in large}
            yield (f"| {name} | {model} | {each['total']:.1f} | {each['window']:.2f} | {each['elsewhere']:.2f} | {each['page tables']:.2f} | {each['mappings']:.2f} |")
    yield ""
    yield memory.method() + " Pages and mappings are those of the slots, from smaps: data regions hold the CLS of the fixed model, and the table of addresses and the displacement of the other."
