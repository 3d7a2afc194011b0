/* The pass over a text range. Each instruction is judged on its own (instruction.c), then this file checks
 * what concerns its surroundings: branch targets, guarded sequences, the import table, the mark, the end. */
#include "shape.h"
#include "verifier_internal.h"

#include <stdlib.h>
#include <string.h>

#define MARK_SIZE 4
#define TAIL_SIZE 16
#define INT3 0xcc
#define NO_REGISTER 16
#define CODE_SPACE_SIZE 0x100000000u
#define LONGEST_INSTRUCTION 15
#define CACHE_SIZE 2048 /* a power of two */

static const uint8_t mark[MARK_SIZE] = {0xf3, 0x0f, 0x1e, 0xfa};

/* How shapes were judged, the last two whose keys have one hash. Key 0: empty. */
struct cache_entry {
    struct judgement {
        uint64_t key;
        struct instruction instruction;
    } recent, older;
};

struct verification {
    const uint8_t *bytes;
    size_t length;
    uint32_t address;
    struct orc_import_table imports;
    struct orc_jump_tables jumps;
    orc_report_function *report;
    void *context;

    ZydisDecoder decoder;
    struct cache_entry *cache;
    uint64_t *starts;  /* bit N: a branch may land at offset N */
    uint64_t *targets; /* bit N: a branch lands there */
    size_t next_mark;
    unsigned zero_extended; /* register that the instruction before zero-extended, or NO_REGISTER */
    size_t before[3];       /* where the last three instructions or guarded sequences begin, the last one first */
    bool rejected;
    bool stopped;
    bool naming; /* second pass: name the branches that break rule 5 */
};

static void set_bit(uint64_t *bitmap, size_t n) {
    bitmap[n / 64] |= (uint64_t)1 << n % 64;
}

static void clear_bit(uint64_t *bitmap, size_t n) {
    bitmap[n / 64] &= ~((uint64_t)1 << n % 64);
}

static bool get_bit(const uint64_t *bitmap, size_t n) {
    return bitmap[n / 64] >> n % 64 & 1;
}

static size_t bitmap_words(size_t length) {
    return length / 64 + 1;
}

static void reject(struct verification *v, size_t offset, size_t length, int rule, const char *reason) {
    struct orc_rejection rejection = {(uint32_t)offset, (uint32_t)length, rule, reason};

    v->rejected = true;
    if (!v->report || !v->report(v->context, &rejection))
        v->stopped = true;
}

/* --- The cache
 * ------------------------------------------------------------------------------------------------- */

static struct instruction judge_uncached(struct verification *v, size_t offset) {
    struct violations violations;

    return orc_judge_instruction(&v->decoder, v->bytes + offset, v->length - offset, &violations);
}

/* Judges the instruction at offset, or remembers how its shape was judged. Near the end of the text no shape
 * is made out. */
static struct instruction judge_at(struct verification *v, size_t offset, struct shape *shape) {
    struct instruction instruction;
    struct cache_entry *entry;
    uint64_t window;

    if (v->length - offset < LONGEST_INSTRUCTION)
        return judge_uncached(v, offset);
    memcpy(&window, v->bytes + offset, sizeof window);
    *shape = shape_of(window);
    if (shape->key == 0)
        return judge_uncached(v, offset);
    entry = &v->cache[(shape->key * 0x9e3779b97f4a7c15u) >> 52 & (CACHE_SIZE - 1)];
    if (entry->recent.key == shape->key)
        return entry->recent.instruction;
    if (entry->older.key == shape->key)
        return entry->older.instruction;
    instruction = judge_uncached(v, offset);
    if (instruction.kind != KIND_NONE && instruction.header_length == shape->header_length) {
        entry->older = entry->recent;
        entry->recent = (struct judgement){shape->key, instruction};
    }
    return instruction;
}

/* --- Branches
 * -------------------------------------------------------------------------------------------------- */

static int64_t read_displacement(const uint8_t *end, unsigned width) {
    int32_t displacement;

    if (width == 1)
        return (int8_t)end[-1];
    memcpy(&displacement, end - sizeof displacement, sizeof displacement);
    return displacement;
}

/* Rule 5 for the branch at offset. What lies at the target may not be known yet: it's checked at the end.
 * True if the target lies in the text. */
static bool check_target(struct verification *v, size_t offset, size_t length, int64_t displacement) {
    int64_t target = (int64_t)(offset + length) + displacement;

    /* Not the last byte either: an int3 is reported by the address behind it, which shall belong to this text. */
    if (target < 0 || target >= (int64_t)v->length - 1) {
        if (!v->naming)
            reject(v, offset, length, 5, "branch out of the text range, or to its last byte");
        return false;
    }
    if (!v->naming)
        set_bit(v->targets, (size_t)target);
    else if (!get_bit(v->starts, (size_t)target))
        reject(v, offset, length, 5, "branch into an instruction or a guarded sequence");
    return true;
}

