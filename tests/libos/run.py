#!/usr/bin/env python3
"""The libOS: programs that show what their system calls do must show the same natively and in a compartment, in memory,
on a mounted directory and in a layered root; others check what has no native counterpart."""

import difflib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "exec"))
import guest  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
TOOLS = guest.Toolchain(BUILD)
# Programs that need nothing but themselves.
COMPARED = ("epolls", "signals", "timers", "owners", "modes", "segments")
# In memory, on a mounted directory and in a layered root.
IN_PLACES = ("mappings", "files", "names", "links", "locks", "notify", "splices", "limits")
count = 0
failed = 0


def report(passed, name, details=()):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok") + f" {count} - {name}", flush=True)
    for line in details:
        print("# " + line)


def build(work, name):
    """Both programs: WORK/NAME.native and WORK/NAME.orc."""
    source, flags = os.path.join(HERE, name + ".c"), ["-std=gnu17", "-O1", "-Wall", "-Werror", "-Wno-unused-result"]
    native = os.path.join(work, name + ".native")
    guest.must(TOOLS.native_compile() + flags + ["-c", "-o", native + ".o", source])
    guest.must(TOOLS.native_link(native, [native + ".o"]))
    guest.must([TOOLS.orc_cc] + flags + ["-o", os.path.join(work, name + ".orc"), source])


def run(command, **options):
    """What it printed, and its exit status as the last line."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False, **options)
    return done.stdout.decode(errors="replace").splitlines() + [f"exit status {done.returncode}"]


def orc(options, program, *arguments, cwd):
    return run([TOOLS.orc, "run", *options, program, *arguments], cwd=cwd)


def compare(name, expected, found):
    details = list(difflib.unified_diff(expected, found, "native", "compartment", lineterm="", n=0))
    report(not details and expected[-1] == "exit status 0", name, details[:40])


def compare_again(name, work, tries):
    """What looks at clocks is asked again where the machine had other things to do for a moment; all else has to be right at once."""
    for _ in range(tries):
        expected, found = run([f"{work}/{name}.native"]), orc([], f"{work}/{name}.orc", cwd=work)
        if expected == found:
            break
    compare(name, expected, found)


def make_root(path, program):
    """The system root that ships with orc, with libc and a program."""
    shutil.copytree(os.path.join(BUILD, "lib/orc/root"), path, symlinks=True)
    shutil.copy(os.path.join(BUILD, "lib/orc/sysroot/lib/libc.so"), path + "/lib/libc.so")
    shutil.copy(program, path + "/bin/program")


def compare_files(work, name):
    for place in "native", "host", "root/w":
        shutil.rmtree(f"{work}/{place}", ignore_errors=True)
    shutil.rmtree(f"{work}/root", ignore_errors=True)
    make_root(f"{work}/root", f"{work}/{name}.orc")
    for place in "native", "host", "root/w":
        os.mkdir(f"{work}/{place}")
    expected = run([f"{work}/{name}.native", f"{work}/native"])
    compare(f"{name} in memory", expected, orc([], f"{work}/{name}.orc", "/tmp", cwd=work))
    compare(f"{name} on a mounted directory", expected,
            orc(["--mount", f"{work}/host:/mnt"], f"{work}/{name}.orc", "/mnt", cwd=work))
    compare(f"{name} in a layered root", expected, orc(["--root", f"{work}/root"], "/bin/program", "/w", cwd=work))
    report(os.listdir(f"{work}/root/w") == [], f"{name} in a layered root leaves the host alone")


def check_lost_pages(work):
    """A page that the file doesn't have any more, or memory beyond the quota, ends this compartment, and says why."""
    found = orc(["--mount", f"{work}/host:/mnt"], f"{work}/mappings.orc", "/mnt", "bus", cwd=work)
    report(found[0] == "B" and found[-1] == "exit status 135" and any("past the end of a mapped file" in line for line in found),
           "what a file lost is SIGBUS", found[:5])
    found = orc(["--mem", "64M", "--mount", f"{work}/host:/mnt"], f"{work}/mappings.orc", "/mnt", "big", cwd=work)
    report(found[0] == "1200" and found[-1] == "exit status 137" and any("out of memory" in line for line in found),
           "private pages of files are charged when they are written to", found[:5])


