#include "image.h"

#include "../common/tool.h"
#include "orc/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_whole(struct image *image, const char *path) {
    FILE *file = fopen(path, "re");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0)
        fail("unable to read '%s': %s", path, strerror(errno));
    image->size = (size_t)status.st_size;
    image->bytes = malloc(image->size + 1);
    if (!image->bytes || fread(image->bytes, 1, image->size, file) != image->size)
        fail("unable to read '%s': %s", path, strerror(errno));
    fclose(file);
}

static bool in_file(const struct image *image, uint64_t offset, uint64_t size) {
    return offset <= image->size && size <= image->size - offset;
}

void image_load(struct image *image, const char *path) {
    memset(image, 0, sizeof *image);
    read_whole(image, path);
    image->header = (Elf64_Ehdr *)image->bytes;
    if (image->size < sizeof *image->header || memcmp(image->bytes, ELFMAG, SELFMAG) != 0 ||
        image->header->e_ident[EI_CLASS] != ELFCLASS64 || image->header->e_machine != EM_X86_64 ||
        image->header->e_type != ET_DYN || image->header->e_shentsize != sizeof(Elf64_Shdr))
        fail("'%s' isn't an x86-64 ELF program or shared object", path);
    image->section_count = image->header->e_shnum;
    if (image->header->e_shoff % sizeof(uint64_t) ||
        !in_file(image, image->header->e_shoff, image->section_count * sizeof(Elf64_Shdr)) ||
        image->header->e_shstrndx >= image->section_count ||
        image->header->e_phentsize != sizeof(Elf64_Phdr) ||
        !in_file(image, image->header->e_phoff, image->header->e_phnum * sizeof(Elf64_Phdr)))
        fail("'%s' has a broken section or segment table", path);
    image->sections = (Elf64_Shdr *)(image->bytes + image->header->e_shoff);
    for (size_t i = 0; i < image->section_count; i++) {
        const Elf64_Shdr *section = &image->sections[i];
        if (section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL &&
            !in_file(image, section->sh_offset, section->sh_size))
            fail("'%s' has a section outside the file", path);
    }
}

bool image_is_object(const char *path) {
    Elf64_Ehdr header;
    FILE *file = fopen(path, "re");
    bool is_object = file && fread(&header, sizeof header, 1, file) == 1 &&
                     memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_DYN;
    if (file)
        fclose(file);
    return is_object;
}

void image_free(struct image *image) {
    free(image->bytes);
    memset(image, 0, sizeof *image);
}

/* A string of a string table; "" if it isn't inside. */
static const char *string_at(const struct image *image, const Elf64_Shdr *table, uint32_t index) {
    if (index >= table->sh_size || table->sh_type == SHT_NOBITS)
        return "";
    const char *text = (const char *)image->bytes + table->sh_offset + index;
    return memchr(text, 0, table->sh_size - index) ? text : "";
}

const char *section_name(const struct image *image, const Elf64_Shdr *section) {
    return string_at(image, &image->sections[image->header->e_shstrndx], section->sh_name);
}

Elf64_Shdr *image_section(const struct image *image, const char *name) {
    for (size_t i = 1; i < image->section_count; i++)
        if (strcmp(section_name(image, &image->sections[i]), name) == 0)
            return &image->sections[i];
    return NULL;
}

uint8_t *image_at(const struct image *image, uint64_t address, uint64_t size) {
    for (int i = 0; i < REGION_COUNT; i++) {
        const struct extent *region = &image->regions[i];
        uint64_t offset = address - region->address;
        if (address >= region->address && offset <= region->file_size && size <= region->file_size - offset)
            return image->bytes + region->offset + offset;
    }
    return NULL;
}

enum region image_region(const struct image *image, uint64_t address) {
    for (int i = 0; i < REGION_COUNT; i++)
        if (address >= image->regions[i].address &&
            address - image->regions[i].address < image->regions[i].size)
            return (enum region)i;
    return REGION_COUNT;
}

