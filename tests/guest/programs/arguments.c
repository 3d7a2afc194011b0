/* What the first thread finds: arguments, environment, constructors and destructors in order, atexit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static int constructed;

__attribute__((constructor(101))) static void first(void) {
    constructed = 1;
}

__attribute__((constructor(102))) static void second(int argc, char **argv, char **envp) {
    (void)argc, (void)argv, (void)envp;
    constructed = constructed * 10 + 2;
}

__attribute__((destructor)) static void last(void) {
    puts("destructor");
}

static void at_exit_one(void) {
    puts("atexit one");
}

static void at_exit_two(void) {
    puts("atexit two");
}

int main(int argc, char **argv) {
    printf("argc %d\n", argc);
    for (int i = 1; i < argc; i++)
        printf("argv[%d] '%s'\n", i, argv[i]);
    printf("end %d\n", argv[argc] == NULL);
    printf("name %s\n", strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0]);
    printf("constructed %d\n", constructed);
    printf("HOME-LIKE %s\n", getenv("TEST_VARIABLE") ? getenv("TEST_VARIABLE") : "(none)");
    setenv("TEST_VARIABLE", "changed", 1);
    printf("changed %s\n", getenv("TEST_VARIABLE"));
    unsetenv("TEST_VARIABLE");
    printf("gone %d\n", getenv("TEST_VARIABLE") == NULL);
    printf("page %ld\n", sysconf(_SC_PAGESIZE));
    errno = 0;
    printf("close %d %s\n", close(999), strerror(errno));
    atexit(at_exit_one);
    atexit(at_exit_two);
    return 42;
}
