"""Objects, whole and damaged, and `orc verify`'s options: exit status and messages, in TAP.

usage: files.py ORC
"""
import hashlib, pathlib, re, struct, subprocess, sys, tempfile

PAGE = 4096
PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
R, RW, RX = 4, 6, 5
NOTE_AT, HEADER_SIZE = 0x400, 64
RELA_AT, DYNAMIC_AT = 0x600, 0x500
RELATIVE, JUMP_SLOT, GLOB_DAT = 8, 7, 6
CODE = b"\xf3\x0f\x1e\xfa" + b"\x65\x67\xff\x15" + struct.pack("<i", 0x2000 - 0x400C) + b"\xc3"


class Object:
    """An object as orc-ld lays it out; tests change the fields, then build() it."""

    def __init__(self):
        self.text = CODE + b"\xcc" * 32
        self.layout = dict(constants=0, constants_size=0x800, relocated=0x1000, relocated_size=0x40,
                           jump_tables_size=8, imports=0x2000,
                           imports_size=16, data=0x3000, data_file_size=0x40, data_size=0x100, text=0x4000,
                           text_size=len(self.text), relocation_count=3)
        self.version, self.reserved = 2, 0
        self.entry = 0x4000
        self.machine, self.type, self.phentsize, self.phoff, self.phnum = 62, 3, 56, HEADER_SIZE, None
        self.ident = b"\x7fELF\x02\x01\x01" + bytes(9)
        self.relocations = [(0x1000, RELATIVE, 0x4004), (0x1008, RELATIVE, 0x4000), (0x3000, RELATIVE, 0x1000)]
        self.plt_relocations = [(0x2000, JUMP_SLOT | 1 << 32, 0), (0x2008, JUMP_SLOT | 2 << 32, 0)]
        self.dynamic = {7: RELA_AT, 9: 24, 23: RELA_AT + 0x100, 20: 7}
        self.segments = None
        self.note = True
        self.hash = None
        self.patches = []  # (offset, bytes), after hashing

    def default_segments(self):
        o = self.layout
        return [[PT_LOAD, R, 0, 0, 0x800, 0x800], [PT_LOAD, R, 0x1000, 0x1000, 0x40, 0x40],
                [PT_LOAD, R, 0x2000, 0x2000, 16, 16], [PT_LOAD, RW, 0x3000, 0x3000, 0x40, 0x100],
                [PT_LOAD, RX, 0x4000, 0x4000, len(self.text), len(self.text)],
                [PT_NOTE, R, NOTE_AT, NOTE_AT, 108, 108], [PT_DYNAMIC, R, DYNAMIC_AT, DYNAMIC_AT, 0x100, 0x100]]

    def build(self):
        image = bytearray(0x4000 + len(self.text))
        segments = self.segments if self.segments is not None else self.default_segments()
        phnum = len(segments) if self.phnum is None else self.phnum
        image[:64] = self.ident + struct.pack("<HHIQQQIHHHHHH", self.type, self.machine, 1, self.entry, self.phoff, 0, 0, 64,
                                              self.phentsize, phnum, 0, 0, 0)
        for i, (kind, flags, offset, address, file_size, size) in enumerate(segments):
            image[64 + 56 * i:120 + 56 * i] = struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, file_size, size, PAGE)
        table = lambda entries: b"".join(struct.pack("<QQq", *entry) for entry in entries)
        rela, plt = table(self.relocations), table(self.plt_relocations)
        image[RELA_AT:RELA_AT + len(rela)] = rela
        image[RELA_AT + 0x100:RELA_AT + 0x100 + len(plt)] = plt
        dynamic = {8: len(rela), 2: len(plt), 9: 24, 20: 7, **self.dynamic}
        entries = b"".join(struct.pack("<QQ", tag, value) for tag, value in dynamic.items())
        image[DYNAMIC_AT:DYNAMIC_AT + len(entries)] = entries
        image[0x4000:] = self.text
        note = struct.pack("<II13I", self.version, self.reserved, *self.layout.values())
        if self.note:
            image[NOTE_AT:NOTE_AT + 108] = struct.pack("<III", 4, 92, 1) + b"ORC\0" + note + bytes(32)
            image[NOTE_AT + 76:NOTE_AT + 108] = self.hash or self.compute_hash(bytes(image), note)
        for offset, data in self.patches:
            image[offset:offset + len(data)] = data
        return bytes(image)

    def compute_hash(self, image, note):
        state = hashlib.blake2b(note, digest_size=32)
        o = self.layout
        for region, size in (("constants", "constants_size"), ("relocated", "relocated_size"), ("imports", "imports_size"),
                             ("data", "data_file_size"), ("text", "text_size")):
            state.update(image[o[region]:o[region] + o[size]])
        for offset, _, addend in sorted(r for r in self.relocations if r[1] == RELATIVE):
            state.update(struct.pack("<II", offset & 0xFFFFFFFF, addend & 0xFFFFFFFF))
        return state.digest()


