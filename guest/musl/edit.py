#!/usr/bin/env python3
"""edit.py SOURCE-TREE: changes musl's own files where a file of ours can't simply take their place.

Each change names the one place that it wants; if the source isn't as expected, the build stops.
"""
import re
import sys

tree = sys.argv[1]


class File:
    def __init__(self, path):
        self.path = tree + "/" + path
        with open(self.path) as file:
            self.text = file.read()

    def save(self):
        with open(self.path, "w") as file:
            file.write(self.text)

    def once(self, pattern, replacement, flags=re.M):
        self.text, count = re.subn(pattern, lambda match: match.expand(replacement), self.text, flags=flags)
        if count != 1:
            sys.exit(f"musl: {self.path}: {count} places match {pattern!r}; 1 is expected")

    def function(self, name, replacement=""):
        """Replaces a function's definition."""
        self.once(r"^static [^\n;]*\b" + name + r"\([^)]*\)\n\{\n.*?^\}\n", replacement, re.M | re.S)


def thread_block():
    """A thread's place for the libOS and the dynamic stack, at fixed distances from the thread pointer."""
    file = File("src/internal/pthread_impl.h")
    file.once(r"(\tuintptr_t canary;\n#endif\n)(?=\n\t/\* Part 2)", r"\1\tvoid *libos, *dynamic_stack;\n")
    file.once(r"(\tvoid \*stdio_locks;\n)", r"\1\tuint64_t libos_state[32];\n")
    file.save()


def dynamic_linker():
    file = File("ldso/dynlink.c")
    file.once(r"(\t\} \*funcdescs;\n\tsize_t \*got;\n)(?=\tchar buf\[\];)",
              r"\1\tuint32_t handle, imports;\n\tunsigned opened;\n\tchar pinned;\n"
              r"\tconst struct orc_cls *cls;\n\tunsigned char *cls_memory;\n\tvoid *cls_block;\n\tsize_t cls_displacement;\n")
    # Variables that may have moved (cls.h).
    file.once(r"^(?=static int search_vec\()", '#include "cls.h"\n\n')
    file.once(r"reloc_addr = laddr\(dso, rel\[0\]\);", "reloc_addr = cls_place(dso, rel[0]);")
    file.once(r"\(size_t\)laddr\((def\.dso, def\.sym->st_value)\) : 0;", r"(size_t)cls_address(\1) : 0;")
    file.once(r"^(?=\t\tcase REL_SYM_OR_REL:)", r"\t\tcase R_X86_64_RELATIVE64:\n\t\t\t"
              r"*reloc_addr = (size_t)base + addend + dso->cls_displacement;\n\t\t\tbreak;\n")
    file.once(r"return laddr\((def\.dso, def\.sym->st_value)\);", r"return cls_address(\1);")
    file.once(r"size_t symaddr = \(size_t\)laddr\(p, sym->st_value\);", "size_t symaddr = (size_t)cls_address(p, sym->st_value);")
    file.once(r"(\tfor \(p=head; p; p=p->next\) \{\n)(?=\t\tif \(DL_FDPIC && p->loadmap\))", r"\1\t\tif (lies_in_cls(p, a)) return p;\n")
    # Mapping is the Intravisor's business.
    file.function("mmap_fixed")
    file.function("unmap_library")
    file.function("map_library", '#include "objects.h"\n')
    file.once(r"map_library\(fd, &temp_dso\)", "map_library(fd, &temp_dso, pathname)")
    # So are relative relocations and the import table.
    file.once(r"^(?=static void do_relocs\()", "static void add_binding(struct dso *, size_t, const struct symdef *);\n"
              "static void note_use(struct dso *, struct dso *);\n\n")
    file.once(r"skip_relative = 0,", "skip_relative = 1,")
    file.once(r"(\t\tswitch\(type\) \{\n)(?=\t\tcase REL_OFFSET:)",
              r"\t\tif (def.dso) note_use(dso, def.dso);\n\1\t\tcase REL_PLT:\n"
              r"\t\t\tadd_binding(dso, rel[0], &def);\n\t\t\tbreak;\n")
    file.once(r"(\t\tcase REL_GOT:\n)\t\tcase REL_PLT:\n", r"\1")
    file.once(r"^(?=\t\tp->relocated = 1;)", "\t\tbind(p);\n")
    # The program isn't mapped yet when ld.so starts.
    file.once(r"\t/\* If the main program was already loaded by the kernel,.*?(?=\tif \(app\.tls\.size\) \{)",
              "\tload_program(&app, argv, aux);\n", re.M | re.S)
    file.once(r"\tlibc\.secure = \(\(aux.*?;\n", "\tlibc.secure = 0;\n", re.M | re.S)
    # Errors say why; libraries can be closed.
    file.once(r'(%s: )%m( \(needed by %s\)",\n\s*p->strings \+ p->dynv\[i\+1\]), p->name', r"\1%s\2, load_reason(), p->name")
    file.once(r'("Error loading shared library %s: )%m",\n\t\t\tfile\)', r'\1%s",\n\t\t\tfile, load_reason())')
    file.once(r"\tif \(p\) gencnt\+\+;\n", "\tif (p) gencnt++, p->opened++;\n")
    file.text += '\n#include "dlclose.h"\n'
    file.save()


def name_lookup():
    """AI_ADDRCONFIG asks whether a family is configured by connecting to its loopback address: what isn't granted is there."""
    file = File("src/network/getaddrinfo.c")
    file.once(r"(\t\t\tswitch \(errno\) \{\n)(?=\t\t\tcase EADDRNOTAVAIL:)", r"\1\t\t\tcase EACCES:\n\t\t\t\tcontinue;\n")
    file.save()


def header_warnings():
    """clang warns of what this macro compares, in programs that have warnings as errors; gcc doesn't."""
    file = File("include/sys/socket.h")
    file.once(r"(>= )(__MHDR_END\(mhdr\) - \(unsigned char \*\)\(cmsg\))", r"\1(unsigned long)(\2)")
    file.save()


thread_block()
dynamic_linker()
header_warnings()
name_lookup()
