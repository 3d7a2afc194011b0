/* Code that lives on its global variables, the worst case for finding them at run time: a virtual machine and
 * a generator with their state in globals, a hash table in a static array, a small function that counts. */
#include "harness.h"

static int64_t registers[16], stack_area[64];
static unsigned instruction_pointer, stack_pointer;
static uint8_t program[256];
static uint32_t seed, mixed;
static struct entry {
    uint32_t key, value;
} table[4096];
static unsigned used, collisions;
static uint64_t calls;

static void prepare_machine(void) {
    for (unsigned i = 0; i < sizeof program; i++)
        program[i] = (uint8_t)(i * 73 + (i >> 3));
}
static void step(void) {
    uint8_t code = program[instruction_pointer++ & 255];
    switch (code & 7) {
    case 0:
        registers[code >> 4] += registers[(code >> 3) & 15];
        break;
    case 1:
        stack_area[stack_pointer++ & 63] = registers[code >> 4];
        break;
    case 2:
        registers[code >> 4] ^= stack_area[--stack_pointer & 63];
        break;
    case 3:
        registers[code >> 4] = instruction_pointer;
        break;
    case 4:
        instruction_pointer += registers[code >> 4] & 3;
        break;
    case 5:
        registers[code >> 4] <<= 1;
        break;
    case 6:
        registers[code >> 4] -= code;
        break;
    default:
        calls++;
    }
}
static uint64_t machine(void) {
    memset(registers, 1, sizeof registers);
    instruction_pointer = stack_pointer = 0;
    for (int i = 0; i < 20000; i++)
        step();
    return (uint64_t)registers[3] + calls;
}
__attribute__((noinline)) static uint32_t next(void) {
    calls++;
    seed = seed * 1664525 + 1013904223;
    return mixed = (mixed >> 3) ^ seed;
}
static uint64_t generator(void) {
    uint64_t sum = 0;
    seed = mixed = 1;
    for (int i = 0; i < 20000; i++)
        sum += next() >> 8;
    return sum;
}
static void insert(uint32_t key) {
    unsigned place = key * 2654435761u >> 20;
    while (table[place].key && table[place].key != key)
        place = (place + 1) & 4095, collisions++;
    used += !table[place].key;
    table[place].key = key;
    table[place].value++;
}
static uint64_t hashing(void) {
    memset(table, 0, sizeof table);
    used = collisions = 0;
    seed = mixed = 7;
    for (int i = 0; i < 10000; i++)
        insert((next() & 2047) + 1);
    return used * 1000003ull + collisions;
}

static const struct workload workloads[] = {{"globals-machine", prepare_machine, machine},
                                            {"globals-generator", NULL, generator},
                                            {"globals-hash", NULL, hashing},
                                            {NULL, NULL, NULL}};
int main(int argc, char **argv) {
    return bench_main(workloads, argc, argv);
}
