#!/usr/bin/env python3
"""orc-nasm: the programs of programs/, NAME.c with NAME.asm, print in a compartment what they print natively with nasm's own object; what is
lifted is, assembled again, the same instructions; the sources in refused/ are refused with the messages that their heads name; and the command
takes nasm's options. A program's head may hold "// needs: FLAGS" of the processor.
Usage: run.py [BUILD [NAME...]]"""

import difflib
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

NASM = ["nasm", "-f", "elf64"]
# What lifting changes on purpose: alignment, marks, traps; aligned moves of 32 bytes, to which the stack isn't aligned.
IGNORED = re.compile(r"(cs |data16 )*nop|endbr64|ud2|int3|xchgw\s+%ax, %ax")
UNALIGNED = {"vmovaps": "vmovups", "vmovapd": "vmovupd", "vmovdqa": "vmovdqu"}


def heads(source, key):
    with open(source, encoding="utf-8") as file:
        return [line.split(f"{key}: ", 1)[1].strip() for line in file if re.match(rf"(//|;) {key}: ", line)]


def normalised(line):
    """One instruction of a disassembly, without what depends on where it stands."""
    line = re.sub(r"\s+", " ", re.sub(r"<.*?>|#.*", "", line)).strip().replace("rep retq", "retq")
    name, _, operands = line.partition(" ")
    if name.startswith(("j", "call", "loop")) and "*" not in operands:
        return name
    operands = re.sub(r"-?(0x)?[0-9a-f]*\(%rip\)", "(%rip)", operands)
    if name == "leaq" and re.search(r"[(,]%(e|r\d+d)", operands):  # 32 bits are computed, and written as such
        wide = operands.rsplit("%", 1)
        name, operands = "leal", wide[0] + "%" + (wide[1] + "d" if wide[1][1].isdigit() else "e" + wide[1][1:])
    if "%ymm" in operands and "(" in operands:
        name = UNALIGNED.get(name, name)
    if name.startswith("xchg"):
        operands = ", ".join(sorted(operands.split(", ")))
    sources = operands.split(", ")
    if name.startswith("v") and len(sources) == 3:  # clang exchanges what may be exchanged, for a shorter encoding
        operands = ", ".join([*sorted(sources[:2]), sources[2]])
    return f"{name} {operands}".strip()


