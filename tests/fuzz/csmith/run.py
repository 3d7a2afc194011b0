#!/usr/bin/env python3
"""Random C programs from csmith: native and compartment must print the same checksum.

Usage: run.py [BUILD]
FUZZ_SECONDS  how long (default 20)          FUZZ_SEED  the first program's seed (default: from the clock)
FUZZ_COUNT    stop after so many programs    FUZZ_WORKERS (default 2)
Programs that fail are kept in BUILD/fuzz/csmith with their seeds."""

import concurrent.futures
import os
import random
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../exec"))

import guest  # noqa: E402

LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os"]
RELOCATABLE = "-fcls=relocatable"  # not for bare compartments: with ld.so, under `orc run`
EXTRAS = [[], [], ["-mavx2", "-mbmi2"], ["-fno-jump-tables"], ["-fPIE"], ["-g"], ["-march=haswell"], [RELOCATABLE], [RELOCATABLE, "-fPIC"]]
RUN_SECONDS = 4


class Counters:
    def __init__(self):
        self.lock = threading.Lock()
        self.programs = self.runs = self.skipped = 0
        self.failures = []


def generate(seed, path):
    """One program; its shape depends on the seed alone."""
    choice = random.Random(seed)
    options = ["--max-funcs", str(choice.choice([3, 8, 15])), "--max-expr-complexity", str(choice.choice([6, 10, 14])),
               "--max-block-depth", str(choice.choice([3, 5])), "--no-argc"]
    for flag, chance in (("--float", 0.5), ("--builtins", 0.3), ("--inline-function", 0.5)):
        if choice.random() < chance:
            options.append(flag)
    result = guest.run(["csmith", "--seed", str(seed), "--output", path, *options], timeout=30)
    return result.returncode == 0 and os.path.exists(path), choice


def native_result(tools, source, work, flags):
    program = os.path.join(work, "native")
    tools.build_native(source, program, flags)
    return guest.run([program], timeout=RUN_SECONDS)


def run_in_compartment(tools, source, program, flags):
    if RELOCATABLE not in flags:
        tools.build_orc(source, program, flags)
        command = tools.bare(program, seconds=10 * RUN_SECONDS)
    else:
        guest.must([tools.orc_cc, *flags, "-o", program, source])
        guest.must([tools.orc, "verify", program])
        command = [tools.orc, "run", "--time", str(10 * RUN_SECONDS), program]
    return guest.run(command, timeout=20 * RUN_SECONDS)


def check(tools, source, work, base, flags):
    """None when equal; a message when not; False when the program can't be judged."""
    try:
        native = native_result(tools, source, work, base + ["-O1"])
    except guest.Failure:
        return False  # csmith's program isn't what clang takes for C
    if native.returncode != 0:
        return False
    program = os.path.join(work, "guest")
    try:
        compartment = run_in_compartment(tools, source, program, base + flags)
    except guest.Failure as failure:
        return str(failure)
    message = guest.compare(native, compartment)
    own = [flag for flag in base + flags if flag != RELOCATABLE]
    if message and guest.compare(native_result(tools, source, work, own), compartment) is None:
        return False  # clang itself gives two answers
    return message


def one(tools, seed, kept, counters, levels):
    work = tempfile.mkdtemp(prefix="csmith-")
    try:
        source = os.path.join(work, f"seed-{seed}.c")
        made, choice = generate(seed, source)
        if not made:
            with counters.lock:
                counters.skipped += 1
            return
        base = ["-w", "-Wno-incompatible-pointer-types", "-std=gnu11", "-msse4.2", "-I/usr/include/csmith"]
        with counters.lock:
            counters.programs += 1
        for level in choice.sample(LEVELS, levels):
            extra = choice.choice(EXTRAS)
            if "avx2" not in guest.CPU_FLAGS and any(flag.startswith("-m") for flag in extra):
                extra = []
            message = check(tools, source, work, base, [level, *extra])
            with counters.lock:
                if message is False:
                    counters.skipped += 1
                    break
                counters.runs += 1
                if message:
                    os.makedirs(kept, exist_ok=True)
                    shutil.copy(source, kept)
                    counters.failures.append(f"seed {seed} {level} {' '.join(extra)}\n{message}\nkept: {kept}/seed-{seed}.c")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def worker(tools, seeds, deadline, kept, counters, levels):
    for seed in seeds:
        if time.monotonic() > deadline:
            return
        one(tools, seed, kept, counters, levels)


def main():
    tools = guest.Toolchain(guest.main_build())
    seconds = float(os.environ.get("FUZZ_SECONDS", "20"))
    first = int(os.environ.get("FUZZ_SEED", str(int(time.time()) % 1000000007)))
    count = int(os.environ.get("FUZZ_COUNT", "1000000"))
    workers = int(os.environ.get("FUZZ_WORKERS", "2"))
    kept = os.path.join(tools.build, "fuzz/csmith")
    counters = Counters()
    deadline = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(worker, tools, range(first + number, first + count, workers), deadline, kept, counters, 2 if seconds < 100 else 3)
                for number in range(workers)]
        for job in jobs:
            job.result()
    print("1..1")
    print(f"# {counters.programs} programs from seed {first} in {seconds:.0f} s: {counters.runs} comparisons, "
          f"{len(counters.failures)} failures, {counters.skipped} not judged (no end in {RUN_SECONDS} s, or clang disagrees with itself)")
    for failure in counters.failures[:20]:
        print("\n".join("# " + line for line in failure.splitlines()))
    good = counters.runs > 0 and not counters.failures
    print(f"{'ok' if good else 'not ok'} 1 - csmith: same results in a compartment as natively")
    sys.exit(0 if good else 1)


main()
