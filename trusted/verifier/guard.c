/* The guarded sequences of rules 6 and 7. Each is matched byte by byte in the one encoding that assemblers
 * emit.
 *
 * Rule 6: T holds the target, zero-extended by the instruction before; S is scratch. Both sequences go on
 * only if the bytes at T are f3 0f 1e fa, and none of their own instructions changes T.
 *
 *   form A   movl (T),S ; addl $0x05e1f00d,S ; jne TRAP ; call *T | jmp *T
 *   form B   cmpl $0x1e0ff390,-1(T) ; jne TRAP ; cmpb $0xfa,3(T) ; jne TRAP ; call *T | jmp *T
 *
 * 0x05e1f00d is the mark negated, so that the mark itself never stands in text.
 *
 * Rule 7: T is an index and B the address of a jump table, which has an entry for each T that gets past the
 * `ja`.
 *
 *   cmpl|cmpq $LAST,T ; ja ANYWHERE ; leal TABLE(%rip),B ; jmp *%gs:(B,T,8)
 */
#include "verifier_internal.h"

#include <string.h>

#define REGISTER_RSP 4

struct cursor {
    const uint8_t *bytes;
    size_t available;
    unsigned at;
};

static bool take(struct cursor *cursor, const uint8_t *expected, unsigned count) {
    if (cursor->available - cursor->at < count || memcmp(cursor->bytes + cursor->at, expected, count) != 0)
        return false;
    cursor->at += count;
    return true;
}

static unsigned put_rex(uint8_t *out, unsigned reg, unsigned base) {
    if (reg < 8 && base < 8)
        return 0;
    out[0] = (uint8_t)(0x40 | (reg >> 3) << 2 | base >> 3);
    return 1;
}

/* Opcode with a memory operand disp(base), an 8-bit displacement: REX, opcode, ModRM, SIB, displacement. A
 * displacement of zero is left out where the encoding has a form without one. */
static unsigned put_memory_form(uint8_t *out, uint8_t opcode, unsigned reg, unsigned base,
                                int8_t displacement) {
    bool has_displacement = displacement != 0 || (base & 7) == 5;
    unsigned n = put_rex(out, reg, base);

    out[n++] = opcode;
    out[n++] = (uint8_t)((has_displacement ? 0x40 : 0) | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == 4)
        out[n++] = 0x24;
    if (has_displacement)
        out[n++] = (uint8_t)displacement;
    return n;
}

static bool take_trap_jump(struct cursor *cursor, struct guard *guard) {
    static const uint8_t jne_near[] = {0x75}, jne_far[] = {0x0f, 0x85};
    unsigned start = cursor->at, width;
    int32_t displacement;

    if (take(cursor, jne_near, sizeof jne_near))
        width = 1;
    else if (take(cursor, jne_far, sizeof jne_far))
        width = 4;
    else
        return false;
    if (cursor->available - cursor->at < width)
        return false;
    if (width == 1)
        displacement = (int8_t)cursor->bytes[cursor->at];
    else
        memcpy(&displacement, cursor->bytes + cursor->at, sizeof displacement);
    cursor->at += width;
    guard->traps[guard->trap_count].start = start;
    guard->traps[guard->trap_count].length = cursor->at - start;
    guard->traps[guard->trap_count].displacement = displacement;
    guard->trap_count++;
    return true;
}

static bool take_indirect_branch(struct cursor *cursor, unsigned target) {
    uint8_t call[3], jump[3];
    unsigned n = put_rex(call, 0, target);

    memcpy(jump, call, n);
    call[n] = jump[n] = 0xff;
    call[n + 1] = (uint8_t)(0xd0 | (target & 7));
    jump[n + 1] = (uint8_t)(0xe0 | (target & 7));
    return take(cursor, call, n + 2) || take(cursor, jump, n + 2);
}

static bool take_add(struct cursor *cursor, unsigned scratch) {
    static const uint8_t add_eax[] = {0x05, 0x0d, 0xf0, 0xe1, 0x05};
    uint8_t add[7];
    unsigned n = put_rex(add, 0, scratch);

    add[n] = 0x81;
    add[n + 1] = (uint8_t)(0xc0 | (scratch & 7));
    memcpy(add + n + 2, add_eax + 1, 4);
    return take(cursor, add, n + 6) || (scratch == 0 && take(cursor, add_eax, sizeof add_eax));
}

static bool match_form_a(struct cursor *cursor, unsigned target, unsigned scratch, struct guard *guard) {
    uint8_t load[8];
    unsigned n = put_memory_form(load, 0x8b, scratch, target, 0);

    return take(cursor, load, n) && take_add(cursor, scratch) && take_trap_jump(cursor, guard) &&
           take_indirect_branch(cursor, target);
}

