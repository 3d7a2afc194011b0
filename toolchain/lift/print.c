/* Writes instructions as AT&T assembly, as clang reads it. */
#include "lift.h"

#include "../common/att.h"

#include <elf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void emit(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(text->out, format, arguments);
    va_end(arguments);
    fputc('\n', text->out);
}

/* ---- operands ---- */

void print_register(struct text *text, const struct instruction *instruction, ZydisRegister name) {
    ZydisRegisterClass class = ZydisRegisterGetClass(name);
    if (class == ZYDIS_REGCLASS_X87)
        fprintf(text->out, "%%st(%d)", ZydisRegisterGetId(name));
    else
        fprintf(text->out, "%%%s", ZydisRegisterGetString(renamed(text, instruction, name)));
}

static bool holds_displacement(const struct instruction *instruction) {
    return instruction->relocation &&
           instruction->relocation->offset ==
               (uint64_t)instruction->offset + instruction->decoded.raw.disp.offset;
}

/* A place of this object, as the source has it: so and so far from a label. */
static void print_place(struct text *text, const struct instruction *instruction, struct place place) {
    const struct object *object = text->object;
    struct place from;
    bool counts = place_of(object, instruction->displacement.from, &from) && from.section == place.section &&
                  is_text(&object->sections[place.section]) &&
                  (is_in_table(object, from) || !is_in_table(object, place));
    if (!counts)
        from = place;
    fputs(name_of(object, from), text->out);
    if (place.offset != from.offset)
        fprintf(text->out, "%+ld", (long)(place.offset - from.offset));
}

/* Relative to the instruction pointer. */
static void print_relative(struct text *text, const struct instruction *instruction, int64_t displacement) {
    const struct relocation *relocation = instruction->relocation;
    int64_t end = (int64_t)instruction->offset + instruction->length;
    struct place place = {text->section, end + displacement, false};
    if (!relocation) {
        print_place(text, instruction, place);
        return;
    }
    int64_t addend = relocation->addend + end - (int64_t)relocation->offset;
    if (local_place(text->object, relocation->symbol, addend, &place.section, &place.offset) &&
        is_text(&text->object->sections[place.section]))
        print_place(text, instruction, place);
    else
        fputs(relocation_value(text, relocation, addend), text->out);
}

static const char *modifier_of(uint32_t type) {
    switch (type) {
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
        return "GOTPCREL";
    case R_X86_64_GOTTPOFF:
        return "GOTTPOFF";
    case R_X86_64_TPOFF32:
        return "TPOFF";
    default:
        return NULL;
    }
}

static void print_displacement(struct text *text, const struct instruction *instruction,
                               const ZydisDecodedOperandMem *memory) {
    const struct relocation *relocation = instruction->relocation;
    bool is_relative = memory->base == ZYDIS_REGISTER_RIP;
    bool relocated = holds_displacement(instruction);
    const char *modifier = relocated ? modifier_of(relocation->type) : NULL;
    int64_t value = relocated
                        ? relocation->addend + (int64_t)text->object->symbols[relocation->symbol].value -
                              (int64_t)relocation->offset
                        : memory->disp.value;
    if (!is_relative && print_distance(text, instruction, &instruction->displacement, value))
        return;
    if (!relocated && !is_relative) {
        if (memory->disp.value ||
            (memory->base == ZYDIS_REGISTER_NONE && memory->index == ZYDIS_REGISTER_NONE))
            fprintf(text->out, "%lld", (long long)memory->disp.value);
    } else if (modifier) {
        fprintf(text->out, "%s@%s", text->object->symbols[relocation->symbol].name, modifier);
    } else if (is_relative &&
               (!relocated || relocation->type == R_X86_64_PC32 || relocation->type == R_X86_64_PLT32)) {
        print_relative(text, instruction, memory->disp.value);
    } else if (relocation->type == R_X86_64_PC32) {
        /* The distance from the start of the text, whose address another register holds. */
        fprintf(text->out, "%s-.Lorc_text%d",
                relocation_value(text, relocation, relocation->addend - (int64_t)relocation->offset),
                text->section);
    } else {
        refuse(text, instruction, 2,
               "an absolute address of 32 bits: an object's place isn't known before it's loaded (%s)",
               instruction->note ? "count from %rip" : "assemble with -DPIC");
    }
}

