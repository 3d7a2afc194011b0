/* An ELF file in memory, as lld wrote it, and the regions of an object in it. */
#ifndef ORC_LD_IMAGE_H
#define ORC_LD_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum region { REGION_CONSTANTS, REGION_RELOCATED, REGION_IMPORTS, REGION_DATA, REGION_TEXT, REGION_COUNT };

struct extent {
    uint64_t address, size; /* in memory, from the object's base */
    uint64_t offset;        /* in the file */
    uint64_t file_size;
};

struct image {
    uint8_t *bytes;
    size_t size;
    Elf64_Ehdr *header;
    Elf64_Shdr *sections;
    size_t section_count;
    struct extent regions[REGION_COUNT];
    /* Relocatable compartment-local storage: linked addresses from `cls_start` on (UINT64_MAX: none), and its
     * template among the relocated constants. */
    uint64_t cls_start, template_start, template_size;
};

/* Reads the file and checks that it is what this program works on; exits with a message otherwise. */
void image_load(struct image *image, const char *path);

/* Whether the file is a linked ELF file at all. */
bool image_is_object(const char *path);

void image_free(struct image *image);

/* Whether the section is one of linked addresses only, that of relocatable compartment-local storage. */
bool is_cls_section(const char *name);

/* Whether an address is one of relocatable compartment-local storage, or just before its first variable. */
bool is_cls_address(const struct image *image, uint64_t address);

/* Finds the five regions; exits with a message if the sections don't lie in the order of an object. */
void image_find_regions(struct image *image);

const char *section_name(const struct image *image, const Elf64_Shdr *section);

/* The section with this name, or NULL. */
Elf64_Shdr *image_section(const struct image *image, const char *name);

/* The bytes at a virtual address, which must lie in the file with `size` bytes; NULL otherwise. */
uint8_t *image_at(const struct image *image, uint64_t address, uint64_t size);

/* The region that `address` lies in; REGION_COUNT if none. */
enum region image_region(const struct image *image, uint64_t address);

/* The name of a dynamic symbol, for messages. */
const char *dynamic_symbol_name(const struct image *image, uint32_t index);

#endif
