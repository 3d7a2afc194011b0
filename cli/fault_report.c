#include "fault_report.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "program_file.h"
#include "text.h"

#define SHOWN_FRAMES 24

struct place {
    uint32_t address;
    struct orc_object_statistics object;
    bool found;
};

static bool holds_place(void *context, const struct orc_object_statistics *object) {
    struct place *place = context;
    if (place->address < object->base || place->address - object->base >= object->size)
        return true;
    place->object = *object;
    place->found = true;
    return false;
}

/* `OBJECT+0xOFFSET (function+0xDISTANCE)`. */
static void print_place(struct orc_cell *cell, uint32_t address, const struct symbol_file *files,
                        size_t file_count) {
    struct place place = {.address = address};
    char symbol[128];
    uint32_t distance;
    orc_cell_objects(cell, holds_place, &place);
    if (!place.found) {
        fprintf(stderr, "0x%x (no object stands there)", address);
        return;
    }
    uint32_t offset = address - place.object.base;
    const struct symbol_file *file = NULL;
    for (size_t i = 0; i < file_count && !file; i++) {
        uint8_t hash[ORC_HASH_SIZE];
        if (files[i].fd >= 0 && program_file_hash(files[i].fd, hash) &&
            memcmp(hash, place.object.hash, sizeof hash) == 0)
            file = &files[i];
    }
    if (file)
        fputs(file->name, stderr);
    else
        print_plain(stderr, place.object.name[0] ? place.object.name : "object",
                    strnlen(place.object.name[0] ? place.object.name : "object", 64));
    fprintf(stderr, "+0x%x", offset);
    if (file && program_file_symbol(file->fd, offset, symbol, sizeof symbol, &distance))
        fprintf(stderr, " (%s+0x%x)", symbol, distance);
}

void print_fault_registers(const struct orc_fault *fault) {
    const struct orc_registers *r = &fault->registers;
    const struct {
        const char *name;
        uint64_t value;
    } shown[] = {
        {"rax", r->rax}, {"rbx", r->rbx}, {"rcx", r->rcx}, {"rdx", r->rdx}, {"rsi", r->rsi},
        {"rdi", r->rdi}, {"rbp", r->rbp}, {"r8", r->r8},   {"r9", r->r9},   {"r10", r->r10},
        {"r11", r->r11}, {"r12", r->r12}, {"r13", r->r13}, {"r14", r->r14}, {"r15", r->r15},
    };
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        fprintf(stderr, "%s%-3s %016llx%s", i % 4 == 0 ? "    " : "  ", shown[i].name,
                (unsigned long long)shown[i].value, i % 4 == 3 ? "\n" : "");
    fprintf(stderr, "  flags %llx\n", (unsigned long long)fault->flags);
}

static void print_kind(const struct orc_fault *fault) {
    switch (fault->kind) {
    case ORC_FAULT_DATA:
        if (fault->signal == SIGBUS) {
            fprintf(stderr, "access to address 0x%x, past the end of a mapped file (or it can't be read)\n",
                    fault->address);
            break;
        }
        fprintf(stderr, "bad access to address 0x%x%s\n", fault->address,
                fault->address < 65536 ? " (a null pointer?)" : "");
        break;
    case ORC_FAULT_CODE:
        fprintf(stderr, "jump to 0x%x, where no code is%s\n", fault->address,
                fault->address < 65536 ? " (a null function pointer, or an unbound import)" : "");
        break;
    case ORC_FAULT_MEMORY:
        fprintf(stderr, "out of memory: a write to address 0x%x, in a private file mapping, is beyond the quota\n",
                fault->address);
        break;
    case ORC_FAULT_CONTROL_STACK:
        fprintf(stderr, "calls nested too deep (endless recursion?)\n");
        break;
    default:
        fprintf(stderr, "the instruction can't be executed (a trap, abort() or a division by zero?)\n");
    }
}

void print_fault_report(struct orc_cell *cell, const char *compartment, const struct orc_fault *fault,
                        const struct symbol_file *files, size_t file_count) {
    fprintf(stderr, "orc run: %s: %s: ", compartment, signal_name(fault->signal));
    print_kind(fault);
    fputs("    at ", stderr);
    print_place(cell, fault->instruction, files, file_count);
    fputc('\n', stderr);
    unsigned count = fault->frame_count < ORC_FAULT_FRAMES ? fault->frame_count : ORC_FAULT_FRAMES;
    for (unsigned i = 0; i < count && i < SHOWN_FRAMES; i++) {
        /* A return address stands behind its call: one byte back is inside it. */
        fputs("    called from ", stderr);
        print_place(cell, fault->frames[i] - 1, files, file_count);
        fputc('\n', stderr);
    }
    if (count > SHOWN_FRAMES)
        fputs("    ...\n", stderr);
    print_fault_registers(fault);
}
