/* Assembly that is spread over files may pass %rbp from one to the other, and each file gives it a register
 * of its own. So between files it's in %mm7, and all other registers are in their own places. A function that
 * is hidden, or that names %rbp and doesn't save it, has a second entry for calls of this kind,
 * __orc_frame_NAME. A caller to which %rbp matters behind the call goes there. It has a weak entry of that
 * name itself, for functions that are ordinary. */
#include "lift.h"

#include "../common/tool.h"

#include <elf.h>
#include <string.h>

#define ENTRY "__orc_frame_"

bool shares_frame(const struct text *text, const struct instruction *instruction) {
    const struct relocation *relocation = instruction->relocation;
    if (!instruction->note || !relocation || !calls_out(instruction) ||
        instruction->operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE || !(instruction->live & 1u << RBP))
        return false;
    const struct symbol *symbol = &text->object->symbols[relocation->symbol];
    return symbol->section == SHN_UNDEF && *symbol->name;
}

/* Pushes it, or stores it. */
static bool saves_frame(const struct instruction *instruction) {
    const ZydisDecodedOperand *operands = instruction->operands;
    if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_PUSH)
        return operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[0].reg.value == ZYDIS_REGISTER_RBP;
    return instruction->decoded.mnemonic == ZYDIS_MNEMONIC_MOV &&
           operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY && operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           operands[1].reg.value == ZYDIS_REGISTER_RBP;
}

/* Another file's assembly has to know about this function's %rbp. */
static bool shows_frame(const struct text *text, const struct region *region) {
    bool names = false;
    for (int i = region->first; i < region->end; i++) {
        const struct instruction *instruction = &text->instructions[i];
        if (saves_frame(instruction))
            return false;
        names |= (instruction->reads | instruction->writes) & 1u << RBP;
    }
    return names;
}

bool is_shared_function(const struct text *text, const struct symbol *symbol) {
    if (!text->object->sections[text->section].contents || symbol->section != text->section ||
        symbol->binding == STB_LOCAL || !*symbol->name ||
        symbol->value >= text->object->sections[text->section].size || text->at[symbol->value] == NONE)
        return false;
    return symbol->visibility == STV_HIDDEN ||
           shows_frame(text, region_of(text, &text->instructions[text->at[symbol->value]]));
}

/* The register that stands for %rbp, and the one that keeps what this held, to and from their places. */
static void leave(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    const char *name = ZydisRegisterGetString(renamed(text, instruction, ZYDIS_REGISTER_RBP));
    emit(text, "\tmovq\t%%%s, %%mm7", name);
    emit(text, "\t%sq\t%%%s, %%%s", keeper_move(text, instruction, group->keeper), keeper_name(group->keeper),
         name);
}

static void enter(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    const char *name = ZydisRegisterGetString(renamed(text, instruction, ZYDIS_REGISTER_RBP));
    emit(text, "\t%sq\t%%%s, %%%s", keeper_move(text, instruction, group->keeper), name,
         keeper_name(group->keeper));
    emit(text, "\tmovq\t%%mm7, %%%s", name);
}

static bool has_frame(const struct region *group) {
    return group->spilled != NONE && group->replacement != NONE;
}

void print_shared_call(struct text *text, const struct instruction *instruction) {
    const struct region *group = group_of(text, instruction);
    const char *name = text->object->symbols[instruction->relocation->symbol].name;
    if (!has_frame(group)) {
        refuse(text, instruction, 4,
               "no register is free for %%rbp, which may be an argument of this function");
        return;
    }
    leave(text, instruction);
    text->object->symbols[instruction->relocation->symbol].called_with_frame = true;
    emit(text, "\t.hidden\t" ENTRY "%s\n\tcallq\t" ENTRY "%s", name, name);
    enter(text, instruction);
}

static void write_entry(struct text *text, const struct symbol *symbol) {
    const struct instruction *first = &text->instructions[text->at[symbol->value]];
    emit(text, "\t.p2align\t4\n\t.globl\t" ENTRY "%s\n\t.hidden\t" ENTRY "%s\n\t.type\t" ENTRY "%s,@function",
         symbol->name, symbol->name, symbol->name);
    emit(text, ENTRY "%s:", symbol->name);
    if (!has_frame(group_of(text, first)) || region_of(text, first)->omitted) {
        emit(text, "\tjmp\t%s", symbol->name);
        return;
    }
    enter(text, first);
    /* The function finds the stack as its caller has left it. */
    emit(text, "\tleaq\t8(%%rsp), %%rsp\n\tcallq\t%s\n\tleaq\t-8(%%rsp), %%rsp", symbol->name);
    leave(text, first);
    emit(text, "\tretq");
}

/* For a function of another file that keeps %rbp, as the ABI has it. The slot of a return address is free. */
static void write_ordinary_entry(struct text *text, const char *name) {
    emit(text, "\t.p2align\t4\n\t.weak\t" ENTRY "%s\n\t.hidden\t" ENTRY "%s\n\t.type\t" ENTRY "%s,@function",
         name, name, name);
    emit(text, ENTRY "%s:\n\tmovq\t%%mm7, (%%rsp)\n\temms", name);
    emit(text, "\tleaq\t8(%%rsp), %%rsp\n\tcallq\t%s@PLT\n\tleaq\t-8(%%rsp), %%rsp", name);
    emit(text, "\tmovq\t(%%rsp), %%mm7\n\tretq");
}

void write_shared_entries(struct text *text) {
    for (size_t i = 0; i < text->object->symbol_count; i++) {
        struct symbol *symbol = &text->object->symbols[i];
        if (is_shared_function(text, symbol))
            write_entry(text, symbol);
        else if (symbol->called_with_frame)
            write_ordinary_entry(text, symbol->name);
        symbol->called_with_frame = false;
    }
}