void print_memory(struct text *text, const struct instruction *instruction,
                  const ZydisDecodedOperand *operand) {
    const ZydisDecodedOperandMem *memory = &operand->mem;
    if (memory->segment == ZYDIS_REGISTER_FS || memory->segment == ZYDIS_REGISTER_GS)
        fprintf(text->out, "%%%s:", ZydisRegisterGetString(memory->segment));
    print_displacement(text, instruction, memory);
    if (memory->base == ZYDIS_REGISTER_NONE && memory->index == ZYDIS_REGISTER_NONE)
        return;
    fputc('(', text->out);
    if (memory->base != ZYDIS_REGISTER_NONE)
        print_register(text, instruction, memory->base);
    if (memory->index != ZYDIS_REGISTER_NONE) {
        fputc(',', text->out);
        print_register(text, instruction, memory->index);
        fprintf(text->out, ",%d", memory->scale);
    }
    fputc(')', text->out);
}

static void print_immediate(struct text *text, const struct instruction *instruction,
                            const ZydisDecodedOperand *operand) {
    if (operand->imm.is_relative) {
        const struct relocation *relocation = instruction->relocation;
        int64_t end = (int64_t)instruction->offset + instruction->length;
        if (relocation)
            fputs(relocation_value(text, relocation, relocation->addend + end - (int64_t)relocation->offset),
                  text->out);
        else
            fputs(place_name(text->object, text->section, (uint64_t)(end + operand->imm.value.s)), text->out);
    } else if (instruction->immediate.less) {
        fputc('$', text->out);
        print_distance(text, instruction, &instruction->immediate,
                       operand->imm.is_signed ? operand->imm.value.s : (int64_t)operand->imm.value.u);
    } else if (instruction->relocation && !holds_displacement(instruction)) {
        refuse(text, instruction, 2,
               "an address as a constant: an object's place isn't known before it's loaded (%s)",
               instruction->note ? "load it with lea, relative to %rip" : "assemble with -DPIC");
    } else if (operand->imm.is_signed) {
        fprintf(text->out, "$%lld", (long long)operand->imm.value.s);
    } else {
        fprintf(text->out, "$%#llx", (unsigned long long)operand->imm.value.u);
    }
}

static void print_operand(struct text *text, const struct instruction *instruction,
                          const ZydisDecodedOperand *operand) {
    bool indirect = (instruction->decoded.meta.category == ZYDIS_CATEGORY_CALL ||
                     instruction->decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR) &&
                    operand->type != ZYDIS_OPERAND_TYPE_IMMEDIATE;
    if (indirect)
        fputc('*', text->out);
    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
        print_register(text, instruction, operand->reg.value);
    else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
        print_memory(text, instruction, operand);
    else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        print_immediate(text, instruction, operand);
    else
        refuse(text, instruction, 1, "an operand that guest code can't have");
}

/* ---- mnemonics ---- */

static const ZydisDecodedOperand *memory_operand(const struct instruction *instruction) {
    for (int k = 0; k < instruction->decoded.operand_count_visible; k++)
        if (instruction->operands[k].type == ZYDIS_OPERAND_TYPE_MEMORY)
            return &instruction->operands[k];
    return NULL;
}

/* Nothing is aligned to more than 16 bytes on the stack. */
static const char *unaligned_mnemonic(const struct instruction *instruction) {
    const ZydisDecodedOperand *memory = memory_operand(instruction);
    if (!memory || memory->size != 256)
        return NULL;
    switch (instruction->decoded.mnemonic) {
    case ZYDIS_MNEMONIC_VMOVAPS:
        return "vmovups";
    case ZYDIS_MNEMONIC_VMOVAPD:
        return "vmovupd";
    case ZYDIS_MNEMONIC_VMOVDQA:
        return "vmovdqu";
    default:
        return NULL;
    }
}

static void print_mnemonic(struct text *text, const struct instruction *instruction) {
    const char *unaligned = unaligned_mnemonic(instruction);
    if (unaligned)
        fputs(unaligned, text->out);
    else
        print_att_mnemonic(text->out, &instruction->decoded, instruction->operands);
}

/* ---- instructions ---- */