static bool match_form_b(struct cursor *cursor, unsigned target, struct guard *guard) {
    static const uint8_t first_bytes[] = {0x90, 0xf3, 0x0f, 0x1e}, last_byte[] = {0xfa};
    uint8_t compare[8];
    unsigned n = put_memory_form(compare, 0x81, 7, target, -1);

    if (!take(cursor, compare, n) || !take(cursor, first_bytes, sizeof first_bytes) ||
        !take_trap_jump(cursor, guard))
        return false;
    n = put_memory_form(compare, 0x80, 7, target, 3);
    return take(cursor, compare, n) && take(cursor, last_byte, sizeof last_byte) &&
           take_trap_jump(cursor, guard) && take_indirect_branch(cursor, target);
}

bool orc_match_guard(const uint8_t *bytes, size_t available, unsigned target_register, struct guard *guard) {
    struct cursor cursor = {bytes, available, 0};
    bool matched;

    guard->trap_count = 0;
    if (target_register == REGISTER_RSP || available < 3)
        return false;
    bool has_rex = (bytes[0] & 0xf0) == 0x40;
    if (bytes[has_rex] == 0x8b) {
        unsigned scratch = (bytes[has_rex + 1] >> 3 & 7) | (has_rex ? (bytes[0] & 4u) << 1 : 0);
        if (scratch == REGISTER_RSP || scratch == target_register)
            return false;
        matched = match_form_a(&cursor, target_register, scratch, guard);
    } else {
        matched = match_form_b(&cursor, target_register, guard);
    }
    guard->length = cursor.at;
    return matched;
}

/* cmpl $LAST,T with an immediate of 8 or 32 bits, or cmpq with the same. T is at most LAST behind the `ja`:
 * the immediate isn't negative, so all 64 bits of it are known. */
static bool match_compare(const uint8_t *at, size_t length, unsigned *index, int32_t *last) {
    unsigned rex = 0;

    if (length > 0 && (*at & 0xf0) == 0x40) {
        rex = *at++;
        length--;
    }
    if (rex & 6) /* R and X mean nothing here */
        return false;
    *index = (rex & 1) << 3;
    if (length == 5 && at[0] == 0x3d && *index == 0) {
        memcpy(last, at + 1, sizeof *last);
        return *last >= 0;
    }
    if ((length != 3 || at[0] != 0x83) && (length != 6 || at[0] != 0x81))
        return false;
    if ((at[1] & 0xf8) != 0xf8)
        return false;
    *index |= at[1] & 7;
    if (length == 3)
        *last = (int8_t)at[2];
    else
        memcpy(last, at + 2, sizeof *last);
    return *last >= 0;
}

static bool match_above(const uint8_t *at, size_t length) {
    return (length == 2 && at[0] == 0x77) || (length == 6 && at[0] == 0x0f && at[1] == 0x87);
}

static bool match_address(const uint8_t *at, size_t length, unsigned *base, int32_t *table) {
    bool extended = length == 7 && at[0] == 0x44;

    at += extended;
    length -= extended;
    if (length != 6 || at[0] != 0x8d || (at[1] & 0xc7) != 0x05)
        return false;
    *base = at[1] >> 3 | (unsigned)extended << 3;
    memcpy(table, at + 2, sizeof *table);
    return true;
}

/* A base of number 5 (with the extension bit, too) would mean none. */
static bool match_jump(const uint8_t *at, size_t length, unsigned base, unsigned index) {
    uint8_t expected[6] = {0x65, 0x67};
    unsigned n = 2;

    if (base == index || base == REGISTER_RSP || index == REGISTER_RSP || (base & 7) == 5)
        return false;
    if (base >= 8 || index >= 8)
        expected[n++] = (uint8_t)(0x40 | index >> 3 << 1 | base >> 3);
    expected[n++] = 0xff;
    expected[n++] = 0x24;
    expected[n++] = (uint8_t)(0xc0 | (index & 7) << 3 | (base & 7));
    return length == n && memcmp(at, expected, n) == 0;
}

bool orc_match_table_jump(const uint8_t *bytes, const size_t places[TABLE_PLACES], struct table_jump *jump) {
    const uint8_t *at[TABLE_END];
    size_t length[TABLE_END];
    unsigned index, base;

    for (unsigned i = 0; i < TABLE_END; i++) {
        at[i] = bytes + places[i];
        length[i] = places[i + 1] - places[i];
    }
    return match_compare(at[TABLE_COMPARE], length[TABLE_COMPARE], &index, &jump->last) &&
           match_above(at[TABLE_BRANCH], length[TABLE_BRANCH]) &&
           match_address(at[TABLE_ADDRESS], length[TABLE_ADDRESS], &base, &jump->table) &&
           match_jump(at[TABLE_JUMP], length[TABLE_JUMP], base, index);
}
