#include "text.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXIT_NO_MEMORY = 125 };

static _Noreturn void no_memory(void) {
    fputs("orc: no memory\n", stderr);
    exit(EXIT_NO_MEMORY);
}

void strings_add(struct strings *strings, char *string) {
    char **grown = realloc(strings->items, (strings->count + 2) * sizeof *grown);
    if (!grown || !string)
        no_memory();
    strings->items = grown;
    grown[strings->count++] = string;
    grown[strings->count] = NULL;
}

void strings_free(struct strings *strings) {
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct strings){0};
}

char *format(const char *pattern, ...) {
    char *made;
    va_list arguments;
    va_start(arguments, pattern);
    if (vasprintf(&made, pattern, arguments) < 0)
        no_memory();
    va_end(arguments);
    return made;
}

char *copy(const char *string) {
    return format("%s", string);
}

bool parse_size(const char *text, uint64_t *size) {
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    unsigned shift = strchr("kK", *end) ? 10 : strchr("mM", *end) ? 20 : strchr("gG", *end) ? 30 : 0;
    if (*end == 0)
        shift = 0;
    else if (shift != 0)
        end++;
    if (errno != 0 || *end != 0 || value > (UINT64_MAX >> shift))
        return false;
    *size = value << shift;
    return true;
}

bool parse_count(const char *text, unsigned largest, unsigned *count) {
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    *count = (unsigned)value;
    return errno == 0 && *end == 0 && value >= 1 && value <= largest;
}

bool parse_seconds(const char *text, uint64_t *nanoseconds) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value > 0 && value < 1e9))
        return false;
    *nanoseconds = (uint64_t)(value * 1e9) + 1;
    return true;
}

static const struct {
    int number;
    const char *name, *meaning;
} signals[] = {
    {SIGHUP, "HUP", "hangup"},
    {SIGINT, "INT", "interrupt"},
    {SIGQUIT, "QUIT", "quit"},
    {SIGILL, "ILL", "illegal instruction"},
    {SIGTRAP, "TRAP", "trap"},
    {SIGABRT, "ABRT", "aborted"},
    {SIGBUS, "BUS", "bus error"},
    {SIGFPE, "FPE", "arithmetic exception"},
    {SIGKILL, "KILL", "killed"},
    {SIGUSR1, "USR1", "user-defined signal 1"},
    {SIGSEGV, "SEGV", "segmentation fault"},
    {SIGUSR2, "USR2", "user-defined signal 2"},
    {SIGPIPE, "PIPE", "broken pipe"},
    {SIGALRM, "ALRM", "alarm"},
    {SIGTERM, "TERM", "terminated"},
    {SIGCHLD, "CHLD", "child's state"},
    {SIGCONT, "CONT", "continue"},
    {SIGSTOP, "STOP", "stop"},
    {SIGTSTP, "TSTP", "stop from the terminal"},
    {SIGURG, "URG", "urgent data"},
    {SIGWINCH, "WINCH", "window changed"},
    {SIGIO, "IO", "input or output possible"},
    {SIGSYS, "SYS", "bad system call"},
};

int parse_signal(const char *text) {
    unsigned number;
    if (parse_count(text, 31, &number))
        return (int)number;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcasecmp(text, signals[i].name) == 0)
            return signals[i].number;
    return 0;
}

const char *signal_name(int signal) {
    static char text[64];
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].number == signal) {
            snprintf(text, sizeof text, "SIG%s (%s)", signals[i].name, signals[i].meaning);
            return text;
        }
    snprintf(text, sizeof text, "signal %d", signal);
    return text;
}

void print_plain(FILE *out, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= ' ' && byte < 0x7f)
            fputc(byte, out);
        else
            fprintf(out, "\\x%02x", byte);
    }
}

/* What stands between `text`'s first brace and `end`: i, i+N or N+i. */
static bool index_value(const char *text, const char *end, unsigned index, unsigned long long *value) {
    unsigned long long number = 0;
    const char *digits = text, *digits_end = end;
    if (end - text == 1 && *text == 'i') {
        *value = index;
        return true;
    }
    if (end - text < 3)
        return false;
    if (text[0] == 'i' && text[1] == '+')
        digits = text + 2;
    else if (end[-1] == 'i' && end[-2] == '+')
        digits_end = end - 2;
    else
        return false;
    if (digits_end - digits > 12)
        return false;
    for (; digits < digits_end; digits++) {
        if (*digits < '0' || *digits > '9')
            return false;
        number = number * 10 + (unsigned long long)(*digits - '0');
    }
    *value = number + index;
    return true;
}

bool has_index(const char *text) {
    unsigned long long value;
    for (const char *open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
        const char *close = strchr(open, '}');
        if (close && index_value(open + 1, close, 0, &value))
            return true;
    }
    return false;
}

char *expand_index(const char *text, unsigned index, const char *what) {
    char *made = NULL;
    size_t size;
    FILE *out = open_memstream(&made, &size);
    if (!out)
        no_memory();
    while (*text) {
        const char *close = *text == '{' ? strchr(text, '}') : NULL;
        unsigned long long value;
        if (close && index_value(text + 1, close, index, &value)) {
            fprintf(out, "%llu", value);
            text = close + 1;
        } else if (close && (text[1] == 'i' || close[-1] == 'i') && strpbrk(text, "+-*") &&
                   strpbrk(text, "+-*") < close) {
            fclose(out);
            free(made);
            fprintf(stderr, "orc run: %s: %.*s: write {i}, or {i+N} with a number N\n", what,
                    (int)(close - text + 1), text);
            return NULL;
        } else {
            fputc(*text++, out);
        }
    }
    if (fclose(out) != 0)
        no_memory();
    return made;
}
