/* A growing argument vector, always NULL-terminated. Allocation failure ends the program. */
#ifndef ORC_TOOLCHAIN_ARGUMENTS_H
#define ORC_TOOLCHAIN_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct arguments {
    char **items; /* owned strings */
    size_t count;
    size_t capacity;
};

/* Appends a copy of `text`. */
void arguments_add(struct arguments *list, const char *text);

/* Appends a formatted string. */
void arguments_addf(struct arguments *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a NULL-terminated list of strings. */
void arguments_add_all(struct arguments *list, const char *const *texts);

/* Appends copies of every item of `other`. */
void arguments_extend(struct arguments *list, const struct arguments *other);

/* Takes item `index` out. */
void arguments_remove(struct arguments *list, size_t index);

/* Whether one item equals `text`. */
bool arguments_contain(const struct arguments *list, const char *text);

/* Copies argv (without argv[0]) into `list`, each @FILE replaced by the arguments in FILE (GNU quoting,
 * nested files allowed). A file that can't be read stays as it is, as in GCC and clang. */
void arguments_expand(struct arguments *list, int argc, char **argv);

/* A formatted string from malloc. */
char *format_string(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Copies `text`, never NULL. */
char *copy_string(const char *text);

/* Whether `text` begins with `prefix`, or ends with `suffix`. */
bool has_prefix(const char *text, const char *prefix);
bool has_suffix(const char *text, const char *suffix);

#endif