def free_ports():
    """A port, free with the one after it."""
    for port in range(18700, 28700, 2):
        try:
            for number in port, port + 1:
                for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("127.0.0.1", number))
            return port
        except OSError:
            continue
    sys.exit("no free ports")


def compare_sockets(work):
    port = free_ports()
    ports = f"127.0.0.1:{port}-{port + 1}"
    expected = run([f"{work}/sockets.native", str(port)], cwd=work)
    options = ["--listen", ports, "--listen", "udp:" + ports, "--connect", "tcp:" + ports, "--connect", "udp:127.0.0.1:*"]
    compare("sockets", expected, orc(options, f"{work}/sockets.orc", str(port), cwd=work))


def compare_network(work):
    port, group = free_ports(), "239.7.7.7"
    places = [f"127.0.0.1:{port}-{port + 1}", f"udp:127.0.0.1:{port}-{port + 1}", f"udp:{group}:{port}"]
    options = [word for place in places for word in ("--listen", place)]
    options += ["--connect", "tcp:" + places[0], "--connect", "udp:127.0.0.1:*", "--connect", f"udp:{group}:*"]
    expected = run([f"{work}/network.native", str(port)], cwd=work)
    compare("options, control messages, netlink", expected, orc(options, f"{work}/network.orc", str(port), cwd=work))
    checks("refused", orc(["--connect", "192.0.2.7:9"], f"{work}/refused.orc", cwd=work))


def compare_identity(work):
    """As the user who runs this; a directory that others may write to, since the program becomes another."""
    os.makedirs(f"{work}/identity", exist_ok=True)
    os.chmod(work, 0o755)
    expected = run([f"{work}/identity.native", f"{work}/identity"], preexec_fn=lambda: os.setgroups([]) if os.getuid() == 0 else None)
    options = ["--user", f"{os.getuid()}:{os.getgid()}"]
    compare("identity", expected, orc(options, f"{work}/identity.orc", "/tmp", cwd=work))


