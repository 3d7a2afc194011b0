/* A compartment with a granted directory to read and write, one to read, and something that it must never reach. Its guest
 * code is one instruction sequence: a hostcall with the arguments that the test chooses. */
#ifndef TESTS_HOSTCALLS_FIXTURE_H
#define TESTS_HOSTCALLS_FIXTURE_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../intravisor/fixture.h"
#include "orc/hostcall.h"

/* Handles that the compartment begins with. */
enum { RW, RO, LOG, FIRST_FREE };

/* Guest addresses, of pages that can be written but for the last two. */
#define MEMORY ORC_HEAP
#define MEMORY_SIZE 0x40000u
#define BUFFER (MEMORY + 0x10000)
#define READ_ONLY (MEMORY + MEMORY_SIZE) /* a page */
#define NOWHERE (READ_ONLY + ORC_PAGE_SIZE)
#define PAST_THE_END 0xfffffff0u

struct guest {
    struct world base;
    char root[64]; /* rw/, ro/, outside/, secret */
};

void create_files(struct guest *guest);
void remove_files(struct guest *guest); /* the secret must be what it was */
void start_guest(struct guest *guest);  /* a cell, the compartment, its thread */

void create_guest(void **state);
void destroy_guest(void **state);
#define GUEST_TEST(name)                                                                                     \
    static void body_of_##name(struct guest *guest);                                                         \
    static void name(void **state) {                                                                         \
        create_guest(state);                                                                                 \
        body_of_##name(*state);                                                                              \
        destroy_guest(state);                                                                                \
    }                                                                                                        \
    static void body_of_##name(struct guest *guest)

/* The guest makes a hostcall: number and five arguments. */
int64_t hostcall(struct guest *guest, const uint64_t arguments[6]);
#define HOSTCALL(...) hostcall(guest, (const uint64_t[6]){__VA_ARGS__})

/* The guest's memory, seen from here. */
void *at(struct guest *guest, uint32_t address);
/* Stores a string or bytes in the guest's memory; answers the address. */
uint32_t put(struct guest *guest, uint32_t address, const void *bytes, size_t size);

/* A struct orc_path in the guest's memory, at one of a few places in turn. */
uint32_t path_at(struct guest *guest, uint32_t directory, const char *text);
int64_t open_at(struct guest *guest, uint32_t directory, const char *text, uint64_t flags, uint64_t mode);
/* The same, and it must succeed. */
uint64_t opened(struct guest *guest, uint32_t directory, const char *text, uint64_t flags);
/* Reads through a handle, from the beginning: the guest's view of the contents as a string. */
const char *contents(struct guest *guest, uint64_t handle);

/* Host files, named from the fixture's root. */
const char *host_path(struct guest *guest, const char *name);
void host_file(struct guest *guest, const char *name, const char *text);
void host_link(struct guest *guest, const char *target, const char *name);
bool host_exists(struct guest *guest, const char *name);

/* Grants what the test opened; the descriptor is closed. */
uint64_t grant(struct guest *guest, int fd, unsigned rights);

#endif
