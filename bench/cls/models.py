"""What the parts of this benchmark share: programs in both models of compartment-local storage, and how they are run."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, "bench/runtime"), os.path.join(TOP, "bench/sharing")]

import memory  # noqa: E402,F401 (for the other files)
import tenants  # noqa: E402

FIXED, RELOCATABLE = "fixed", "relocatable"
MODELS = (FIXED, RELOCATABLE)
CROWD_MODE = {FIXED: tenants.ORC, RELOCATABLE: tenants.RELOCATABLE}


class Failure(Exception):
    pass


def must(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=900, **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n" + (done.stdout[-500:] + done.stderr[-1500:]).decode(errors="replace"))
    return done.stdout


class Programs:
    """Ports in both models, and programs of ours beside them."""

    def __init__(self, build):
        self.build, self.orc, self.orc_cc = build, os.path.join(build, "bin/orc"), os.path.join(build, "bin/orc-cc")
        self.work = os.path.join(build, "bench/cls-work")
        os.makedirs(self.work, exist_ok=True)

    def port(self, model, name):
        return os.path.join(self.build, "ports", *([RELOCATABLE] if model == RELOCATABLE else []), name)

    def compile(self, model, source, port=None, library=None):
        """A program of ours; returns its path."""
        output = os.path.join(self.work, f"{os.path.basename(source)[:-2]}-{model}")
        link = ["-I" + self.port(model, port) + "/include", "-L" + self.port(model, port) + "/lib", "-l" + library] if port else []
        must([self.orc_cc, "-fcls=" + model, "-O2", "-w", "-I" + os.path.join(TOP, "bench/sfi"), "-o", output, source, *link])
        must([self.orc, "verify", output])
        return output

    def command(self, model, port, program, *arguments, options=()):
        """`orc run` of a port's program."""
        root = self.port(model, port)
        return [self.orc, "run", "--time", "900", "--lib", root + "/lib", *options, os.path.join(root, "bin", program), *arguments]


def size_of(path, sections):
    """The sizes of an object's sections, added up."""
    output = must(["llvm-size-22", "-A", path]).decode()
    return sum(int(match.group(1)) for match in re.finditer(rf"^(?:{sections})\s+(\d+)", output, re.M))