/* The jne of a guarded sequence must end the compartment: what it compared may not be known to it. */
static void check_trap(struct verification *v, size_t offset, size_t length, int64_t displacement) {
    if (!check_target(v, offset, length, displacement) || v->naming)
        return;
    const uint8_t *target = v->bytes + offset + length + displacement;
    bool is_ud2 = target[0] == 0x0f && target + 1 < v->bytes + v->length && target[1] == 0x0b;
    if (target[0] != INT3 && !is_ud2)
        reject(v, offset, length, 6, "a guarded sequence's jne leads to something else than int3 or ud2");
}

/* Rule 7. */
static void check_import(struct verification *v, size_t offset, size_t length) {
    size_t end = offset + length;
    uint32_t slot = (uint32_t)(v->address + end + (uint64_t)read_displacement(v->bytes + end, 4));

    if (v->naming)
        return;
    if (slot % 8 != 0)
        reject(v, offset, length, 7, "import-table entry not aligned to 8 bytes");
    else if (slot < v->imports.start || (uint64_t)slot + 8 > v->imports.end)
        reject(v, offset, length, 7, "indirect branch through memory outside the import table");
}

/* Rule 7, table jumps: what the verdict on the jump at offset is. Nothing may branch to the sequence's last three
 * instructions. */
static const char *check_table_jump(struct verification *v, size_t offset, size_t length) {
    const size_t places[TABLE_PLACES] = {v->before[2], v->before[1], v->before[0], offset, offset + length};
    struct table_jump jump;

    if (!orc_match_table_jump(v->bytes, places, &jump))
        return "jump through memory outside a guarded sequence";
    clear_bit(v->starts, places[TABLE_BRANCH]);
    clear_bit(v->starts, places[TABLE_ADDRESS]);
    clear_bit(v->starts, places[TABLE_JUMP]);
    uint32_t table = (uint32_t)(v->address + places[TABLE_JUMP] + (uint64_t)(int64_t)jump.table);
    uint64_t from_start = (uint64_t)table - v->jumps.start;
    if (table < v->jumps.start || from_start % 8 != 0 ||
        from_start / 8 + (uint64_t)jump.last >= v->jumps.count)
        return "table jump beyond the jump tables, or between their entries";
    return NULL;
}

/* Rule 7: each entry of the jump tables leads where a direct branch may. */
static void check_table_entries(struct verification *v) {
    for (uint32_t i = 0; i < v->jumps.count && !v->stopped; i++) {
        uint64_t target = v->jumps.entries[i] - v->address;
        bool inside = v->jumps.entries[i] >= v->address && v->length > 0 && target < v->length - 1;
        if (!inside && !v->naming)
            reject(v, v->length, 0, 7, "jump-table entry that leads out of the text range, or to its last byte");
        else if (inside && !v->naming)
            set_bit(v->targets, (size_t)target);
        else if (inside && !get_bit(v->starts, (size_t)target))
            reject(v, (size_t)target, 1, 7, "jump-table entry that leads into an instruction or a guarded sequence");
    }
}

/* Rule 6. Returns the length of the guarded sequence's rest, 0 if there is none. */
static size_t check_guard(struct verification *v, size_t offset) {
    struct guard guard;

    if (v->zero_extended == NO_REGISTER ||
        !orc_match_guard(v->bytes + offset, v->length - offset, v->zero_extended, &guard))
        return 0;
    for (unsigned i = 0; i < guard.trap_count && !v->stopped; i++)
        check_trap(v, offset + guard.traps[i].start, guard.traps[i].length, guard.traps[i].displacement);
    return guard.length;
}

/* --- The pass
 * -------------------------------------------------------------------------------------------------- */

/* Rule 6, the mark: called when the next occurrence of it begins before the end of the instruction. */
static void check_marks(struct verification *v, size_t offset, size_t length) {
    while (v->next_mark < offset + length) {
        if (v->next_mark != offset && !v->naming && !v->stopped)
            reject(v, offset, length, 6, "the bytes of endbr64 inside or across instructions");
        size_t from = v->next_mark + 1;
        const uint8_t *found = memmem(v->bytes + from, v->length - from, mark, MARK_SIZE);
        v->next_mark = found ? (size_t)(found - v->bytes) : SIZE_MAX;
    }
}

/* Judges a rejected instruction again, to tell which rules it breaks. */
static void reject_violations(struct verification *v, size_t offset) {
    struct violations violations;
    struct instruction instruction =
        orc_judge_instruction(&v->decoder, v->bytes + offset, v->length - offset, &violations);

    v->rejected = true;
    for (unsigned i = 0; i < violations.count && !v->stopped && !v->naming; i++)
        reject(v, offset, instruction.length, violations.list[i].rule, violations.list[i].reason);
}

