#!/usr/bin/env python3
"""Hand-written GNU assembly: the programs of programs/, NAME.c with NAME.S (and NAME-2.S), print in a compartment what they print natively with
clang's objects; the sources in refused/ are refused with the messages that their heads name; what orc-cc -S writes is assembled as it is.
Usage: run.py [BUILD [NAME...]]"""

import glob
import os
import re
import shutil
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "exec"))
import guest  # noqa: E402

FLAGS = ["-O2", "-std=gnu17", "-w", "-g"]


def heads(source):
    with open(source, encoding="utf-8") as file:
        return re.findall(r"^/\* message: (.*) \*/$", file.read(), re.M)


class Assembly:
    def __init__(self, build):
        self.tools = guest.Toolchain(build)
        self.top = tempfile.mkdtemp()
        self.local = threading.local()  # tests run side by side

    def path(self, name):
        return os.path.join(self.local.work, name)

    def test(self, function, *arguments):
        self.local.work = tempfile.mkdtemp(dir=self.top)
        return function(*arguments)

    def objects(self, compiler, sources, kind):
        """One object for each source."""
        outputs = [self.path(f"{kind}-{number}.o") for number in range(len(sources))]
        for source, output in zip(sources, outputs):
            guest.must([*compiler, *FLAGS, "-c", source, "-o", output])
        return outputs

    def program(self, source):
        sources = [source[:-2] + ".c", *sorted(glob.glob(source[:-2] + "*.S"))]
        native, program = self.path("native"), self.path("program")
        guest.must(self.tools.native_link(native, self.objects(self.tools.native_compile(), sources, "native")))
        guest.must(self.tools.orc_link(program, self.objects(self.tools.orc_compile(), sources, "orc")))
        guest.must([self.tools.orc, "verify", program])
        result = guest.run([native])
        if result.returncode != 0:
            return f"natively it ends with {guest.status_of(result.returncode)}"
        return guest.compare(result, guest.run(self.tools.bare(program)))

    def written(self, source):
        """By way of -S, from standard input, and with a .s in between: the same object."""
        orc, plain, output = self.tools.orc_cc, self.path("plain.s"), self.path("confined.s")
        guest.must(["clang-22", "-E", source, "-o", plain])
        guest.must([orc, "-S", source, "-o", output])
        guest.must([orc, "-c", source, "-o", self.path("direct.o")])
        guest.must([orc, "-c", output, "-o", self.path("twice.o")])
        guest.must([orc, "-c", plain, "-o", self.path("plain.o")])
        with open(plain, "rb") as file:
            guest.must([orc, "-x", "assembler", "-c", "-", "-o", self.path("stdin.o")], stdin=file)
        contents = set()
        for name in ("direct.o", "twice.o", "plain.o", "stdin.o"):
            with open(self.path(name), "rb") as file:
                contents.add(file.read())
        return None if len(contents) == 1 else "the objects differ"

    def sanitised(self, source):
        """The sanitised lifter finds nothing to complain about and writes the same."""
        plain, texts = self.path("plain.s"), []
        guest.must(["clang-22", "-E", source, "-o", plain])
        for folder in ("bin", "san"):
            result = guest.must([os.path.join(self.tools.build, folder, "orc-lift"), "--lines", plain],
                                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
            texts.append(result.stdout)
        return None if texts[0] == texts[1] else "another text"

    def refused(self, source):
        output = self.path("refused.o")
        result = guest.run([self.tools.orc_cc, "-c", source, "-o", output])
        message = result.stderr.decode(errors="replace")
        if result.returncode == 0 or os.path.exists(output):
            return "it was accepted"
        missing = [text for text in heads(source) if text not in message]
        return f"no '{missing[0]}' in:\n{message}" if missing else None

    def compiled(self):
        """What a compiler has written, as somebody keeps it: through the lifter, or its own way if it's orc-cc's."""
        source = os.path.join(os.path.dirname(HERE), "exec/switches.c")
        native = self.tools.native_run(source, ["-std=gnu17", "-w", "-O2"], os.devnull)
        kept, confined, program = self.path("kept.s"), self.path("confined.s"), self.path("program")
        guest.must([*self.tools.native_compile(), "-fPIC", "-std=gnu17", "-w", "-O2", "-S", source, "-o", kept])
        guest.must([self.tools.orc_cc, "-std=gnu17", "-w", "-O2", "-S", source, "-o", confined])
        for text in (kept, confined):
            guest.must(self.tools.orc_link(program, [text]))
            guest.must([self.tools.orc, "verify", program])
            if message := guest.compare(native, guest.run(self.tools.bare(program))):
                return f"{os.path.basename(text)}: {message}"
        return None

    def warned(self):
        result = guest.must([self.tools.orc_cc, "-c", os.path.join(HERE, "programs/processor.S"), "-o", self.path("warned.o")])
        expected = "processor.S:28: warning: not_chosen is left out, with a trap in its place: vpaddd"
        return None if expected in result.stderr.decode() else result.stderr.decode()

    def tests(self, wanted):
        for source in sorted(glob.glob(HERE + "/programs/*.S")):
            name = os.path.basename(source)[:-2]
            if wanted and name not in wanted:
                continue
            if not name.endswith("-2"):
                yield f"{name} runs as it does natively", lambda source=source: self.test(self.program, source)
            yield f"{name}, by other ways", lambda source=source: self.test(self.written, source)
            yield f"{name}, lifted by the sanitised program", lambda source=source: self.test(self.sanitised, source)
        for source in sorted(glob.glob(HERE + "/refused/*.S")):
            name = os.path.basename(source)[:-2]
            if not wanted or name in wanted:
                yield f"refused: {name}", lambda source=source: self.test(self.refused, source)
        if not wanted or "options" in wanted:
            yield "a compiler's output that was kept", lambda: self.test(self.compiled)
            yield "what is left out is said", lambda: self.test(self.warned)


def main():
    assembly = Assembly(guest.main_build())
    try:
        sys.exit(1 if guest.run_tests(list(assembly.tests(sys.argv[2:]))) else 0)
    finally:
        shutil.rmtree(assembly.top, ignore_errors=True)


main()
