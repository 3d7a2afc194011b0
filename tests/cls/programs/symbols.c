// link: -rdynamic -ldl
/* dlsym of variables and dladdr, of this program and of libc. */
#define _GNU_SOURCE
#include "check.h"
#include <dlfcn.h>
#include <errno.h>

int exported = 77, exported_zero[100];
int function(void) { return exported; }
extern char **environ;

static void names(void *address, const char *expected) {
    Dl_info info = {0};
    CHECK(dladdr(address, &info) != 0 && info.dli_sname && strcmp(info.dli_sname, expected) == 0 && info.dli_saddr <= address);
}

int main(void) {
    CHECK(dlsym(RTLD_DEFAULT, "exported") == opaque(&exported) && dlsym(NULL, "exported_zero") == opaque(exported_zero));
    *(int *)dlsym(RTLD_DEFAULT, "exported") = 78;
    CHECK(function() == 78 && dlsym(RTLD_DEFAULT, "function") == (void *)function);
    names(&exported, "exported");
    names(&exported_zero[50], "exported_zero");
    names((void *)function, "function");
    CHECK(dlsym(RTLD_DEFAULT, "environ") == opaque(&environ) && dlsym(RTLD_DEFAULT, "stdout") == opaque((void *)&stdout));
    errno = 5;
    CHECK(errno == 5 && environ != NULL);
    return DONE;
}
