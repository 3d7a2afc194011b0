/* A root that's read-only on the host, with a layer in memory: run.py makes it, and looks that nothing
 * changed there. */
#include <sys/mman.h>

#include "check.h"

static void reading(void) {
    struct stat status;
    CHECK(holds("/data/plain", "plain\n"));
    CHECK(holds("/link/plain", "plain\n"));     /* link -> data */
    CHECK(holds("/absolute/plain", "plain\n")); /* absolute -> /data */
    CHECK(holds("/data/up", "plain\n"));        /* up -> ../data/plain */
    CHECK(holds("/data/../data/./plain", "plain\n"));
    CHECK(holds("/../../data/plain", "plain\n"));
    CHECK(holds("/link/../data/plain", "plain\n"));
    CHECK(holds("/absolute/sub/../plain", "plain\n"));
    CHECK(holds("/link/sub/../up", "plain\n"));
    CHECK(FAILS(open("/escape", O_RDONLY), ENOENT)); /* -> ../../../../outside/secret */
    CHECK(FAILS(open("/host", O_RDONLY), ENOENT));   /* -> the host's path of the same */
    CHECK(FAILS(open("/missing", O_RDONLY), ENOENT));
    CHECK(FAILS(open("/data/plain/x", O_RDONLY), ENOTDIR));
    CHECK(FAILS(open("/link", O_RDONLY | O_NOFOLLOW), ELOOP));
    CHECK(FAILS(open("/round", O_RDONLY), ELOOP));
    CHECK(!lstat("/link", &status) && S_ISLNK(status.st_mode));
    CHECK(!stat("/link", &status) && S_ISDIR(status.st_mode));
    CHECK(lists("/", "data") == 1 && lists("/", "tmp") == 1 && lists("/", "proc") == 1);
    CHECK(lists("/data", "plain") == 1 && lists("/data", ".") == 1);
}

static void changing(void) {
    CHECK(put("/data/plain", "changed"));
    CHECK(holds("/data/plain", "changed"));
    CHECK(holds("/link/plain", "changed"));
    CHECK(holds("/absolute/plain", "changed"));
    CHECK(lists("/data", "plain") == 1);
    int fd = open("/data/kept", O_RDWR | O_APPEND);
    CHECK(fd >= 0 && write(fd, "more", 4) == 4);
    close(fd);
    CHECK(holds("/data/kept", "kept\nmore"));
    CHECK(put("/data/new", "new"));
    CHECK(holds("/link/new", "new"));
    CHECK(lists("/data", "new") == 1);
    CHECK(FAILS(open("/data/kept", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST));
    CHECK(chmod("/data/mode", 0751) == 0 && mode_of("/data/mode") == (S_IFREG | 0751));
    CHECK(holds("/data/mode", "mode\n"));
    CHECK(chmod("/data/sub", 0700) == 0 && mode_of("/data/sub") == (S_IFDIR | 0700));
    CHECK(holds("/data/sub/deep", "deep\n"));
    CHECK(truncate("/data/sub/deep", 2) == 0 && holds("/data/sub/deep", "de"));
    CHECK(symlink("/data/new", "/data/sub/made") == 0 && holds("/link/sub/made", "new"));
    CHECK(link("/data/sub/other", "/data/hard") == 0 && holds("/data/hard", "other\n"));
    CHECK(put("/data/hard", "both") && holds("/data/sub/other", "both"));
    fd = open("/data/readers", O_RDONLY);
    char *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(mapped != MAP_FAILED && !memcmp(mapped, "readers", 7));
    CHECK(put("/data/readers", "writers"));
    char old[8] = "";
    CHECK(!memcmp(mapped, "writers", 7)); /* a mapping shows what the file is now */
    CHECK(munmap(mapped, 4096) == 0);
    CHECK(read(fd, old, 7) == 7 && !strcmp(old, "readers")); /* as overlay file systems do */
    close(fd);
}

static void removing(void) {
    CHECK(unlink("/data/removed") == 0);
    CHECK(FAILS(open("/data/removed", O_RDONLY), ENOENT));
    CHECK(FAILS(open("/link/removed", O_RDONLY), ENOENT));
    CHECK(FAILS(unlink("/data/removed"), ENOENT));
    CHECK(lists("/data", "removed") == 0);
    CHECK(put("/data/removed", "again") && holds("/data/removed", "again") && lists("/data", "removed") == 1);
    CHECK(unlink("/data/removed") == 0 && FAILS(open("/data/removed", O_RDONLY), ENOENT));
    CHECK(FAILS(rmdir("/data/full"), ENOTEMPTY));
    CHECK(unlink("/data/full/a") == 0 && FAILS(rmdir("/data/full"), ENOTEMPTY));
    CHECK(unlink("/data/full/b") == 0 && rmdir("/data/full") == 0);
    CHECK(FAILS(open("/data/full/a", O_RDONLY), ENOENT) && FAILS(rmdir("/data/full"), ENOENT));
    CHECK(mkdir("/data/full", 0755) == 0);
    CHECK(FAILS(open("/data/full/a", O_RDONLY), ENOENT) &&
          lists("/data/full", "a") == 0); /* the old one is covered */
    CHECK(put("/data/full/a", "fresh") && holds("/data/full/a", "fresh"));
}

static void renaming(void) {
    CHECK(rename("/data/from", "/data/to") == 0);
    CHECK(holds("/data/to", "from\n") && FAILS(open("/data/from", O_RDONLY), ENOENT));
    CHECK(lists("/data", "from") == 0 && lists("/data", "to") == 1);
    CHECK(rename("/data/to", "/data/over") == 0 && holds("/data/over", "from\n") &&
          lists("/data", "over") == 1);
    CHECK(FAILS(rename("/data/sub", "/data/elsewhere"), EXDEV)); /* a directory of the host's */
    CHECK(FAILS(rename("/data/over", "/dev/shm/over"), EXDEV));
    CHECK(mkdir("/data/m", 0755) == 0 && put("/data/m/x", "x") && rename("/data/m", "/data/n") == 0);
    CHECK(holds("/data/n/x", "x") && FAILS(open("/data/m/x", O_RDONLY), ENOENT));
    CHECK(rename("/data/n", "/data/full2") == -1 && errno == ENOTEMPTY);
    CHECK(rename("/data/n", "/data/empty") == 0 && holds("/data/empty/x", "x"));
    CHECK(FAILS(rename("/dev/shm", "/data/t"), EXDEV) && FAILS(rmdir("/dev"), EBUSY));
}

/* Links of the host's side that lead where memory is. */
static void crossing(void) {
    CHECK(put("/dev/shm/file", "in memory"));
    CHECK(holds("/to-memory/file", "in memory")); /* -> /dev/shm */
    CHECK(holds("/data/to-file", "in memory"));   /* -> ../dev/shm/file */
    CHECK(put("/to-memory/second", "2") && holds("/dev/shm/second", "2"));
    CHECK(unlink("/data/to-file") == 0 && holds("/dev/shm/file", "in memory"));
    CHECK(unlink("/link") == 0 && FAILS(open("/link/plain", O_RDONLY), ENOENT));
    CHECK(symlink("dev/shm", "/link") == 0 && holds("/link/file", "in memory"));
    CHECK(chdir("/to-memory") == 0 && holds("file", "in memory"));
    char path[100];
    CHECK(getcwd(path, sizeof path) && !strcmp(path, "/dev/shm"));
}

int main(void) {
    reading();
    changing();
    removing();
    renaming();
    crossing();
    return 0;
}
