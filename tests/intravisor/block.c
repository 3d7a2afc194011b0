#include "block.h"

void set_hash(struct block *block) {
    const struct orc_object_content content = {
        block->constants, block->relocated, block->imports, block->data, block->text};
    assert_true(orc_object_hash(&block->note, &content, SIZE_MAX, block->relocations, block->note.hash));
    memcpy(block->hash, block->note.hash, ORC_HASH_SIZE);
}

struct block good_block_at(uint32_t address, unsigned variant) {
    struct orc_object_image image = programs_image();
    struct block block = {
        .source = {.note = AT_IN(address, note),
                   .constants = AT_IN(address, constants),
                   .relocated = AT_IN(address, relocated),
                   .imports = AT_IN(address, imports),
                   .data = AT_IN(address, data),
                   .text = AT_IN(address, text),
                   .relocations = AT_IN(address, relocations),
                   .name = AT_IN(address, name),
                   .name_length = 7},
        .note = {.version = ORC_NOTE_VERSION, .layout = image.layout},
        .name = "variant",
    };
    assert_true(image.layout.text_size <= sizeof block.text);
    memcpy(block.constants, image.constants, image.layout.constants_size);
    memcpy(block.constants + 16, &variant, sizeof variant);
    memcpy(block.relocated, image.relocated, image.layout.relocated_size);
    memcpy(block.data, image.data, image.layout.data_file_size);
    memcpy(block.text, image.text, image.layout.text_size);
    memcpy(block.relocations, image.relocations, sizeof block.relocations);
    set_hash(&block);
    return block;
}
