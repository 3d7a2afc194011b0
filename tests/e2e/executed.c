/* A program that is executed, natively or through ld-orc: what it was given, and ways to end. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int show_environment(void) {
    size_t count = 0;
    while (environ[count])
        count++;
    qsort(environ, count, sizeof *environ, by_text);
    for (size_t i = 0; i < count; i++)
        puts(environ[i]);
    return 0;
}

static int show_place(const char *name) {
    char file[PATH_MAX] = "", directory[PATH_MAX] = "";
    mode_t mask = umask(0);
    if (readlink("/proc/self/exe", file, sizeof file - 1) < 0 || !getcwd(directory, sizeof directory))
        return 1;
    printf("%s %s %s %d %d %03o %s\n", name, file, directory, getuid(), getgid(), mask,
           access(name, X_OK) ? strerror(errno) : "exists");
    return access(name, X_OK) != 0;
}

static int put(const char *name, const char *text) {
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (file < 0 || write(file, text, strlen(text)) < 0) {
        perror(name);
        return 1;
    }
    return close(file);
}

static int copy(void) {
    char buffer[100];
    for (ssize_t count; (count = read(0, buffer, sizeof buffer)) > 0;)
        if (write(1, buffer, (size_t)count) != count)
            return 1;
    fputs("to stderr\n", stderr);
    return 3;
}

static int fail_on_pipe(void) {
    int ends[2];
    if (pipe(ends) < 0 || close(ends[0]) < 0)
        return 1;
    ssize_t written = write(ends[1], "x", 1);
    printf("%zd %d\n", written, errno == EPIPE);
    return 0;
}

/* TCP and UDP on port 0, and listening without a name; then a connection. */
static int choose_ports(void) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0),
        nameless = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    printf("bind %d %d\n", bind(tcp, (void *)&name, sizeof name), bind(udp, (void *)&name, sizeof name));
    printf("listen %d %d\n", listen(tcp, 1), listen(nameless, 1));
    getsockname(nameless, (void *)&name, &length);
    printf("port %d\n", name.sin_port != 0);
    getsockname(tcp, (void *)&name, &length);
    printf("port %d\n", name.sin_port != 0);
    printf("connect %d\n", connect(client, (void *)&name, length));
    return 0;
}

static int show_time(void) {
    const time_t moment = 1700000000;
    char text[64];
    strftime(text, sizeof text, "%H:%M %Z", localtime(&moment));
    puts(text);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "arguments"))
        for (int i = 1; i < argc; i++)
            puts(argv[i]);
    else if (!strcmp(what, "environment"))
        return show_environment();
    else if (!strcmp(what, "where"))
        return show_place(argv[0]);
    else if (!strcmp(what, "name"))
        puts(argv[0]);
    else if (!strcmp(what, "exit"))
        return atoi(argv[2]);
    else if (!strcmp(what, "put"))
        return put(argv[2], argv[3]);
    else if (!strcmp(what, "cat"))
        return copy();
    else if (!strcmp(what, "raise"))
        return raise(atoi(argv[2])) ? 1 : 9;
    else if (!strcmp(what, "fault"))
        return *(volatile int *)0;
    else if (!strcmp(what, "pipe"))
        return fail_on_pipe();
    else if (!strcmp(what, "time"))
        return show_time();
    else if (!strcmp(what, "ports"))
        return choose_ports();
    return 0;
}
