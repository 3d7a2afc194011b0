/* The object that programs.S is the text of: offsets from its base. */
#ifndef TESTS_INTRAVISOR_PROGRAMS_H
#define TESTS_INTRAVISOR_PROGRAMS_H

#define PROGRAM_CONSTANTS 0x0
#define PROGRAM_RELOCATED 0x1000
#define PROGRAM_IMPORTS 0x2000
#define PROGRAM_DATA 0x3000
#define PROGRAM_DATA_SIZE 0x3000
#define PROGRAM_TEXT 0x7000
#define PROGRAM_SIGNALS 0x01900ff8 /* in the start block: counted by the signal entry */

#ifndef __ASSEMBLER__
#include <stdint.h>

extern const uint8_t program_text[], program_text_end[];

/* The offset of a program from the object's base. */
#define PROGRAM(name)                                                                                        \
    ({                                                                                                       \
        extern const uint8_t program_##name[];                                                               \
        (uint32_t)(PROGRAM_TEXT + (program_##name - program_text));                                          \
    })
#endif
#endif
