"""Builds a C program natively and for a compartment, runs both, and says where they differ. Used by the execution
tests, the ports, the benchmarks and the csmith fuzzer."""

import concurrent.futures
import ctypes
import difflib
import functools
import hashlib
import mmap
import os
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CPU_FLAGS = set()
with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
    for cpu_line in cpuinfo:
        if cpu_line.startswith("flags"):
            CPU_FLAGS = set(cpu_line.split(":", 1)[1].split())
            break


def counts_leading_zeros():
    """Whether lzcnt is lzcnt: some hypervisors hide it, and a processor that lacks it takes it for bsr without a trap."""
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("f30fbdc7c3"))  # lzcnt %edi, %eax; ret
    function = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    return function(1) == 31


if counts_leading_zeros():
    CPU_FLAGS.add("abm")


def lacks(flags):
    """The message of a test that this processor can't run, or None."""
    missing = [flag for flag in flags if flag not in CPU_FLAGS]
    return "this processor lacks " + " ".join(missing) + ": run the tests on one that has AVX2 and the like (Haswell or newer)" if missing else None


class Failure(Exception):
    """A step that failed; the message holds the command and what it printed."""


def command_text(command):
    return " ".join(shlex.quote(word) for word in command)


def run(command, timeout=120, **options):
    """Runs a command to its end; a timeout counts as exit status 124, as `orc bare` has it."""
    try:
        return subprocess.run(command, timeout=timeout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)
    except subprocess.TimeoutExpired as expired:
        return subprocess.CompletedProcess(command, 124, expired.stdout or b"", expired.stderr or b"")


def must(command, **options):
    result = run(command, **options)
    if result.returncode != 0:
        text = (result.stdout + result.stderr).decode(errors="replace")
        lines = text.splitlines()
        shown = "\n".join(lines[:25] + (["..."] if len(lines) > 25 else []))
        raise Failure(f"exit status {result.returncode}: {command_text(command)}\n{shown}")
    return result


# Debian's musl, as it is: what tests compare with (musl-dev, which musl-tools brings).
REFERENCE_INCLUDE = "/usr/include/x86_64-linux-musl"
REFERENCE_LIB = "/usr/lib/x86_64-linux-musl"


@functools.cache
def compiler_helpers():
    """The system compiler's own helpers (128-bit integers, complex numbers), which musl-gcc links as well."""
    return must(["musl-gcc", "-print-libgcc-file-name"]).stdout.decode().strip()


