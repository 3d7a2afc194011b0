/* Writable state of every kind, in the program, its library's place (libc) and its threads: each compartment counts in its
 * own. Counts to a number that differs from compartment to compartment, slowly, and says whether it ever saw another's. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int in_file = 1000;
int global;
static char *pointer_to_own = (char *)&in_file;
static _Thread_local int per_thread = 7;
static int *heap;
static int step;

static void *count(void *argument) {
    (void)argument;
    for (int i = 0; i < 200; i++) {
        per_thread += step;
        usleep(50);
    }
    return (void *)(long)per_thread;
}

int main(int argc, char **argv) {
    static int inside;
    pthread_t thread;
    void *result;
    step = argc > 1 ? atoi(argv[1]) : 1;
    heap = calloc(1, sizeof *heap);
    pthread_create(&thread, NULL, count, NULL);
    for (int i = 0; i < 200; i++) {
        in_file += step;
        global += step;
        inside += step;
        *heap += step;
        setenv("COUNT", inside % 2 ? "odd" : "even", 1);
        usleep(50);
        if (in_file != 1000 + step * (i + 1) || global != inside || *heap != inside ||
            strcmp(getenv("COUNT"), inside % 2 ? "odd" : "even") != 0 || *(int *)pointer_to_own != in_file)
            return 1;
    }
    pthread_join(thread, &result);
    printf("%d %d %d %ld\n", in_file, global, *heap, (long)result);
    if (argc > 2) { /* writes memory, and stays till its input ends */
        enum { MUCH = 5 << 20 };
        char *much = malloc(MUCH);
        memset(much, 1, MUCH);
        fflush(stdout);
        while (getchar() != EOF)
            ;
        return much[MUCH / 2] != 1;
    }
    return 0;
}
