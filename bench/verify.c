/* How fast the verifier is: MB/s on one core, the median of several runs.
 *
 * usage: verify-bench [FILE...]      FILE: an object, or with the suffix .bin a flat file of text
 * Without files, on a text made here: instructions as the toolchain emits them, in about the proportions of
 * compiled C, with arbitrary registers, displacements and branches.
 */
#include "../embed/file_bytes.h"
#include "../embed/object_file.h"

#include "orc/abi.h"
#include "orc/verifier.h"

#include <Zydis/Zydis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MADE_SIZE (32u << 20)
#define RUNS 9
#define SHORTEST_RUN 0.1 /* seconds */
#define TAIL 64

/* An instruction with `R` random bytes in place of 0xRR and a register picked into the ModRM byte at `modrm`
 * (-1: none). */
struct template {
    const char *bytes;
    unsigned char length;
    signed char modrm;
    unsigned char random; /* how many bytes at the end are random */
    unsigned char weight;
};

#define T(text, modrm, random, weight) {text, sizeof text - 1, modrm, random, weight}
static const struct template templates[] = {
    T("\x65\x67\x48\x8b\x45\x08", 4, 1, 14),     /* movq %gs:N(%ebp),%rax */
    T("\x65\x67\x48\x89\x45\x08", 4, 1, 10),     /* movq %rax,%gs:N(%ebp) */
    T("\x65\x67\x8b\x40\x10", 3, 1, 8),          /* movl %gs:N(%eax),%eax */
    T("\x65\x67\x0f\xb6\x04\x08", -1, 0, 4),     /* movzbl %gs:(%eax,%ecx),%eax */
    T("\x65\x67\xc7\x45\x10\0\0\0\0", -1, 4, 2), /* movl $N,%gs:16(%ebp) */
    T("\x65\x67\x83\x7d\x10\x00", -1, 1, 3),     /* cmpl $N,%gs:16(%ebp) */
    T("\x65\x67\x48\x8b\x05\0\0\0\0", -1, 3, 3), /* movq %gs:N(%eip),%rax */
    T("\x48\x89\xc3", 2, 0, 9),                  /* movq %rax,%rbx */
    T("\x41\x89\xc4", 2, 0, 6),                  /* movl %eax,%r12d */
    T("\x31\xc0", -1, 0, 4),                     /* xorl %eax,%eax */
    T("\xb8\0\0\0\0", -1, 4, 4),                 /* movl $N,%eax */
    T("\x48\x8d\x45\x20", 2, 1, 5),              /* leaq N(%rbp),%rax */
    T("\x48\x8d\x84\xc8\0\0\0\0", -1, 4, 2),     /* leaq N(%rax,%rcx,8),%rax */
    T("\x48\x01\xc8", 2, 0, 4),                  /* addq %rcx,%rax */
    T("\x83\xc0\x01", -1, 1, 4),                 /* addl $N,%eax */
    T("\x48\x83\xf8\x05", -1, 1, 4),             /* cmpq $N,%rax */
    T("\x85\xc0", 1, 0, 6),                      /* testl %eax,%eax */
    T("\x0f\xb6\xc0", 2, 0, 2),                  /* movzbl %al,%eax */
    T("\x48\x63\xd0", 2, 0, 1),                  /* movslq %eax,%rdx */
    T("\xc1\xe0\x03", -1, 0, 2),                 /* shll $3,%eax */
    T("\x0f\x44\xc1", 2, 0, 1),                  /* cmovel %ecx,%eax */
    T("\x0f\x94\xc0", -1, 0, 1),                 /* sete %al */
    T("\x75\x00", -1, 0, 9),                     /* jne */
    T("\x0f\x84\0\0\0\0", -1, 0, 7),             /* je */
    T("\xe9\0\0\0\0", -1, 0, 3),                 /* jmp */
    T("\xe8\0\0\0\0", -1, 0, 7),                 /* call */
    T("\xc3", -1, 0, 2),                         /* ret */
    T("\xf3\x0f\x1e\xfa", -1, 0, 1),             /* endbr64 */
    T("\x66\x0f\x1f\x44\x00\x00", -1, 0, 1),     /* nopw */
    T("\x65\x67\x0f\x10\x00", -1, 0, 1),         /* movups %gs:(%eax),%xmm0 */
    T("\xf2\x0f\x58\xc1", 3, 0, 1),              /* addsd */
    T("\x66\x0f\xfe\xc1", 3, 0, 1),              /* paddd */
    T("\x89\xc0\x44\x8b\x18\x41\x81\xc3\x0d\xf0\xe1\x05\x75\x02\xff\xd0\xcc", -1, 0, 1), /* a guarded call */
};
#undef T
#define TEMPLATE_COUNT (sizeof templates / sizeof templates[0])