class Nasm:
    def __init__(self, build):
        self.tools = guest.Toolchain(build)
        self.top = tempfile.mkdtemp()
        self.local = threading.local()  # tests run side by side
        self.command = [os.path.join(self.tools.build, "bin/orc-nasm"), "-f", "elf64"]

    def path(self, name):
        return os.path.join(self.local.work, name)

    def test(self, function, *arguments):
        self.local.work = tempfile.mkdtemp(dir=self.top)
        return function(*arguments)

    def program(self, source):
        c_source, flags = source[:-4] + ".c", ["-O2", "-std=gnu17", "-w"]
        if missing := guest.lacks(" ".join(heads(c_source, "needs")).split()):
            return missing
        plain, confined, native, program = (self.path(name) for name in ("plain.o", "confined.o", "native", "program"))
        guest.must([*NASM, source, "-o", plain])
        guest.must([*self.command, source, "-o", confined])
        guest.must([*self.tools.native_compile(), *flags, "-c", c_source, "-o", native + ".o"])
        guest.must(self.tools.native_link(native, [native + ".o", plain]))
        guest.must([*self.tools.orc_compile(), *flags, "-c", c_source, "-o", program + ".o"])
        guest.must(self.tools.orc_link(program, [program + ".o", confined]))
        guest.must([self.tools.orc, "verify", program])
        result = guest.run([native])
        if result.returncode != 0:
            return f"natively it ends with {guest.status_of(result.returncode)}"
        return guest.compare(result, guest.run(self.tools.bare(program)))

    def shared(self, source):
        """The same object in a shared object."""
        confined, library = self.path("shared.o"), self.path("shared.so")
        guest.must([*self.command, source, "-o", confined])
        guest.must([self.tools.orc_cc, "-shared", "-nostdlib", "-o", library, confined])
        guest.must([self.tools.orc, "verify", library])

    def disassembly(self, file):
        lines = guest.must(["llvm-objdump-22", "-d", "--no-show-raw-insn", "--no-leading-addr", file]).stdout.decode().splitlines()
        lines = [normalised(line) for line in lines if re.match(r"\s+[a-z]", line)]
        return [line for line in lines if not IGNORED.match(line)]

    def lifted(self, source):
        plain, lifted = self.path("plain.o"), self.path("lifted.s")
        guest.must([*NASM, source, "-o", plain])
        guest.must([*self.command, source, "-o", self.path("unused.o"), "--orc-save=" + lifted])
        guest.must(["clang-22", "-c", "-x", "assembler", lifted, "-o", lifted + ".o"])
        difference = list(difflib.unified_diff(self.disassembly(plain), self.disassembly(lifted + ".o"), "nasm", "lifted", lineterm="", n=1))
        return "\n".join(difference[:40]) or None

    def sanitised(self, source):
        """The sanitised program finds nothing to complain about and lifts the same."""
        texts = []
        for folder in ("bin", "san"):
            lifted = self.path(folder + ".s")
            guest.must([os.path.join(self.tools.build, folder, "orc-nasm"), "-f", "elf64", source, "-o", self.path("unused.o"), "--orc-save=" + lifted],
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
            with open(lifted, encoding="utf-8") as file:
                texts.append(file.read())
        return None if texts[0] == texts[1] else "another text"

    def refused(self, source):
        output = self.path("refused.o")
        result = guest.run([*self.command, source, "-o", output])
        message = result.stderr.decode(errors="replace")
        if result.returncode == 0 or os.path.exists(output):
            return "it was accepted"
        missing = [text for text in [os.path.basename(source), *heads(source, "message")] if text not in message]
        return f"no '{missing[0]}' in:\n{message}" if missing else None

    def options(self):
        asm, include = self.path("a.asm"), self.path("include")
        os.makedirs(include)
        with open(os.path.join(include, "value.inc"), "w", encoding="utf-8") as file:
            file.write("%define VALUE 42\n")
        with open(self.path("before.asm"), "w", encoding="utf-8") as file:
            file.write("%define OTHER 1\n")
        with open(asm, "w", encoding="utf-8") as file:
            file.write('%include "value.inc"\n' "section .text\nglobal NAME\nNAME: mov eax, VALUE\nret\n")
        common = [*self.command, "-I", include, "-I" + self.local.work + "/", "-Pbefore.asm", "-D", "NAME=answer", "-O2"]
        guest.must([*common, "-MD", self.path("a.d"), "-o", self.path("a.o"), "a.asm"], cwd=self.local.work)
        with open(self.path("a.d"), encoding="utf-8") as file:
            dependencies = file.read()
        symbols = guest.must(["llvm-nm-22", self.path("a.o")]).stdout.decode()
        if " T answer" not in symbols or not dependencies.startswith(self.path("a.o")) or "a.asm" not in dependencies:
            return symbols + dependencies
        guest.must([*common, "a.asm"], cwd=self.local.work)  # a.o beside it
        if b"VALUE" in guest.must([*common, "-e", "a.asm"], cwd=self.local.work).stdout:
            return "-e: not preprocessed"
        if b"NASM" not in guest.must([self.command[0], "-v"]).stdout:
            return "-v: no version"
        if b"a.asm" not in guest.must([*common, "-M", "a.asm"], cwd=self.local.work).stdout:
            return "-M: no dependencies"
        result = guest.run([self.command[0], "-felf32", asm])
        if result.returncode == 0 or b"only elf64" not in result.stderr:
            return "-felf32 was accepted"
        guest.must([self.command[0], "-DNAME=x", "-DVALUE=1", "-I" + include, asm, "-o", self.path("default.o")])
        if b"elf64-x86-64" not in guest.must(["llvm-objdump-22", "-f", self.path("default.o")]).stdout:
            return "another format than elf64"
        with open(asm, "a", encoding="utf-8") as file:
            file.write("an error\n")
        result = guest.run([*common, "-o", self.path("none.o"), "a.asm"], cwd=self.local.work)
        if result.returncode == 0 or b"a.asm:6" not in result.stderr or os.path.exists(self.path("none.o")):
            return "nasm's own error: " + result.stderr.decode()
        return None

    def omitted(self):
        """What is left out is a trap with its name, and the rest is there."""
        source = os.path.join(HERE, "refused/avx512.asm")
        for option in ("avx512", "other,func*"):
            guest.must([*self.command, "--orc-omit=" + option, source, "-o", self.path("omitted.o")])
            instructions = guest.must(["llvm-objdump-22", "-d", self.path("omitted.o")]).stdout.decode()
            if "<function>" not in instructions or "ud2" not in instructions or "zmm" in instructions:
                return instructions
        return None

    def tests(self, wanted):
        for source in sorted(glob.glob(HERE + "/programs/*.asm")):
            name = os.path.basename(source)[:-4]
            if not wanted or name in wanted:
                yield f"{name} runs as it does natively", lambda source=source: self.test(self.program, source)
                yield f"{name}, lifted by the sanitised program", lambda source=source: self.test(self.sanitised, source)
                if name != "differences":  # to symbols that such an object doesn't hold
                    yield f"{name} in a shared object", lambda source=source: self.test(self.shared, source)
                if name not in ("registers", "gathers", "calls"):  # where instructions are added
                    yield f"{name} is lifted unchanged", lambda source=source: self.test(self.lifted, source)
        for source in sorted(glob.glob(HERE + "/refused/*.asm")):
            name = os.path.basename(source)[:-4]
            if not wanted or name in wanted:
                yield f"refused: {name}", lambda source=source: self.test(self.refused, source)
        if not wanted or "options" in wanted:
            yield "nasm's options", lambda: self.test(self.options)
            yield "functions are left out on demand", lambda: self.test(self.omitted)


def main():
    nasm = Nasm(guest.main_build())
    try:
        sys.exit(1 if guest.run_tests(list(nasm.tests(sys.argv[2:]))) else 0)
    finally:
        shutil.rmtree(nasm.top, ignore_errors=True)


main()
