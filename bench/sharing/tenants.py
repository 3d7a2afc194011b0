"""Redis and Lua tenants, many at once: in compartments of one cell, in clones of a zygote, in compartments that share nothing, or as native
processes. Starts them, talks to each, measures their memory, and stops them. For the demo, the benchmark and tests."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "../runtime"))

import memory  # noqa: E402

ORC, CLONE, PRIVATE, NATIVE, RELOCATABLE = "orc", "clone", "private", "native", "relocatable"
SCRIPT = os.path.join(TOP, "examples/tenant.lua")
REDIS_OPTIONS = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"]
DEADLINE = 120  # seconds


class Failure(Exception):
    pass


class Programs:
    """Where the ports are."""

    def __init__(self, build):
        self.build = build
        self.orc = os.path.join(build, "bin/orc")

    def port(self, name, mode):
        return os.path.join(self.build, "ports", *([mode] if mode in (NATIVE, RELOCATABLE) else []), name)

    def redis(self, mode):
        return os.path.join(self.port("redis", mode), "bin/redis-server")

    def lua(self, mode):
        return os.path.join(self.port("lua5.4", mode), "bin/lua")


def reserve_ports(count):
    """The first of `count` ports in a row that nobody listens at, and the socket that keeps others who ask here away from
    them as long as it's open. All lie below those that Linux gives to clients."""
    step = max(count, 100)
    for base in range(20000, 32768 - step, step + 1):
        lock = socket.socket()
        try:
            lock.bind(("127.0.0.1", base))
            lock.listen()
            for port in range(base + 1, base + 1 + count):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
            return lock, base + 1
        except OSError:
            lock.close()
    raise Failure(f"no {count} free ports in a row")


def free_ports(count):
    """The first of `count` ports in a row that nobody listens at."""
    lock, base = reserve_ports(count)
    lock.close()
    return base


def quote(word):
    return "'" + word.replace("'", "'\\''") + "'"


class RedisClient:
    """As much of Redis' protocol as a demo needs."""

    def __init__(self, port, deadline):
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
                self.stream = self.socket.makefile("rb")
                self.ask("PING")
                return
            except ConnectionRefusedError as failure:
                if time.monotonic() > deadline:
                    raise Failure(f"nobody answers at port {port}: {failure}") from None
                time.sleep(0.005)

    def ask(self, *words):
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in (word.encode() for word in words)))
        line = self.stream.readline().rstrip(b"\r\n")
        if line[:1] == b"$" and line != b"$-1":
            return self.stream.read(int(line[1:]) + 2)[:-2].decode()
        return line.decode()

    def close(self):
        self.stream.close()
        self.socket.close()


def wait_readable(fd, seconds):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0, seconds) * 1000))


def read_line(fd, deadline):
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(fd, 4096) if wait_readable(fd, deadline - time.monotonic()) else b""
        if not piece:
            raise Failure("a Lua tenant doesn't answer")
        line += piece
    return line.decode().rstrip("\n")


