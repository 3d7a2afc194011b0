#!/usr/bin/env python3
"""Every program of this folder, built natively and with orc-cc at each level, must print the same and exit the same.

A program's head may hold:  // flags: OPTIONS   for both compilers
                            // needs: CPUFLAGS  as /proc/cpuinfo names them
                            // stdin: self      its own source on standard input
                            // relocatable: MESSAGE   -fcls=relocatable refuses it (tests/cls)
Usage: run.py [BUILD [NAME...]]    ORC_EXEC_LEVELS overrides the levels, separated by commas."""

import glob
import os
import sys

import guest

HERE = os.path.dirname(os.path.abspath(__file__))
LEVELS = ["-O0", "-O2", "-O3", "-Os", "-O2 -mavx2"]


def name_of(source):
    return os.path.splitext(os.path.basename(source))[0]


def header(source):
    fields = {"flags": [], "needs": [], "stdin": []}
    with open(source, encoding="utf-8") as file:
        for line in file:
            if line.startswith(("#", "source_filename")):
                break
            if line.startswith(("// ", "; ")) and ":" in line:
                name, value = line.lstrip("/; ").split(":", 1)
                if name in fields:
                    fields[name] = value.split()
    return fields


def test(tools, source, level, work):
    fields = header(source)
    if missing := guest.lacks(fields["needs"] + (["avx2"] if "-mavx2" in level else [])):
        return missing
    flags = ["-std=gnu17", "-w", *level.split(), *fields["flags"]]
    stdin = source if fields["stdin"] else os.devnull
    name = name_of(source) + level.replace(" ", "")
    program = os.path.join(work, name)
    tools.build_orc(source, program, flags)
    native = tools.native_run(source, flags, stdin)
    if native.returncode == 124:
        return "natively it doesn't end: nothing to compare with"
    compartment = guest.run(tools.bare(program), stdin=open(stdin, "rb"))
    message = guest.compare(native, compartment)
    if message:
        return message + f"\nreproduce: {guest.command_text(tools.orc_compile() + flags)} -static -Wl,--gc-sections {source} -o {program} && {guest.command_text(tools.bare(program))}"
    os.unlink(program)
    return None


def main():
    tools = guest.Toolchain(guest.main_build())
    work = os.path.join(tools.build, "tests/exec-work")
    os.makedirs(work, exist_ok=True)
    wanted = sys.argv[2:]
    sources = [path for path in sorted(glob.glob(HERE + "/*.c") + glob.glob(HERE + "/*.ll")) if not wanted or name_of(path) in wanted]
    levels = os.environ["ORC_EXEC_LEVELS"].split(",") if "ORC_EXEC_LEVELS" in os.environ else LEVELS
    tests = [(f"{name_of(source)} {level}", lambda source=source, level=level: test(tools, source, level, work))
             for source in sources for level in levels]
    if not sources:
        print("Bail out! no programs found")
        sys.exit(1)
    sys.exit(1 if guest.run_tests(tests) else 0)


main()