def check_rests(work):
    """A hundred waiting threads, for which the Intravisor keeps a few idle workers, and no others."""
    expected = run([f"{work}/rests.native"])
    with subprocess.Popen([TOOLS.orc, "run", f"{work}/rests.orc"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        first = process.stdout.readline().decode(errors="replace").rstrip()
        time.sleep(3)
        threads = len(os.listdir(f"/proc/{process.pid}/task"))
        rest = process.stdout.read().decode(errors="replace").splitlines()
        found = [first] + rest + [f"exit status {process.wait()}"]
    compare("waits of more than two seconds", expected, found)
    report(threads < 20, "waiting threads have no host threads", [f"{threads} host threads"])


def checks(name, lines):
    """Passes on a guest program's checks."""
    for line in lines:
        if line.startswith("ok - ") or line.startswith("not ok - "):
            report(line.startswith("ok"), line.split(" - ", 1)[1])
        else:
            print("# " + line)
    report(lines[-1] == "exit status 0", f"{name} ends well")


def snapshot(path):
    found = []
    for directory, names, files in sorted(os.walk(path)):
        for name in sorted(names + files):
            full = os.path.join(directory, name)
            status = os.lstat(full)
            content = os.readlink(full) if os.path.islink(full) else open(full, "rb").read() if os.path.isfile(full) else None
            found.append((os.path.relpath(full, path), status.st_mode, status.st_mtime_ns, content))
    return found


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def check_layered(work):
    root = f"{work}/layered-root"
    make_root(root, f"{work}/layered.orc")
    write(f"{work}/outside/secret", "secret")
    for name in "plain", "kept", "mode", "removed", "from", "over", "sub/deep", "sub/other", "full/a", "full/b", "full2/a":
        write(f"{root}/data/{name}", os.path.basename(name) + "\n")
    write(f"{root}/data/readers", "readers")
    os.mkdir(f"{root}/data/empty")
    for name, target in {"link": "data", "absolute": "/data", "data/up": "../data/plain", "round": "round", "to-memory": "/dev/shm",
                         "data/to-file": "../dev/shm/file", "escape": "../../../../outside/secret",
                         "host": f"{work}/outside/secret"}.items():
        os.symlink(target, f"{root}/{name}")
    before = snapshot(root)
    checks("layered", orc(["--root", root], "/bin/program", cwd=work))
    report(snapshot(root) == before, "the host's side of a layered root hasn't changed")


def check_mounts(work):
    write(f"{work}/mounts/outside/secret", "secret")
    for side in "rw", "ro":
        write(f"{work}/mounts/{side}/file", "file\n")
        os.mkdir(f"{work}/mounts/{side}/sub")
    write(f"{work}/mounts/rw/victim", "")
    write(f"{work}/mounts/granted", "granted\n")
    write(f"{work}/mounts/writable", "writable\n")
    for name, target in {"up": "../outside/secret", "up-directory": "../outside", "host": f"{work}/mounts/outside/secret",
                         "host-directory": f"{work}/mounts/outside", "root": "/"}.items():
        os.symlink(target, f"{work}/mounts/rw/{name}")
    os.mkfifo(f"{work}/mounts/rw/pipe")
    read_only = snapshot(f"{work}/mounts/ro")
    checks("mounts", orc(["--mount", f"{work}/mounts/rw:/rw", "--mount", f"{work}/mounts/ro:/ro:ro",
                          "--mount", f"{work}/mounts/granted:/etc/granted:ro", "--mount", f"{work}/mounts/writable:/deep/in/here"],
                         f"{work}/mounts.orc", cwd=work))
    report(snapshot(f"{work}/mounts/ro") == read_only, "a read-only mount hasn't changed")
    with open(f"{work}/mounts/rw/made", encoding="ascii") as file:
        report(file.read() == "made by the guest", "the host sees what the guest wrote")
    with open(f"{work}/mounts/outside/secret", encoding="ascii") as file:
        report(file.read() == "secret", "what lies outside is as it was")


def check_order(order, linked):
    """The linker ignores names that it doesn't know, and then lays out less than the file says."""
    names = {line.strip() for line in open(os.path.join(guest.TOP, order), encoding="utf-8") if line.strip() and not line.startswith("#")}
    symbols = {line.split()[-1] for line in subprocess.check_output(["nm", linked], text=True).splitlines()}
    missing = sorted(names - symbols)
    report(names and not missing, f"{os.path.basename(linked)} has all that {order} names", missing)


def main():
    work = tempfile.mkdtemp(prefix="orc-libos-")
    try:
        for name in "events", "pipes", "sockets", "network", "refused", "layered", "mounts", "special", "races", "rests", "identity", *COMPARED, *IN_PLACES:
            build(work, name)
        for name in COMPARED:
            compare_again(name, work, 5 if name == "timers" else 1)
        for name in IN_PLACES:
            compare_files(work, name)
        check_lost_pages(work)
        compare_identity(work)
        compare("events", run([f"{work}/events.native"]), orc([], f"{work}/events.orc", cwd=work))
        compare("pipes", run([f"{work}/pipes.native"]), orc([], f"{work}/pipes.orc", cwd=work))
        compare_sockets(work)
        compare_network(work)
        check_layered(work)
        check_mounts(work)
        checks("special", orc(["--mem", "64M", "--handles", "200", "--env", "MARK=here", "--name", "special"],
                              f"{work}/special.orc", cwd=work))
        check_rests(work)
        checks("races", orc([], f"{work}/races.orc", cwd=work))
        check_order("guest/libos/libc.order", os.path.join(BUILD, "lib/orc/sysroot/lib/libc.so"))
        check_order("trusted/hostcalls.order", TOOLS.orc)
        print(f"1..{count}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
