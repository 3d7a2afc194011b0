#!/usr/bin/env python3
"""Puts the machine back as it was, however the evaluation ends: this process waits until its standard input ends, which
happens when the evaluation is done, interrupted or killed, then ends what is left in the evaluation's cgroups, restores KSM's
settings, and removes the evaluation's temporary files.

Usage: guard.py KSM-DIRECTORY FILES GROUPS    (GROUPS: the beginning of the cgroups' paths, or an empty string)"""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import ksm


def end_group(group):
    for _ in range(100):
        try:
            with open(os.path.join(group, "cgroup.procs"), encoding="ascii") as file:
                for pid in file.read().split():
                    os.kill(int(pid), signal.SIGKILL)
            os.rmdir(group)
            return
        except OSError:
            time.sleep(0.1)


def main(directory, files, groups):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    settings = ksm.save(directory) if os.access(ksm.path("run", directory), os.W_OK) else {}
    print("ready", flush=True)
    sys.stdin.buffer.read()
    for group in glob.glob(glob.escape(groups) + "*") if groups else []:
        end_group(group)
    ksm.restore(settings, directory)
    shutil.rmtree(files, ignore_errors=True)


class Guard:
    """The guard's other side. A context; the settings are restored when it is left. Temporary files are made in a place of their own
    from now on."""

    def __init__(self, groups="", directory=ksm.DIRECTORY):
        tempfile.tempdir = None
        tempfile.tempdir = tempfile.mkdtemp(prefix="orc-paper-")
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), directory, tempfile.tempdir, groups], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        start_new_session=True)
        if self.process.stdout.readline() != b"ready\n":
            raise OSError("the guard of KSM's settings can't be started")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        tempfile.tempdir = None


if __name__ == "__main__":
    main(*sys.argv[1:])
