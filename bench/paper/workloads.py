"""What tenants do: how each kind of them is started, asked for the first time, and given work. Each works at a fixed pace, as
a tenant does that serves a client: once a second it's given the same work, so that what all of them do together grows
with their number until the processor is busy."""

import hashlib
import os
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DEADLINE = 120  # seconds for an answer


class Failure(Exception):
    pass


def own_text(name, number, length):
    """Bytes that no other tenant has, as text."""
    digests = (hashlib.sha512(f"{name} {number} {i}".encode()).hexdigest() for i in range(length // 128 + 1))
    return "".join(digests)[:length]


class Workload:
    """`port`: where its program is; `libraries`: the port with its libraries, where that is another; `streams`: it reads requests and
    writes answers, a line each, instead of listening."""

    unit = "answers"
    port = program = name = libraries = ""
    streams = True
    calm = False  # no clocks of its own: a thousand that each look at a clock ten times a second keep two processors busy

    def prepare(self, build):
        """Before the first run."""

    def ports(self):
        return list(dict.fromkeys((self.port, self.libraries or self.port)))

    def arguments(self, place):
        """Of the program; {i} stands for the tenant's number, {i+20000} for a number from there on."""
        return []

    def options(self):
        """Of `orc run`."""
        return []


class LineClient:
    """Of a tenant that answers lines."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.requests = 0

    def ask(self, line):
        self.tenant.write_line(line)
        return self.tenant.read_line()

    def close(self):
        pass


class LuaClient(LineClient):
    total = 0

    def first(self):
        self.add((self.tenant.number + 1) * 1000003)

    def work(self):
        self.requests += 1
        return self.add(self.requests)

    def add(self, value):
        """One request; the answer is the sum of all so far, which no other tenant has."""
        self.total += value
        answer = self.ask(str(value))
        if answer != f"lua\t{self.total}":
            raise Failure(f"{self.tenant.name} answers {answer!r} instead of {self.total}")
        return 1


class Lua(Workload):
    name, title, port, program = "lua", "Lua", "lua5.4", "lua"
    script = os.path.join(TOP, "examples/tenant.lua")

    def arguments(self, place):
        return ["/tenant.lua" if place == "cell" else self.script, "lua"]

    def options(self):
        return ["--mount", f"{self.script}:/tenant.lua:ro"]

    client = LuaClient


class SqliteClient(LineClient):
    ROWS = 500

    def first(self):
        self.tenant.write_line("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, value INTEGER);")
        rows = ", ".join(f"({i}, '{own_text(self.tenant.name, i, 64)}', {i * 7})" for i in range(self.ROWS))
        self.tenant.write_line(f"INSERT INTO t VALUES {rows};")
        self.work()

    def work(self):
        self.requests += 1
        which = self.requests % self.ROWS
        answer = self.ask(f"SELECT name, value, (SELECT sum(value) FROM t) FROM t WHERE id = {which};")
        expected = f"{own_text(self.tenant.name, which, 64)}|{which * 7}|{7 * self.ROWS * (self.ROWS - 1) // 2}"
        if answer != expected:
            raise Failure(f"{self.tenant.name} answers {answer[:80]!r} instead of {expected[:80]!r}")
        return 1


class Sqlite(Workload):
    name, title, port, program = "sqlite", "SQLite", "sqlite3", "sqlite3"

    def arguments(self, place):
        return ["-batch", ":memory:"]

    client = SqliteClient


class RedisClient:
    KEYS = 32
    LENGTH = 1024

    def __init__(self, tenant):
        self.tenant, self.requests = tenant, 0
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", tenant.network_port), timeout=DEADLINE)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.stream = self.socket.makefile("rb")
                if self.ask([["PING"]]) == ["+PONG"]:
                    return
            except (ConnectionRefusedError, ConnectionResetError):
                pass
            tenant.check_alive()
            if time.monotonic() > deadline:
                raise Failure(f"{tenant.name} doesn't answer")
            time.sleep(0.002)

    def answer(self):
        line = self.stream.readline()
        if line[:1] == b"$" and line[1:2] != b"-":
            line = self.stream.read(int(line[1:]) + 2)
        return line.rstrip(b"\r\n").decode()

    def ask(self, commands):
        """Several at once."""
        words = [[word.encode() for word in command] for command in commands]
        self.socket.sendall(b"".join(b"*%d\r\n" % len(c) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in c) for c in words))
        return [self.answer() for _ in commands]

    def value(self, number):
        return own_text(self.tenant.name, number, self.LENGTH)

    def first(self):
        if self.ask([["SET", f"key {i}", self.value(i)] for i in range(self.KEYS)]) != ["+OK"] * self.KEYS:
            raise Failure(f"{self.tenant.name} doesn't store")

    def work(self):
        """A store and a look-up of what was stored earlier."""
        self.requests += 1
        store, look = self.requests % self.KEYS, (self.requests + 1) % self.KEYS
        if self.ask([["SET", f"key {store}", self.value(store)], ["GET", f"key {look}"]]) != ["+OK", self.value(look)]:
            raise Failure(f"{self.tenant.name} answers wrong")
        return 2

    def close(self):
        self.stream.close()
        self.socket.close()


class Redis(Workload):
    name, title, port, program = "redis", "Redis", "redis", "redis-server"
    streams = False
    client = RedisClient

    def arguments(self, place):
        return ["--port", "6379" if place == "cell" else "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning",
                *(["--hz", "1"] if self.calm else [])]

    def options(self):
        return ["--publish", "127.0.0.1:{port}:6379"]


class TranscodeClient:
    """When all is open the service waits for a line. Then it says by itself, each second, how many frames it has delivered:
    MILLISECONDS,FRAMES. A clone has said `ready` when it was the zygote, a process says so now."""

    def __init__(self, tenant):
        self.tenant, self.milliseconds, self.frames = tenant, 0, 0

    def take(self, line):
        if line == "ready":
            return
        milliseconds, frames = (int(word) for word in line.split(","))
        if frames < self.frames:
            raise Failure(f"{self.tenant.name} counts backwards: {line!r}")
        self.milliseconds, self.frames = milliseconds, frames

    def first(self):
        self.tenant.write_line("go")
        while not self.frames:
            self.take(self.tenant.read_line())

    def work(self):
        """Frames since the last time."""
        before = self.frames
        for line in self.tenant.lines_so_far():
            self.take(line)
        return self.frames - before

    def close(self):
        pass


class Transcode(Workload):
    """A live stream: a segment comes in over and over at the pace of its pictures, and goes out smaller, in another codec."""

    name, title, port, program, libraries = "transcode", "FFmpeg", "transcode", "transcode", "ffmpeg"
    unit = "frames"
    client = TranscodeClient
    RATE = 10  # frames a second; 0: as fast as it can
    INPUT, OUTPUT = "320x240", "160x120"

    def prepare(self, build):
        self.segment = os.path.join(build, "bench/paper-segment.nut")
        if os.path.exists(self.segment):
            return
        subprocess.run([os.path.join(build, "ports/native/ffmpeg/bin/ffmpeg"), "-loglevel", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={self.INPUT}:rate=25:duration=4",
                        "-c:v", "mpeg4", "-q:v", "4", self.segment], check=True, timeout=120, stdin=subprocess.DEVNULL)

    def arguments(self, place):
        pace = ["--rate", str(self.RATE)] if self.RATE else []
        return ["--loop", "/segment.nut" if place == "cell" else self.segment, *pace, "--codec", "mpeg4", "--size", self.OUTPUT, "--report", "-", "--wait"]

    def options(self):
        return ["--mount", f"{self.segment}:/segment.nut:ro"]


class TranscodeFull(Transcode):
    """With all of FFmpeg's components."""

    name, title, libraries = "transcode-full", "FFmpeg with all components", "ffmpeg-full"


WORKLOADS = {workload.name: workload for workload in (Transcode, TranscodeFull, Redis, Lua, Sqlite)}


def not_built(build, workload):
    """The first of its ports that is missing, or None."""
    for port in workload.ports(workload):
        for path in (os.path.join(build, "ports", port), os.path.join(build, "ports/native", port)):
            if not os.path.isdir(path):
                return path
    return None
