#!/usr/bin/env python3
"""Counts the trusted code: the lines of C, headers and assembly under trusted/ and of the public headers, less blank
lines and comments. Fails above the limit."""
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


total = 0
for folder in ("trusted/verifier", "trusted/intravisor", "include/orc"):
    lines = sum(map(code_lines, sources(folder)))
    if lines == 0:
        sys.exit(f"tcb: nothing to count in {folder}")
    print(f"{lines:6d}  {folder}")
    total += lines
print(f"{total:6d}  trusted lines in all (limit {LIMIT})")
verifier = sum(len(open(path, encoding="utf-8").readlines()) for path in sources("trusted/verifier"))
print(f"{verifier:6d}  lines of the verifier's files, comments included (limit {VERIFIER_LIMIT})")
if total > LIMIT or verifier > VERIFIER_LIMIT:
    sys.exit("tcb: over the limit")
