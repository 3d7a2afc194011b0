/* Small things that several commands do with text. */
#ifndef ORC_CLI_TEXT_H
#define ORC_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A list of strings that grows; `items` ends in a NULL. */
struct strings {
    char **items;
    size_t count;
};

/* Takes over `string`. Memory that runs out ends the program: only for what comes before guests run. */
void strings_add(struct strings *strings, char *string);
void strings_free(struct strings *strings);

/* asprintf and strdup that end the program when memory runs out. */
char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
char *copy(const char *string);

/* "64", "64k", "64M", "2G": bytes. */
bool parse_size(const char *text, uint64_t *size);
bool parse_count(const char *text, unsigned largest, unsigned *count);
bool parse_seconds(const char *text, uint64_t *nanoseconds);

/* A signal by number or name, with or without SIG; 0: there is none. */
int parse_signal(const char *text);
/* "SIGSEGV (segmentation fault)" and the like, without a look at the locale. */
const char *signal_name(int signal);

/* Prints what a guest may have chosen: printable ASCII as it is, everything else as \xNN. */
void print_plain(FILE *out, const char *text, size_t length);

/* Replaces {i} by `index`, and {i+N} or {N+i} by the sum. NULL, and a message for `what`, when braces hold
 * anything else that begins or ends with i. Other braces stay. */
char *expand_index(const char *text, unsigned index, const char *what);
bool has_index(const char *text);

#endif
