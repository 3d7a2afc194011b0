/* Mnemonics as AT&T assembly has them, for what Zydis has decoded. */
#ifndef ORC_TOOLCHAIN_ATT_H
#define ORC_TOOLCHAIN_ATT_H

#include <Zydis/Zydis.h>
#include <stdio.h>

/* The mnemonic with the suffix that the operands ask for. */
void print_att_mnemonic(FILE *out, const ZydisDecodedInstruction *decoded,
                        const ZydisDecodedOperand *operands);

/* A string instruction with its repeat prefix; it needs no operands. */
void print_att_string_operation(FILE *out, const ZydisDecodedInstruction *decoded);

#endif
