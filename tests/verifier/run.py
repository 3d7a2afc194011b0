"""Feeds the accept and reject corpora to `orc verify --raw` and prints TAP.

A corpus file is AT&T assembly cut into cases by comments:

    # accept: NAME                      the text that follows is accepted
    # reject: NAME: rule N [at LABEL], ...  it's rejected: exactly these rules, at these labels (default `bad`)
    # each: accept | # each: rule N     each line that follows is a case of its own; what is rejected is its first instruction,
                                        or the one labelled `bad`; `tables` stands for an entry that leads nowhere
    # options: ...                      options for orc verify, up to the next such line; @LABEL is a label's address
    # no tail                           the case brings its own end; otherwise 16 int3 are added
                                        (and before them `trap: int3`, if the case uses that label)

Labels are local to their case; `origin` is its first byte. `table OFFSET, %REGISTER` stands for `leal` of the address at
that offset from there. All cases of a file are assembled at once, each in a section of its own.
usage: run.py ORC [FILE...]
"""
import pathlib, re, shlex, struct, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
ASSEMBLER = ["clang-22", "--target=x86_64-linux-gnu", "-c", "-x", "assembler", "-"]


def table_address(match):
    """`leal TABLE(%rip),REGISTER` for a table at an offset from the text's start."""
    name = match[2]
    number = int(name[1:-1]) if name[1:-1].isdigit() else ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"].index(name)
    code = [0x44][:number >> 3] + [0x8D, 5 | (number & 7) << 3]
    return f".byte {', '.join(map(hex, code))}; .long {match[1]} - (. - origin) - 4"


class Case:
    def __init__(self, name, expected, options):
        self.name, self.expected, self.options = name, expected, options
        self.lines, self.tail = [], True

    def source(self, number):
        text = "\n".join(self.lines)
        if self.tail:
            if re.search(r"\btrap\b", text) and not re.search(r"(?:^|;)\s*trap:", text, re.M):
                text += "\ntrap: int3"
            text += "\n.fill 16, 1, 0xcc"
        text = re.sub(r"\btable (\w+), %(\w+)", table_address, "origin:\n" + text)
        for label in set(re.findall(r"(?:^|;)\s*([A-Za-z_]\w*):", text, re.M)):
            text = re.sub(rf"\b{label}\b", f"{label}_{number}", text)
        return f'.section .text.{number},"ax"\n.p2align 0\n{text}\n'


def parse_expected(text):
    expected = []
    for part in text.split(","):
        rule, label = re.fullmatch(r"\s*rule (\d)(?: at (\w+))?\s*", part).groups()
        expected.append((int(rule), label or "bad"))
    return expected


def parse(path):
    cases, options, each = [], [], None
    for line in path.read_text().splitlines():
        directive = re.match(r"# (accept|reject|each|options|no tail)(?::\s*(.*))?$", line)
        if directive:
            kind, rest = directive.groups()
            if kind == "options":
                options = shlex.split(rest)
            elif kind == "no tail":
                cases[-1].tail = False
            elif kind == "each":
                each = rest
            else:
                each = None
                name, _, rules = rest.partition(": ")
                cases.append(Case(name, parse_expected(rules) if kind == "reject" else [], options))
        elif line.startswith("#") or not line.strip():
            continue
        elif each is not None:
            expected = [] if each == "accept" else parse_expected(each)
            case = Case(line.split("#")[0].strip(), expected, options)
            case.lines = [line if "bad:" in line or not expected else "bad: " + line]
            cases.append(case)
        else:
            cases[-1].lines.append(line)
    return cases


def assemble(cases, source_name, directory):
    """Returns, for each case, its bytes and its labels' offsets."""
    source = "".join(case.source(number) for number, case in enumerate(cases))
    output = pathlib.Path(directory) / "corpus.o"
    run = subprocess.run(ASSEMBLER + ["-o", str(output)], input=source, text=True, capture_output=True)
    if run.returncode:
        sys.exit(f"Bail out! {source_name} doesn't assemble:\n{run.stderr}")
    return read_sections(output.read_bytes(), len(cases))


def read_sections(image, count):
    """A small ELF reader: sections .text.N and the symbols in them."""
    table, = struct.unpack_from("<Q", image, 0x28)
    entry_size, number, names_index = struct.unpack_from("<HHH", image, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", image, table + i * entry_size) for i in range(number)]
    string = lambda section, at: image[headers[section][4] + at:].split(b"\0", 1)[0].decode()
    texts, labels, by_index = [b""] * count, [{} for _ in range(count)], {}
    for index, header in enumerate(headers):
        match = re.fullmatch(r"\.text\.(\d+)", string(names_index, header[0]))
        if match:
            by_index[index] = int(match[1])
            texts[int(match[1])] = image[header[4]:header[4] + header[5]]
        elif re.fullmatch(r"\.rela\.text\.\d+", string(names_index, header[0])):
            sys.exit(f"Bail out! relocations in {string(names_index, header[0])}")
    for header in headers:
        if header[1] != 2:
            continue
        for at in range(header[4], header[4] + header[5], 24):
            name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", image, at)
            if section in by_index:
                labels[by_index[section]][re.sub(r"_\d+$", "", string(header[6], name))] = value
    return texts, labels


def check(orc, case, text, labels, directory):
    """Returns what is wrong, or None."""
    path = pathlib.Path(directory) / "text.bin"
    path.write_bytes(text)
    labels = {**labels, "tables": len(text)}
    options = [re.sub(r"@(\w+)", lambda match: hex(0x10000000 + labels[match[1]]), option) for option in case.options]
    command = [orc, "verify", "--raw", "--base", "0x10000000"] + options + [str(path)]
    run = subprocess.run(command, text=True, capture_output=True)
    expected = sorted((labels[label], rule) for rule, label in case.expected)
    found = []
    for line in run.stdout.splitlines():
        match = re.fullmatch(rf"{re.escape(str(path))}: 0x([0-9a-f]+): rule ([1-8]): (.+): ([^:]+)", line)
        if not match:
            return f"odd line: {line}"
        found.append((int(match[1], 16), int(match[2])))
    if run.returncode != (1 if expected else 0) or run.stderr:
        return f"exit {run.returncode}\n{run.stdout}{run.stderr}"
    if found != expected:
        return f"expected {expected}, found\n{run.stdout}"
    return None


def main():
    orc = sys.argv[1]
    paths = [pathlib.Path(p) for p in sys.argv[2:]] or sorted(HERE.glob("accept/*.s")) + sorted(HERE.glob("reject/*.s"))
    number = failures = 0
    with tempfile.TemporaryDirectory() as directory:
        for path in paths:
            cases = parse(path)
            texts, labels = assemble(cases, path.name, directory)
            for case, text, offsets in zip(cases, texts, labels):
                number += 1
                problem = check(orc, case, text, offsets, directory)
                name = f"{path.parent.name}/{path.stem}: {case.name}".replace("#", "")
                print(f"{'not ok' if problem else 'ok'} {number} - {name}")
                if problem:
                    failures += 1
                    print("# " + f"{text.hex(' ')}\n{problem}".strip().replace("\n", "\n# "))
    print(f"1..{number}")
    sys.exit(failures != 0)


main()
