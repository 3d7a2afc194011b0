#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGXCPU};
#define ENDING_SIGNALS (sizeof ending_signals / sizeof ending_signals[0])

static const char *tool_name = "orc";
static char *temporary_directory;
static size_t temporary_count;
static char *unfinished_output;
static volatile sig_atomic_t signal_received;
static volatile pid_t child; /* 0: none. Changed only while the ending signals are blocked. */

static void on_signal(int number) {
    signal_received = number;
    if (child > 0)
        kill(child, number == SIGPIPE ? SIGTERM : number);
}

static void ending_set(sigset_t *set) {
    sigemptyset(set);
    for (size_t i = 0; i < ENDING_SIGNALS; i++)
        sigaddset(set, ending_signals[i]);
}

static void on_exit_clean(void) {
    tool_end();
}

void tool_begin(const char *tool) {
    tool_name = tool;
    struct sigaction action = {.sa_handler = on_signal};
    ending_set(&action.sa_mask);
    for (size_t i = 0; i < ENDING_SIGNALS; i++) {
        struct sigaction old;
        /* nohup and background jobs ignore signals on purpose: leave those ignored. */
        if (sigaction(ending_signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(ending_signals[i], &action, NULL);
    }
    atexit(on_exit_clean);
}

/* Removes the directory with all that is in it: a child that was killed may have left files of its own. */
static void remove_temporary_directory(void) {
    DIR *directory = opendir(temporary_directory);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(temporary_directory);
    free(temporary_directory);
    temporary_directory = NULL;
}

void tool_end(void) {
    if (temporary_directory)
        remove_temporary_directory();
    if (unfinished_output)
        remove_output(unfinished_output);
    unfinished_output = NULL;
}

void tool_check_signal(void) {
    if (!signal_received)
        return;
    tool_end();
    signal(signal_received, SIG_DFL);
    raise(signal_received);
    _exit(128 + signal_received);
}

__attribute__((format(printf, 2, 0))) static void report(const char *kind, const char *format,
                                                         va_list values) {
    fprintf(stderr, "%s: %s: ", tool_name, kind);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
}

void report_error(const char *format, ...) {
    va_list values;
    va_start(values, format);
    report("error", format, values);
    va_end(values);
}

void report_warning(const char *format, ...) {
    va_list values;
    va_start(values, format);
    report("warning", format, values);
    va_end(values);
}

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    report("error", format, values);
    va_end(values);
    exit(1);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void make_temporary_directory(void) {
    const char *root = getenv("TMPDIR");
    char *path = format_string("%s/orc-XXXXXX", root && *root ? root : "/tmp");
    sigset_t ending, before;
    ending_set(&ending);
    sigprocmask(SIG_BLOCK, &ending, &before);
    if (mkdtemp(path))
        temporary_directory = path;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!temporary_directory)
        fail("unable to make a temporary directory '%s': %s", path, strerror(errno));
}

char *tool_temporary(const char *name, const char *suffix) {
    if (!temporary_directory)
        make_temporary_directory();
    return format_string("%s/%zu-%.100s%s", temporary_directory, temporary_count++, base_name(name), suffix);
}

void tool_discard_on_failure(const char *path) {
    free(unfinished_output);
    unfinished_output = copy_string(path);
}

void tool_keep(void) {
    free(unfinished_output);
    unfinished_output = NULL;
}

void remove_output(const char *path) {
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode))
        unlink(path);
}

/* Starts the command with the ending signals at their defaults. Returns 0 or an error number. */
static int start_child(const struct arguments *command, const char *input, const char *output,
                       const char *errors, pid_t *id, const sigset_t *mask) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    if (input)
        posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0);
    if (output)
        posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (errors)
        posix_spawn_file_actions_addopen(&files, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawnattr_setsigmask(&attributes, mask);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int error = posix_spawnp(id, command->items[0], &files, &attributes, command->items, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

static int exit_code(const char *program, int status) {
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    if (WTERMSIG(status) == SIGPIPE)
        return 1; /* nobody reads the output any more: nothing to say, and nobody to hear it */
    report_error("%s was killed by signal %d (%s)", base_name(program), WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    return 1;
}

int tool_run(const struct arguments *command, const char *input, const char *output, const char *errors) {
    sigset_t ending, before;
    ending_set(&ending);
    tool_check_signal();
    fflush(NULL);
    sigprocmask(SIG_BLOCK, &ending, &before);
    pid_t id = 0;
    int error = start_child(command, input, output, errors, &id, &before);
    child = error ? 0 : id;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (error) {
        report_error("unable to run '%s': %s", command->items[0], strerror(error));
        return 127;
    }
    if (signal_received)
        kill(id, SIGTERM); /* it arrived before `child` was set */
    int status = 0;
    while (waitpid(id, &status, 0) < 0 && errno == EINTR)
        ;
    child = 0;
    tool_check_signal();
    return exit_code(command->items[0], status);
}
