// library: shared
// copies: 4
/* Compartments of one cell that run the same program and the same library at the same time: what one of them writes into
 * its variables none of the others sees. They meet in the folder that they share, then each writes a number of its own. */
#include "check.h"
#include "private.h"
#include <dirent.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { COPIES = 4 };

static unsigned long token = 1, zero, *place = &token;
static struct { unsigned long *where; } table[] = {{&zero}};

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}
static int arrived(void) {
    DIR *folder = opendir("/meeting");
    int count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += strncmp(entry->d_name, "copy-", 5) == 0;
    if (folder)
        closedir(folder);
    return count;
}
static int meet(void) {
    char name[] = "/meeting/copy-XXXXXX";
    CHECK(mkstemp(name) >= 0);
    for (int i = 0; i < 5000 && arrived() < COPIES; i++)
        nap();
    return arrived() == COPIES;
}

int main(void) {
    unsigned long own;
    CHECK(token == 1 && zero == 0 && library_token == 1 && library_zero() == 0);
    CHECK(getrandom(&own, sizeof own, 0) == sizeof own);
    CHECK(meet());
    for (unsigned i = 0; i < 50; i++) {
        token = own, *table[0].where = own + i, library_token = ~own;
        library_set_zero(own ^ i);
        nap();
        CHECK(*place == own && zero == own + i && *library_place() == ~own && library_zero() == (own ^ i));
    }
    return DONE;
}
