/* The hash that names an object, over the Intravisor's own copy (include/orc/object.h has the definition).
 * The copy holds zeros where the note's hash field stands. */
#include <sodium.h>
#include <stdlib.h>

#include "store.h"

_Static_assert(sizeof(struct orc_object_note) == 8 + sizeof(struct orc_object_layout) + ORC_HASH_SIZE,
               "the note has no padding");
_Static_assert(sizeof(struct orc_relocation) == 8, "a relocation has no padding");

void object_hash(const struct orc_object_layout *layout, const uint8_t *bytes,
                 const struct orc_relocation *relocations, uint8_t hash[ORC_HASH_SIZE]) {
    const struct {
        const void *start;
        uint64_t size;
    } parts[] = {
        {bytes + layout->constants, layout->constants_size},
        {bytes + layout->relocated, layout->relocated_size},
        {bytes + layout->imports, layout->imports_size},
        {bytes + layout->data, layout->data_file_size},
        {bytes + layout->text, layout->text_size},
        {relocations, layout->relocation_count * sizeof *relocations},
    };
    const struct orc_object_note note = {.version = ORC_NOTE_VERSION, .layout = *layout};
    crypto_generichash_state state;
    if (sodium_init() < 0 || crypto_generichash_init(&state, NULL, 0, ORC_HASH_SIZE) != 0)
        abort(); /* without it anything could pass for anything */
    crypto_generichash_update(&state, (const uint8_t *)&note, offsetof(struct orc_object_note, hash));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].size > 0)
            crypto_generichash_update(&state, parts[i].start, parts[i].size);
    crypto_generichash_final(&state, hash, ORC_HASH_SIZE);
}
