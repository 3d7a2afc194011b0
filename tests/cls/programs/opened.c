// library: opened
// link: -rdynamic
/* A library that dlopen brings, that goes away, and that comes back with fresh variables. */
#include "check.h"
#include <dlfcn.h>

int program_variable = 3;

static void *open_library(const char *path) {
    void *library = dlopen(path, RTLD_NOW);
    if (!library)
        printf("dlopen: %s\n", dlerror());
    return library;
}

int main(int count, char **arguments) {
    (void)count;
    for (int round = 0; round < 3; round++) {
        void *library = open_library(arguments[1]);
        CHECK(library != NULL);
        if (!library)
            break;
        int *state = dlsym(library, "state"), *zeros = dlsym(library, "zeros"), **leads = dlsym(library, "leads_to_program");
        int (*bump)(void) = (int (*)(void))dlsym(library, "bump");
        CHECK(state && zeros && leads && bump && *state == 50 && *leads == &program_variable);
        CHECK(bump() == 51 && *state == 51);
        *state = 60;
        CHECK(bump() == 61);
        for (int i = 0; i < 1000; i++) {
            CHECK(zeros[i] == 0);
            zeros[i] = i + 1;
        }
        **leads += 1;
        Dl_info info;
        CHECK(dladdr(&zeros[10], &info) && strcmp(info.dli_sname, "zeros") == 0 && info.dli_saddr == zeros);
        CHECK(dlopen(arguments[1], RTLD_NOW) == library && dlclose(library) == 0 && *state == 61);
        CHECK(dlclose(library) == 0);
        void *fresh = malloc(8192);
        memset(fresh, 0xaa, 8192);
        free(fresh);
    }
    CHECK(program_variable == 6);
    return DONE;
}
