#include "second_decoder.h"

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <stdlib.h>
#include <string.h>

static LLVMDisasmContextRef disassembler(void) {
    static LLVMDisasmContextRef context;

    if (!context) {
        LLVMInitializeX86TargetInfo();
        LLVMInitializeX86TargetMC();
        LLVMInitializeX86Disassembler();
        context = LLVMCreateDisasm("x86_64-unknown-linux-gnu", NULL, 0, NULL, NULL);
        if (!context)
            abort();
    }
    return context;
}

size_t second_decode(const uint8_t *bytes, size_t available, uint64_t address, char text[SECOND_TEXT_SIZE]) {
    uint8_t window[16];
    size_t size = available < sizeof window ? available : sizeof window, prefix = 0, length;

    memcpy(window, bytes, size); /* LLVM takes a pointer that isn't const */
    length = LLVMDisasmInstruction(disassembler(), window, size, address, text, SECOND_TEXT_SIZE);
    /* LLVM prints a lock that stands before another prefix as an instruction of its own. */
    if (length == 1 && window[0] == 0xf0) {
        prefix = 1;
        length =
            LLVMDisasmInstruction(disassembler(), window + 1, size - 1, address + 1, text, SECOND_TEXT_SIZE);
    }
    return length ? prefix + length : 0;
}
