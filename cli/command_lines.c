#include "command_lines.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    const char *at, *end;
    unsigned number;
    struct command_lines *lines;
    char *word; /* as large as the text: a word can't be longer */
    size_t length;
    bool in_word, in_line;
};

static void end_word(struct parser *parser) {
    if (!parser->in_word)
        return;
    parser->word[parser->length] = 0;
    strings_add(&parser->lines->lines[parser->lines->count - 1].words, copy(parser->word));
    parser->length = 0;
    parser->in_word = false;
}

static void begin_word(struct parser *parser) {
    struct command_lines *lines = parser->lines;
    parser->in_word = true;
    if (parser->in_line)
        return;
    parser->in_line = true;
    lines->lines = reallocarray(lines->lines, lines->count + 1, sizeof *lines->lines);
    if (!lines->lines) {
        fputs("orc: no memory\n", stderr);
        exit(125);
    }
    lines->lines[lines->count++] = (struct command_line){.number = parser->number};
}

static void add(struct parser *parser, char byte) {
    parser->word[parser->length++] = byte;
    parser->number += byte == '\n';
}

/* Behind the opening quotation mark; ends behind the closing one. */
static bool take_quotation(struct parser *parser, char mark) {
    begin_word(parser);
    while (parser->at < parser->end) {
        char byte = *parser->at++;
        if (byte == mark)
            return true;
        if (mark == '"' && byte == '\\' && parser->at < parser->end && strchr("\\\"", *parser->at))
            byte = *parser->at++;
        add(parser, byte);
    }
    return false;
}

static void take_backslash(struct parser *parser) {
    if (parser->at == parser->end)
        return;
    char byte = *parser->at++;
    if (byte == '\n') {
        parser->number++;
    } else {
        begin_word(parser);
        add(parser, byte);
    }
}

static bool take(struct parser *parser) {
    char byte = *parser->at++;
    switch (byte) {
    case '\n':
        end_word(parser);
        parser->in_line = false;
        parser->number++;
        return true;
    case ' ':
    case '\t':
    case '\r':
        end_word(parser);
        return true;
    case '\'':
    case '"':
        return take_quotation(parser, byte);
    case '\\':
        take_backslash(parser);
        return true;
    case '#':
        if (!parser->in_word) {
            while (parser->at < parser->end && *parser->at != '\n')
                parser->at++;
            return true;
        }
        break;
    }
    begin_word(parser);
    add(parser, byte);
    return true;
}

bool command_lines_parse(const char *text, size_t length, struct command_lines *lines, unsigned *bad_line) {
    struct parser parser = {.at = text, .end = text + length, .number = 1, .lines = lines};
    *lines = (struct command_lines){0};
    parser.word = malloc(length + 1);
    bool good = parser.word;
    *bad_line = 1;
    while (good && parser.at < parser.end) {
        *bad_line = parser.number;
        good = take(&parser);
    }
    if (good)
        end_word(&parser);
    free(parser.word);
    return good;
}

void command_lines_free(struct command_lines *lines) {
    for (size_t i = 0; i < lines->count; i++)
        strings_free(&lines->lines[i].words);
    free(lines->lines);
    *lines = (struct command_lines){0};
}
