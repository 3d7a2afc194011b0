/* A file of command lines: words as a shell splits them, without its expansions. */
#ifndef ORC_CLI_COMMAND_LINES_H
#define ORC_CLI_COMMAND_LINES_H

#include "text.h"

struct command_line {
    struct strings words;
    unsigned number; /* of its first line in the file */
};

struct command_lines {
    struct command_line *lines;
    size_t count;
};

/* Blanks separate words; '...', "..." and \ take what follows as it is (inside "..." \ does so for \ and " alone); # at
 * the start of a word begins a comment; \ at the end of a line continues it. Lines without words are left out. On failure
 * *bad_line is where a quotation began that doesn't end. */
bool command_lines_parse(const char *text, size_t length, struct command_lines *lines, unsigned *bad_line);
void command_lines_free(struct command_lines *lines);

#endif
