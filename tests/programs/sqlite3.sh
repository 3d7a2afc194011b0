#!/bin/bash
# SQLite: the shell on databases in memory and in files, read back by this machine's own SQLite; speedtest1.
. tests/programs/programs.sh sqlite3
sql() { orc_run --mount "$PWD:/work" --workdir /work "$installed/bin/sqlite3" -batch "$@"; }
# host_sql DATABASE QUERY: by Python's SQLite.
host_sql() { python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print("|".join(map(str, row)))' "$@"; }
# answers SCRIPT LINES
answers() { printf '%s\n' "$1" | sql >out 2>&1 && same out "$2"; }

check "arithmetic and functions" answers "select 1+1, round(2.5), upper('abc'), length('€'), hex(x'00ff'), typeof(1.0), substr('hello', 2, 3), printf('%05.2f', 3.14159), coalesce(null, 7), abs(-9223372036854775807);
select sqrt(2), pow(2, 10), ln(exp(1)), date('2024-02-29', '+1 year'), strftime('%Y-%j', 86400*400, 'unixepoch');" \
"2|3.0|ABC|1|00FF|real|ell|03.14|7|9223372036854775807
1.4142135623731|1024.0|1.0|2025-03-01|1971-036"
check "joins, windows, recursion, upserts" answers "create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i+1 from n where i < 1000) insert into t select i, 'row ' || (i % 7), i * 0.5 from n;
select b, count(*), sum(c), max(a) from t group by b order by b limit 3;
select a, sum(a) over (order by a rows 2 preceding), rank() over (order by a % 3) from t where a <= 4 order by a;
insert into t values (5, 'new', 0) on conflict (a) do update set b = excluded.b returning a, b;
select count(*) from t x join t y on x.a = y.a + 1 where x.b = y.b or x.a = 1000;
with recursive fib(a, b) as (values (0, 1) union all select b, a + b from fib limit 50) select max(a) from fib;" \
"row 0|142|35535.5|994
row 1|143|35607.0|995
row 2|143|35678.5|996
1|1|2
2|3|4
3|6|1
4|9|2
5|new
1
7778742049"
check "full text, R-tree, JSON" answers "create virtual table f using fts5(body); insert into f values ('the quick brown fox'), ('lazy dogs sleep'), ('quick dogs run');
select rowid, highlight(f, 0, '<', '>') from f where f match 'quick' order by rowid; select count(*) from f where f match 'dogs NOT run';
create virtual table r using rtree(id, x0, x1, y0, y1); insert into r values (1, 0, 10, 0, 10), (2, 5, 15, 5, 15), (3, 20, 30, 20, 30);
select id from r where x1 >= 8 and x0 <= 12 order by id;
select json_extract('{\"a\":[1,{\"b\":\"x\"}]}', '\$.a[1].b'), (select sum(value) from json_each('[1,2,3.5]')), json_group_array(id) from r;" \
"1|the <quick> brown fox
3|<quick> dogs run
1
1
2
x|6.5|[1,2,3]"
errors() {
    printf 'select * from nowhere;\n' | sql >out 2>&1
    [ $? = 1 ] && grep -q 'no such table: nowhere' out && printf 'create table u(x unique); insert into u values (1), (1);\n' | sql 2>&1 | grep -q 'UNIQUE constraint failed: u.x'
}
check "errors" errors

file_script="create table log(id integer primary key, text); begin;
with recursive n(i) as (select 1 union all select i+1 from n where i < 20000) insert into log select i, printf('%050d', i * 7919 % 20000) from n;
create index by_text on log(text); commit; delete from log where id % 3 = 0; update log set text = 'x' || text where id % 5 = 0; pragma integrity_check; select count(*) from log;"
in_file() {
    for mode in delete truncate persist memory; do
        rm -f data.db
        printf '%s\n' "pragma journal_mode=$mode; pragma synchronous=full; $file_script" | sql data.db >out 2>&1 && same out "$mode
ok
13334" || return 1
    done
    [ "$(host_sql data.db "pragma integrity_check")" = ok ] && [ "$(host_sql data.db "select count(*), min(text), max(id) from log")" = "$(sql data.db "select count(*), min(text), max(id) from log")" ]
}
check "a database in a file, in four journal modes, is whole for this machine's SQLite" in_file
written_by_host() {
    rm -f host.db
    python3 - <<'PY'
import sqlite3
c = sqlite3.connect("host.db")
c.execute("create table t(a, b)")
c.executemany("insert into t values (?, ?)", [(i, "b" * (i % 100)) for i in range(5000)])
c.commit()
PY
    [ "$(sql host.db 'pragma integrity_check; select count(*), sum(length(b)) from t')" = "ok
5000|247500" ]
}
check "reads a database of this machine's SQLite" written_by_host
rollback() { sql data.db "begin; delete from log; rollback; select count(*) from log; savepoint a; delete from log where id < 100; rollback to a; release a; select count(*) from log" >out && same out "13334
13334"; }
check "rollback" rollback
hot_journal() {
    # Killed inside a transaction that has spilled to the file; the journal brings the old state back.
    mkfifo commands
    "${orc_run[@]}" --mount "$PWD:/work" --workdir /work "$installed/bin/sqlite3" data.db <commands >out 2>&1 &
    local pid=$!
    exec 8>commands
    echo "pragma cache_size=5; pragma cache_spill=1; begin; update log set text = 'lost'; select 'ready';" >&8
    wait_for grep -q ready out
    local there=1
    [ -s data.db-journal ] && there=0
    kill -KILL $pid
    wait $pid 2>/dev/null
    exec 8>&-
    [ $there = 0 ] && [ "$(sql data.db "select count(*) from log where text = 'lost'; pragma integrity_check")" = "0
ok" ]
}
check "a killed writer's journal is rolled back" hot_journal
wal() {
    rm -f wal.db*
    printf '%s\n' "pragma locking_mode=exclusive; pragma journal_mode=wal; $file_script pragma wal_checkpoint(truncate);" | sql wal.db >out 2>&1 && grep -qx wal out && grep -qx ok out &&
        [ "$(host_sql wal.db "select count(*) from log")" = 13334 ]
}
check "write-ahead log in exclusive mode" wal
shared_wal() {
    # The index of the log is memory that connections share: here and in this machine's own SQLite.
    rm -f shared.db* commands
    mkfifo commands || return 1
    "${orc_run[@]}" --mount "$PWD:/work" --workdir /work "$installed/bin/sqlite3" shared.db <commands >out 2>&1 &
    local pid=$!
    exec 8>commands
    echo "pragma journal_mode=wal; create table t(a); insert into t values (1); select 'ready';" >&8
    wait_for grep -q ready out
    [ "$(host_sql shared.db 'select a from t')" = 1 ] && sql shared.db 'insert into t values (2)' && echo "select count(*), 'rows' from t;" >&8
    wait_for grep -q rows out
    exec 8>&-
    wait $pid && same out "wal
ready
2|rows" && [ "$(host_sql shared.db 'select sum(a) from t')" = 3 ]
}
check "a write-ahead log that compartments and this machine's programs share" shared_wal
mapped() {
    # A mapping that was a copy lost rows here.
    cat >mapped.sql <<'SQL'
.open /work/mapped.db
pragma mmap_size=268435456;
create table t(id integer primary key, v text); create index i on t(v);
with recursive c(x) as (select 1 union all select x+1 from c where x<5000) insert into t select x, 'old'||x from c;
.connection 1
.open /work/mapped.db
pragma mmap_size=268435456;
select count(*) from t where v like 'old%';
.connection 0
delete from t where id%2; update t set v='new'||id;
insert into t select id+100000, 'more'||id from t;
.connection 1
insert into t select id+200000, 'x'||id from t;
update t set v='y'||id where id%3=0;
select count(*), count(distinct v) from t;
pragma integrity_check(3);
SQL
    rm -f mapped.db*
    sql <mapped.sql >out 2>&1
    same out "268435456
268435456
5000
10000|10000
ok" && [ "$(host_sql mapped.db 'pragma integrity_check; ') $(host_sql mapped.db 'select count(*) from t')" = "ok 10000" ]
}
check "mapped files show what other connections write" mapped
locks() {
    rm -f locked.db commands
    sql locked.db 'create table t(a)' && mkfifo commands || return 1
    "${orc_run[@]}" --mount "$PWD:/work" --workdir /work "$installed/bin/sqlite3" locked.db <commands >out 2>&1 &
    local pid=$! status
    exec 8>commands
    echo "begin exclusive; insert into t values (1); select 'ready';" >&8
    wait_for grep -q ready out
    sql locked.db 'insert into t values (2)' >second 2>&1
    status=$?
    python3 -c 'import sqlite3
try: sqlite3.connect("locked.db", timeout=0.1).execute("insert into t values (3)")
except sqlite3.OperationalError as error: print(error)' >third
    printf 'commit;\n.quit\n' >&8
    exec 8>&-
    wait $pid && [ $status != 0 ] && grep -q 'locked' second && grep -q 'locked' third && [ "$(sql locked.db 'insert into t values (4); select group_concat(a) from t')" = "1,4" ]
}
check "compartments and this machine's programs respect each other's locks" locks
dump() { sql data.db .dump >dump.sql && rm -f copy.db && sql copy.db <dump.sql && [ "$(sql copy.db 'select count(*), sum(length(text)) from log')" = "$(sql data.db 'select count(*), sum(length(text)) from log')" ]; }
check ".dump and back" dump
csv() {
    printf 'a,b\n1,"x, y"\n2,"q""q"\n' >in.csv
    printf '.mode csv\n.import in.csv t\nselect * from t;\n.backup /work/backup.db\nvacuum into "/work/vacuum.db";\n' | sql :memory: >out && printf '1,"x, y"\n2,"q""q"\n' | cmp - out && [ "$(host_sql backup.db 'select count(*) from t') $(host_sql vacuum.db 'select count(*) from t')" = "2 2" ]
}
check "import, backup and vacuum" csv
temporary() { sql :memory: "pragma temp_store=file; pragma cache_size=10; create temp table t as with recursive n(i) as (select 1 union all select i+1 from n where i<50000) select i, hex(randomblob(20)) h from n; select count(distinct h) from (select h from t order by h desc)" >out && same out 50000; }
check "temporary files" temporary
speedtest() {
    orc_run --mount "$PWD:/work" --workdir /work "$installed/bin/speedtest1" --size 8 --verify speed.db >out 2>&1 || { tail -5 out; return 1; }
    [ "$(host_sql speed.db 'pragma integrity_check')" = ok ] || return 1
    grep '^Verification Hash' out >first
    orc_run "$installed/bin/speedtest1" --size 8 --verify :memory: >out 2>&1 && grep '^Verification Hash' out | diff first -
}
check "speedtest1 gives the same hash in a file and in memory" speedtest
finish_tests