/* The rewriter's guard changes %r11, or %r10 if the target is in %r11. Hand-written code may know that what
 * it calls leaves that register alone. (Then it's a local convention, without arguments on the stack.) */
static const char *guard_scratch(const struct text *text, const struct instruction *instruction) {
    if (!calls_out(instruction) || instruction->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return NULL;
    int scratch = instruction->operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                          renamed(text, instruction, instruction->operands[0].reg.value) == ZYDIS_REGISTER_R11
                      ? R10
                      : R11;
    if (!(instruction->live & 1u << scratch))
        return NULL;
    return scratch == R10 ? "r10" : "r11";
}

/* A call, with what must not be lost meanwhile: in the slot of the return address, which is none of anybody's
 * in a compartment, so that arguments on the stack stay where they are; and on the stack if there are two
 * such registers. */
static void print_call(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    const char *scratch = guard_scratch(text, instruction);
    bool keeps = group->spilled != NONE && calls_out(instruction) && instruction->live & 1u << group->spilled;
    bool both = keeps && scratch;
    if (group->registers & 1u << RBP && shares_frame(text, instruction)) {
        print_shared_call(text, instruction);
        return;
    }
    if (both)
        emit(text, "\tleaq\t-16(%%rsp), %%rsp\n\tmovq\t%%%s, (%%rsp)", scratch);
    else if (scratch)
        emit(text, "\tmovq\t%%%s, -8(%%rsp)", scratch);
    if (keeps)
        emit(text, "\t%sq\t%%%s, -8(%%rsp)", keeper_move(text, instruction, group->keeper),
             keeper_name(group->keeper));
    if (calls_out(instruction))
        free_x87(text, instruction);
    print_plain(text, instruction);
    if (keeps)
        emit(text, "\t%sq\t-8(%%rsp), %%%s", keeper_move(text, instruction, group->keeper),
             keeper_name(group->keeper));
    if (both)
        emit(text, "\tmovq\t(%%rsp), %%%s\n\tleaq\t16(%%rsp), %%rsp", scratch);
    else if (scratch)
        emit(text, "\tmovq\t-8(%%rsp), %%%s", scratch);
}

static bool is_return(const struct instruction *instruction) {
    return instruction->decoded.meta.category == ZYDIS_CATEGORY_RET;
}

static void print_return(struct text *text, const struct instruction *instruction) {
    free_x87(text, instruction);
    emit(text, "\tretq");
}

static bool is_plain_string_operation(const struct instruction *instruction) {
    return instruction->decoded.meta.category == ZYDIS_CATEGORY_STRINGOP;
}

/* `lea rcx, [ecx*4]` computes 32 bits, and the rewriter takes all addresses of `lea` for 64 bits wide: so the
 * result is 32 bits wide. */
static bool print_narrow_address(struct text *text, const struct instruction *instruction) {
    const ZydisDecodedOperand *result = &instruction->operands[0];
    if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_LEA || instruction->decoded.address_width != 32 ||
        result->size != 64)
        return false;
    fputs("\tleal\t", text->out);
    print_memory(text, instruction, &instruction->operands[1]);
    fputs(", ", text->out);
    print_register(text, instruction,
                   ZydisRegisterEncode(ZYDIS_REGCLASS_GPR32, (ZyanU8)ZydisRegisterGetId(result->reg.value)));
    fputc('\n', text->out);
    return true;
}

/* `movabs $symbol, %rax` and the like: the address is known relative to the instruction pointer. */
static bool print_address(struct text *text, const struct instruction *instruction) {
    const struct relocation *relocation = instruction->relocation;
    const ZydisDecodedOperand *operands = instruction->operands;
    if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_MOV || !relocation || !instruction->note ||
        operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER || operands[0].size < 32 ||
        operands[1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE || instruction->immediate.less ||
        (relocation->type != R_X86_64_64 && relocation->type != R_X86_64_32 &&
         relocation->type != R_X86_64_32S))
        return false;
    emit(text, "\tlea%s\t%s(%%rip), %%%s", operands[0].size == 64 ? "q" : "l",
         relocation_value(text, relocation, relocation->addend),
         ZydisRegisterGetString(renamed(text, instruction, operands[0].reg.value)));
    return true;
}

