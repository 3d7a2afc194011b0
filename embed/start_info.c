/* Start information: argc, argv[], 0, envp[], 0, auxv[] as in the System V ABI, and struct orc_boot. */
#include "start_info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include "orc/call.h"

#define MAX_AUXILIARY 24
#define CLOCK_TICKS 100 /* what Linux tells every program */
#define SLACK 160       /* alignment, random bytes, "/" */
#define DEFAULT_MODE_MASK 022

struct block {
    uint64_t *words;
    size_t word_count;
    char *bytes; /* behind the words */
    size_t byte_count;
    uint32_t bytes_address;
};

static void add_word(struct block *block, uint64_t word) {
    block->words[block->word_count++] = word;
}

static uint32_t add_bytes(struct block *block, const void *bytes, size_t size) {
    uint32_t address = block->bytes_address + (uint32_t)block->byte_count;
    memcpy(block->bytes + block->byte_count, bytes, size);
    block->byte_count += size;
    return address;
}

static uint32_t add_string(struct block *block, const char *string) {
    return add_bytes(block, string, strlen(string) + 1);
}

static void align_bytes(struct block *block, size_t alignment) {
    block->byte_count = (block->byte_count + alignment - 1) & ~(alignment - 1);
}

static size_t string_size(const char *string) {
    return string ? strlen(string) + 1 : 0;
}

static size_t count_strings(char *const *strings, size_t *bytes) {
    size_t count = 0;
    for (; strings && strings[count]; count++)
        *bytes += string_size(strings[count]);
    return count;
}

static void add_strings(struct block *block, char *const *strings) {
    for (; strings && *strings; strings++)
        add_word(block, add_string(block, *strings));
    add_word(block, 0);
}

/* Room for `size` bytes that are filled in later. */
static void *reserve_bytes(struct block *block, size_t size, uint32_t *address) {
    align_bytes(block, 16);
    *address = block->bytes_address + (uint32_t)block->byte_count;
    void *room = block->bytes + block->byte_count;
    block->byte_count += size;
    return room;
}

static uint32_t add_mounts(struct block *block, const struct orc_launch *launch,
                           const struct orc_mount *mounts) {
    uint32_t address;
    struct orc_mount *room = reserve_bytes(block, launch->mount_count * sizeof *room, &address);
    for (size_t i = 0; i < launch->mount_count; i++) {
        room[i] = mounts[i];
        room[i].path = add_string(block, launch->mounts[i].path);
    }
    return address;
}

static uint32_t add_boot(struct block *block, const struct orc_launch *launch, const char *name,
                         const struct loader_facts *loader, const struct orc_mount *mounts) {
    const struct orc_compartment_options *limits = &launch->options;
    uint32_t address;
    struct orc_boot *boot = reserve_bytes(block, sizeof *boot, &address);
    *boot = (struct orc_boot){
        .version = ORC_BOOT_VERSION,
        .mounts = add_mounts(block, launch, mounts),
        .mount_count = (uint32_t)launch->mount_count,
        .hostname = add_string(block, launch->hostname ? launch->hostname : name),
        .working_directory = add_string(block, launch->working_directory ? launch->working_directory : "/"),
        .program = add_string(block, launch->program),
        .loader_object = loader->handle,
        .flags = loader->calls << ORC_CALL_HANDLE_SHIFT,
        .loader_base = loader->base,
        .stack_low = ORC_STACK_TOP - ORC_STACK_SIZE,
        .stack_high = ORC_STACK_TOP,
        .thread_limit = limits->threads ? limits->threads : ORC_DEFAULT_THREADS,
        .processors = loader->processors,
        .memory_limit = limits->memory ? limits->memory : ORC_SLOT_SIZE,
        .user = launch->user,
        .group = launch->group,
        .file_mode_mask = launch->has_file_mode_mask ? launch->file_mode_mask & 0777 : DEFAULT_MODE_MASK,
        .ignored_signals = launch->ignored_signals,
    };
    return address;
}

