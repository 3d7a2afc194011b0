"""A crowd of tenants of one workload in one configuration, that grows one by one."""

import os
import resource
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import ksm
from group import Group
from workloads import DEADLINE, TOP, Failure

SHARED, IMAGES = "native-shared", "native-images"
ORC, PRIVATE, ZYGOTE = "orc", "orc-private", "orc-zygote"
CONFIGURATIONS = {
    SHARED: "processes, one installation",
    IMAGES: "processes, an image each",
    ksm.OFF: "processes, a copy each in memory (KSM off)",
    ksm.ON: "KSM, aggressive",
    ksm.TUNED: "KSM, ksmtuned",
    ksm.ADVISOR: "KSM, advisor",
    PRIVATE: "compartments that share nothing",
    ORC: "compartments that share (ORC)",
    ZYGOTE: "clones that share (ORC, zygote)",
}
WITH_COPIES = (ksm.OFF, ksm.ON, ksm.TUNED, ksm.ADVISOR)
CELLS = (ORC, PRIVATE, ZYGOTE)


def free_ports(count):
    """The first of `count` ports in a row that nobody listens at."""
    for base in range(20000, 60000 - count, 1000):
        try:
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise Failure(f"no {count} free ports in a row")


def raise_limits():
    """Two files a tenant are open here."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


raise_limits()


def is_readable(fd, seconds=0):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def copy_to_disk(source, target):
    """And out of the page cache: what runs it reads what it needs."""
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
    fd = os.open(target, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


class Tenant:
    def __init__(self, crowd, number):
        self.crowd, self.number = crowd, number
        self.name = f"{crowd.workload.name}-{number}"
        self.network_port = crowd.base + number if crowd.base else None
        self.text = b""
        if crowd.workload.streams:
            self.input, self.output = crowd.streams[number]

    def check_alive(self):
        self.crowd.check_alive()

    def write_line(self, line):
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(self.input, data):]

    def read_line(self):
        deadline = time.monotonic() + DEADLINE
        while b"\n" not in self.text:
            if not is_readable(self.output, 1):
                self.check_alive()
                if time.monotonic() > deadline:
                    raise Failure(f"{self.name} doesn't answer")
                continue
            self.text += os.read(self.output, 65536)
        line, self.text = self.text.split(b"\n", 1)
        return line.decode()

    def lines_so_far(self):
        """Those that have come, without waiting."""
        while is_readable(self.output):
            self.text += os.read(self.output, 65536)
        *lines, self.text = self.text.split(b"\n")
        return [line.decode() for line in lines]


class Crowd:
    """Up to `most` tenants, in a cgroup of their own. A context: on leaving it all are gone, and what they complained of last is shown
    if it's left by an exception."""

    def __init__(self, build, workload, configuration, most, budget=None):
        self.build, self.workload, self.configuration, self.most = build, workload, configuration, most
        self.directory = tempfile.TemporaryDirectory(prefix="orc-crowd-")
        self.base = 0 if workload.streams else free_ports(most)
        self.complaints = open(self.place("complaints"), "w+b")
        self.group = Group(budget)
        self.processes, self.streams, self.clients = [], [], []
        self.turn = 0
        self.cell = None

    def __enter__(self):
        try:
            if self.workload.streams:
                self._make_streams()
            if self.configuration in CELLS:
                self._start_cell()
            return self
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    @property
    def count(self):
        return len(self.clients)

    def place(self, name):
        return os.path.join(self.directory.name, name)

    def _make_streams(self):
        """Open on both sides here, so that nobody waits for the other to open."""
        for i in range(self.most):
            for kind in ("in", "out"):
                os.mkfifo(self.place(f"{i}.{kind}"))
            self.streams.append([os.open(self.place(f"{i}.{kind}"), os.O_RDWR | os.O_CLOEXEC) for kind in ("in", "out")])

    def _spawn(self, command, **options):
        process = subprocess.Popen(command, cwd=self.directory.name, start_new_session=True, stderr=self.complaints, **options)
        self.processes.append(process)
        self.group.pids.append(process.pid)
        return process

    # --- Compartments ---

    def _places(self, kind):
        """The program, and the directory of its libraries."""
        ports = os.path.join(self.build, "ports", *(["native"] if kind == "native" else []))
        return os.path.join(ports, self.workload.port, "bin", self.workload.program), os.path.join(ports, self.workload.libraries or self.workload.port, "lib")

    def _start_cell(self):
        program, libraries = self._places("orc")
        words = [os.path.join(self.build, "bench/paper-cell"), "private" if self.configuration == PRIVATE else "shared",
                 "-n", str(self.most), "--name", f"{self.workload.name}-{{i}}", *(["--zygote"] if self.configuration == ZYGOTE else [])]
        if self.workload.streams:
            words += ["--stdin", self.place("{i}.in"), "--stdout", self.place("{i}.out")]
        if os.listdir(libraries):
            words += ["--lib", libraries]
        words += [word.replace("{port}", f"{{i+{self.base}}}") for word in self.workload.options()]
        words.append(program)
        words += [word.replace("{port}", f"{{i+{self.base}}}") for word in self.workload.arguments("cell")]
        self.cell = self._spawn(words, preexec_fn=self.group.enter, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _start_compartment(self, number):
        self.cell.stdin.write(b"\n")
        self.cell.stdin.flush()
        line = self.cell.stdout.readline()
        if line != b"%d\n" % number:
            raise Failure(f"compartment {number} doesn't start: {line.decode()!r}")

    # --- Processes ---

    def _make_image(self, image):
        """Program, libraries and C library, for one process or for all."""
        program, libraries = self._places("native")
        os.makedirs(os.path.join(image, "lib"))
        copy_to_disk(os.path.join(self.build, "native/sysroot/lib/libc.so"), os.path.join(image, "libc.so"))
        copy_to_disk(program, os.path.join(image, self.workload.program))
        for name in os.listdir(libraries):
            source, target = os.path.join(libraries, name), os.path.join(image, "lib", name)
            if os.path.islink(source):
                os.symlink(os.readlink(source), target)
            elif ".so" in name:
                copy_to_disk(source, target)
        if self.configuration in WITH_COPIES:
            copy_to_disk(os.path.join(self.build, "bench/paper-merge.so"), os.path.join(image, "merge.so"))

    def _entering(self):
        return [os.path.join(self.build, "bench/paper-enter"), os.path.join(self.group.path, "cgroup.procs")] if self.group.path else []

    def _start_process(self, number):
        image = self.place(f"image-{number if self.configuration == IMAGES else 0}")
        is_new = not os.path.exists(image)

        def enter():
            """The image's first pages are the group's, too."""
            self.group.enter()
            self._make_image(image)

        words = [os.path.join(image, "libc.so"), "--library-path", os.path.join(image, "lib")]
        if self.configuration in WITH_COPIES:
            words += ["--preload", os.path.join(image, "merge.so")]
        words.append(os.path.join(image, self.workload.program))
        words += [word.replace("{port}", str(self.base + number)).replace("{i}", str(number)) for word in self.workload.arguments("process")]
        environment = {"PATH": "/usr/bin:/bin", "ORC_MERGE": "copy" if self.configuration == ksm.OFF else "merge"}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        if self.workload.streams:
            streams = dict(zip(("stdin", "stdout"), self.streams[number]))
        if is_new:
            self._spawn(words, preexec_fn=enter, env=environment, **streams)
        else:  # as a small program would start another: without a copy of this process
            self._spawn(self._entering() + words, env=environment, **streams)

    # --- Both ---

    def start_next(self):
        """Starts one more and asks it for the first time. Returns the seconds until it had answered."""
        number = self.count
        if number == self.most:
            raise Failure(f"{self.most} tenants are the most")
        start = time.monotonic()
        if self.cell:
            self._start_compartment(number)
        else:
            self._start_process(number)
        client = self.workload.client(Tenant(self, number))
        client.first()
        self.clients.append(client)
        return time.monotonic() - start

    def work(self, count=None):
        """The next `count` of them in turn, or all, do what each does in a second. Returns how much that was."""
        done = 0
        for _ in range(self.count if count is None else count):
            self.turn = (self.turn + 1) % self.count
            done += self.clients[self.turn].work()
        return done

    def check_alive(self):
        for process in self.processes:
            if process.poll() is not None:
                raise Failure(f"{self.workload.name}, {self.configuration}: {process.args[0]} ended with status {process.returncode}")
        if self.cell and is_readable(self.cell.stdout.fileno()):
            raise Failure(f"{self.workload.name}, {self.configuration}: a compartment ended: {self.cell.stdout.readline().decode()!r}")

    def __exit__(self, kind, *_):
        if kind:
            self._show_complaints()
        for client in self.clients:
            client.close()
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
        for pair in self.streams:
            for fd in pair:
                os.close(fd)
        self.group.remove()
        self.complaints.close()
        self.directory.cleanup()

    def _show_complaints(self):
        self.complaints.seek(max(0, self.complaints.seek(0, os.SEEK_END) - 2000))
        sys.stderr.write(self.complaints.read().decode(errors="replace"))


__all__ = ["CONFIGURATIONS", "Crowd", "TOP"]
