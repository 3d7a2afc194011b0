#!/usr/bin/env python3
"""Each port's test program prints the same natively and in a compartment. Usage: run.py [BUILD [NAME...]]"""

import os
import sys

import ports
from ports import guest


def test(tools, name, work):
    port = ports.Port(tools, name)
    native, compartment = os.path.join(work, name + "-native"), os.path.join(work, name)
    port.program("native", port.driver, native)
    port.program("orc", port.driver, compartment)
    expected = guest.run([native], timeout=600)
    if expected.returncode != 0:
        return f"the native program failed: {expected.returncode}\n" + (expected.stdout[-600:] + expected.stderr[-600:]).decode(errors="replace")
    if not expected.stdout:
        return "the native program printed nothing"
    return guest.compare(expected, guest.run(tools.bare(compartment, seconds=300), timeout=600))


def main():
    tools = guest.Toolchain(guest.main_build())
    work = os.path.join(tools.build, "tests/ports-work")
    os.makedirs(work, exist_ok=True)
    wanted = sys.argv[2:] or ports.names()
    sys.exit(1 if guest.run_tests([(name, lambda name=name: test(tools, name, work)) for name in wanted]) else 0)


main()