static uint32_t next_random(void) {
    static uint64_t state = 88172645463325252u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static const struct template *pick(void) {
    unsigned total = 0, at;

    for (unsigned i = 0; i < TEMPLATE_COUNT; i++)
        total += templates[i].weight;
    at = next_random() % total;
    for (unsigned i = 0;; i++) {
        if (at < templates[i].weight)
            return &templates[i];
        at -= templates[i].weight;
    }
}

/* Other registers in ModRM, none of them number 4. */
static void pick_registers(uint8_t *modrm) {
    static const uint8_t registers[] = {0, 1, 2, 3, 5, 6, 7};
    uint8_t mask = *modrm >> 6 == 3 ? 0xff : 0xf8; /* a base stays */

    *modrm = (uint8_t)((*modrm & 0xc0) |
                       ((registers[next_random() % 7] << 3 | registers[next_random() % 7]) & mask) |
                       (*modrm & ~mask & 0x3f));
}

static uint8_t *make_text(size_t size) {
    uint8_t *text = malloc(size);
    size_t at = 0;

    if (!text)
        abort();
    while (at < size - TAIL) {
        const struct template *template = pick();
        memcpy(text + at, template->bytes, template->length);
        if (template->modrm >= 0)
            pick_registers(text + at + template->modrm);
        for (unsigned i = 1; i <= template->random; i++)
            text[at + template->length - i] = (uint8_t)(next_random() % 128);
        at += template->length;
    }
    memset(text + at, 0xcc, size - at);
    return text;
}

static size_t count_instructions(const uint8_t *text, size_t size) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    size_t count = 0;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (size_t at = 0; at < size; at += instruction.length, count++)
        if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, text + at, size - at, &instruction)))
            instruction.length = 1;
    return count;
}

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Returns false if the text isn't accepted. */
static bool measure(const char *name, const uint8_t *text, size_t size, uint32_t address,
                    struct orc_import_table imports, struct orc_jump_tables jumps) {
    double rates[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        double start = now(), elapsed;
        unsigned count = 0;
        do {
            if (orc_verify_text(text, size, address, imports, jumps, NULL, NULL) != ORC_VERIFY_ACCEPTED) {
                fprintf(stderr, "verify-bench: %s: not accepted\n", name);
                return false;
            }
            count++;
            elapsed = now() - start;
        } while (elapsed < SHORTEST_RUN);
        rates[run] = (double)size * count / elapsed / 1e6;
    }
    qsort(rates, RUNS, sizeof rates[0], compare);
    printf("%-32s %9.3f MB %6.2f bytes/instruction %8.1f MB/s (%.1f to %.1f)\n", name, (double)size / 1e6,
           (double)size / (double)count_instructions(text, size), rates[RUNS / 2], rates[0], rates[RUNS - 1]);
    return true;
}

static bool measure_flat(const char *name) {
    size_t size;
    uint8_t *text = read_file_bytes(name, &size);
    bool accepted;

    if (!text) {
        perror(name);
        return false;
    }
    accepted = measure(name, text, size, ORC_WINDOW, (struct orc_import_table){0, UINT32_MAX},
                       (struct orc_jump_tables){0});
    free(text);
    return accepted;
}

static bool measure_object(const char *name) {
    struct object_file object;
    struct orc_error error;
    bool accepted;

    if (!object_file_open(&object, name, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return false;
    }
    const struct orc_object_layout *layout = &object.note.layout;
    struct orc_import_table imports = {ORC_WINDOW + layout->imports,
                                       ORC_WINDOW + layout->imports + layout->imports_size};
    struct orc_jump_tables jumps;
    accepted = object_file_jumps(&object, ORC_WINDOW, &jumps) &&
               measure(name, object.text, layout->text_size, ORC_WINDOW + layout->text, imports, jumps);
    object_file_close(&object);
    return accepted;
}

int main(int argc, char **argv) {
    bool accepted = true;

    if (argc == 1) {
        uint8_t *text = make_text(MADE_SIZE);
        accepted = measure("made text", text, MADE_SIZE, ORC_WINDOW, (struct orc_import_table){0, 0},
                           (struct orc_jump_tables){0});
        free(text);
    }
    for (int i = 1; i < argc; i++) {
        size_t length = strlen(argv[i]);
        bool flat = length > 4 && strcmp(argv[i] + length - 4, ".bin") == 0;
        accepted &= flat ? measure_flat(argv[i]) : measure_object(argv[i]);
    }
    return accepted ? 0 : 1;
}
