#include "object_hash.h"

#include <sodium.h>

#include <stddef.h>

_Static_assert(sizeof(struct orc_object_note) == 8 + sizeof(struct orc_object_layout) + ORC_HASH_SIZE,
               "the note has no padding, so its bytes can be hashed as they stand");
_Static_assert(sizeof(struct orc_relocation) == 8, "a relocation has no padding");

static void update(crypto_generichash_state *state, const void *bytes, size_t size) {
    if (size)
        crypto_generichash_update(state, bytes, size);
}

/* The constants, with zeros where the hash field stands. */
static bool update_constants(crypto_generichash_state *state, const uint8_t *constants, size_t size,
                             size_t hash_offset) {
    static const uint8_t zeros[ORC_HASH_SIZE];

    if (hash_offset == SIZE_MAX) {
        update(state, constants, size);
        return true;
    }
    if (size < ORC_HASH_SIZE || hash_offset > size - ORC_HASH_SIZE)
        return false;
    update(state, constants, hash_offset);
    update(state, zeros, sizeof zeros);
    update(state, constants + hash_offset + ORC_HASH_SIZE, size - hash_offset - ORC_HASH_SIZE);
    return true;
}

bool orc_object_hash(const struct orc_object_note *note, const struct orc_object_content *content,
                     size_t hash_offset, const struct orc_relocation *relocations,
                     uint8_t hash[ORC_HASH_SIZE]) {
    const struct orc_object_layout *layout = &note->layout;
    crypto_generichash_state state;

    if (sodium_init() < 0 || crypto_generichash_init(&state, NULL, 0, ORC_HASH_SIZE) != 0)
        return false;
    update(&state, note, offsetof(struct orc_object_note, hash));
    if (!update_constants(&state, content->constants, layout->constants_size, hash_offset))
        return false;
    update(&state, content->relocated, layout->relocated_size);
    update(&state, content->imports, layout->imports_size);
    update(&state, content->data, layout->data_file_size);
    update(&state, content->text, layout->text_size);
    update(&state, relocations, layout->relocation_count * sizeof *relocations);
    return crypto_generichash_final(&state, hash, ORC_HASH_SIZE) == 0;
}
