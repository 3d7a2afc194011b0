/* The verifier knows no gathers. Each becomes loads of its elements, with the same effect on registers and
 * flags: elements whose mask is clear aren't touched, and the mask is zero afterwards. */
#include "lift.h"

/* The frame: below the red zone lie indices, mask, the result and two registers. */
enum { INDICES = 0, MASK = 32, RESULT = 64, SAVED_RAX = 96, SAVED_RCX = 104, FRAME = 112, RED_ZONE = 128 };

bool is_gather(const struct instruction *instruction) {
    return instruction->decoded.meta.category == ZYDIS_CATEGORY_GATHER ||
           instruction->decoded.meta.category == ZYDIS_CATEGORY_AVX2GATHER;
}

static int index_size(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_VGATHERQPD:
    case ZYDIS_MNEMONIC_VGATHERQPS:
    case ZYDIS_MNEMONIC_VPGATHERQD:
    case ZYDIS_MNEMONIC_VPGATHERQQ:
        return 8;
    default:
        return 4;
    }
}

static int element_size(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_VGATHERDPD:
    case ZYDIS_MNEMONIC_VGATHERQPD:
    case ZYDIS_MNEMONIC_VPGATHERDQ:
    case ZYDIS_MNEMONIC_VPGATHERQQ:
        return 8;
    default:
        return 4;
    }
}

static const char *whole_name(ZydisRegister name) {
    return ZydisRegisterGetString(name);
}

/* `-N(%rsp)` stays out of the way of what the function keeps in its red zone. */
void print_gather(struct text *text, const struct instruction *instruction) {
    const ZydisDecodedOperand *result = &instruction->operands[0], *memory = &instruction->operands[1],
                              *mask = &instruction->operands[2];
    ZydisMnemonic mnemonic = instruction->decoded.mnemonic;
    int element = element_size(mnemonic), index = index_size(mnemonic);
    int result_bytes = result->size / 8,
        index_bytes = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, memory->mem.index) / 8;
    int count = result_bytes / element < index_bytes / index ? result_bytes / element : index_bytes / index;
    const char *result_name = whole_name(result->reg.value), *mask_name = whole_name(mask->reg.value);
    if (memory->mem.base == ZYDIS_REGISTER_RSP || memory->mem.base == ZYDIS_REGISTER_NONE ||
        instruction->relocation) {
        refuse(text, instruction, 9, "a gather needs its base in a register other than the stack pointer");
        return;
    }
    emit(text, "\tleaq\t%d(%%rsp), %%rsp", -(FRAME + RED_ZONE));
    emit(text, "\tmovq\t%%rax, %d(%%rsp)", SAVED_RAX);
    emit(text, "\tmovq\t%%rcx, %d(%%rsp)", SAVED_RCX);
    emit(text, "\tvmovdqu\t%%%s, %d(%%rsp)", whole_name(memory->mem.index), INDICES);
    emit(text, "\tvmovdqu\t%%%s, %d(%%rsp)", mask_name, MASK);
    emit(text, "\tvmovdqu\t%%%s, %d(%%rsp)", result_name, RESULT);
    fputs("\tmovq\t", text->out);
    print_register(text, instruction, memory->mem.base);
    emit(text, ", %%rax");
    for (int k = 0; k < count; k++) {
        const char *value = element == 8 ? "movq" : "movl", *low = element == 8 ? "rcx" : "ecx";
        /* Masks are made by comparisons: all ones or all zeros. */
        emit(text, "\t%s\t%d(%%rsp), %%%s", value, MASK + k * element, low);
        emit(text, "\tjrcxz\t.Lorc_gather%d", text->next_gather);
        emit(text, "\t%s\t%d(%%rsp), %%rcx", index == 8 ? "movq" : "movslq", INDICES + k * index);
        emit(text, "\t%s\t%lld(%%rax,%%rcx,%d), %%%s", value, (long long)memory->mem.disp.value,
             memory->mem.scale, low);
        emit(text, "\t%s\t%%%s, %d(%%rsp)", value, low, RESULT + k * element);
        emit(text, ".Lorc_gather%d:", text->next_gather++);
    }
    /* Two indices of 64 bits gather two elements of 32; the rest of the register becomes zero. */
    emit(text, "\t%s\t%d(%%rsp), %%%s", count * element == 8 ? "vmovq" : "vmovdqu", RESULT, result_name);
    emit(text, "\tvpxor\t%%%s, %%%s, %%%s", mask_name, mask_name, mask_name);
    emit(text, "\tmovq\t%d(%%rsp), %%rax", SAVED_RAX);
    emit(text, "\tmovq\t%d(%%rsp), %%rcx", SAVED_RCX);
    emit(text, "\tleaq\t%d(%%rsp), %%rsp", FRAME + RED_ZONE);
}
