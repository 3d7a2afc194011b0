#!/usr/bin/env python3
"""edit.py NANO: types into the editor in a terminal and looks at what it saves; prints PASS or FAIL for each check."""
import os
import pty
import select
import subprocess
import sys
import tempfile


def edit(nano, keys, text=""):
    """What the file holds after the keys, and the exit status. The editor gets the next keys when it has gone silent."""
    with tempfile.TemporaryDirectory(dir=os.getcwd()) as work:
        path = work + "/file"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        leader, follower = pty.openpty()
        with subprocess.Popen([nano, "--ignorercfiles", path], stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
                              env={**os.environ, "TERM": "vt100"}) as process:
            os.close(follower)
            shown = b""
            for key in keys:
                shown += read_until_silent(leader)
                os.write(leader, key)
            while process.poll() is None and select.select([leader], [], [], 20)[0]:
                try:
                    shown += os.read(leader, 65536)
                except OSError:
                    break
            process.kill()
            status = process.wait()
        os.close(leader)
        with open(path, encoding="utf-8") as file:
            return file.read(), status, shown


def read_until_silent(leader):
    data = b""
    while select.select([leader], [], [], 20 if not data else 0.3)[0]:
        try:
            data += os.read(leader, 65536)
        except OSError:
            break
    return data


def report(name, passed):
    print(("PASS " if passed else "FAIL ") + name, flush=True)


NANO = sys.argv[1]
SAVE, LEAVE = b"\x0f", b"\x18"
version = subprocess.run([NANO, "--version"], stdout=subprocess.PIPE, check=False)
report("tells its version", version.returncode == 0 and b"GNU nano" in version.stdout)
report("types and saves", edit(NANO, [b"hello\rworld", SAVE, b"\r", LEAVE])[:2] == ("hello\nworld\n", 0))
report("cuts and pastes", edit(NANO, [b"\x0b", b"\x1b[B", b"\x15", SAVE, b"\r", LEAVE], "one\ntwo\n")[0] == "two\none\n")
report("replaces", edit(NANO, [b"\x1c", b"a\r", b"bb\r", b"A", SAVE, b"\r", LEAVE], "banana\n")[0] == "bbbnbbnbb\n")
report("leaves without saving", edit(NANO, [b"x", LEAVE, b"n"], "kept\n")[:2] == ("kept\n", 0))
