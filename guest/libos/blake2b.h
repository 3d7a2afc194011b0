/* BLAKE2b-256 (RFC 7693) without a key: the hash that names objects. */
#ifndef LIBOS_BLAKE2B_H
#define LIBOS_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE2B_BLOCK 128
#define BLAKE2B_256 32

struct blake2b {
    uint64_t state[8];
    uint64_t length; /* bytes compressed so far */
    size_t filled;   /* of the block */
    uint8_t block[BLAKE2B_BLOCK];
};

#pragma GCC visibility push(hidden)
void blake2b_start(struct blake2b *hash);
void blake2b_add(struct blake2b *hash, const void *data, size_t length);
void blake2b_finish(struct blake2b *hash, uint8_t result[BLAKE2B_256]);
#pragma GCC visibility pop

#endif