static bool is_high_byte(const ZydisDecodedOperand *operand) {
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value >= ZYDIS_REGISTER_AH &&
           operand->reg.value <= ZYDIS_REGISTER_BH;
}

/* `movzbl %ah, %ebp` where %ebp has become %r13d: %ah has no name beside such registers. One that has changes
 * places with it for the instruction. */
static bool print_beside_high_byte(struct text *text, const struct instruction *instruction) {
    static const ZydisRegister low[] = {ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_RDX, ZYDIS_REGISTER_RCX,
                                        ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDI};
    bool high = false;
    int number = NONE;
    for (int k = 0; k < instruction->decoded.operand_count_visible; k++)
        high |= is_high_byte(&instruction->operands[k]);
    for (int source = 0; high && source < 16; source++) {
        int now = general_register(renamed(text, instruction, same_class(ZYDIS_REGISTER_RAX, source)));
        if ((instruction->reads | instruction->writes) & 1u << source && now >= R8)
            number = source;
    }
    if (number == NONE || text->exchanged)
        return false;
    const char *name =
        ZydisRegisterGetString(renamed(text, instruction, same_class(ZYDIS_REGISTER_RAX, number)));
    for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
        int other = general_register(low[i]);
        if ((instruction->reads | instruction->writes) & 1u << other)
            continue;
        int spilled = text->spilled, spill_register = text->spill_register;
        emit(text, "\txchgq\t%%%s, %%%s", ZydisRegisterGetString(low[i]), name);
        text->exchanged = true;
        text->exchanged_from = number;
        text->exchanged_to = other;
        print_plain(text, instruction);
        text->exchanged = false;
        text->spilled = spilled;
        text->spill_register = spill_register;
        emit(text, "\txchgq\t%%%s, %%%s", ZydisRegisterGetString(low[i]), name);
        return true;
    }
    refuse(text, instruction, 4, "no register is free that can stand beside a high byte");
    return true;
}

void print_plain(struct text *text, const struct instruction *instruction) {
    if (print_narrow_address(text, instruction) || print_address(text, instruction) ||
        print_beside_high_byte(text, instruction) || print_stack_operation(text, instruction))
        return;
    fputc('\t', text->out);
    if (instruction->decoded.attributes & ZYDIS_ATTRIB_HAS_LOCK)
        fputs("lock\t", text->out);
    print_mnemonic(text, instruction);
    for (int k = instruction->decoded.operand_count_visible - 1; k >= 0; k--) {
        fputs(k == instruction->decoded.operand_count_visible - 1 ? "\t" : ", ", text->out);
        print_operand(text, instruction, &instruction->operands[k]);
    }
    fputc('\n', text->out);
}

static void print_string_operation(struct text *text, const struct instruction *instruction) {
    fputc('\t', text->out);
    print_att_string_operation(text->out, &instruction->decoded);
    fputc('\n', text->out);
}

/* What it does with the register that %rbp has become. */
static void print_leave(struct text *text, const struct instruction *instruction) {
    const char *frame = ZydisRegisterGetString(renamed(text, instruction, ZYDIS_REGISTER_RBP));
    emit(text, "\tmovq\t%%%s, %%rsp\n\tpopq\t%%%s", frame, frame);
}

static void print_other(struct text *text, const struct instruction *instruction) {
    ZydisInstructionCategory category = instruction->decoded.meta.category;
    bool jumps = category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_COND_BR;
    if (jumps && instruction->target == NONE)
        free_x87(text, instruction);
    print_plain(text, instruction);
}

void print_instruction(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    bool names_spilled =
        group->spilled != NONE && (instruction->reads | instruction->writes) & 1u << group->spilled;
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_NOP)
        emit(text, "\tnop");
    else if (is_return(instruction) && instruction->decoded.operand_count_visible == 0)
        print_return(text, instruction); /* without the prefix that some put before it */
    else if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_LEAVE && group->replacement != NONE &&
             !names_spilled)
        print_leave(text, instruction);
    else if (names_spilled)
        print_spilled(text, instruction);
    else if (is_plain_string_operation(instruction))
        print_string_operation(text, instruction);
    else if (is_gather(instruction))
        print_gather(text, instruction);
    else if (instruction->decoded.meta.category == ZYDIS_CATEGORY_CALL)
        print_call(text, instruction);
    else
        print_other(text, instruction);
}
