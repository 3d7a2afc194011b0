/* dlopen and its family. (libplugin.so, libplugin-local.so, libtwo.so lie on the library path.) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int program_value(void) {
    return 300;
}

/* RTLD_NEXT: this one counts, and hands over to the C library. */
static int calls;
char *strdup(const char *text) {
    char *(*next)(const char *) = (char *(*)(const char *))dlsym(RTLD_NEXT, "strdup");
    calls++;
    return next(text);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void *bump_in_thread(void *function) {
    return (void *)(long)((int (*)(void))function)();
}

static void local_storage(void) {
    void *plugin = dlopen("libplugin-local.so", RTLD_NOW | RTLD_LOCAL);
    if (!plugin) {
        printf("local: %s\n", dlerror());
        return;
    }
    int (*bump)(void) = (int (*)(void))dlsym(plugin, "plugin_bump");
    int *here = dlsym(plugin, "plugin_local");
    pthread_t id;
    void *there;
    printf("bump %d %d\n", bump(), bump());
    printf("here %d\n", *here);
    pthread_create(&id, NULL, bump_in_thread, (void *)bump);
    pthread_join(id, &there);
    printf("there %ld here %d\n", (long)there, *here);
    dlclose(plugin);
}

static void open_and_close(void) {
    for (int i = 0; i < 3; i++) {
        void *plugin = dlopen("libplugin.so", RTLD_NOW), *again = dlopen("libplugin.so", RTLD_NOW);
        if (!plugin) {
            printf("open: %s\n", dlerror());
            return;
        }
        int (*add)(int) = (int (*)(int))dlsym(plugin, "plugin_add");
        printf("same %d, add %d\n", plugin == again, add(i));
        Dl_info info;
        printf("dladdr %d", dladdr((void *)add, &info));
        printf(" %s %s\n", base_name(info.dli_fname), info.dli_sname);
        printf("missing %d: %d\n", dlsym(plugin, "no_such_symbol") == NULL, dlerror() != NULL);
        dlclose(again);
        printf("still there: %d\n", add(1));
        printf("close %d\n", dlclose(plugin));
    }
}

int main(void) {
    open_and_close();
    void *gone = dlopen("libplugin.so", RTLD_NOW | RTLD_NOLOAD);
    /* Natively closed libraries stay with musl. */
    printf("%s", getenv("ORC_TEST") ? gone ? "libplugin.so is still loaded\n" : "" : "");
    local_storage();
    void *two = dlopen("libtwo.so", RTLD_NOW | RTLD_GLOBAL);
    if (!two)
        printf("two: %s\n", dlerror());
    int (*two_next)(void) = (int (*)(void))dlsym(two, "two_next");
    printf("two %d\n", two_next ? two_next() : -1);
    printf("global %d\n", dlsym(RTLD_DEFAULT, "one_next") != NULL);
    printf("bad file: %d\n", dlopen("libnowhere.so", RTLD_NOW) == NULL);
    const char *error = dlerror();
    printf("named: %d\n", error && strstr(error, "libnowhere.so") != NULL);
    char *copy = strdup("text");
    printf("next: %s %d\n", copy, calls);
    free(copy);
    void *self = dlopen(NULL, RTLD_NOW);
    printf("self %d\n", dlsym(self, "program_value") == (void *)program_value);
    Dl_info info;
    printf("libc %d", dladdr((void *)printf, &info));
    printf(" %s %s\n", base_name(info.dli_fname), info.dli_sname);
    return 0;
}
