#!/usr/bin/env python3
"""Counts the code of a cell's process by rings of trust, in tokens of C and assembly, so that layout buys nothing. Comments don't count.

Ring 0 decides about code; ring 1 keeps what tenants may do; ring 2 is whatever else runs in a cell's process; ring 3 are the libraries that
it is linked with, whose sizes are shown. Fails when rings 0 and 1 together are above the budget. The public headers that they include
are interface (numbers, structures, prototypes) and counted beside them."""
import os
import re
import subprocess
import sys

BUDGET = 75000           # rings 0 and 1
VERIFIER_BUDGET = 13000  # ring 0

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
RINGS = (("0", "the verifier", ("trusted/verifier",)),
         ("1", "the Intravisor", ("trusted/intravisor",)),
         ("1", "hostcalls", ("trusted/hostcalls",)),
         ("2", "the launcher", ("embed",)),
         ("2", "the orc command, which is a cell's process today", ("cli",)))
PROGRAM = "build/bin/orc"

STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
COMMENT = r"/\*.*?\*/|//[^\n]*"
WORD = r"[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.])*"
OPERATOR = r"->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|##|\S"
TOKEN = re.compile(f"{STRING}|{COMMENT}|{WORD}|{OPERATOR}", re.S)


def sources(folder):
    for path, _, names in sorted(os.walk(folder)):
        yield from (os.path.join(path, name) for name in sorted(names) if name.endswith((".c", ".h", ".S", ".inc")))


def tokens(path):
    with open(path, encoding="utf-8") as file:
        return sum(not token.startswith(("/*", "//")) for token in TOKEN.findall(file.read()))


def public_headers(paths):
    """The files of include/ that these files include, directly or through each other."""
    found, waiting = set(), list(paths)
    while waiting:
        with open(waiting.pop(), encoding="utf-8") as file:
            names = re.findall(r'#include "(orc/[^"]+)"', file.read())
        for header in (os.path.join("include", name) for name in names):
            if header not in found:
                found.add(header)
                waiting.append(header)
    return sorted(found)


def libraries():
    """The shared libraries of the built program, with their sizes in KiB; none before it is built."""
    if not os.path.exists(PROGRAM):
        return []
    output = subprocess.run(["ldd", PROGRAM], stdout=subprocess.PIPE, text=True, check=True).stdout
    paths = re.findall(r"(/\S+) \(0x", output)
    return [(os.path.basename(path), os.path.getsize(os.path.realpath(path)) // 1024) for path in paths]


totals, inner = {"0": 0, "1": 0, "2": 0}, []
for ring, name, folders in RINGS:
    paths = [path for folder in folders for path in sources(folder)]
    count = sum(map(tokens, paths))
    if count == 0:
        sys.exit(f"tcb: nothing to count in {', '.join(folders)}")
    totals[ring] += count
    inner += paths if ring != "2" else []
    print(f"{count:7d}  ring {ring}: {name} ({', '.join(folders)})")
trusted = totals["0"] + totals["1"]
print(f"{trusted:7d}  tokens of rings 0 and 1 (budget {BUDGET})")
print(f"{trusted + totals['2']:7d}  tokens in a cell's process")
print(f"{sum(map(tokens, public_headers(inner))):7d}  tokens of the public headers that rings 0 and 1 include")
for name, size in libraries():
    print(f"{size:7d}  KiB of a library in ring 3: {name}")
if trusted > BUDGET or totals["0"] > VERIFIER_BUDGET:
    sys.exit(f"tcb: over the budget: rings 0 and 1 together {BUDGET} tokens, the verifier {VERIFIER_BUDGET}")
