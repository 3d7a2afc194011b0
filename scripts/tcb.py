#!/usr/bin/env python3
"""Counts the trusted code: the lines of C, headers and assembly under trusted/, less blank lines and comments. Fails
above the limit. The public headers that it includes are interface (numbers, structures, prototypes) and no code; they
are counted beside it."""
import os
import re
import sys

LIMIT = 6000
VERIFIER_LIMIT = 1500  # of the verifier's files, comments included

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
# A string, a character or a comment, whichever begins first.
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)


def sources(folder):
    for path, _, names in sorted(os.walk(folder)):
        yield from (os.path.join(path, name) for name in sorted(names) if name.endswith((".c", ".h", ".S", ".inc")))


def code_lines(path):
    text = open(path, encoding="utf-8").read()
    text = TOKEN.sub(lambda match: match[0] if match[0][0] in "\"'" else " ", text)
    return sum(1 for line in text.splitlines() if line.strip())


def public_headers(paths):
    """The files of include/ that these files include, directly or through each other."""
    found, waiting = set(), list(paths)
    while waiting:
        for name in re.findall(r'#include "(orc/[^"]+)"', open(waiting.pop(), encoding="utf-8").read()):
            header = os.path.join("include", name)
            if header not in found:
                found.add(header)
                waiting.append(header)
    return sorted(found)


FOLDERS = ("trusted/verifier", "trusted/intravisor", "trusted/hostcalls")
parts = {folder: list(sources(folder)) for folder in FOLDERS}
total = 0
for folder, paths in parts.items():
    lines = sum(map(code_lines, paths))
    if lines == 0:
        sys.exit(f"tcb: nothing to count in {folder}")
    print(f"{lines:6d}  {folder}")
    total += lines
print(f"{total:6d}  trusted lines in all (limit {LIMIT})")
headers = public_headers(path for part in parts.values() for path in part)
print(f"{sum(map(code_lines, headers)):6d}  lines of the public headers that these include")
verifier = sum(len(open(path, encoding="utf-8").readlines()) for path in sources("trusted/verifier"))
print(f"{verifier:6d}  lines of the verifier's files, comments included (limit {VERIFIER_LIMIT})")
if total > LIMIT or verifier > VERIFIER_LIMIT:
    sys.exit("tcb: over the limit")
