/* Maps and unmaps memory on threads while it is frozen, and says how it went when it's told to end. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 64
#define ROUNDS 200

static void *churn(void *argument) {
    static volatile int stop;
    (void)argument;
    for (unsigned round = 0; !stop; round++) {
        char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return "mmap failed";
        for (int page = 0; page < PAGES; page++)
            memory[page * 4096] = (char)(page + 1);
        usleep(1000);
        for (int page = 0; page < PAGES; page++)
            if (memory[page * 4096] != (char)(page + 1))
                return "memory changed";
        munmap(memory, PAGES * 4096);
        if (round == ROUNDS)
            return "good";
    }
    return NULL;
}

int main(void) {
    pthread_t threads[3];
    void *result;
    char line[100];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, churn, NULL);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &result);
        if (strcmp(result, "good") != 0) {
            puts(result);
            return 1;
        }
    }
    if (!fgets(line, sizeof line, stdin))
        return 2;
    fputs(line, stdout);
    return 0;
}
