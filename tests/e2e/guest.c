/* What the end-to-end tests run: the first argument says what to do. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t seen;
static volatile int zero;

static void note_signal(int number) {
    seen = number;
}

__attribute__((noinline)) static int recurse(int n) {
    return n < 0 ? zero : recurse(n + 1 + zero) * 3 + n;
}

__attribute__((noinline)) static void write_null(void) {
    *(volatile int *)(long)zero = 1;
}

__attribute__((noinline)) static void fault_in_a_function(void) {
    write_null();
    zero++;
}

static int copy_input(void) {
    char buffer[4096];
    for (ssize_t got; (got = read(0, buffer, sizeof buffer)) > 0;)
        if (write(1, buffer, (size_t)got) != got)
            return 1;
    return 0;
}

static int wait_for_signal(const char *names) {
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], note_signal);
    puts(names);
    fflush(stdout);
    while (!seen)
        pause();
    printf("signal %d\n", (int)seen);
    return 40 + (int)seen;
}

static int list(const char *path) {
    DIR *directory = opendir(path);
    if (!directory) {
        printf("%s: %s\n", path, strerror(errno));
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.')
            puts(entry->d_name);
    closedir(directory);
    return 0;
}

static int show(const char *path) {
    char line[256];
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("%s\n", strerror(errno));
        return 1;
    }
    while (fgets(line, sizeof line, file))
        fputs(line, stdout);
    fclose(file);
    return 0;
}

static int put(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        printf("%s\n", strerror(errno));
        return 1;
    }
    return show(path);
}

static int serve(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0) {
        printf("socket: %s\n", strerror(errno));
        return 1;
    }
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 5) < 0) {
        printf("bind: %s\n", strerror(errno));
        return 1;
    }
    puts("listening");
    fflush(stdout);
    int client = accept(listener, NULL, NULL);
    dprintf(client, "hello from port %d\n", port);
    close(client);
    return 0;
}

static int call(const char *host, int port) {
    unsigned a, b, c, d;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    sscanf(host, "%u.%u.%u.%u", &a, &b, &c, &d);
    address.sin_addr.s_addr = htonl(a << 24 | b << 16 | c << 8 | d);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) < 0) {
        printf("connect: %s\n", strerror(errno));
        return 1;
    }
    char text[100] = {0};
    (void)!read(server, text, sizeof text - 1);
    fputs(text, stdout);
    return 0;
}

static int fill_memory(void) {
    size_t total = 0;
    for (char *volatile block; (block = malloc(1 << 20)); total++)
        memset(block, 1, 1 << 20);
    printf("%s\n", errno == ENOMEM ? "no more" : "?");
    return total > 5 ? 0 : 1;
}

static void *sleep_for_ever(void *unused) {
    for (;;)
        pause();
    return unused;
}

static int fill_threads(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    int count = 1;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    while (count < 10000 && pthread_create(&thread, &attributes, sleep_for_ever, NULL) == 0)
        count++;
    printf("%d threads\n", count);
    return 0;
}

static int sleep_a_while(double seconds) {
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    puts("asleep");
    fflush(stdout);
    nanosleep(&time, NULL);
    return 0;
}

static int do_files(int argc, char **argv) {
    if (strcmp(argv[1], "list") == 0)
        return list(argv[2]);
    if (strcmp(argv[1], "show") == 0)
        return show(argv[2]);
    if (strcmp(argv[1], "put") == 0)
        return put(argv[2], argv[3]);
    if (strcmp(argv[1], "mkdir") == 0) {
        puts(mkdir(argv[2], 0755) == 0 ? "made" : strerror(errno));
        return 0;
    }
    if (strcmp(argv[1], "serve") == 0)
        return serve(atoi(argv[2]));
    if (strcmp(argv[1], "call") == 0)
        return call(argv[2], atoi(argv[3]));
    fprintf(stderr, "%s: what? (%d)\n", argv[1], argc);
    return 99;
}

int main(int argc, char **argv) {
    char text[256];
    const char *what = argc > 1 ? argv[1] : "hello";
    if (strcmp(what, "hello") == 0)
        return printf("hello\n") < 0;
    if (strcmp(what, "arguments") == 0) {
        for (int i = 0; i < argc; i++)
            puts(argv[i]);
        return 0;
    }
    if (strcmp(what, "environment") == 0) {
        for (char **variable = environ; *variable; variable++)
            puts(*variable);
        return 0;
    }
    if (strcmp(what, "exit") == 0)
        return atoi(argv[2]);
    if (strcmp(what, "errors") == 0)
        return fputs("to stderr\n", stderr) < 0;
    if (strcmp(what, "cat") == 0)
        return copy_input();
    if (strcmp(what, "where") == 0) {
        gethostname(text, sizeof text);
        return printf("%s %s\n", text, getcwd(text + 100, 100)) < 0;
    }
    if (strcmp(what, "signal") == 0)
        return wait_for_signal("ready");
    if (strcmp(what, "loop") == 0) {
        puts("looping");
        fflush(stdout);
        for (;;)
            zero = 0;
    }
    if (strcmp(what, "ignore") == 0) {
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        return sleep_a_while(20);
    }
    if (strcmp(what, "sleep") == 0)
        return sleep_a_while(atof(argv[2]));
    if (strcmp(what, "null") == 0)
        fault_in_a_function();
    if (strcmp(what, "divide") == 0)
        return 100 / zero;
    if (strcmp(what, "recurse") == 0)
        return recurse(zero);
    if (strcmp(what, "jump") == 0)
        ((void (*)(void))(long)zero)();
    if (strcmp(what, "abort") == 0)
        abort();
    if (strcmp(what, "raise") == 0)
        return raise(atoi(argv[2]));
    if (strcmp(what, "tty") == 0)
        return puts(isatty(0) && isatty(1) ? "terminal" : "none") < 0;
    if (strcmp(what, "memory") == 0)
        return fill_memory();
    if (strcmp(what, "threads") == 0)
        return fill_threads();
    return argc > 2 ? do_files(argc, argv) : 98;
}