def changed(**fields):
    """An object with other fields; `layout_x` sets layout['x'], `segment_N` changes one program header."""
    result = Object()
    segments = result.default_segments()
    for name, value in fields.items():
        if name.startswith("layout_"):
            result.layout[name[7:]] = value
        elif name.startswith("segment_"):
            for position, field in value.items():
                segments[int(name[8:])][position] = field
            result.segments = segments
        else:
            setattr(result, name, value)
    return result.build()


def with_text(code):
    result = Object()
    result.text = code
    result.layout["text_size"] = len(code)
    return result.build()


KIND, FLAGS, OFFSET, ADDRESS, FILE_SIZE, SIZE = range(6)
HUGE = 0xFFFFFFFFFFFFFFFF
FIRST = (0x1000, RELATIVE, 0x4004)
GOOD = Object().build()

# name, file content, exit status, pattern that the output must match
OBJECTS = [
    ("a good object", GOOD, 0, r"^$"),
    ("no entry", changed(entry=0), 0, r"^$"),
    ("no relocations", changed(relocations=[], layout_relocation_count=0, layout_jump_tables_size=0), 0, r"^$"),
    ("an unsorted relocation table", changed(relocations=[(0x3000, 8, 0), (0x1008, 8, 0), FIRST]), 0, r"^$"),
    ("a GLOB_DAT in the data", changed(plt_relocations=[(0x3010, GLOB_DAT | 1 << 32, 0)]), 0, r"^$"),
    ("bad text", with_text(CODE[:4] + b"\x0f\x05" + b"\xcc" * 32), 1, r": 0x4: rule 1: syscall: "),
    ("text without an end", with_text(CODE), 1, r"rule 8"),
    ("an import beyond the table", changed(layout_imports_size=8, segment_2={FILE_SIZE: 8, SIZE: 8}, plt_relocations=[],
     text=CODE[:8] + struct.pack("<i", 0x2008 - 0x400C) + CODE[12:] + b"\xcc" * 32), 1, r"rule 7"),
    ("an empty file", b"", 2, "too short"),
    ("one byte", b"\x7f", 2, "too short"),
    ("text, not ELF", b"hello, world\n" * 10, 2, "not an ELF file"),
    ("a header cut off", GOOD[:63], 2, "too short"),
    ("program headers cut off", GOOD[:100], 2, "program headers lie outside"),
    ("half a file", GOOD[:len(GOOD) // 2], 2, "lies outside the file"),
    ("the last byte missing", GOOD[:-1], 2, "lies outside the file"),
    ("32 bits", changed(ident=b"\x7fELF\x01\x01\x01" + bytes(9)), 2, "not an ELF file for x86-64"),
    ("big-endian", changed(ident=b"\x7fELF\x02\x02\x01" + bytes(9)), 2, "not an ELF file for x86-64"),
    ("an unknown ELF version", changed(ident=b"\x7fELF\x02\x01\x09" + bytes(9)), 2, "not an ELF file for x86-64"),
    ("another machine", changed(machine=183), 2, "not an ELF file for x86-64"),
    ("a relocatable file", changed(type=1), 2, "not a shared object"),
    ("an executable at a fixed address", changed(type=2), 2, "not a shared object"),
    ("a core file", changed(type=4), 2, "not a shared object"),
    ("no program headers", changed(phnum=0), 2, "0 program headers"),
    ("65535 program headers", changed(phnum=65535), 2, "65535 program headers"),
    ("program headers of another size", changed(phentsize=57), 2, "program headers of 57 bytes"),
    ("program headers of no size", changed(phentsize=0), 2, "program headers of 0 bytes"),
    ("program headers beyond the file", changed(phoff=1 << 40), 2, "program headers lie outside"),
    ("program headers at the end of the address space", changed(phoff=HUGE), 2, "program headers lie outside"),
    ("a segment beyond the file", changed(segment_3={OFFSET: 1 << 40}), 2, "segment 3 lies outside"),
    ("a segment whose end wraps around", changed(segment_3={OFFSET: HUGE - 0xFF, FILE_SIZE: 0x200}), 2, "segment 3 lies outside"),
    ("a huge segment", changed(segment_3={FILE_SIZE: HUGE, SIZE: HUGE}), 2, "segment 3 lies outside"),
    ("a huge segment in memory", changed(segment_3={SIZE: HUGE}), 2, "beyond 4 GiB"),
    ("a segment larger in the file", changed(segment_3={SIZE: 0x10}), 2, "larger in the file"),
    ("a segment beyond 4 GiB", changed(segment_4={ADDRESS: 1 << 32}), 2, "beyond 4 GiB"),
    ("a segment at the end of the address space", changed(segment_4={ADDRESS: HUGE - 0xFFF}), 2, "beyond 4 GiB"),
    ("a misaligned segment", changed(segment_3={ADDRESS: 0x3008}), 2, "misaligned"),
    ("overlapping segments", changed(segment_3={ADDRESS: 0x2000}), 2, "overlaps"),
    ("segments out of order", changed(segment_1={ADDRESS: 0x9000}), 2, "overlaps"),
    ("a segment over the next", changed(segment_3={SIZE: 0x1001}), 2, "overlaps"),
    ("no executable segment", changed(segment_4={FLAGS: R}), 2, "0 executable segments"),
    ("two executable segments", changed(segment_1={FLAGS: RX}), 2, "2 executable segments"),
    ("a writable text", changed(segment_4={FLAGS: 7}), 2, "writable and executable"),
    ("no note", changed(note=False), 2, "no ORC note"),
    ("no note segment", changed(segment_5={KIND: 0}), 2, "no ORC note"),
    ("a note segment elsewhere", changed(segment_5={OFFSET: 0x1000, FILE_SIZE: 0x40}), 2, "no ORC note"),
    ("a note segment cut off", changed(segment_5={FILE_SIZE: 103}), 2, "no ORC note"),
    ("an empty note segment", changed(segment_5={FILE_SIZE: 0}), 2, "no ORC note"),
    ("a note with a huge name", changed(patches=[(NOTE_AT, b"\xff\xff\xff\xff")]), 2, "no ORC note"),
    ("a note with a huge description", changed(patches=[(NOTE_AT + 4, b"\xff\xff\xff\xff")]), 2, "no ORC note"),
    ("a note of zeros", changed(patches=[(NOTE_AT, bytes(104))]), 2, "no ORC note"),
    ("a note of another type", changed(patches=[(NOTE_AT + 8, b"\2")]), 2, "no ORC note"),
    ("a note of another name", changed(patches=[(NOTE_AT + 12, b"GNU")]), 2, "no ORC note"),
    ("a note of another size", changed(patches=[(NOTE_AT + 4, struct.pack("<I", 84))]), 2, "no ORC note"),
    ("a note of another version", changed(version=1), 2, "version 1"),
    ("a note with reserved bits", changed(reserved=1), 2, "a note of version"),
    ("constants that don't begin at the base", changed(layout_constants=0x1000), 2, "constants don't begin"),
    ("a misaligned region", changed(layout_data=0x3008), 2, "data region is misaligned"),
    ("overlapping regions", changed(layout_relocated=0x0), 2, "overlaps"),
    ("regions out of order", changed(layout_imports=0x5000), 2, "overlaps"),
    ("a huge region", changed(layout_data_size=0xFFFFFFFF), 2, "beyond 4 GiB"),
    ("a huge text", changed(layout_text_size=0xFFFFFFFF), 2, "beyond 4 GiB"),
    ("a region larger in the file", changed(layout_data_file_size=0x101), 2, "larger in the file"),
    ("part of a jump table's entry", changed(layout_jump_tables_size=12), 2, "whole entries"),
    ("jump tables beyond their region", changed(layout_jump_tables_size=0x48), 2, "whole entries"),
    ("a jump table's entry that isn't relocated", changed(relocations=[(0x1008, 8, 0x4000), (0x3000, 8, 0x1000)], layout_relocation_count=2), 1,
     "0x2d: rule 7: .jump tables.: jump-table entry that leads out"),
    ("a jump table's entry into an instruction", changed(relocations=[(0x1000, 8, 0x4005), (0x1008, 8, 0x4000), (0x3000, 8, 0x1000)]), 1,
     "0x5: rule 7: .*: jump-table entry that leads into"),
    ("a jump table's entry to the constants", changed(relocations=[(0x1000, 8, 0x100), (0x1008, 8, 0x4000), (0x3000, 8, 0x1000)]), 1,
     "rule 7: .jump tables.: jump-table entry that leads out"),
    ("a jump table's entry half relocated", changed(relocations=[(0x1004, 8, 0x4004), (0x1010, 8, 0x4000), (0x3000, 8, 0x1000)]), 1,
     "rule 7: .jump tables.: jump-table entry that leads out"),
    ("part of an import-table entry", changed(layout_imports_size=15), 2, "whole number of entries"),
    ("constants that no segment holds", changed(layout_constants_size=0x900), 2, "no segment of the file holds"),
    ("imports that no segment holds", changed(segment_2={KIND: 0}), 2, "no segment of the file holds"),
    ("text shorter than its segment", changed(layout_text_size=16), 2, "isn't what the note calls text"),
    ("text in another segment", changed(segment_4={ADDRESS: 0x5000}), 2, "text"),
    ("text larger in memory", changed(segment_4={SIZE: 0x1000}), 2, "isn't what the note calls text"),
    ("no text", changed(layout_text_size=0), 2, "text"),
    ("an entry in the data", changed(entry=0x3000), 2, "the entry 0x3000"),
    ("an entry behind the text", changed(entry=0x4000 + len(CODE) + 32), 2, "the entry"),
    ("a huge entry", changed(entry=HUGE), 2, "the entry"),
    ("relocations beyond the file", changed(dynamic={7: 1 << 40, 9: 24}), 2, "relocations lie outside"),
    ("relocations at the end of the address space", changed(dynamic={7: HUGE, 9: 24}), 2, "relocations lie outside"),
    ("a huge relocation table", changed(dynamic={7: RELA_AT, 8: HUGE, 9: 24}), 2, "relocations lie outside"),
    ("part of a relocation", changed(dynamic={7: RELA_AT, 8: 47, 9: 24}), 2, "a relocation is cut off"),
    ("relocations of another size", changed(dynamic={7: RELA_AT, 9: 25}), 2, "relocations of 25 bytes"),
    ("a PLT table without addends", changed(dynamic={7: RELA_AT, 9: 24, 23: RELA_AT + 0x100, 20: 17}), 2, "PLT relocations"),
    ("packed relocations", changed(dynamic={7: RELA_AT, 9: 24, 36: 0x700}), 2, "kind other than DT_RELA"),
    ("a dynamic segment beyond the file", changed(segment_6={OFFSET: 1 << 33}), 2, "lies outside"),
    ("part of a dynamic entry", changed(segment_6={FILE_SIZE: 9}), 2, "counts 3"),
    ("fewer relocations than counted", changed(layout_relocation_count=4), 2, "counts 4"),
    ("more relocations than counted", changed(layout_relocation_count=2), 2, "more relative relocations"),
    ("4 billion relocations counted", changed(layout_relocation_count=0xFFFFFFFF), 2, "counts 4294967295"),
    ("a relocation of the text", changed(relocations=[FIRST, (0x1008, 8, 0), (0x4000, 8, 0)]), 2, "isn't in relocated constants"),
    ("a relocation of the constants", changed(relocations=[FIRST, (0x1008, 8, 0), (0x700, 8, 0)]), 2, "isn't in relocated constants"),
    ("a relocation of the import table", changed(relocations=[FIRST, (0x1008, 8, 0), (0x2000, 8, 0)]), 2, "isn't in relocated constants"),
    ("a relocation across a region's end", changed(relocations=[FIRST, (0x1008, 8, 0), (0x1039, 8, 0)]), 2, "isn't in relocated constants"),
    ("a relocation far away", changed(relocations=[FIRST, (0x1008, 8, 0), (HUGE, 8, 0)]), 2, "isn't in relocated constants"),
    ("a relocation out of the object", changed(relocations=[FIRST, (0x1008, 8, 0), (0x3000, 8, 1 << 32)]), 2, "leads out"),
    ("a negative addend", changed(relocations=[FIRST, (0x1008, 8, 0), (0x3000, 8, -1)]), 2, "leads out"),
    ("overlapping relocations", changed(relocations=[FIRST, (0x1008, 8, 0), (0x100C, 8, 0)]), 2, "overlap"),
    ("a relocation twice", changed(relocations=[FIRST, (0x1008, 8, 0), (0x1008, 8, 0)]), 2, "overlap"),
    ("a binding in the text", changed(plt_relocations=[(0x4000, 7 | 1 << 32, 0)]), 2, "isn't in the import table"),
    ("a binding far away", changed(plt_relocations=[(HUGE, 7 | 1 << 32, 0)]), 2, "isn't in the import table"),
    ("a wrong hash", changed(hash=b"\1" * 32), 2, "doesn't match the hash"),
    ("a byte of constants changed", changed(patches=[(0x7F0, b"\1")]), 2, "doesn't match the hash"),
    ("a byte of relocated constants changed", changed(patches=[(0x1001, b"\1")]), 2, "doesn't match the hash"),
    ("a byte of the import table changed", changed(patches=[(0x2001, b"\1")]), 2, "doesn't match the hash"),
    ("a byte of data changed", changed(patches=[(0x3001, b"\1")]), 2, "doesn't match the hash"),
    ("a byte of text changed", changed(patches=[(0x4000 + len(CODE) + 1, b"\x90")]), 2, "doesn't match the hash"),
]


class Tap:
    def __init__(self, orc):
        self.orc, self.number, self.failures = orc, 0, 0

    def check(self, name, arguments, status, pattern):
        run = subprocess.run([self.orc, "verify", *map(str, arguments)], text=True, capture_output=True)
        output = run.stdout + run.stderr
        good = run.returncode == status and re.search(pattern, output) is not None
        good = good and (status == 2) == bool(run.stderr)
        self.report(good, name, f"exit {run.returncode}, expected {status} and {pattern!r}\n{output}")

    def report(self, good, name, details):
        self.number += 1
        print(f"{'ok' if good else 'not ok'} {self.number} - {name}")
        if not good:
            self.failures += 1
            print("# " + details.strip().replace("\n", "\n# "))


def check_damage(tap, directory):
    """Every byte of the headers and the note takes odd values; every length of the file is tried. Never a crash, never an accept
    of what isn't the same object."""
    path, wrong = directory / "damaged", []
    places = list(range(0, 64 + 56 * 7)) + list(range(NOTE_AT, NOTE_AT + 108)) + list(range(DYNAMIC_AT, DYNAMIC_AT + 96))
    files = [GOOD[:length] for length in range(0, len(GOOD), 97)]
    for place in places[::3 if "san" in tap.orc else 1]:
        damaged = bytearray(GOOD)
        damaged[place] ^= 0xFF
        files.append(bytes(damaged))
    paths = []
    for index, content in enumerate(files):
        paths.append(directory / f"damaged-{index}")
        paths[-1].write_bytes(content)
    for start in range(0, len(paths), 50):
        group = paths[start:start + 50]
        run = subprocess.run([tap.orc, "verify", *map(str, group)], text=True, capture_output=True)
        if run.returncode not in (0, 2):
            wrong.append(f"exit {run.returncode} among {group[0].name}...\n{run.stdout}{run.stderr}")
    tap.report(not wrong, f"{len(files)} damaged files", "\n".join(wrong))


def check_options(tap, directory):
    raw, bad, good = directory / "raw", directory / "bad", directory / "good"
    raw.write_bytes(b"\x65\x67\xff\x15" + struct.pack("<i", 0xFF8) + b"\xcc" * 16)
    bad.write_bytes(b"\x50" + b"\xcc" * 16)
    good.write_bytes(GOOD)
    imports = ["--imports", "0x10001000:0x10001008"]
    for name, arguments, status, pattern in [
        ("no file", [], 2, "usage"),
        ("an unknown option", ["--nothing", good], 2, "usage"),
        ("a missing file", [directory / "absent"], 2, "absent: .*No such file"),
        ("a missing raw file", ["--raw", directory / "absent"], 2, "absent: .*No such file"),
        ("a directory", [directory], 2, "directory"),
        ("a raw directory", ["--raw", directory], 2, "directory"),
        ("an empty raw file", ["--raw", "/dev/null"], 1, "rule 8"),
        ("a raw file", ["--raw", "--base", "0x10000000", *imports, raw], 0, "^$"),
        ("a decimal base", ["--raw", "--base", "268435456", *imports, raw], 0, "^$"),
        ("another base", ["--raw", "--base", "0x20000000", *imports, raw], 1, "rule 7"),
        ("no imports", ["--raw", "--base", "0x10000000", raw], 1, "rule 7"),
        ("a base that isn't a number", ["--raw", "--base", "x", raw], 2, "--base"),
        ("a base with something behind it", ["--raw", "--base", "0x1000z", raw], 2, "--base"),
        ("a base of 4 GiB", ["--raw", "--base", "0x100000000", raw], 2, "--base"),
        ("a negative base", ["--raw", "--base", "-1", raw], 2, "--base"),
        ("a huge base", ["--raw", "--base", "99999999999999999999999", raw], 2, "--base"),
        ("a text that reaches 4 GiB", ["--raw", "--base", "0xfffffff0", raw], 2, "below 4 GiB"),
        ("an object that reaches 4 GiB", ["--base", "0xffffc000", good], 2, "below 4 GiB"),
        ("an object at another base", ["--base", "0x20000000", good], 0, "^$"),
        ("imports that aren't a range", ["--raw", "--imports", "5", raw], 2, "--imports"),
        ("imports that end before they start", ["--raw", "--imports", "5:4", raw], 2, "--imports"),
        ("imports beyond 4 GiB", ["--raw", "--imports", "0:0x100000000", raw], 2, "--imports"),
        ("a rejected file", ["--raw", bad], 1, r"bad: 0x0: rule 1: push %rax: instruction not on the allow-list\n$"),
        ("good and rejected", ["--raw", *imports, raw, bad], 1, "bad: 0x0"),
        ("rejected and good", ["--raw", *imports, bad, raw], 1, "bad: 0x0"),
        ("rejected and missing", ["--raw", bad, directory / "absent"], 2, "(?s)bad: 0x0.*absent"),
        ("help", ["--help"], 0, "usage"),
    ]:
        tap.check(name, arguments, status, pattern)


def main():
    tap = Tap(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        for title, content, status, pattern in OBJECTS:
            path = directory / "object.so"
            path.write_bytes(content)
            tap.check(title, [path], status, pattern)
        check_options(tap, directory)
        check_damage(tap, directory)
    print(f"1..{tap.number}")
    sys.exit(tap.failures != 0)


main()