/* The register that the instruction zero-extends, or NO_REGISTER. */
static unsigned zero_extended_register(struct instruction instruction, struct shape shape) {
    if (shape.key == 0 || instruction.zero_extended == ZERO_EXTENDS_NOTHING)
        return NO_REGISTER;
    return instruction.zero_extended == ZERO_EXTENDS_REG ? shape.reg : shape.rm;
}

/* Checks the instruction at offset, or the guarded sequence from there. Returns its length. */
static size_t step(struct verification *v, size_t offset) {
    struct shape shape = {0};
    struct instruction instruction = judge_at(v, offset, &shape);
    size_t length = instruction.length, guard_length;
    const char *reason;

    if (!v->naming)
        set_bit(v->starts, offset);
    switch (instruction.kind) {
    case KIND_PLAIN:
        break;
    case KIND_BRANCH:
        check_target(v, offset, length,
                     read_displacement(v->bytes + offset + length, instruction.relative_bytes));
        break;
    case KIND_CODE_READ:
        guard_length = check_guard(v, offset);
        if (guard_length) {
            v->zero_extended = NO_REGISTER;
            clear_bit(v->starts, offset);
            return guard_length;
        }
        reject_violations(v, offset);
        break;
    case KIND_THROUGH_TABLE:
        check_import(v, offset, length);
        break;
    case KIND_TABLE_JUMP:
        reason = check_table_jump(v, offset, length);
        if (reason && !v->naming)
            reject(v, offset, length, 7, reason);
        break;
    default:
        reject_violations(v, offset);
        break;
    }
    v->zero_extended = zero_extended_register(instruction, shape);
    return length;
}

static void walk(struct verification *v) {
    size_t offset = 0;

    v->zero_extended = NO_REGISTER;
    memset(v->before, 0, sizeof v->before);
    v->next_mark = 0;
    const uint8_t *found = memmem(v->bytes, v->length, mark, MARK_SIZE);
    v->next_mark = found ? (size_t)(found - v->bytes) : SIZE_MAX;
    while (offset < v->length && !v->stopped) {
        size_t length = step(v, offset);
        if (v->next_mark < offset + length)
            check_marks(v, offset, length);
        v->before[2] = v->before[1];
        v->before[1] = v->before[0];
        v->before[0] = offset;
        offset += length;
    }
}

/* Rule 8. The last 16 bytes are 16 instructions, if the first of these bytes starts one. */
static void check_tail(struct verification *v) {
    size_t tail = v->length < TAIL_SIZE ? v->length : TAIL_SIZE;
    size_t start = v->length - tail, int3_count = 0;

    while (int3_count < tail && v->bytes[start + int3_count] == INT3)
        int3_count++;
    if (int3_count < TAIL_SIZE || !get_bit(v->starts, start))
        reject(v, start, tail, 8, "the text doesn't end in 16 int3");
}

static bool targets_are_starts(const struct verification *v) {
    for (size_t i = 0; i < bitmap_words(v->length); i++)
        if (v->targets[i] & ~v->starts[i])
            return false;
    return true;
}

static enum orc_verdict verify(struct verification *v) {
    walk(v);
    if (!v->stopped)
        check_tail(v);
    check_table_entries(v);
    if (!v->stopped && !targets_are_starts(v)) {
        v->rejected = true;
        v->naming = true;
        if (v->report) {
            walk(v);
            check_table_entries(v);
        }
    }
    return v->rejected ? ORC_VERIFY_REJECTED : ORC_VERIFY_ACCEPTED;
}

enum orc_verdict orc_verify_text(const uint8_t *bytes, size_t length, uint32_t address,
                                 struct orc_import_table imports, struct orc_jump_tables jumps,
                                 orc_report_function *report, void *context) {
    struct verification v = {
        .bytes = bytes ? bytes : (const uint8_t *)"",
        .length = length,
        .address = address,
        .imports = imports,
        .jumps = jumps,
        .report = report,
        .context = context,
    };
    enum orc_verdict verdict = ORC_VERIFY_FAILED;

    if (length > CODE_SPACE_SIZE - (uint64_t)address || (!bytes && length) || (!jumps.entries && jumps.count) ||
        jumps.start + 8 * (uint64_t)jumps.count > CODE_SPACE_SIZE)
        return ORC_VERIFY_FAILED;
    if (ZYAN_FAILED(ZydisDecoderInit(&v.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
        return ORC_VERIFY_FAILED;
    v.cache = calloc(CACHE_SIZE, sizeof *v.cache);
    v.starts = calloc(bitmap_words(length), sizeof *v.starts);
    v.targets = calloc(bitmap_words(length), sizeof *v.targets);
    if (v.cache && v.starts && v.targets)
        verdict = verify(&v);
    free(v.cache);
    free(v.starts);
    free(v.targets);
    return verdict;
}
