#!/usr/bin/env python3
"""Compartment-local storage in both models: the programs of programs/ behave alike built either way, and so do pairs of
a program and a library in every combination; sources in refused/ are refused with the right message; the whole corpus of
tests/exec prints what it prints natively when it is built with -fcls=relocatable and run with ld.so.

A program's head may hold:  // flags: OPTIONS    // link: OPTIONS   // library: KIND   (NAME.KIND.c is its library)
                            // copies: N         (that many compartments of one cell at once, with a folder, /meeting)
Usage: run.py [BUILD [NAME...]]    CLS_LEVELS=all: every model and pair, and the corpus, at every level"""

import glob
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "exec"))
import guest  # noqa: E402

MODELS = ["fixed", "relocatable"]
LEVELS = ["-O0", "-O2", "-O2 -fPIC -fdata-sections"]
USUAL = "-O2"
ALL_LEVELS = os.environ.get("CLS_LEVELS") == "all"


def header(source):
    fields = {}
    with open(source, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                break
            if line.startswith("// ") and ":" in line:
                name, _, value = line[3:].partition(":")
                fields[name] = value.strip()
    return fields


class Cls:
    def __init__(self, build):
        self.tools = guest.Toolchain(build)
        self.work = tempfile.mkdtemp()

    def build(self, output, sources, model, flags, link=()):
        guest.must([self.tools.orc_cc, f"-fcls={model}", "-std=gnu17", "-w", *flags, "-o", output, *sources, *link])
        guest.must([self.tools.orc, "verify", output])

    def run(self, options, program, arguments=(), stdin=None):
        return guest.run([self.tools.orc, "run", *options, program, *arguments], stdin=stdin or guest.subprocess.DEVNULL)

    def program(self, source, model, library_model, level):
        """Compiles and runs one program; None or what went wrong."""
        fields, name = header(source), os.path.basename(source)[:-2]
        folder = tempfile.mkdtemp(dir=self.work)
        flags, link, options, arguments = level.split() + fields.get("flags", "").split(), fields.get("link", "").split(), [], []
        parts = glob.glob(source[:-2] + ".part.c")
        if "library" in fields:
            library = source[:-2] + f".{fields['library']}.c"
            shared = os.path.join(folder, f"lib{name}.so")
            self.build(shared, [library], library_model, flags, ["-shared"])
            options, arguments = ["--lib", folder], [f"lib{name}.so"]
            if fields["library"] == "shared":
                link += ["-L" + folder, "-l" + name]
        output = os.path.join(folder, name)
        self.build(output, [source, *parts], model, flags, link)
        if "copies" in fields:
            options += ["-n", fields["copies"], "--mount", folder + ":/meeting"]
        result = self.run(options, output, arguments)
        shutil.rmtree(folder)
        text = result.stdout.decode(errors="replace")
        count = int(fields.get("copies", 1))
        if result.returncode == 0 and text.count("0 failures\n") == count:
            return None
        return f"exit status {guest.status_of(result.returncode)}\n" + text + result.stderr.decode(errors="replace")[:3000]

    def refused(self, source):
        fields = header(source)
        sources = [source]
        flags = ["-fcls=relocatable", "-O2", "-w", *fields.get("flags", "").split()]
        if "with" in fields:
            other = os.path.join(self.work, "other.o")
            guest.must([self.tools.orc_cc, "-O2", "-c", os.path.join(HERE, "refused", fields["with"]), "-o", other])
            sources.append(other)
        result = guest.run([self.tools.orc_cc, *flags, "-o", os.path.join(self.work, "refused"), *sources])
        message = result.stderr.decode(errors="replace")
        if result.returncode == 0:
            return "it was accepted"
        return None if fields["message"] in message else "another message:\n" + message

    def corpus(self, source, level):
        """A program of tests/exec, compared with what it prints natively."""
        fields = header(source)
        needs = fields.get("needs", "").split()
        if not set(needs) <= guest.CPU_FLAGS:
            return "this processor lacks " + " ".join(needs)
        flags = ["-std=gnu17", "-w", *level.split(), *fields.get("flags", "").split()]
        stdin = source if "stdin" in fields else os.devnull
        folder = tempfile.mkdtemp(dir=self.work)
        output = os.path.join(folder, os.path.basename(source)[:-2])
        if "relocatable" in fields:
            result = guest.run([self.tools.orc_cc, "-fcls=relocatable", *flags, "-o", output, source])
            return None if result.returncode and fields["relocatable"] in result.stderr.decode(errors="replace") else "it isn't refused"
        self.build(output, [source], "relocatable", flags)
        native = self.tools.native_run(source, flags, stdin)
        if native.returncode == 124:
            return "natively it doesn't end: nothing to compare with"
        message = guest.compare(native, self.run([], output, stdin=open(stdin, "rb")))
        shutil.rmtree(folder)
        return message

    def tests(self, wanted):
        for source in sorted(glob.glob(HERE + "/programs/*.c")):
            name = os.path.basename(source)[:-2]
            if "." in name or wanted and name not in wanted:
                continue
            pairs = [(a, b) for a in MODELS for b in MODELS] if "library" in header(source) else [(a, a) for a in MODELS]
            for model, library_model in pairs:
                for level in LEVELS if ALL_LEVELS or set((model, library_model)) == {"relocatable"} else [USUAL]:
                    label = model if len(pairs) == 2 else f"{model} program, {library_model} library"
                    yield f"{name}: {label} {level}", lambda source=source, a=model, b=library_model, level=level: self.program(source, a, b, level)
        for source in sorted(glob.glob(HERE + "/refused/*.c")):
            name = os.path.basename(source)[:-2]
            if "." not in name and (not wanted or name in wanted):
                yield f"refused: {name}", lambda source=source: self.refused(source)
        for source in sorted(glob.glob(HERE + "/../exec/*.c")):
            name = os.path.basename(source)[:-2]
            for level in LEVELS if ALL_LEVELS else [USUAL]:
                if not wanted or name in wanted or "exec" in wanted:
                    yield f"exec/{name} {level}", lambda source=source, level=level: self.corpus(source, level)


def main():
    cls = Cls(guest.main_build())
    try:
        sys.exit(1 if guest.run_tests(list(cls.tests(sys.argv[2:]))) else 0)
    finally:
        shutil.rmtree(cls.work, ignore_errors=True)


main()
