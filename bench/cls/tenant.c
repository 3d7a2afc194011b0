/* A tenant with SQLite in it that says it's there after some work, and waits. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    (void)argv;
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT); WITH RECURSIVE n(i) AS (SELECT 1 "
                     "UNION ALL SELECT i + 1 FROM n "
                     "WHERE i < 200) INSERT INTO t SELECT i, 'name ' || i FROM n; SELECT count(*), "
                     "upper(max(name)) FROM t",
                     NULL, NULL, NULL) != SQLITE_OK)
        return 1;
    puts("ready");
    fflush(stdout);
    while (argc > 1)
        pause();
    return 0;
}
