/* The machine-code verifier: bytes in, verdict out. docs/verifier.md states the rules and why they confine.
 *
 * The verifier does no input or output, keeps nothing between calls, and can run in any number of threads at
 * once. It reads every byte of the text; the caller sees to it that nobody can change these bytes during the
 * call or after it.
 */
#ifndef ORC_VERIFIER_H
#define ORC_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum orc_verdict {
    ORC_VERIFY_ACCEPTED = 0,
    ORC_VERIFY_REJECTED = 1,
    ORC_VERIFY_FAILED = 2, /* nothing was decided: no memory, or the text doesn't lie below 4 GiB */
};

/* An object's import table: the addresses [start, end) in a slot. start == end: the object has none. */
struct orc_import_table {
    uint32_t start;
    uint32_t end;
};

/* An object's jump tables, which lie one behind the other: `count` entries of 8 bytes at [start, start + 8 *
 * count) in a slot. entries: what a guest will read there. count == 0: the object has none. */
struct orc_jump_tables {
    uint32_t start;
    uint32_t count;
    const uint64_t *entries;
};

/* One reason why a text was rejected. */
struct orc_rejection {
    uint32_t offset;    /* of the instruction, from the start of the text; its length: a jump table's entry */
    uint32_t length;    /* in bytes; 1 where nothing could be decoded */
    int rule;           /* 1 to 8, as numbered in docs/verifier.md */
    const char *reason; /* a static string */
};

/* Receives one rejection; false means that no more are wanted. They don't come in the order of their offsets.
 */
typedef bool orc_report_function(void *context, const struct orc_rejection *rejection);

/* Decides whether a text range keeps the rules.
 *
 * bytes, length: the text; address: where it will stand in code space; imports: the object's import table;
 * jumps: its jump tables, whose entries stay unchanged as the text does. report, context: told of each
 * rejection; NULL: only the verdict is wanted. Only ORC_VERIFY_ACCEPTED means that the text may be executed.
 */
enum orc_verdict orc_verify_text(const uint8_t *bytes, size_t length, uint32_t address,
                                 struct orc_import_table imports, struct orc_jump_tables jumps,
                                 orc_report_function *report, void *context);

#endif
