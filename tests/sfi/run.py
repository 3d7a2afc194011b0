#!/usr/bin/env python3
"""Golden and refusal tests of the rewriter; prints TAP.

golden/*.s is rewritten and compared with golden/*.expected; the result must also assemble. With UPDATE=1 the
expected files are written anew: read the difference. refused.txt lists inputs and what the refusal must say."""
import glob, os, re, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
sfi = sys.argv[1]
number = failed = 0


def report(ok, name, detail=""):
    global number, failed
    number += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}")
    if not ok:
        for line in detail.splitlines()[:40]:
            print("#   " + line)


def rewrite(text, *options):
    return subprocess.run([sfi, "--name", "input.s", *options], input=text, capture_output=True, text=True)


for path in sorted(glob.glob(os.path.join(here, "golden", "*.s"))):
    name = os.path.basename(path)[:-2]
    options = ["--compiler"] if name in ("compiler", "branches", "debug", "tables") else ["--exact-stack"] if name == "exact_stack" else []
    result = rewrite(open(path).read(), *options)
    expected_path = path[:-2] + ".expected"
    if os.environ.get("UPDATE"):
        open(expected_path, "w").write(result.stdout)
    expected = open(expected_path).read() if os.path.exists(expected_path) else ""
    same = result.returncode == 0 and result.stdout == expected
    report(same, f"golden {name}", result.stderr + "got:\n" + result.stdout)
    with tempfile.TemporaryDirectory() as scratch:
        assembled = subprocess.run(["clang-22", "-x", "assembler", "-c", "-", "-o", scratch + "/out.o"],
                                   input=result.stdout, capture_output=True, text=True)
    report(assembled.returncode == 0, f"golden {name} assembles", assembled.stderr)

cases = re.split(r"^== ", open(os.path.join(here, "refused.txt")).read(), flags=re.M)[1:]
for case in cases:
    head, body = case.split("\n", 1)
    rule, message = re.match(r"rule (\d+): (.*)", head).groups()
    result = rewrite("\t.text\n\t.type f,@function\nf:\n" + body)
    said = re.search(r"^input\.s:\d+: error: rule (\d+): (.*)$", result.stderr, re.M)
    ok = result.returncode == 1 and said and said.group(1) == rule and message in said.group(2) and not result.stdout
    report(bool(ok), f"refused: {body.strip().splitlines()[-1].strip()} (rule {rule})", result.stderr + result.stdout)

for instruction, message in {"pushq %rsp": "only 64-bit general registers",
                             "callq *8(%rsp)": "load the target into a register"}.items():
    result = rewrite(f"\t.text\n\t.type f,@function\nf:\n{instruction}\nretq\n", "--exact-stack")
    report(result.returncode == 1 and message in result.stderr, f"refused with an exact stack: {instruction}", result.stderr + result.stdout)

for label, run in {
    "unknown option": [sfi, "--nonsense"],
    "missing input": [sfi, "/nonexistent/input.s"],
    "unwritable output": [sfi, "-o", "/nonexistent/output.s", "/dev/null"],
}.items():
    result = subprocess.run(run, capture_output=True, text=True)
    report(result.returncode in (1, 2) and result.stderr != "", label, result.stderr)
result = subprocess.run([sfi], input=b"\0\1\2", capture_output=True)
report(result.returncode == 1 and b"null bytes" in result.stderr, "binary input")

print(f"1..{number}")
sys.exit(failed != 0)
