#!/usr/bin/env python3
"""Zygotes from outside: what clones have in common with the compartment that they are copies of, and what not. TAP.

Usage: run.py BUILD"""

import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "bench/sharing"))

import tenants  # noqa: E402

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
ORC = os.path.join(BUILD, "bin/orc")
WORK = tempfile.mkdtemp(prefix="orc-zygote-")
os.environ["XDG_RUNTIME_DIR"] = WORK
PROGRAMS = tenants.Programs(BUILD)
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def run(*words, **options):
    return subprocess.run([ORC, "run", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120, **options)


def compile_guest(name):
    output = os.path.join(WORK, name)
    done = subprocess.run([os.path.join(BUILD, "bin/orc-cc"), "-O2", "-o", output, os.path.join(HERE, name + ".c")], stderr=subprocess.PIPE, check=False)
    expect(done.returncode == 0, done.stderr.decode()[-500:])
    return output


def write(name, content):
    path = os.path.join(WORK, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def lines_for(count):
    for i in range(count):
        write(f"in{i}", b"line %d\n" % i)
    return os.path.join(WORK, "in{i}")


def redis_words(base, count, *more):
    return ["--zygote", "-n", str(count), "--name", "r-{i}", "--publish", f"127.0.0.1:{{i+{base}}}:6379", *more, PROGRAMS.redis(tenants.ORC), *tenants.REDIS_OPTIONS]


class Running:
    """A command that runs meanwhile. A context."""

    def __init__(self, *words):
        self.words = words

    def __enter__(self):
        self.process = subprocess.Popen([ORC, "run", *self.words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        output = self.process.communicate(timeout=60)[0].decode()
        return self.process.returncode, output

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@test
def test_all_that_a_program_has_is_in_its_clones():
    """Threads, marks, memory, files, events, timers, sockets: tests/zygote/state.c looks."""
    for settle in ("--zygote", "--zygote=0.02"):
        done = run(settle, "-n", "6", "--name", "s-{i}", "--stdin", lines_for(6), compile_guest("state"), "argument")
        said = [line.split() for line in done.stdout.decode().splitlines()]
        expect(done.returncode == 0 and len(said) == 6, (done.returncode, done.stdout, done.stderr))
        expect(sorted(words[0] for words in said) == [f"s-{i}" for i in range(6)], said)
        expect(all(words[1] == "argument" and words[-1] == words[0][2:] for words in said), said)
        expect(len({words[2] for words in said}) == 6, "random numbers repeat")


@test
def test_without_a_zygote_it_is_the_same():
    done = run("-n", "2", "--name", "s-{i}", "--stdin", lines_for(2), compile_guest("state"), "argument")
    expect(done.returncode == 0 and len(done.stdout.splitlines()) == 2, (done.stdout, done.stderr))


@test
def test_memory_changes_while_it_is_frozen():
    for _ in range(5):
        done = run("--zygote=0.01", "-n", "3", "--stdin", lines_for(3), compile_guest("maps"))
        expect(done.returncode == 0 and sorted(done.stdout.splitlines()) == [b"line 0", b"line 1", b"line 2"], (done.returncode, done.stdout, done.stderr))


@test
def test_mappings():
    host, program = write("host", b"of the host".ljust(200 * 4096 - 1) + b"e"), compile_guest("mapped")
    with open(host, "r+b") as file:
        file.seek(190 * 4096)
        file.write(b"e")
    options = ["-n", "3", "--stdin", lines_for(3), "--mount", f"{host}:/host"]
    for words in (["--zygote", *options, program, "/host", "clone"], [*options, program, "/host"]):
        done = run(*words)
        expect(done.returncode == 0 and sorted(done.stdout.splitlines()) == [b"good 0", b"good 1", b"good 2"], (done.stdout, done.stderr))


@test
def test_redis_clones_at_ports_of_their_own():
    base = tenants.free_ports(8)
    write("dump.rdb", b"REDIS0009\xfe\x00\x00\x06loaded\x06before\xff" + bytes(8))
    deadline = time.monotonic() + 60
    with Running(*redis_words(base, 8, "--mount", f"{WORK}/dump.rdb:/dump.rdb:ro")) as cell:
        clients = [tenants.RedisClient(base + i, deadline) for i in range(8)]
        for i, client in enumerate(clients):
            expect(client.ask("GET", "loaded") == "before", "what the zygote had loaded is missing")
            expect(client.ask("GET", "mine") == "$-1", "a key of another one's is there")
            expect(client.ask("SET", "mine", f"of {i}") == "+OK", "SET")
        clients[3].ask("SET", "loaded", "changed")
        expect([client.ask("GET", "mine") for client in clients] == [f"of {i}" for i in range(8)], "keys are shared")
        expect([client.ask("GET", "loaded") for client in clients].count("before") == 7, "a change of one's is seen by others")
        expect(clients[0].ask("CONFIG", "GET", "port") is not None, "CONFIG")
        for client in clients:
            client.close()
        status, output = cell.end()
        expect(status == 0, output)


@test
def test_kills_of_clones_and_of_the_zygote():
    base = tenants.free_ports(4)
    with Running(*redis_words(base, 4)) as cell:
        clients = [tenants.RedisClient(base + i, time.monotonic() + 60) for i in range(4)]
        listed = subprocess.run([ORC, "ps"], stdout=subprocess.PIPE, check=True).stdout.decode()
        expect("redis-server-zygote" in listed and "r-3" in listed, listed)
        subprocess.run([ORC, "kill", "redis-server-zygote"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([ORC, "kill", "r-2"], check=True, stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        for i in (0, 1, 3):
            expect(clients[i].ask("PING") == "+PONG", f"clone {i} is gone")
        try:
            expect(clients[2].ask("PING") == "", "the killed one answers")
        except OSError:
            pass
        for client in clients:
            client.close()
        cell.end()


@test
def test_a_port_that_is_not_published():
    """The first takes it; the second can't go on without."""
    port = tenants.free_ports(1)
    with Running("--zygote", "-n", "2", "--name", "r-{i}", "--listen", f"127.0.0.1:{port}", PROGRAMS.redis(tenants.ORC), "--port", str(port), *tenants.REDIS_OPTIONS) as cell:
        client = tenants.RedisClient(port, time.monotonic() + 60)
        expect(client.ask("PING") == "+PONG", "nobody listens")
        client.close()
        _, output = cell.end()
        expect(f"is it published, granted and free?): the guest's port {port}" in output, output)


@test
def test_publish_without_a_zygote():
    port = tenants.free_ports(1)
    with Running("--publish", f"127.0.0.1:{port}:6379", PROGRAMS.redis(tenants.ORC), *tenants.REDIS_OPTIONS) as cell:
        client = tenants.RedisClient(port, time.monotonic() + 60)
        expect(client.ask("PING") == "+PONG", "nobody listens")
        client.close()
        expect(cell.end()[0] == 0, "it didn't end well")


@test
def test_refusals():
    state = compile_guest("state")
    for words, message in (
        (("-n", "2", "--zygote", state, "{i}"), "copies have the arguments"),
        (("-n", "2", "--zygote", "--env", "A={i}", state), "copies have the arguments"),
        (("--zygote", "--no-sharing", state), "--no-sharing shares nothing"),
        (("--zygote=never", state), "not a number of seconds"),
        (("--publish", "6379", state), "write [ADDRESS:]HOST:GUEST"),
        (("--publish", "7000-7010:6379", state), "write [ADDRESS:]HOST:GUEST"),
        (("--zygote", "-n", "2", "--mem", "8M", state), ""),
    ):
        done = run(*words)
        expect(done.returncode == 125 and message in done.stderr.decode(), (words, done.returncode, done.stderr))


@test
def test_a_program_that_ends_is_no_zygote():
    done = run("--zygote", "-n", "2", PROGRAMS.lua(tenants.ORC), "-v", "--lib", "/nowhere")
    expect(done.returncode == 125, (done.returncode, done.stderr))


@test
def test_lua_clones_in_numbers():
    """300 of them, each with its own state; next to nothing is left of what the first one took to start."""
    with tenants.Crowd(PROGRAMS, tenants.CLONE, lua=300) as crowd:
        expect(crowd.talk() == (0, 300) and crowd.talk(2) == (0, 300), "not all answered")
        stats = subprocess.run([ORC, "stats"], stdout=subprocess.PIPE, check=True).stdout.decode()
        expect("lua-299" in stats, stats[-500:])
        bad = crowd.stop()
        expect(not bad, bad)


def main():
    with Running("--zygote", compile_guest("busy")) as busy:
        print(f"1..{len(TESTS) + 1}", flush=True)
        good = True
        for number, function in enumerate(TESTS, 1):
            try:
                function()
                print(f"ok {number} - {function.__name__}", flush=True)
            except Exception as failure:  # pylint: disable=broad-except
                good = False
                print(f"not ok {number} - {function.__name__}\n# {type(failure).__name__}: {str(failure)[:1500]}".replace("\n", "\n# ").replace("# not ok", "not ok"), flush=True)
        output = busy.process.communicate(timeout=120)[0].decode()
        told = busy.process.returncode == 125 and "it is busy" in output
        print(f"{'ok' if told else 'not ok'} {len(TESTS) + 1} - a program that never waits is refused\n# {output.strip()}")
    subprocess.run(["rm", "-rf", WORK], check=False)
    sys.exit(0 if good and told else 1)


if __name__ == "__main__":
    main()
