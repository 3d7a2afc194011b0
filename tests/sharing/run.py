#!/usr/bin/env python3
"""Sharing from outside: one copy where there should be one, none where not, and the same results either way. TAP.

Usage: run.py BUILD"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "bench/sharing"))

import tenants  # noqa: E402

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
ORC = os.path.join(BUILD, "bin/orc")
SLOTS = (1 << 40, 42 << 40)  # where slots and threads' regions lie
REGIONS = 40 << 40  # these, above the slots
WORK = tempfile.mkdtemp(prefix="orc-sharing-")
os.environ["XDG_RUNTIME_DIR"] = WORK
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120, **options)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def compile_guest(source, *options):
    output = os.path.join(WORK, os.path.basename(source)[:-2])
    done = run([os.path.join(BUILD, "bin/orc-cc"), "-O2", "-o", output, os.path.join(HERE, source), *options])
    expect(done.returncode == 0, done.stderr.decode()[-500:])
    return output


def cell_of(pid):
    cells = json.loads(run([ORC, "stats", "--json"]).stdout)
    return next((cell for cell in cells if cell["cell"] == pid), None)


class Running:
    """A cell whose guests wait for their input's end. A context."""

    def __init__(self, lines, wait_for):
        self.lines, self.wait_for = lines, wait_for

    def __enter__(self):
        path = os.path.join(WORK, "cell")
        self.fifo = os.path.join(WORK, "input")
        if not os.path.exists(self.fifo):
            os.mkfifo(self.fifo)
        self.input = os.open(self.fifo, os.O_RDWR)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(" ".join(tenants.quote(word) for word in ["--stdin", self.fifo, *line]) + "\n" for line in self.lines)
        self.process = subprocess.Popen([ORC, "cell", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.pid = self.process.pid
        self.said = [self.process.stdout.readline().decode().strip() for _ in range(self.wait_for)]
        return self

    def end(self):
        os.close(self.input)
        self.input = None
        return self.process.wait(timeout=30)

    def __exit__(self, *_):
        if self.input is not None:
            os.close(self.input)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def mappings(pid):
    """[(start, end, permissions, file offset, inode, name, {figure: KiB})]"""
    result = []
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ (\d+) *(.*)", line)
            if head:
                result.append((int(head[1], 16), int(head[2], 16), head[3], int(head[4], 16), int(head[5]), head[6].strip(), {}))
            else:
                words = line.split()
                if len(words) == 3 and words[2] == "kB":
                    result[-1][6][words[0].rstrip(":")] = int(words[1])
    return result


def page_frames(pid, address, count):
    with open(f"/proc/{pid}/pagemap", "rb") as file:
        file.seek(address // 4096 * 8)
        data = file.read(count * 8)
    return [int.from_bytes(data[i:i + 8], "little") & ((1 << 55) - 1) for i in range(0, len(data), 8)]


@test
def the_embedding_example():
    done = run([os.path.join(BUILD, "bin/tenants"), os.path.join(BUILD, "examples/counter.so")])
    text = done.stdout.decode()
    expect(done.returncode == 0 and "mapped 1 time, run by two tenants" in text, text[-300:])
    expect(text.count("Segmentation fault") == 6 and re.search(r"nothing happened.*\n.*-> 5\n.*-> 10", text), text[-300:])


@test
def the_example_of_calls():
    for kind in ("bin", "san"):
        done = run([os.path.join(BUILD, kind, "call"), os.path.join(BUILD, "examples/functions")],
                   env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which makes system calls that a cell may not
        expect(done.returncode == 0, (done.stdout + done.stderr).decode()[-500:])
        expect(done.stdout.decode().splitlines() == [
            "alice 30, bob 5",
            "alice: alice's words; bob: bob's",
            "call of no_such_function: no object of the compartment has such a function",
            "call of environ: no object of the compartment has such a function",
            "call of sleep_and_count: the time is up; the call goes on",
            "call of count: an earlier call goes on",
            "alice 31: the call went on",
            "call of fail: the compartment has ended, or answers no calls",
            "bob 5: nothing happened to him"], done.stdout)


@test
def the_example_of_shared_data():
    program = compile_guest("../../examples/shared_table.c", "-lm")
    done = run([ORC, "run", "-n", "3", program])
    expect(done.returncode == 0 and done.stdout.count(b"144 is 12, from a table at 0x1") == 3, (done.stdout + done.stderr).decode()[-300:])


@test
def state_stays_with_its_compartment():
    program = compile_guest("state.c")
    done = run([ORC, "run", "-n", "16", program, "{i+1}"])
    expected = sorted(f"{1000 + 200 * i} {200 * i} {200 * i} {7 + 200 * i}" for i in range(1, 17))
    expect(done.returncode == 0 and sorted(done.stdout.decode().splitlines()) == expected, done.stderr.decode()[-300:])


@test
def data_of_all_sizes_is_shared():
    program = compile_guest("share.c")
    done = run([ORC, "run", "-n", "4", program, "sizes"])
    expect(done.returncode == 0 and done.stdout == b"sizes\n" * 4, (done.stdout + done.stderr).decode()[-300:])


@test
def shared_data_is_read_only():
    done = run([ORC, "run", os.path.join(WORK, "share"), "write"])
    expect(done.returncode == 128 + signal.SIGSEGV and b"SIGSEGV" in done.stderr, done.stderr.decode()[-300:])


@test
def shared_data_is_the_same_memory():
    program = os.path.join(WORK, "share")
    with Running([["-n", "3", program, "table"]], 3) as cell:
        expect(len(set(cell.said)) == 1 and cell.said[0].startswith("0x"), cell.said)
        base, size = int(cell.said[0], 16), 2 << 20
        found = [m for m in mappings(cell.pid) if SLOTS[0] <= m[0] < SLOTS[1] and m[0] % (1 << 32) <= base < m[0] % (1 << 32) + m[1] - m[0]]
        expect(len(found) == 3 and len({m[4] for m in found}) == 1, f"{len(found)} mappings")
        expect(all(m[6]["Rss"] >= size >> 10 and m[6]["Anonymous"] == 0 for m in found), "not resident, or copied")
        expect(all(abs(m[6]["Pss"] - m[6]["Rss"] / 3) <= 8 for m in found), [m[6]["Pss"] for m in found])
        frames = [page_frames(cell.pid, m[0] + base - m[0] % (1 << 32), 512) for m in found]
        expect(frames[0] == frames[1] == frames[2], "other page frames")
        data = next(o for o in cell_of(cell.pid)["objects"] if o["base"] == base)
        expect(data["users"] == 3 and data["saved_bytes"] == 2 * size, data)
        expect(cell.end() == 0, "exit status")


@test
def files_are_mapped_once():
    """The page cache's pages, in each compartment: none has a copy."""
    program, data = os.path.join(WORK, "share"), os.path.join(WORK, "data")
    with open(data, "wb") as file:
        file.write(os.urandom(1 << 20) * 2)
    with Running([["-n", "3", "--mount", f"{data}:/srv/the-data:ro", program, "file", "/srv/the-data"]], 3) as cell:
        expect(cell.said == ["mapped"] * 3, cell.said)
        found = [m for m in mappings(cell.pid) if SLOTS[0] <= m[0] < SLOTS[1] and m[5] == data]
        expect(len(found) == 3 and all(m[1] - m[0] == 2 << 20 and m[6]["Anonymous"] == 0 for m in found), found)
        frames = [page_frames(cell.pid, m[0], 512) for m in found]
        expect(frames[0] == frames[1] == frames[2], "other page frames")
        expect(cell.end() == 0, "exit status")


@test
def domains_share_nothing_but_the_c_library():
    program = os.path.join(WORK, "share")
    with Running([["-n", "2", "--domain", domain, "--name", domain + "-{i}", program, "table"] for domain in ("one", "two")], 4) as cell:
        objects = cell_of(cell.pid)["objects"]
        users = sorted((o["name"], o["users"]) for o in objects)
        expect(users == [("data", 2), ("data", 2), ("libc.so", 4), ("share", 2), ("share", 2)], users)
        expect(len({o["base"] for o in objects}) == 5 and len({o["hash"] for o in objects}) == 3, objects)


@test
def objects_go_when_their_users_are_killed():
    program = os.path.join(WORK, "share")
    with Running([["-n", "4", "--name", "some-{i}", program, "table"]], 4) as cell:
        def users():
            return {o["name"]: o["users"] for o in cell_of(cell.pid)["objects"]}
        expect(users() == {"libc.so": 4, "share": 4, "data": 4}, users())
        for left in (3, 2, 1):
            run([ORC, "kill", "-s", "KILL", f"{cell.pid}/some-{left}"])
            for _ in range(100):
                if users()["data"] == left:
                    break
                time.sleep(0.05)
            expect(users() == {"libc.so": left, "share": left, "data": left}, users())


@test
def a_revoked_object_takes_its_users_along():
    share, state = os.path.join(WORK, "share"), compile_guest("state.c")
    with Running([["-n", "3", "--name", "user-{i}", share, "table"], ["-n", "2", "--name", "other-{i}", state, "{i}", "stay"]], 5) as cell:
        digits = next(o["hash"] for o in cell_of(cell.pid)["objects"] if o["name"] == "share")
        expect(run([ORC, "revoke", "0" * 16]).returncode == 1 and run([ORC, "revoke", digits[:4]]).returncode == 1, "a bad hash")
        done = run([ORC, "revoke", digits[:12]])
        expect(done.returncode == 0 and done.stdout.decode() == f"cell {cell.pid}: share is revoked\n", done.stdout + done.stderr)
        for _ in range(200):
            names = sorted(c["name"] for c in cell_of(cell.pid)["compartments"])
            if names == ["other-0", "other-1"]:
                break
            time.sleep(0.05)
        expect(names == ["other-0", "other-1"], names)
        expect(all(o["name"] != "share" for o in cell_of(cell.pid)["objects"]), "still listed")
        expect(cell.end() == 128 + signal.SIGKILL, "exit status")


def totals_of(crowd):
    """What `orc stats` and the kernel say: private memory of slots and regions, objects."""
    report = cell_of(crowd.pid)
    kernel_private = sum(m[6]["Anonymous"] for m in mappings(crowd.pid) if SLOTS[0] <= m[0] < SLOTS[1]) * 1024
    kernel_objects = 0
    for name in os.listdir(f"/proc/{crowd.pid}/fd"):
        path = f"/proc/{crowd.pid}/fd/{name}"
        if "memfd:orc-object" in os.readlink(path):
            kernel_objects += os.stat(path).st_blocks * 512
    pss = sum(m[6]["Pss"] for m in mappings(crowd.pid)) * 1024
    return report, kernel_private, kernel_objects, pss


def agree(name, ours, kernels):
    expect(abs(ours - kernels) <= 0.05 * kernels, f"{name}: {ours >> 10} KiB, the kernel says {kernels >> 10} KiB")


def is_slot(address):
    return SLOTS[0] <= address < REGIONS


def is_in_window(address):
    return is_slot(address) and 0x10000000 <= address % (1 << 32) < 0x7fff0000


def page_table_bytes(pid, found):
    """What the kernel needs for the pages that are there in these mappings: tables for 2 MiB, 1 GiB and 512 GiB."""
    units = set()
    with open(f"/proc/{pid}/pagemap", "rb") as file:
        for start, end in ((m[0], m[1]) for m in found if m[5] != "[vsyscall]" and m[6]["Rss"] + m[6].get("Swap", 0)):
            file.seek(start // 4096 * 8)
            data = file.read((end - start) // 4096 * 8)
            for i in range(7, len(data), 8):
                if data[i] & 0xc0:
                    units.update((shift, (start + i // 8 * 4096) >> shift) for shift in (21, 30, 39))
    return 4096 * len(units)


def check_parts(pid):
    """Objects' data and page tables, all compartments together, when all of them wait."""
    time.sleep(0.5)
    report, found = cell_of(pid), mappings(pid)
    data = [m for m in found if is_in_window(m[0]) and m[2].startswith("rw")]

    def total(name):
        return sum(c[name] for c in report["compartments"])
    agree("data written", total("cls_dirty_bytes"), sum(m[6]["Anonymous"] for m in data) << 10)
    agree("data", total("cls_dirty_bytes") + total("cls_clean_bytes"), sum(m[1] - m[0] for m in data))
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        tables = int(re.search(r"VmPTE:\s+(\d+)", file.read())[1]) << 10
    agree("process' page tables", report["page_table_bytes"], tables)
    # The cell's own: its program's, its heap's, those of workers that are idle.
    others = page_table_bytes(pid, [m for m in found if not is_slot(m[0])]) - 4096 * total("threads")
    agree("page tables", total("page_table_bytes") + others, tables)


@test
def parts_agree_with_the_kernel():
    program = os.path.join(WORK, "share")
    with Running([["-n", "40", program, "table"]], 40) as cell:
        check_parts(cell.pid)
        expect(cell.end() == 0, "exit status")
    # Threads that have ended, and much that is written.
    program = compile_guest("state.c")
    with Running([["-n", "20", program, "{i+1}", "stay"]], 20) as cell:
        check_parts(cell.pid)
        text = run([ORC, "stats", "--prometheus"]).stdout.decode()
        for name in ("cls_dirty", "cls_clean", "page_table"):
            expect(len(re.findall(f'^orc_compartment_{name}_bytes{{cell="{cell.pid}",compartment="[^"]*"}} [0-9]+$', text, re.M)) == 20, name)
        expect(cell.end() == 0, "exit status")


@test
def totals_agree_with_the_kernel():
    programs = tenants.Programs(BUILD)
    with tenants.Crowd(programs, tenants.ORC, redis=10, lua=20) as crowd:
        expect(crowd.talk() == (10, 20), "answers")
        time.sleep(0.5)
        report, private, objects, pss = totals_of(crowd)
        agree("private memory", report["private_bytes"], private)
        agree("objects", report["object_bytes"], objects)
        agree("process", report["process_bytes"], pss)
        check_parts(crowd.pid)
        expect(report["private_bytes"] == sum(c["private_bytes"] for c in report["compartments"]), "sum")
        expect(report["saved_bytes"] == sum(o["shared_bytes"] * (o["users"] - 1) for o in report["objects"] if o["users"]), "saved")
        expect(crowd.stop() == [], "exit status")


@test
def no_sharing_gives_the_same_answers():
    programs = tenants.Programs(BUILD)
    with tenants.Crowd(programs, tenants.PRIVATE, redis=5, lua=5) as crowd:
        expect(crowd.talk() == (5, 5) and crowd.talk(2) == (5, 5), "answers")
        objects = cell_of(crowd.pid)["objects"]
        # (The loader that the cell itself has is used by nobody.)
        expect(all(o["users"] <= 1 for o in objects), "something is shared")
        expect(sum(o["name"] == "libc.so" and o["users"] == 1 for o in objects) == 10, "C libraries")
        expect(cell_of(crowd.pid)["saved_bytes"] == 0, "saved")
        expect(crowd.stop() == [], "exit status")


PORTS = {
    "lua5.4": ["lua", "-e", "local t={} for i=1,2000 do t[i]=(i*7919)%1000 .. '' end table.sort(t) print(table.concat(t,','):sub(1,500), math.pi^3)"],
    "sqlite3": ["sqlite3", ":memory:", "create table t(a,b); with recursive n(i) as (select 1 union all select i+1 from n where i<3000) insert into t "
                "select i, (i*7919)%1000 from n; select b, count(*), sum(a) from t group by b order by 3 desc limit 20;"],
    "zstd": ["zstd", "-19", "-c", "/share/input"],
    "busybox": ["busybox", "sha256sum", "/share/input"],
    "redis": ["redis-benchmark", "--version"],
    "mosquitto": ["mosquitto_pub", "--help"],
    "lighttpd": ["lighttpd", "-V"],
}


@test
def programs_give_the_same_results_shared_or_not():
    place = os.path.join(WORK, "share-input")
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "input"), "w", encoding="ascii") as file:
        file.write("".join(f"{i * 2654435761 % 4294967296:x} " for i in range(50000)))
    for port, (program, *arguments) in PORTS.items():
        directory = os.path.join(BUILD, "ports", port)
        path = next((os.path.join(directory, kind, program) for kind in ("bin", "sbin") if os.path.exists(os.path.join(directory, kind, program))), None)
        expect(path, f"{port} isn't built")
        results = []
        for option in ([], ["--no-sharing"], ["--domain", "own"]):
            done = run([ORC, "run", *option, "--lib", os.path.join(directory, "lib"), "--mount", f"{place}:/share:ro", path, *arguments])
            results.append((done.returncode, done.stdout, done.stderr))
        expect(results[0][1] + results[0][2] != b"", f"{port}: nothing printed")
        expect(results[0] == results[1] == results[2], f"{port}: {results[0][0]} {results[1][0]} {results[2][0]} {results[1][2][-200:]}")


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, function in enumerate(TESTS, 1):
        problem = None
        try:
            function()
        except (AssertionError, tenants.Failure, subprocess.SubprocessError, OSError, KeyError, StopIteration) as failure:
            problem = f"{type(failure).__name__}: {failure}"
        failed += problem is not None
        print(("not ok" if problem else "ok") + f" {number} - " + function.__name__.replace("_", " ") + (f"\n# {problem}" if problem else ""), flush=True)
    subprocess.run(["rm", "-rf", WORK], check=False)
    sys.exit(failed != 0)


main()
