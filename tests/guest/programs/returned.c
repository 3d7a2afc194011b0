/* Memory that is given back leaves the compartment's account. (Not run natively.) */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static long used(void) {
    struct sysinfo information;
    sysinfo(&information);
    return (long)(information.totalram - information.freeram);
}

static void check(const char *what, long before, long after, long most) {
    printf("%s: %s", what, after - before <= most ? "yes\n" : "NO");
    if (after - before > most)
        printf(", %ld bytes more than before\n", after - before);
}

static void *use_stack(void *argument) {
    char block[30000];
    memset(block, (int)(long)argument, sizeof block);
    return NULL;
}

static void run_threads(int detached, long before) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 4 * MIB);
    if (detached)
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t ids[20];
    for (int i = 0; i < 20; i++)
        pthread_create(&ids[i], &attributes, use_stack, NULL);
    for (int i = 0; i < 20 && !detached; i++)
        pthread_join(ids[i], NULL);
    for (int i = 0; i < 500 && detached && used() > before + MIB; i++)
        usleep(10000);
}

int main(void) {
    long before = used();
    char *block = mmap(NULL, 100 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(block, 1, 100 * MIB);
    printf("mapped %d\n", used() - before >= 100 * MIB);
    munmap(block + 10 * MIB, 80 * MIB);
    check("a part", before, used(), 20 * MIB);
    munmap(block, 100 * MIB);
    check("all", before, used(), 0);
    block = mmap(NULL, 1024 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("reserved costs nothing", before, used(), 0);
    munmap(block, 1024 * MIB);
    block = malloc(50 * MIB);
    memset(block, 1, 50 * MIB);
    free(block);
    check("free", before, used(), MIB);
    block = malloc(MIB);
    for (int i = 2; i < 200; i++)
        block = realloc(block, (size_t)i * MIB);
    free(block);
    check("realloc", before, used(), MIB);
    run_threads(0, before);
    check("joined threads", before, used(), MIB);
    run_threads(1, before);
    check("detached threads", before, used(), MIB);
    /* As much as the limit allows, and no more; then all is well again. */
    long count = 0;
    void **list = NULL, **item;
    while ((item = malloc(MIB / 2))) {
        *item = list;
        list = item;
        count++;
    }
    printf("limit %d\n", count >= 300 && count <= 480);
    for (; list; list = item) {
        item = *list;
        free(list);
    }
    check("after the limit", before, used(), 2 * MIB);
    return 0;
}