class Toolchain:
    """The two compilers. Tests compare with an unaltered C library. Benchmarks ask for the `twin`: the guest's C library,
    built natively from the same sources, so that they compare code and not C libraries."""

    def __init__(self, build, twin=False):
        self.build = os.path.abspath(build)
        self.twin = twin
        self.native_include = os.path.join(self.build, "native/sysroot/include") if twin else REFERENCE_INCLUDE
        self.native_lib = os.path.join(self.build, "native/sysroot/lib") if twin else REFERENCE_LIB
        self.orc = os.path.join(self.build, "bin/orc")
        self.orc_cc = os.path.join(self.build, "bin/orc-cc")
        self.keys = {}

    def compiler_key(self, kind):
        """Changes whenever the code that a compiler makes may change."""
        if kind not in self.keys:
            files = [self.native_lib + "/libc.a"] if kind == "native" else [
                self.orc_cc, self.build + "/bin/orc-sfi", self.build + "/lib/orc/orc-pass.so", self.build + "/lib/orc/sysroot-bare/key"]
            parts = []
            for name in files:
                with open(name, "rb") as file:
                    parts.append(file.read())
            self.keys[kind] = digest(*parts)
        return self.keys[kind]

    def kept_as(self, kind):
        """Objects of both native kinds are kept side by side."""
        return "twin" if self.twin and kind == "native" else kind

    def native_compile(self):
        return ["clang-22", "-nostdlibinc", "-idirafter", self.native_include]

    def native_link(self, output, inputs):
        lib = self.native_lib
        helpers = lib + "/libbuiltins.a" if self.twin else compiler_helpers()
        return ["clang-22", "-fuse-ld=lld", "-static", "-nostdlib", "-Wl,--gc-sections", "-Wl,-z,nostart-stop-gc", "-o", output, lib + "/crt1.o", lib + "/crti.o",
                *inputs, "-Wl,--start-group", lib + "/libc.a", helpers, "-Wl,--end-group", lib + "/crtn.o"]

    def orc_compile(self):
        return [self.orc_cc]

    def orc_link(self, output, inputs):
        return [self.orc_cc, "-static", "-Wl,--gc-sections", "-o", output, *inputs]

    def build_native(self, source, output, flags):
        must(self.native_compile() + flags + ["-c", source, "-o", output + ".o"])
        must(self.native_link(output, [output + ".o"]))
        os.unlink(output + ".o")

    def build_orc(self, source, output, flags):
        must(self.orc_compile() + flags + ["-c", source, "-o", output + ".o"])
        must(self.orc_link(output, [output + ".o"]))
        os.unlink(output + ".o")
        must([self.orc, "verify", output])

    def native_run(self, source, flags, stdin):
        """The native result; the program is kept between runs: it depends on the source, the flags and the C library alone."""
        work = os.path.join(self.build, "tests/exec-work")
        os.makedirs(work, exist_ok=True)
        with open(source, "rb") as file:
            program = os.path.join(work, "native-" + digest(file.read(), flags, self.compiler_key("native")))
        if not os.path.exists(program):
            new = f"{program}.{os.getpid()}.new"
            self.build_native(source, new, flags)
            os.replace(new, program)
        return run([program], stdin=open(stdin, "rb"))

    def bare(self, program, arguments=(), seconds=60):
        return [self.orc, "bare", "--time", str(seconds), program, *arguments]


def status_of(code):
    """A shell's view of an exit status: a signal's number plus 128."""
    return 128 - code if code < 0 else code


def compare(native, guest):
    """Returns None when output and status agree, else a message."""
    message = []
    if status_of(native.returncode) != status_of(guest.returncode):
        message.append(f"exit status: native {status_of(native.returncode)}, compartment {status_of(guest.returncode)}")
    if native.stdout != guest.stdout:
        one = native.stdout.decode(errors="replace").splitlines()
        two = guest.stdout.decode(errors="replace").splitlines()
        message += list(difflib.unified_diff(one, two, "native", "compartment", lineterm="", n=1))[:20]
        if len(message) <= 1:
            message.append("outputs differ in line ends or unprintable bytes")
    if message and guest.stderr:
        message += guest.stderr.decode(errors="replace").splitlines()[:20]
    return "\n".join(message) or None


def digest(*parts):
    value = hashlib.sha256()
    for part in parts:
        value.update(part if isinstance(part, bytes) else str(part).encode())
        value.update(b"\0")
    return value.hexdigest()[:24]


class Tap:
    """Prints test results in the order of the plan."""

    def __init__(self, count):
        self.number = 0
        self.failed = 0
        print(f"1..{count}", flush=True)

    def result(self, name, message=None):
        self.number += 1
        print(f"{'not ok' if message else 'ok'} {self.number} - {name}", flush=True)
        if message:
            self.failed += 1
            print("\n".join("# " + line for line in message.splitlines()), flush=True)


def run_tests(tests, workers=2):
    """Runs (name, function) pairs in parallel; a function returns None, or a message when it failed.
    Returns the number of failures."""
    tap = Tap(len(tests))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        futures = [(name, pool.submit(function)) for name, function in tests]
        for name, future in futures:
            try:
                outcome = future.result()
            except Failure as failure:
                outcome = str(failure)
            tap.result(name, outcome)
    return tap.failed


def main_build():
    """The build directory: the first argument, $BUILD, or build/ of this checkout."""
    return sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BUILD", os.path.join(TOP, "build"))
