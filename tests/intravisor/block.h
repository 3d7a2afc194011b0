/* What a guest needs to register an object: the test programs, with a number in them that makes it another one. */
#ifndef TESTS_INTRAVISOR_BLOCK_H
#define TESTS_INTRAVISOR_BLOCK_H

#include "../../toolchain/common/object_hash.h"
#include "script.h"

/* As it stands in a start block. */
struct block {
    struct call calls[64];
    struct orc_object_source source;
    struct orc_object_note note;
    struct orc_relocation relocations[2];
    char name[128];
    uint8_t hash[ORC_HASH_SIZE];
    struct orc_object_info info[4];
    struct orc_binding bindings[8];
    uint8_t constants[ORC_PAGE_SIZE], relocated[64], imports[16], data[100], text[0x2000];
};
#define AT_IN(address, field) ((uint32_t)((address) + offsetof(struct block, field)))
#define AT(field) AT_IN(ORC_START_BLOCK, field)

void set_hash(struct block *block);
/* To stand at a guest address. */
struct block good_block_at(uint32_t address, unsigned variant);
static inline struct block good_block(unsigned variant) {
    return good_block_at(ORC_START_BLOCK, variant);
}

#endif
