"""The workloads: each measures one run in one model and returns {workload: (processor seconds, result)}. Processor time
and not elapsed time: other work on the machine disturbs it less. Results must not depend on the model."""

import hashlib
import os
import random
import re
import subprocess
import tempfile
import time

from models import FIXED, HERE, MODELS, TOP, Failure, must, tenants


def run_timed(command, stdin=None):
    """(processor seconds, output) of a command."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors, open(stdin or os.devnull, "rb") as source:
        process = subprocess.Popen(command, stdin=source, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failure(f"{' '.join(command)}: status {process.returncode}\n" + errors.read()[-1500:].decode(errors="replace"))
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, out.read()


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


class Globals:
    """Code that lives on its variables, the worst case; timed inside the program, by its batches' median."""

    port = None

    def __init__(self, programs, seconds):
        self.paths = {model: programs.compile(model, os.path.join(HERE, "globals.c")) for model in MODELS}
        self.orc = programs.orc
        self.names = must([self.orc, "run", self.paths[FIXED]]).decode().split()
        self.rounds = {name: max(1, round(seconds / 11 / self.once(FIXED, name, 20)[0] * 20)) for name in self.names}

    def once(self, model, name, rounds):
        median, _, result = must([self.orc, "run", "--time", "120", self.paths[model], name, str(rounds)]).decode().split()
        return int(median) / 1e9, result

    def run(self, model):
        return {name: self.once(model, name, self.rounds[name]) for name in self.names}


class Lua:
    """The scripts of bench/programs/lua, timed inside by os.clock()."""

    port = "lua5.4"

    def __init__(self, programs, seconds):
        self.programs, self.scripts = programs, os.path.join(TOP, "bench/programs/lua")
        names = sorted(name[:-4] for name in os.listdir(self.scripts) if name.endswith(".lua") and name != "measure.lua")
        self.rounds = {name: max(1, round(seconds / max(self.once(FIXED, name, 1)[0], 1e-3))) for name in names}

    def once(self, model, name, rounds):
        command = self.programs.command(model, self.port, "lua", "/bench/measure.lua", name, str(rounds), options=["--mount", self.scripts + ":/bench:ro"])
        seconds, result = must(command).decode().split(maxsplit=1)
        return float(seconds), result

    def run(self, model):
        return {"Lua " + name.replace("_", " "): self.once(model, name, rounds) for name, rounds in self.rounds.items()}


class Sqlite:
    """speedtest1 on a database in memory."""

    port = "sqlite3"

    def __init__(self, programs, seconds):
        self.programs, self.size = programs, str(max(5, round(20 * seconds)))

    def run(self, model):
        seconds, output = run_timed(self.programs.command(model, self.port, "speedtest1", "--verify", "--size", self.size, ":memory:"))
        return {"SQLite speedtest1": (seconds, re.search(rb"^Verification Hash: (.*)$", output, re.M).group(1))}


class Zstd:
    """Text in and out through pipes."""

    port = "zstd"

    def __init__(self, programs, seconds):
        self.programs = programs
        self.text, self.packed = (os.path.join(programs.work, name) for name in ("text", "text.zst"))
        rng = random.Random(1)
        words = [bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(5000)]
        with open(self.text, "wb") as file:
            file.write(b" ".join(rng.choices(words, k=max(1, round(4e6 * seconds)))))
        with open(self.packed, "wb") as file:
            file.write(must(programs.command(FIXED, self.port, "zstd", "-q", "-c"), stdin=open(self.text, "rb")))

    def run(self, model):
        results = {}
        for name, source, options in (("-3 compresses", self.text, ["-3"]), ("decompresses", self.packed, ["-d"])):
            seconds, output = run_timed(self.programs.command(model, self.port, "zstd", "-q", "-c", *options), source)
            results["zstd " + name] = seconds, digest(output)
        return results


class Redis:
    """redis-benchmark (this machine's) against a server: the server's processor time for a number of requests."""

    port = "redis"
    TESTS = ("ping_mbulk", "set", "get", "incr", "lrange_100")

    def __init__(self, programs, seconds):
        self.programs, self.requests = programs, str(max(1000, round(60000 * seconds)))

    @staticmethod
    def processor_time(pid):
        total = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def run(self, model):
        number = str(tenants.free_ports(1))
        command = self.programs.command(model, self.port, "redis-server", "--port", number, *tenants.REDIS_OPTIONS, options=["--listen", "127.0.0.1:" + number])
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            client, results = tenants.RedisClient(int(number), time.monotonic() + 60), {}
            client.close()
            for test in self.TESTS:
                before = self.processor_time(server.pid)
                must(["redis-benchmark", "-p", number, "-c", "20", "-P", "16", "-n", self.requests, "-r", "10000", "-t", test, "--csv"])
                results["Redis " + test] = self.processor_time(server.pid) - before, None
            return results
        finally:
            server.terminate()
            server.wait(60)


ALL = {"globals": Globals, "lua": Lua, "sqlite": Sqlite, "zstd": Zstd, "redis": Redis}
