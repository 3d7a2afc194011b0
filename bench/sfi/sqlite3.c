#include "harness.h"
#include "input.h"

#include <sqlite3.h>

static sqlite3 *db;

static void execute(const char *sql) {
    bench_require(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}
static uint64_t query(const char *sql) {
    sqlite3_stmt *statement;
    uint64_t sum = 0;
    bench_require(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        sum = sum * 31 + (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return sum;
}
static uint64_t fill(void) {
    sqlite3_stmt *insert;
    uint32_t seed = 3;
    execute("DROP TABLE IF EXISTS t; CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL, tag INT); "
            "CREATE INDEX by_tag ON t(tag, value); BEGIN");
    bench_require(sqlite3_prepare_v2(db,
                                     "INSERT INTO t(name, value, tag) VALUES('name-' || ?1, ?1 * 0.5, ?2)",
                                     -1, &insert, NULL) == SQLITE_OK);
    for (int i = 0; i < 5000; i++) {
        sqlite3_bind_int(insert, 1, (int)(input_next(&seed) % 100000));
        sqlite3_bind_int(insert, 2, (int)(input_next(&seed) % 500));
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    execute("COMMIT");
    return query("SELECT count(*) FROM t");
}
static uint64_t select_all(void) {
    return query("SELECT tag * 1000 + count(*) FROM t WHERE name LIKE '%7%' GROUP BY tag ORDER BY sum(value) "
                 "DESC") +
           query(
               "SELECT count(*) FROM t a JOIN t b ON a.tag = b.tag AND a.value < b.value WHERE a.id % 3 = 0");
}
static void prepare(void) {
    bench_require(sqlite3_open(":memory:", &db) == SQLITE_OK);
    fill();
}
static const struct workload workloads[] = {
    {"sqlite-insert", prepare, fill}, {"sqlite-query", prepare, select_all}, {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
