#include "arguments.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESPONSE_DEPTH 16

static void *require_memory(void *memory) {
    if (!memory) {
        fputs("orc toolchain: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void append_owned(struct arguments *list, char *text) {
    if (list->count + 2 > list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 32;
        list->items = require_memory(realloc(list->items, list->capacity * sizeof *list->items));
    }
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

char *copy_string(const char *text) {
    return require_memory(strdup(text));
}

char *format_string(const char *format, ...) {
    va_list values;
    char *text = NULL;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    return require_memory(length < 0 ? NULL : text);
}

bool has_prefix(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool has_suffix(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

void arguments_add(struct arguments *list, const char *text) {
    append_owned(list, copy_string(text));
}

void arguments_addf(struct arguments *list, const char *format, ...) {
    va_list values;
    char *text = NULL;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    append_owned(list, require_memory(length < 0 ? NULL : text));
}

void arguments_add_all(struct arguments *list, const char *const *texts) {
    for (; *texts; texts++)
        arguments_add(list, *texts);
}

void arguments_extend(struct arguments *list, const struct arguments *other) {
    for (size_t i = 0; i < other->count; i++)
        arguments_add(list, other->items[i]);
}

void arguments_remove(struct arguments *list, size_t index) {
    free(list->items[index]);
    memmove(&list->items[index], &list->items[index + 1], (list->count - index) * sizeof *list->items);
    list->count--;
}

bool arguments_contain(const struct arguments *list, const char *text) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static char *read_text_file(const char *path) {
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = NULL;
    size_t capacity = 0;
    /* Delimiter 0xff: doesn't occur in text, so this reads the whole file. */
    ssize_t length = getdelim(&text, &capacity, 0xff, file);
    fclose(file);
    if (length >= 0)
        return text;
    free(text);
    return copy_string("");
}

/* Takes one word from *cursor in GNU response-file quoting; NULL at the end. */
static char *next_word(const char **cursor) {
    const char *p = *cursor;
    while (isspace((unsigned char)*p))
        p++;
    if (!*p)
        return NULL;
    char *word = require_memory(malloc(strlen(p) + 1));
    size_t length = 0;
    char quote = 0;
    for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
        if (quote && *p == quote)
            quote = 0;
        else if (!quote && (*p == '"' || *p == '\''))
            quote = *p;
        else if (*p == '\\' && p[1] && quote != '\'')
            word[length++] = *++p;
        else
            word[length++] = *p;
    }
    word[length] = 0;
    *cursor = p;
    return word;
}

static void expand_one(struct arguments *list, const char *text, int depth) {
    char *content = text[0] == '@' && depth < RESPONSE_DEPTH ? read_text_file(text + 1) : NULL;
    if (!content) {
        arguments_add(list, text);
        return;
    }
    const char *cursor = content;
    for (char *word; (word = next_word(&cursor)); free(word))
        expand_one(list, word, depth + 1);
    free(content);
}

void arguments_expand(struct arguments *list, int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        expand_one(list, argv[i], 0);
}