/* Ends with a pair of zeros. */
static uint32_t add_published(struct block *block, const struct orc_launch *launch) {
    uint32_t address;
    struct orc_published *room = reserve_bytes(block, (launch->published_count + 1) * sizeof *room, &address);
    if (launch->published_count > 0)
        memcpy(room, launch->published, launch->published_count * sizeof *room);
    return address;
}

static void add_auxiliary(struct block *block, const struct orc_launch *launch,
                          const struct loader_facts *loader, const uint8_t seed[16], uint32_t boot,
                          uint32_t published, uint32_t program) {
    const uint64_t entries[MAX_AUXILIARY][2] = {
        {AT_ORC_BOOT, boot},
        {AT_ORC_PUBLISHED, published},
        {AT_BASE, loader->base},
        {AT_PHDR,
         0}, /* this one and those to AT_ENTRY are known when the program is loaded: ld.so fills them in */
        {AT_PHENT, 0},
        {AT_PHNUM, 0},
        {AT_ENTRY, 0},
        {AT_FLAGS, 0},
        {AT_PAGESZ, ORC_PAGE_SIZE},
        {AT_RANDOM, add_bytes(block, seed, 16)},
        {AT_EXECFN, program},
        {AT_PLATFORM, add_string(block, "x86_64")},
        {AT_HWCAP, getauxval(AT_HWCAP)},
        {AT_HWCAP2, 0},
        {AT_CLKTCK, CLOCK_TICKS},
        {AT_UID, launch->user},
        {AT_EUID, launch->user},
        {AT_GID, launch->group},
        {AT_EGID, launch->group},
        {AT_SECURE, 0},
        {AT_NULL, 0},
    };
    size_t i = 0;
    do {
        add_word(block, entries[i][0]);
        add_word(block, entries[i][1]);
    } while (entries[i++][0] != AT_NULL);
}

void *start_info_make(const struct orc_launch *launch, const char *name, const struct loader_facts *loader,
                      const struct orc_mount *mounts, size_t *size, int *code) {
    uint8_t seed[16];
    size_t bytes = SLACK + sizeof(struct orc_boot) + launch->mount_count * sizeof(struct orc_mount) +
                   (launch->published_count + 1) * sizeof(struct orc_published);
    size_t arguments = count_strings(launch->arguments, &bytes);
    size_t variables = count_strings(launch->environment, &bytes);
    size_t words = 1 + arguments + 1 + variables + 1 + 2 * (size_t)MAX_AUXILIARY;
    words += words % 2; /* so that what follows can be aligned to 16 */
    bytes += string_size(launch->program) + string_size(launch->hostname ? launch->hostname : name) +
             string_size(launch->working_directory);
    for (size_t i = 0; i < launch->mount_count; i++)
        bytes += string_size(launch->mounts[i].path);
    *code = -E2BIG;
    if (words * 8 + bytes > ORC_START_BLOCK_END - ORC_START_BLOCK)
        return NULL;
    *code = -EIO;
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return NULL;
    *code = -ENOMEM;
    char *whole = calloc(1, words * 8 + bytes);
    if (!whole)
        return NULL;
    struct block block = {
        .words = (uint64_t *)(void *)whole,
        .bytes = whole + words * 8,
        .bytes_address = (uint32_t)(ORC_START_BLOCK + words * 8),
    };
    uint32_t boot = add_boot(&block, launch, name, loader, mounts);
    struct orc_boot *boot_bytes = (void *)(block.bytes + (boot - block.bytes_address));
    add_word(&block, arguments);
    add_strings(&block, launch->arguments);
    add_strings(&block, launch->environment);
    add_auxiliary(&block, launch, loader, seed, boot, add_published(&block, launch), boot_bytes->program);
    *size = words * 8 + block.byte_count;
    boot_bytes->first_heap =
        (uint32_t)(ORC_START_BLOCK + *size); /* the rest of its last page is the guest's, too */
    return whole;
}
