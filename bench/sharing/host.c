/* On the host's side, over the embedding API:
 *
 *   host register ROUNDS FILE                    registers the object, and prints bytes and nanoseconds of
 * each round host start orc|native COUNT PORT PROGRAM     starts COUNT Redis servers at PORT, PORT + 1...,
 * one after the other, and prints the nanoseconds that each takes to its first PONG */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../embed/object_file.h"
#include "orc/launch.h"

#define MOST 4096

static struct orc_error error;
static struct orc_cell *cell;

static void check(int status, const char *what) {
    if (status >= 0)
        return;
    fprintf(stderr, "host: %s: %s: %s\n", what, error.message, strerror(-status));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void register_rounds(int rounds, const char *name) {
    struct object_file file;
    if (!object_file_open(&file, name, &error))
        check(-ENOEXEC, name);
    const struct orc_object_layout *layout = &file.note.layout;
    const struct orc_object_image image = {
        .layout = *layout,
        .constants = file.constants,
        .relocated = file.relocated,
        .imports = file.imports,
        .data = file.data,
        .text = file.text,
        .relocations = file.relocations,
        .hash_field = file.hash_field,
    };
    check(orc_cell_create(NULL, &cell, &error), "cell");
    for (int i = 0; i < rounds; i++) {
        struct orc_object *object;
        double start = now();
        check(orc_object_create(cell, &image, NULL, NULL, &object, &error), name);
        double end = now();
        check(orc_object_destroy(object), name);
        printf("%llu %.0f\n",
               (unsigned long long)layout->constants_size + layout->relocated_size + layout->data_file_size +
                   layout->text_size,
               end - start);
    }
    object_file_close(&file);
}

/* --- Redis servers --- */

static int connected(uint16_t port) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void wait_for_pong(uint16_t port) {
    char answer[7];
    double limit = now() + 60e9;
    int fd;
    while ((fd = connected(port)) < 0) {
        if (now() > limit)
            check(-ETIMEDOUT, "a server");
        usleep(100);
    }
    if (write(fd, "PING\r\n", 6) != 6 || recv(fd, answer, sizeof answer, MSG_WAITALL) != sizeof answer ||
        memcmp(answer, "+PONG\r\n", sizeof answer) != 0)
        check(-EPROTO, "a server");
    close(fd);
}

static char port_text[8];
static char *const arguments[] = {(char *)"redis-server",
                                  (char *)"--port",
                                  port_text,
                                  (char *)"--bind",
                                  (char *)"127.0.0.1",
                                  (char *)"--save",
                                  (char *)"",
                                  (char *)"--appendonly",
                                  (char *)"no",
                                  NULL};

static pid_t spawn_native(const char *program) {
    posix_spawn_file_actions_t actions;
    char *environment[] = {NULL};
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    check(-posix_spawn(&pid, program, &actions, NULL, arguments, environment), program);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static struct orc_launcher *launcher;
static struct orc_launch_mount mounts[2];

static void prepare(const char *program) {
    struct rlimit limit;
    char *root = orc_launch_installed("root");
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    check(orc_cell_create(NULL, &cell, &error), "cell");
    check(orc_launcher_create(cell, NULL, &launcher, &error), "launcher");
    check(orc_launch_open(cell, root ? root : "", ORC_LAUNCH_IN_MEMORY, &mounts[0], &error), "root");
    check(orc_launch_open(cell, program, ORC_LAUNCH_REFUSED, &mounts[1], &error), "program");
    mounts[0].path = "/";
    mounts[1].path = "/bin/redis-server";
    free(root);
}

/* At the port, or as a clone that stands there for the zygote's; a port of 0: the zygote itself. */
static struct orc_compartment *launch_redis(uint16_t port, bool published, const struct orc_zygote *zygote) {
    const struct orc_network_grant listen = {.type = SOCK_STREAM, .first_port = port, .last_port = port};
    const struct orc_published ports = {6379, port};
    const struct orc_launch launch = {
        .program = "/bin/redis-server",
        .arguments = arguments,
        .mounts = mounts,
        .mount_count = 2,
        .networks = &listen,
        .network_count = 1,
        .published = &ports,
        .published_count = published,
        .zygote = zygote,
    };
    struct orc_compartment *compartment;
    check(orc_launch(launcher, &launch, &compartment, &error), "launch");
    return compartment;
}

static struct orc_zygote *make_zygote(void) {
    struct orc_zygote *zygote;
    strcpy(port_text, "6379");
    check(orc_zygote_create(launch_redis(0, true, NULL), 200000000, 30000000000, &zygote, &error), "zygote");
    return zygote;
}

static void start(const char *mode, int count, int port, const char *program) {
    static pid_t pids[MOST];
    bool native = strcmp(mode, "native") == 0, clones = strcmp(mode, "clone") == 0;
    if (!native)
        prepare(program);
    struct orc_zygote *zygote = clones ? make_zygote() : NULL;
    for (int i = 0; i < count; i++) {
        snprintf(port_text, sizeof port_text, "%d", port + i);
        double begin = now();
        if (native)
            pids[i] = spawn_native(program);
        else
            launch_redis((uint16_t)(port + i), clones, zygote);
        wait_for_pong((uint16_t)(port + i));
        printf("%.0f\n", now() - begin);
    }
    fflush(stdout);
    for (int i = 0; native && i < count; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; native && i < count; i++)
        waitpid(pids[i], NULL, 0);
    _exit(0); /* the compartments end with the cell */
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "register") == 0)
        register_rounds(atoi(argv[2]), argv[3]);
    else if (argc == 6 && strcmp(argv[1], "start") == 0 && atoi(argv[3]) <= MOST)
        start(argv[2], atoi(argv[3]), atoi(argv[4]), argv[5]);
    else
        return 2;
    return 0;
}
