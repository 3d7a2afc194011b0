#include "finish.h"

#include "../common/tool.h"
#include "orc/abi.h"

#include <Zydis/Zydis.h>
#include <string.h>

/* What lld writes into the text that the rewriter never saw. lld relaxes thread-local sequences in programs,
 * and takes the thread pointer from %fs:0, where guests don't have it:
 *
 *   general-dynamic to local-exec     mov %fs:0,%rax; lea x@tpoff(%rax),%rax     (9 + 7 bytes)
 *   general-dynamic to initial-exec   mov %fs:0,%rax; add x@gottpoff(%rip),%rax  (9 + 7 bytes)
 *   local-dynamic to local-exec       66 66 66 mov %fs:0,%rax                    (3 + 9 bytes)
 *   initial-exec to local-exec        65 67 mov $x@tpoff,%reg                    (2 + 7 bytes: our prefixes
 *                                     65 67 add $x@tpoff,%r12                     stay)
 *
 * Each is replaced in place by bytes of the same length. And a branch to an undefined weak function, which
 * the source takes only when there is one, goes to address 0: it goes to the traps at the end of the text
 * instead. The text is decoded from its start, so a match is an instruction and never the middle of one. */

static const uint8_t lld_thread_pointer[] = {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0};
#define THREAD_POINTER_SIZE sizeof lld_thread_pointer

/* mov %fs:0,%rax becomes mov %fs:ORC_THREAD_POINTER,%rax */
static bool patch_thread_pointer(uint8_t *bytes, size_t left) {
    if (left < THREAD_POINTER_SIZE || memcmp(bytes, lld_thread_pointer, THREAD_POINTER_SIZE) != 0)
        return false;
    bytes[5] = ORC_THREAD_POINTER;
    return true;
}

/* mov %fs:0,%rax (9) ; add disp(%rip),%rax (48 03 05 + 4) */
static bool patch_general_dynamic(uint8_t *bytes, size_t left) {
    static const uint8_t add[] = {0x48, 0x03, 0x05};
    /* The upper half of %rax is clear after a 32-bit move, and stays out of every address anyway. The
     * displacement keeps its place and the instruction its end. */
    static const uint8_t replacement[] = {0x64, 0x8b, 0x04, 0x25, ORC_THREAD_POINTER, 0, 0, 0,
                                          0x65, 0x67, 0x03, 0x05};
    if (left < 16 || memcmp(bytes, lld_thread_pointer, THREAD_POINTER_SIZE) != 0 ||
        memcmp(bytes + THREAD_POINTER_SIZE, add, sizeof add) != 0)
        return false;
    memcpy(bytes, replacement, sizeof replacement);
    return true;
}

static bool patch_local_dynamic(uint8_t *bytes, size_t left) {
    static const uint8_t prefixes[] = {0x66, 0x66, 0x66}, nop[] = {0x0f, 0x1f, 0x00};
    if (left < 12 || memcmp(bytes, prefixes, 3) != 0 ||
        memcmp(bytes + 3, lld_thread_pointer, THREAD_POINTER_SIZE) != 0)
        return false;
    memcpy(bytes, nop, sizeof nop);
    return patch_thread_pointer(bytes + 3, left - 3);
}

/* mov $imm32,%reg (REX.W c7 /0) or add $imm32,%reg (REX.W 81 /0) behind %gs and the address size. An addition
 * becomes a `lea` but for %r12, where that would take a byte more. */
static bool patch_initial_exec(uint8_t *bytes, size_t left) {
    static const uint8_t nop[] = {0x66, 0x90};
    if (left < 9 || bytes[0] != 0x65 || bytes[1] != 0x67 || (bytes[2] & 0xfe) != 0x48 ||
        (bytes[3] != 0xc7 && bytes[3] != 0x81) || (bytes[4] & 0xf8) != 0xc0)
        return false;
    memcpy(bytes, nop, sizeof nop);
    return true;
}

/* call, jmp or jcc with a 32-bit displacement: the displacement's offset, or 0. */
static size_t branch_displacement(const uint8_t *bytes, size_t left) {
    if (left >= 5 && (bytes[0] == 0xe8 || bytes[0] == 0xe9))
        return 1;
    if (left >= 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80)
        return 2;
    return 0;
}

/* The traps that every text ends in (rule 8). */
#define TAIL_SIZE 16

/* `address`: of the branch; `trap`: where a branch to nothing goes. */
static void patch_branch(uint8_t *bytes, size_t left, uint64_t address, uint64_t trap) {
    size_t offset = branch_displacement(bytes, left);
    int32_t displacement;
    if (!offset)
        return;
    uint64_t end = address + offset + sizeof displacement;
    memcpy(&displacement, bytes + offset, sizeof displacement);
    if (end + (uint64_t)(int64_t)displacement != 0)
        return;
    displacement = (int32_t)(trap - end);
    memcpy(bytes + offset, &displacement, sizeof displacement);
}

/* A memory operand, other than that of `lea`, with the linked address of a variable that isn't there: code
 * that wasn't compiled for the relocatable model. */
static void check_reference(const struct image *image, const ZydisDecodedInstruction *instruction,
                            uint64_t address) {
    bool is_relative = (instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
                       instruction->raw.modrm.mod == 0 && instruction->raw.modrm.rm == 5;
    bool is_lea = instruction->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && instruction->opcode == 0x8d;
    uint64_t target = address + instruction->length + (uint64_t)instruction->raw.disp.value;
    if (is_relative && !is_lea && is_cls_address(image, target))
        fail("the text at 0x%llx refers directly to a variable of the relocatable model (linked to 0x%llx): "
             "compile "
             "all files that share hidden variables with -fcls=relocatable",
             (unsigned long long)address, (unsigned long long)target);
}

void finish_code(struct image *image) {
    const struct extent *text = &image->regions[REGION_TEXT];
    uint8_t *bytes = image->bytes + text->offset;
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
    for (size_t i = 0; i < text->file_size;) {
        size_t left = text->file_size - i;
        uint8_t first = bytes[i];
        if ((first == 0x64 &&
             (patch_general_dynamic(bytes + i, left) || patch_thread_pointer(bytes + i, left))) ||
            (first == 0x66 && patch_local_dynamic(bytes + i, left)) ||
            (first == 0x65 && patch_initial_exec(bytes + i, left)))
            continue;
        patch_branch(bytes + i, left, text->address + i, text->address + text->size - TAIL_SIZE);
        ZydisDecodedInstruction instruction;
        /* Bytes that are no instruction: the verifier will say so. */
        if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes + i, left, &instruction))) {
            i++;
            continue;
        }
        check_reference(image, &instruction, text->address + i);
        i += instruction.length;
    }
}
