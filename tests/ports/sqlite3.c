/* SQLite in memory: tables, indexes, joins, triggers, common table expressions, full-text search, R-trees,
 * errors. */
#include "input.h"

#include <sqlite3.h>

static int print_row(void *context, int columns, char **values, char **names) {
    (void)context, (void)names;
    for (int i = 0; i < columns; i++)
        printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    printf("\n");
    return 0;
}

static void run(sqlite3 *db, const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(db, sql, print_row, NULL, &message) != SQLITE_OK) {
        printf("error: %s\n", message);
        sqlite3_free(message);
    }
}

static void twice(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    sqlite3_result_int64(context, 2 * sqlite3_value_int64(values[0]));
}

static int reverse_order(void *context, int n, const void *a, int m, const void *b) {
    (void)context;
    int order = memcmp(b, a, (size_t)(n < m ? n : m));
    return order ? order : m - n;
}

int main(void) {
    sqlite3 *db;
    printf("%s %d\n", sqlite3_libversion(), sqlite3_open(":memory:", &db));
    sqlite3_create_function(db, "twice", 1, SQLITE_UTF8, NULL, twice, NULL, NULL);
    sqlite3_create_collation(db, "reverse", SQLITE_UTF8, NULL, reverse_order);
    run(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL, value REAL, tag INT); CREATE INDEX "
            "by_tag ON t(tag, value);");
    sqlite3_stmt *insert;
    sqlite3_prepare_v2(db, "INSERT INTO t(name, value, tag) VALUES(?, ?, ?)", -1, &insert, NULL);
    run(db, "BEGIN");
    uint32_t seed = 3;
    for (int i = 0; i < 20000; i++) {
        char name[32];
        snprintf(name, sizeof name, "name-%u", input_next(&seed) % 5000);
        sqlite3_bind_text(insert, 1, name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_double(insert, 2, input_next(&seed) % 100000 / 16.0);
        sqlite3_bind_int(insert, 3, (int)(input_next(&seed) % 100));
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run(db, "COMMIT");
    run(db, "SELECT count(*), sum(value), avg(tag), min(name), max(name) FROM t");
    run(db, "SELECT tag, count(*), total(value) FROM t WHERE tag BETWEEN 10 AND 15 GROUP BY tag HAVING "
            "count(*) > 10 ORDER BY 3 DESC");
    run(db, "SELECT a.name, count(*) FROM t a JOIN t b ON a.tag = b.tag AND a.value < b.value WHERE a.id < "
            "20 GROUP BY a.name ORDER BY 2, 1 LIMIT 5");
    run(db, "CREATE TABLE log(what TEXT); CREATE TRIGGER on_update AFTER UPDATE ON t BEGIN INSERT INTO log "
            "VALUES(old.name || '>' || new.value); END;");
    run(db, "UPDATE t SET value = twice(id) WHERE id % 4000 = 7; SELECT * FROM log; DELETE FROM t WHERE tag "
            "> 90; SELECT changes(), count(*) FROM t");
    run(db, "WITH RECURSIVE f(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM f LIMIT 60) SELECT max(a) "
            "FROM f");
    run(db, "WITH RECURSIVE m(x, y, n) AS (SELECT -0.7, 0.2, 0 UNION ALL SELECT x*x-y*y-0.4, 2*x*y+0.6, n+1 "
            "FROM m WHERE n < 40) SELECT round(sum(x), 9), round(sum(y), 9) FROM m");
    run(db, "SELECT name, rank() OVER (PARTITION BY tag ORDER BY value) r, sum(value) OVER (ORDER BY id ROWS "
            "3 PRECEDING) FROM t WHERE id < 6");
    run(db, "SELECT DISTINCT name FROM t WHERE name LIKE '%99' ORDER BY name COLLATE reverse LIMIT 4; SELECT "
            "printf('%08.3f|%-5d|%x', 3.14159, 42, 255), typeof(1.0)");
    run(db, "SELECT json_extract('{\"a\":[1,2,{\"b\":7}]}', '$.a[2].b'), json_group_array(tag) FROM (SELECT "
            "tag FROM t LIMIT 5)");
    run(db, "SELECT sqrt(2), sin(1), pow(2, 0.5), round(2.5), abs(-9), 7 / 2, 7 % 3, 7.0 / 2, 1 << 40, ~5, "
            "9223372036854775807 + 1");
    run(db, "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES('the quick brown fox'), "
            "('lazy dogs sleep'), ('quick dogs run quick');");
    run(db, "SELECT rowid, highlight(docs, 0, '[', ']') FROM docs WHERE docs MATCH 'quick OR dogs' ORDER BY "
            "rank");
    run(db, "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1); INSERT INTO boxes SELECT id, id % "
            "100, id % 100 + 5, id % 37, id % 37 + 2 FROM t WHERE id < 2000");
    run(db, "SELECT count(*) FROM boxes WHERE x1 >= 50 AND x0 <= 53 AND y0 >= 10 AND y1 <= 20");
    run(db, "SELECT * FROM missing; INSERT INTO t(id, name) VALUES(1, 'duplicate'); SELEC 1; INSERT INTO "
            "t(name) VALUES(NULL)");
    run(db, "PRAGMA integrity_check; VACUUM; ANALYZE; PRAGMA page_count; EXPLAIN QUERY PLAN SELECT * FROM t "
            "WHERE tag = 5 AND value > 3");
    run(db, "SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; SELECT count(*) FROM t; ATTACH ':memory:' AS other; "
            "CREATE TABLE other.c AS SELECT tag, group_concat(id) g FROM t WHERE id < 50 GROUP BY tag; "
            "SELECT count(*), max(length(g)) FROM other.c");
    printf("closed %d, still allocated %lld\n", sqlite3_close(db), sqlite3_memory_used());
    return 0;
}