const char *dynamic_symbol_name(const struct image *image, uint32_t index) {
    const Elf64_Shdr *symbols = image_section(image, ".dynsym");
    if (!symbols || index >= symbols->sh_size / sizeof(Elf64_Sym) || symbols->sh_link >= image->section_count)
        return "?";
    const Elf64_Sym *symbol = (const Elf64_Sym *)(image->bytes + symbols->sh_offset) + index;
    return string_at(image, &image->sections[symbols->sh_link], symbol->st_name);
}

/* Whether the section lies in the segment of the data region. */
static bool is_in_data_segment(const struct image *image, const Elf64_Shdr *section) {
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(image->bytes + image->header->e_phoff);
    for (size_t i = 0; i < image->header->e_phnum; i++, segment++)
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) && section->sh_addr >= segment->p_vaddr &&
            section->sh_addr - segment->p_vaddr < segment->p_memsz)
            return true;
    return false;
}

/* Which region an allocated section belongs to. */
static enum region region_of_section(const struct image *image, const char *name, const Elf64_Shdr *section) {
    static const char *const relocated[] = {".jump_tables", ".preinit_array", ".init_array",
                                            ".fini_array",  ".cls.template",  NULL};
    if (section->sh_flags & SHF_EXECINSTR)
        return REGION_TEXT;
    for (const char *const *known = relocated; *known; known++)
        if (strcmp(name, *known) == 0)
            return REGION_RELOCATED;
    if (!(section->sh_flags & SHF_WRITE))
        return REGION_CONSTANTS;
    if (strcmp(name, ".got.plt") == 0)
        return REGION_IMPORTS;
    /* These stand on either side of the import table. */
    if ((has_prefix(name, ".data.rel.ro") || section->sh_flags & SHF_TLS) &&
        !is_in_data_segment(image, section))
        return REGION_RELOCATED;
    return REGION_DATA;
}

bool is_cls_section(const char *name) {
    return strcmp(name, ".cls.data") == 0 || strcmp(name, ".cls.bss") == 0;
}

bool is_cls_address(const struct image *image, uint64_t address) {
    return image->cls_start != UINT64_MAX && address >= image->cls_start - ORC_PAGE_SIZE &&
           address < UINT32_MAX;
}

static void extend(struct extent *region, const Elf64_Shdr *section) {
    if (!region->size) {
        region->address = section->sh_addr;
        region->offset = section->sh_offset;
    }
    region->size = section->sh_addr + section->sh_size - region->address;
    if (section->sh_type != SHT_NOBITS)
        region->file_size = region->size;
}

static uint64_t page_align(uint64_t value) {
    return (value + ORC_PAGE_SIZE - 1) & ~(uint64_t)(ORC_PAGE_SIZE - 1);
}

/* An empty region gets the address where it would begin. */
static void place_empty_regions(struct image *image) {
    for (int i = 1; i < REGION_COUNT; i++) {
        const struct extent *before = &image->regions[i - 1];
        if (!image->regions[i].size)
            image->regions[i].address = page_align(before->address + before->size);
    }
}

void image_find_regions(struct image *image) {
    enum region current = REGION_CONSTANTS;
    memset(image->regions, 0, sizeof image->regions);
    for (size_t i = 1; i < image->section_count; i++) {
        const Elf64_Shdr *section = &image->sections[i];
        const char *name = section_name(image, section);
        /* .tbss takes no room in the object: only thread blocks have it. */
        if (!(section->sh_flags & SHF_ALLOC) || !section->sh_size || is_cls_section(name) ||
            (section->sh_flags & SHF_TLS && section->sh_type == SHT_NOBITS))
            continue;
        enum region region = region_of_section(image, name, section);
        if (region < current)
            fail("section '%s' doesn't fit the layout of an object: it would lie behind a later region",
                 name);
        if (section->sh_addralign > ORC_PAGE_SIZE)
            fail("section '%s' wants an alignment of %llu: objects are aligned to %u bytes", name,
                 (unsigned long long)section->sh_addralign, ORC_PAGE_SIZE);
        current = region;
        extend(&image->regions[region], section);
    }
    struct extent *constants = &image->regions[REGION_CONSTANTS];
    constants->size += constants->address; /* from the ELF header on */
    constants->file_size = constants->size;
    constants->address = constants->offset = 0;
    place_empty_regions(image);
}
