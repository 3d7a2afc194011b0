#!/usr/bin/env python3
"""regress.py TREE: makes a database with the backend that is installed in TREE/run, gives it the SQL of TREE/src/test/regress/sql, file by file, and
prints for each file a line whose name holds a hash of what the backend answered. Then it is killed in the middle of its work, and has to
recover. Statements end where a line ends with a semicolon; what only psql understands is left out, on both sides."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

TREE = os.path.abspath(sys.argv[1])
BIN, DATA = TREE + "/run/bin", TREE + "/data"
# Those whose answers are the same each time, in an order in which they stand on each other.
FILES = """test_setup boolean char name varchar text int2 int4 int8 oid float4 float8 bit numeric txid uuid enum money pg_lsn regproc strings
    numerology point lseg line box path polygon circle date time timetz interval inet macaddr macaddr8 multirangetypes md5 comments
    expressions regex jsonb json jsonpath jsonb_jsonpath create_type create_table create_function_c create_index insert select_into
    select_distinct select_having subselect union case join aggregates transactions arrays btree_index hash_index delete select
    limit plpgsql returning largeobject with prepare domain rangefuncs truncate alter_table sequence polymorphism rowtypes xml
    window tsearch tstypes tsdicts foreign_key errors""".split()
# The backend refuses to be root.
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "PGTZ": "PST8PDT", "PGDATESTYLE": "Postgres, MDY"}


def report(name, passed=True):
    print(("PASS " if passed else "FAIL ") + name, flush=True)


def statements(text):
    """What `postgres -j` takes: each statement ends with a semicolon and an empty line."""
    lines, rows = [], False
    for line in text.splitlines():
        if rows:  # data for COPY FROM STDIN, which psql sends in a protocol of its own
            rows = line != "\\."
            continue
        if re.match(r"\s*copy .* from stdin", line, re.I):
            rows = True
            continue
        if line.startswith("\\"):
            continue
        line = re.sub(r"\s*--.*$", "", line) if "'" not in line else line
        if line.strip():
            lines.append(line + ("\n" if re.search(r";\s*$", line) else ""))
    return "\n".join(lines) + "\n"


def single(sql, database="postgres"):
    """What the backend answers: its output and its exit status."""
    done = subprocess.run([BIN + "/postgres", "--single", "-j", "-F", "-O", "-c", "log_statement=none", "-c", "log_min_messages=error",
                           "-D", DATA, database], input=sql.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT, check=False, **NOBODY)
    text = done.stdout.decode(errors="replace")
    # Times, process numbers and object numbers differ from run to run.
    text = re.sub(r"\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] (LOG: .*)?", "", text)
    text = re.sub(r"\b(1[6-9]|[2-9]\d)\d{3}\b", "OID", text)
    return text.replace(TREE, "TREE"), done.returncode


def make_database():
    shutil.rmtree(DATA, ignore_errors=True)
    os.mkdir(DATA, 0o700)
    if NOBODY:
        os.chown(DATA, NOBODY["user"], NOBODY["group"])
    done = subprocess.run([BIN + "/initdb", "--no-locale", "-E", "UTF8", "-N", "-D", DATA, "-L", TREE + "/run/share"], stdin=subprocess.DEVNULL,
                          stdout=sys.stderr, stderr=sys.stderr, env=ENVIRONMENT, check=False, **NOBODY)
    report("initdb", done.returncode == 0)
    return done.returncode == 0


def regress():
    for name in FILES:
        path = f"{TREE}/src/test/regress/sql/{name}.sql"
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            text, status = single(statements(file.read()))
        with open(f"{TREE}/answers.{name}", "w", encoding="utf-8") as file:
            file.write(text)
        report(f"{name}.sql, status {status}, answers {hashlib.sha256(text.encode()).hexdigest()[:16]}")


def recover():
    """Rows that were committed before the backend was killed are there afterwards, and none of an unfinished transaction."""
    single("create table kept (number int primary key, text text);\n\n")
    command = [BIN + "/postgres", "--single", "-j", "-D", DATA, "postgres"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT, **NOBODY) as backend:
        for number in range(100):
            backend.stdin.write(f"insert into kept values ({number}, repeat('x', 40));\n\n".encode())
        backend.stdin.write(b"select 'last one is in' as said;\n\nbegin;\n\ninsert into kept select n, 'lost' from generate_series(1000, 3000) n;\n\n")
        backend.stdin.write(b"select 'in the middle' as said;\n\n")
        backend.stdin.flush()
        for line in backend.stdout:
            if b"in the middle" in line:
                break
        backend.kill()
    text, status = single("select count(*), max(number), sum(length(text)) from kept;\n\n")
    with open(f"{TREE}/answers.recovery", "w", encoding="utf-8") as file:
        file.write(text)
    report("recovers after a kill", status == 0 and 'count = "100"' in text and 'max = "99"' in text and 'sum = "4000"' in text)


time.tzset()
if make_database():
    regress()
    recover()
