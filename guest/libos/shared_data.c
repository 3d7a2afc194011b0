/* Constant data that compartments share: objects without code. The hash is computed here, so that whoever comes second
 * asks for it by its name, and nothing is copied. */
#include "shared_data.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "blake2b.h"
#include "heap.h"
#include "libos.h"
#include "orc/object.h"
#include "orc/share.h"

_Static_assert(BLAKE2B_256 == ORC_HASH_SIZE, "the hash that names objects");

/* Mapped in this compartment. The same bytes shared again are the same memory, counted. */
struct shared {
    struct shared *next;
    uint32_t base, start, end; /* the copy; what of it hasn't been unmapped: whole pages */
    uint32_t handle, users;
};

static struct libos_lock lock;
static struct shared *all;

static uint32_t page_up(size_t size) {
    return (uint32_t)((size + LIBOS_PAGE - 1) & -(size_t)LIBOS_PAGE);
}

static struct orc_object_note note_of(const void *data, size_t length) {
    uint32_t end = page_up(length);
    struct orc_object_note note = {
        .version = ORC_NOTE_VERSION,
        .layout = {.constants_size = (uint32_t)length, .relocated = end, .imports = end, .data = end, .text = end},
    };
    struct blake2b hash;
    blake2b_start(&hash);
    blake2b_add(&hash, &note, offsetof(struct orc_object_note, hash));
    blake2b_add(&hash, data, length);
    blake2b_finish(&hash, note.hash);
    return note;
}

static long acquire(const void *data, size_t length, const char *name, struct orc_object_info *info) {
    struct orc_object_note note = note_of(data, length);
    long handle = orc_hostcall(ORC_OBJECT_REQUEST, (long)note.hash, (long)info, 0, 0, 0);
    if (handle != -ENOENT)
        return handle;
    size_t name_length = strnlen(name, 63);
    const struct orc_object_source source = {
        .note = (uint32_t)(uintptr_t)&note,
        .constants = (uint32_t)(uintptr_t)data,
        .flags = ORC_OBJECT_DATA,
        .name = (uint32_t)(uintptr_t)name,
        .name_length = (uint32_t)name_length,
    };
    return orc_hostcall(ORC_OBJECT_REGISTER, (long)&source, (long)info, 0, 0, 0);
}

static struct shared *find(uint32_t base) {
    struct shared *shared = all;
    while (shared && shared->base != base)
        shared = shared->next;
    return shared;
}

/* With the lock: the object is held, and has to be listed. */
static long list(uint32_t handle, uint32_t base, uint32_t size) {
    struct shared *shared = find(base);
    if (!shared) {
        shared = heap_allocate(sizeof *shared);
        if (!shared)
            return -ENOMEM;
        *shared = (struct shared){.next = all, .base = base, .handle = handle};
        all = shared;
    }
    shared->start = base; /* all of it is in use again */
    shared->end = base + size;
    shared->users++;
    return 0;
}

long shared_data_get(const void *data, size_t length, const char *name) {
    struct orc_object_info info;
    if (length == 0 || length > ORC_WINDOW_END - ORC_WINDOW)
        return length == 0 ? -EINVAL : -ENOMEM;
    libos_lock(&lock);
    long result = acquire(data, length, name, &info);
    if (result >= 0) {
        uint32_t handle = (uint32_t)result;
        result = list(handle, info.base, page_up(length));
        if (result < 0)
            orc_hostcall(ORC_OBJECT_RELEASE, handle, 0, 0, 0, 0);
        else
            result = info.base;
    }
    libos_unlock(&lock);
    return result;
}

/* One user less. */
static void release(struct shared *shared) {
    orc_hostcall(ORC_OBJECT_RELEASE, shared->handle, 0, 0, 0, 0);
    if (--shared->users > 0)
        return;
    struct shared **link = &all;
    while (*link != shared)
        link = &(*link)->next;
    *link = shared->next;
    heap_free(shared, sizeof *shared);
}

long shared_data_put(unsigned long address) {
    libos_lock(&lock);
    struct shared *shared = find((uint32_t)address);
    if (shared)
        release(shared);
    libos_unlock(&lock);
    return shared ? 0 : -EINVAL;
}

static struct shared *find_around(unsigned long address, unsigned long size) {
    struct shared *shared = all;
    while (shared && (address < shared->start || address >= shared->end || size > shared->end - address))
        shared = shared->next;
    return shared;
}

bool shared_data_covers(unsigned long address, unsigned long size) {
    libos_lock(&lock);
    bool found = find_around(address, size);
    libos_unlock(&lock);
    return found;
}

/* With several users nobody can tell whose part it is: only the whole counts. A hole in the middle stays readable. */
bool shared_data_unmap(unsigned long address, unsigned long size) {
    libos_lock(&lock);
    struct shared *shared = find_around(address, size);
    if (shared && size == shared->end - shared->start)
        release(shared);
    else if (shared && shared->users == 1 && address == shared->start)
        shared->start += size;
    else if (shared && shared->users == 1 && address + size == shared->end)
        shared->end = (uint32_t)address;
    libos_unlock(&lock);
    return shared;
}

/* --- What programs call --- */

__attribute__((visibility("default"))) const void *orc_share(const void *data, size_t length) {
    long result;
    void *self = libos_enter();
    do
        result = shared_data_get(data, length, "data");
    while (libos_leave(self, SYS_mmap, &result));
    if (result >= 0)
        return (const void *)result;
    errno = (int)-result;
    return NULL;
}

__attribute__((visibility("default"))) int orc_unshare(const void *copy) {
    long result;
    void *self = libos_enter();
    do
        result = shared_data_put((unsigned long)copy);
    while (libos_leave(self, SYS_munmap, &result));
    if (result == 0)
        return 0;
    errno = (int)-result;
    return -1;
}
