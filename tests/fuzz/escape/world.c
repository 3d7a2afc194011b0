#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "generate.h"
#include "orc/hostcall.h"
#include "world.h"

#define POISON 0xb7
#define POISON_WORD 0xb7b7b7b7b7b7b7b7u
#define NO_ADDRESS 0x9d /* repeated: jumping there is noticed. The guest may read it, so it isn't the poison. */

/* What the guest finds mapped, read-write. */
static const struct {
    uint32_t start, size;
} memory[] = {
    {ORC_START_INFO, 0x20000},         {ORC_FIRST_STACK_END - 0x10000, 0x10000},
    {TEXT_ADDRESS + 0x10000, 0x10000}, {ORC_HEAP - 0x10000, 0x20000},
    {ORC_HEAP_END - 0x10000, 0x10000},
};
#define MEMORY_COUNT (sizeof memory / sizeof *memory)

static uint8_t *map_poison(uint8_t *address, size_t size) {
    if (map_fixed(address, size, PROT_READ | PROT_WRITE) < 0)
        return NULL;
    memset(address, POISON, size);
    return address;
}

/* The code page and the import table, shared by all worlds. */
static uint8_t *map_text(void) {
    static uint8_t *text;
    if (text)
        return text;
    int file = memory_file("fuzz", ORC_PAGE_SIZE);
    void *place = (void *)(uintptr_t)TEXT_ADDRESS;
    void *view = mmap(NULL, ORC_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file < 0 || view == MAP_FAILED ||
        mmap(place, ORC_PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
        return NULL;
    close(file);
    memset(view, 0xcc, ORC_PAGE_SIZE);
    return text = view;
}

static bool map_imports(uint8_t *slot) {
    const uint64_t entries[IMPORTS_SIZE / 8] = {TEXT_ADDRESS, ORC_GATES, 0, TEXT_ADDRESS, ORC_FLOAT_GATE};
    if (map_fixed(slot + IMPORTS_ADDRESS, ORC_PAGE_SIZE, PROT_READ | PROT_WRITE) < 0)
        return false;
    memset(slot + IMPORTS_ADDRESS, NO_ADDRESS, ORC_PAGE_SIZE);
    memcpy(slot + IMPORTS_ADDRESS, entries, sizeof entries);
    for (unsigned i = 0; i < JUMP_COUNT; i++)
        memcpy(slot + JUMPS_ADDRESS + 8 * i, entries, sizeof entries[0]);
    return mprotect(slot + IMPORTS_ADDRESS, ORC_PAGE_SIZE, PROT_READ) == 0;
}

/* A range of PROT_NONE aligned to `alignment` (a power of two), or NULL. */
static void *reserve_aligned(uint64_t size, uint64_t alignment) {
    uint64_t whole = size + alignment;
    uint8_t *start = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    uint64_t before = -(uint64_t)start & (alignment - 1);
    uint64_t after = whole - size - before;
    if ((before && munmap(start, before) != 0) || (after && munmap(start + before + size, after) != 0)) {
        munmap(start, whole);
        return NULL;
    }
    return start + before;
}

bool world_create(struct orc_cell *cell, bool mapped, struct world *world) {
    uint8_t *three = reserve_aligned(3 * ORC_SLOT_SIZE, ORC_SLOT_SIZE);
    if (!three)
        return false;
    uint8_t *slot = three + ORC_SLOT_SIZE;
    *world = (struct world){.cell = cell, .compartment = {.cell = cell, .slot = slot, .limits.control_stack = DEFAULT_CONTROL_STACK}, .text = map_text()};
    for (size_t i = 0; i < MEMORY_COUNT; i++)
        if (map_fixed(slot + memory[i].start, memory[i].size, PROT_READ | PROT_WRITE) < 0)
            return false;
    if (mapped) {
        world->below = map_poison(slot - EDGE_SIZE, EDGE_SIZE);
        world->above = map_poison(slot + ORC_SLOT_SIZE, EDGE_SIZE);
        if (!world->below || !world->above)
            return false;
    }
    uint8_t *canary = reserve_aligned(CANARY_SIZE, ORC_PAGE_SIZE);
    world->canary = canary ? map_poison(canary, CANARY_SIZE) : NULL;
    return world->text && world->canary && map_imports(slot) &&
           orc_thread_create(&world->compartment, &world->thread, NULL) == 0;
}

void world_refill(struct world *world, struct random *random) {
    for (size_t i = 0; i < MEMORY_COUNT; i++) {
        uint64_t *words = (uint64_t *)(void *)(world->compartment.slot + memory[i].start);
        for (size_t word = 0; word < memory[i].size / 8; word++)
            words[word] = random_next(random);
    }
}

uint64_t world_value(const struct world *world, struct random *random) {
    const struct orc_compartment *compartment = &world->compartment;
    uint64_t value = random_next(random);
    switch (random_below(random, 10)) {
    case 0:
        return value;
    case 1:
        return value >> random_below(random, 64);
    case 2:
        return (uint64_t)world->canary + random_below(random, CANARY_SIZE);
    case 3:
        return (uint64_t)&compartment + random_below(random, 64) * 8; /* the host's stack */
    case 4:
        return (uint64_t)compartment->slot + ORC_SLOT_SIZE - 32 + random_below(random, 64);
    case 5:
        return (uint64_t)compartment->slot - 32 + random_below(random, 64);
    case 6:
        return (uint64_t)world->thread - random_below(random, 4096); /* the control stack */
    default: { /* a pointer into the guest's memory, with anything in the upper half */
        size_t piece = random_below(random, MEMORY_COUNT);
        uint32_t address = memory[piece].start + random_below(random, memory[piece].size);
        if (random_one_in(random, 2))
            address &= ~31u;
        return (random_one_in(random, 2) ? value << 32 : 0) | address;
    }
    }
}

uint32_t world_thread_pointer(struct random *random) {
    static const uint32_t pointers[] = {0, ORC_HEAP, ORC_FIRST_STACK_END - 0x8000, UINT32_MAX};
    return pointers[random_below(random, sizeof pointers / sizeof *pointers)];
}

static bool clean(const uint8_t *bytes, size_t size) {
    const uint64_t *words = (const uint64_t *)(const void *)bytes;
    uint64_t difference = 0;
    for (size_t i = 0; bytes && i < size / 8; i++)
        difference |= words[i] ^ POISON_WORD;
    return difference == 0;
}

const char *world_damage(const struct world *world) {
    if (!clean(world->below, EDGE_SIZE))
        return "the neighbour below was written to";
    if (!clean(world->above, EDGE_SIZE))
        return "the neighbour above was written to";
    if (!clean(world->canary, CANARY_SIZE))
        return "the host's memory was written to";
    return NULL;
}

bool is_poison(uint64_t value) {
    return (uint32_t)value == (uint32_t)POISON_WORD || value >> 32 == (uint32_t)POISON_WORD;
}
