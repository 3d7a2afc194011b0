/* A tenant with SQLite in it that says it's there and waits: "idle", or after some work ("worked"). */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "worked") == 0) {
        sqlite3 *db;
        if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
            sqlite3_exec(db,
                         "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                         "WHERE i < 200) INSERT INTO t SELECT i, 'name ' || i FROM n; SELECT count(*), upper(max(name)) FROM t",
                         NULL, NULL, NULL) != SQLITE_OK)
            return 1;
    }
    puts("ready");
    fflush(stdout);
    while (argc > 1)
        pause();
    return 0;
}
