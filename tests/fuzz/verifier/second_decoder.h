/* LLVM's disassembler, as the opinion that the verifier's decoder is compared with. */
#ifndef ORC_FUZZ_SECOND_DECODER_H
#define ORC_FUZZ_SECOND_DECODER_H

#include <stddef.h>
#include <stdint.h>

#define SECOND_TEXT_SIZE 256

/* Decodes one instruction; returns its length and its AT&T text, or 0 if LLVM refuses it. */
size_t second_decode(const uint8_t *bytes, size_t available, uint64_t address, char text[SECOND_TEXT_SIZE]);

#endif