class Crowd:
    """`redis` and `lua` tenants in one mode. A context: on leaving it, all are gone."""

    def __init__(self, programs, mode, redis=0, lua=0):
        self.programs, self.mode, self.redis, self.lua = programs, mode, redis, lua
        self.directory = tempfile.TemporaryDirectory(prefix="orc-tenants-")
        self.processes, self.inputs, self.outputs = [], [], []
        self.group = None
        self.ports, self.base = reserve_ports(redis) if redis else (None, 0)
        self.clients = {}

    def __enter__(self):
        if memory.PARENT:
            self.group = os.path.join(memory.PARENT[1], f"orc-tenants-{os.getpid()}-{time.monotonic_ns()}")
            os.mkdir(self.group)
        self.start = time.monotonic()
        self.deadline = self.start + DEADLINE
        try:
            (self._start_native if self.mode == NATIVE else self._start_cell)()
            return self
        except BaseException:
            self.__exit__()
            raise

    def _spawn(self, command, **streams):
        group = self.group

        def enter():
            with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as procs:
                procs.write("0")

        process = subprocess.Popen(command, preexec_fn=enter if group else None, cwd=self.directory.name, start_new_session=True, **streams)
        self.processes.append(process)
        return process

    def _redis_options(self):
        """Each of a large crowd looks at its clock once a second, not ten times: idle tenants are measured, not clocks."""
        return REDIS_OPTIONS + (["--hz", "1"] if self.redis > 100 else [])

    def _start_native(self):
        # Through a loop of execs, not through this process' own big fork: its page tables would be counted.
        for i in range(self.redis):
            self._spawn([self.programs.redis(NATIVE), "--port", str(self.base + i), *self._redis_options()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for i in range(self.lua):
            process = self._spawn([self.programs.lua(NATIVE), SCRIPT, f"lua-{i}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.inputs.append(process.stdin.fileno())
            self.outputs.append(process.stdout.fileno())

    def cell_lines(self):
        """What `orc cell` reads. Clones have the arguments of their zygote: ports are published, and a Lua tenant reads its name."""
        lines, place, clones = [], self.directory.name, self.mode == CLONE
        if self.redis:
            port = f"{{i+{self.base}}}"
            words = ["--zygote", "--publish", f"127.0.0.1:{port}:6379"] if clones else ["--listen", f"127.0.0.1:{port}"]
            words += ["-n", str(self.redis), "--name", "redis-{i}", self.programs.redis(self.mode), "--port", "6379" if clones else port, *self._redis_options()]
            lines.append(words)
        if self.lua:
            words = ["--zygote"] if clones else []
            words += ["-n", str(self.lua), "--name", "lua-{i}", "--stdin", f"{place}/lua-{{i}}.in", "--stdout", f"{place}/lua-{{i}}.out",
                      "--lib", os.path.join(self.programs.port("lua5.4", self.mode), "lib"), "--mount", f"{SCRIPT}:/tenant.lua:ro",
                      self.programs.lua(self.mode), "/tenant.lua"] + ([] if clones else ["lua-{i}"])
            lines.append(words)
        return "".join(" ".join(quote(word) for word in words) + "\n" for words in lines)

    def _start_cell(self):
        for i in range(self.lua):
            for kind in ("in", "out"):
                os.mkfifo(os.path.join(self.directory.name, f"lua-{i}.{kind}"))
            self.inputs.append(os.open(os.path.join(self.directory.name, f"lua-{i}.in"), os.O_RDWR | os.O_CLOEXEC))
            self.outputs.append(os.open(os.path.join(self.directory.name, f"lua-{i}.out"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        path = os.path.join(self.directory.name, "tenants.cell")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.cell_lines())
        options = ["--no-sharing"] if self.mode == PRIVATE else []
        self._spawn([self.programs.orc, "cell", *options, path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.processes[0].pid

    def check_alive(self):
        for process in self.processes:
            if process.poll() is not None:
                raise Failure(f"{os.path.basename(process.args[0])} ended with status {process.returncode}")

    def talk(self, round_number=1):
        """Asks each tenant something that only it can know. Returns how many of each kind answered right."""
        good_redis = good_lua = 0
        for i in range(self.redis):
            if i not in self.clients:
                self.clients[i] = RedisClient(self.base + i, self.deadline)
            client, value = self.clients[i], f"of tenant {i}, round {round_number}"
            before = client.ask("GET", "mine")
            expected = "$-1" if round_number == 1 else f"of tenant {i}, round {round_number - 1}"
            good_redis += [client.ask("PING"), before, client.ask("SET", "mine", value), client.ask("GET", "mine")] == ["+PONG", expected, "+OK", value]
        for i, fd in enumerate(self.inputs):
            if self.mode == CLONE and round_number == 1:
                os.write(fd, b"lua-%d\n" % i)
            os.write(fd, b"%d\n" % (i + 1))
        for i, fd in enumerate(self.outputs):
            good_lua += read_line_or_wait(fd, self.deadline, self) == f"lua-{i}\t{(i + 1) * round_number}"
        return good_redis, good_lua

    def memory(self):
        """Bytes: see memory.py. Without a cgroup proportional shares from /proc, so that what is mapped twice counts once."""
        time.sleep(3)  # guest threads rest when they have waited for a second
        self.check_alive()
        if self.group:
            return memory.group_usage(memory.PARENT[0], self.group)["total"]
        total = 0
        for process in self.processes:
            total += memory.read_table(f"/proc/{process.pid}/smaps_rollup")["Pss"] * 1024
            status = memory.read_table(f"/proc/{process.pid}/status")
            total += status["VmPTE"] * 1024 + status["Threads"] * 16384
        return total

    def close_clients(self):
        for client in self.clients.values():
            client.close()
        self.clients = {}

    def stop(self):
        """Lua tenants end at the end of their input, Redis by SIGTERM. Returns the exit statuses that aren't 0."""
        self.close_clients()
        if self.mode == NATIVE:
            for process in self.processes:
                if process.stdin:
                    process.stdin.close()
        else:
            for fd in self.inputs:
                os.close(fd)
        self.inputs = []
        for fd in self.outputs:
            wait_for_end(fd, self.deadline)
        for process in self.processes:
            if self.redis and not process.stdin:
                process.send_signal(signal.SIGTERM)
        return [status for status in (process.wait(timeout=60) for process in self.processes) if status != 0]

    def __exit__(self, *_):
        self.close_clients()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
        if self.mode != NATIVE:
            for fd in self.inputs + self.outputs:
                os.close(fd)
        if self.ports:
            self.ports.close()
        if self.group:
            memory.remove(self.group)
        self.directory.cleanup()


def read_line_or_wait(fd, deadline, crowd):
    """Before the other side has opened its FIFO, ours reads as ended."""
    while True:
        try:
            return read_line(fd, deadline)
        except Failure:
            crowd.check_alive()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        except BlockingIOError:
            wait_readable(fd, 1)


def wait_for_end(fd, deadline):
    while time.monotonic() < deadline:
        wait_readable(fd, 1)
        try:
            if not os.read(fd, 4096):
                return
        except BlockingIOError:
            pass
    raise Failure("a Lua tenant doesn't end")
