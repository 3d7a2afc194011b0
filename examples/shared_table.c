/* Constant data that compartments share: each tenant has computed (or loaded) the same table; orc_share gives them all one
 * read-only copy. In this example the table is one million square roots, 8 MB.
 *
 *     orc-cc -O2 -o shared_table shared_table.c -lm
 *     orc run -n 100 ./shared_table        # and in another terminal: orc objects */
#include <math.h>
#include <orc/share.h>
#include <stdio.h>
#include <stdlib.h>

#define ENTRIES 1000000

static double *compute(void) {
    double *table = malloc(ENTRIES * sizeof *table);
    for (int i = 0; table && i < ENTRIES; i++)
        table[i] = sqrt(i);
    return table;
}

int main(int argc, char **argv) {
    double *computed = compute();
    const double *table = computed ? orc_share(computed, ENTRIES * sizeof *table) : NULL;
    if (!table) {
        perror("shared_table");
        return 1;
    }
    free(computed); /* from here on only the shared copy is used */
    printf("the square root of 144 is %g, from a table at %p\n", table[144], (const void *)table);
    fflush(stdout);
    while (argc > 1 && getchar() != EOF) /* `shared_table wait` stays until its input ends */
        ;
    return argc > 2 && argv ? 2 : orc_unshare(table) != 0;
}
