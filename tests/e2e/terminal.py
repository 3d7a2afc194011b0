#!/usr/bin/env python3
"""orc run at a terminal: what is typed arrives, Ctrl-C ends the program or is handled, and a stopped one goes on. Prints TAP."""

import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

BUILD = "@BUILD@"


class Session:
    """`orc run` as the foreground job of a terminal of its own."""

    def __init__(self, *command):
        self.seen = b""
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.environ["XDG_RUNTIME_DIR"] = runtime
            os.execv(BUILD + "/bin/orc", ["orc", "run", *command])

    def expect(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
                return f"no {text!r} in {self.seen!r}"
            try:
                self.seen += os.read(self.terminal, 4096)
            except OSError:
                return f"the end instead of {text!r}, after {self.seen!r}"
        self.seen = self.seen.split(text, 1)[1]
        return None

    def type(self, text):
        os.write(self.terminal, text)

    def state(self):
        with open(f"/proc/{self.child}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0]

    def wait_state(self, states):
        for _ in range(100):
            if self.state() in states:
                return None
            time.sleep(0.05)
        return f"state {self.state()}"

    def status(self):
        _, status = os.waitpid(self.child, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


def expect_status(session, expected):
    status = session.status()
    return None if status == expected else f"status {status} instead of {expected}"


def typing():
    session = Session(guest, "cat")
    session.type(b"one\n")
    problem = session.expect(b"one\r\none\r\n")
    session.type(b"\x04")
    return problem or expect_status(session, 0)


def interrupt():
    session = Session(guest, "cat")
    session.type(b"one\n")
    problem = session.expect(b"one\r\none\r\n")
    session.type(b"\x03")
    return problem or expect_status(session, 130)


def interrupt_many():
    session = Session("-n", "5", guest, "sleep", "60")
    problem = session.expect(b"asleep\r\n") or session.expect(b"asleep\r\n")
    session.type(b"\x03")
    return problem or expect_status(session, 130)


def handled():
    session = Session(guest, "signal")
    problem = session.expect(b"ready")
    session.type(b"\x03")
    return problem or session.expect(b"signal 2") or expect_status(session, 42)


def stop_and_go_on():
    session = Session(guest, "loop")
    problem = session.expect(b"looping")
    os.kill(session.child, signal.SIGSTOP)  # SIGTSTP has no effect in a session without a shell
    problem = problem or session.wait_state("T")
    os.kill(session.child, signal.SIGCONT)
    problem = problem or session.wait_state("SR")
    session.type(b"\x1c")
    return problem or expect_status(session, 128 + signal.SIGQUIT)


def window():
    session = Session(guest, "tty")
    return session.expect(b"terminal") or expect_status(session, 0)


with tempfile.TemporaryDirectory() as directory:
    runtime, guest = directory, directory + "/guest"
    subprocess.run([BUILD + "/bin/orc-cc", "-O1", "-o", guest, "tests/e2e/guest.c"], check=True)
    tests = [typing, interrupt, interrupt_many, handled, stop_and_go_on, window]
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        message = test()
        print(f"{'not ok' if message else 'ok'} {number} - {test.__name__.replace('_', ' ')}{': ' + message if message else ''}", flush=True)
sys.exit(0)
