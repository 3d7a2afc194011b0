"""Real libraries from Debian source packages, as recipes (NAME.recipe): compiled natively and for a compartment, objects
kept in the build directory as long as compiler, sources and recipe stay the same."""

import concurrent.futures
import glob
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "exec"))

import guest  # noqa: E402


def names():
    return sorted(os.path.basename(path)[: -len(".recipe")] for path in glob.glob(HERE + "/*.recipe"))


class Port:
    def __init__(self, tools, name):
        self.tools, self.name = tools, name
        self.flags, self.sources = [], []
        for line in guest.must([HERE + "/prepare.sh", name], timeout=600).stdout.decode().splitlines():
            kind, value = line.split(" ", 1)
            if kind == "flag":
                self.flags.append(value)
            elif kind == "source":
                self.sources.append(value)
            else:
                setattr(self, kind, value)
        if not self.sources:
            raise guest.Failure(f"{name}: the recipe names no sources")

    def compile_command(self, kind):
        base = self.tools.native_compile() if kind == "native" else self.tools.orc_compile()
        return base + ["-w", "-ffunction-sections", "-fdata-sections", *self.flags, "-I" + HERE]

    def objects(self, kind, extra=()):
        """Compiles the library; `kind` is native or orc; `extra` are more options. Returns its objects."""
        with open(self.recipe(), "rb") as file:
            key = guest.digest(file.read(), self.root, extra, self.tools.compiler_key(kind))
        name = f"{self.name}-{self.tools.kept_as(kind)}"
        kept = os.path.join(self.tools.build, "ports", f"{name}-{key}")
        if not os.path.isdir(kept):
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            for old in glob.glob(os.path.join(self.tools.build, "ports", f"{name}-*")):
                if not extra:
                    shutil.rmtree(old, ignore_errors=True)
            work = tempfile.mkdtemp(prefix=".work-", dir=os.path.dirname(kept))
            for number, source in enumerate(self.sources):
                guest.must([*self.compile_command(kind), *extra, "-c", source, "-o", f"{work}/{number:03}.o"], cwd=self.root, timeout=600)
            os.replace(work, kept)
        return sorted(glob.glob(kept + "/*.o"))

    def program(self, kind, driver, output, extra=()):
        """Links `driver` (a C file) with the library."""
        objects = self.objects(kind, extra)
        guest.must([*self.compile_command(kind), *extra, "-c", driver, "-o", output + ".o"], cwd=self.root)
        link = self.tools.native_link if kind == "native" else self.tools.orc_link
        guest.must(link(output, [output + ".o", *objects]))
        os.unlink(output + ".o")
        if kind == "orc":
            guest.must([self.tools.orc, "verify", output])

    def recipe(self):
        return os.path.join(HERE, self.name + ".recipe")


def build_all(tools, wanted, workers=2):
    """Prepares and compiles several ports of both kinds in parallel; returns them by name."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        ports = dict(zip(wanted, pool.map(lambda name: Port(tools, name), wanted)))
        list(pool.map(lambda pair: ports[pair[0]].objects(pair[1]), [(name, kind) for name in wanted for kind in ("native", "orc")]))
    return ports
