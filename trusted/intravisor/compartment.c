/* Compartments: a slot, and the objects mapped into it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "intravisor.h"

int orc_compartment_create(struct orc_cell *cell, struct orc_compartment **compartment,
                           struct orc_error *error) {
    struct orc_compartment *created = calloc(1, sizeof *created);
    if (!created)
        return fail(error, ENOMEM, "compartment: no memory");
    created->cell = cell;
    created->slot = reserve_aligned(ORC_SLOT_SIZE, ORC_SLOT_SIZE);
    if (!created->slot) {
        int code = errno;
        free(created);
        return fail(error, code, "compartment: can't reserve a slot of 4 GiB: %s", strerror(code));
    }
    pthread_mutex_lock(&cell->lock);
    cell->compartments++;
    pthread_mutex_unlock(&cell->lock);
    *compartment = created;
    return 0;
}

static void drop_grant(struct grant *grant) {
    if (grant->imports)
        munmap(grant->imports, page_up(grant->object->layout.imports_size));
    grant->object->holders--;
    free(grant);
}

int orc_compartment_destroy(struct orc_compartment *compartment) {
    struct orc_cell *cell = compartment->cell;
    pthread_mutex_lock(&cell->lock);
    int status = 0;
    if (compartment->threads > 0)
        status = -EBUSY;
    else if (munmap(compartment->slot, ORC_SLOT_SIZE) != 0)
        status = -errno;
    if (status == 0) {
        while (compartment->grants) {
            struct grant *grant = compartment->grants;
            compartment->grants = grant->next;
            drop_grant(grant);
        }
        cell->compartments--;
    }
    pthread_mutex_unlock(&cell->lock);
    if (status == 0)
        free(compartment);
    return status;
}

struct grant *compartment_grant_of(const struct orc_compartment *compartment,
                                   const struct orc_object *object) {
    struct grant *grant = compartment->grants;
    while (grant && grant->object != object)
        grant = grant->next;
    return grant;
}

/* Maps `size` bytes of a file into the slot; nothing when there are none. */
static int map_file(uint8_t *address, uint32_t size, int protection, int sharing, int file, uint32_t offset) {
    if (size == 0)
        return 0;
    if (mmap(address, page_up(size), protection, sharing | MAP_FIXED | MAP_NORESERVE, file, offset) ==
        MAP_FAILED)
        return -errno;
    return 0;
}

/* The guest reads the import table; the Intravisor alone has a writable mapping of the same pages. */
static int map_imports(struct grant *grant, uint8_t *slot_view) {
    uint32_t size = grant->object->layout.imports_size;
    if (size == 0)
        return 0;
    int file = memory_file("orc-imports", page_up(size));
    if (file < 0)
        return file;
    int status = map_file(slot_view, size, PROT_READ, MAP_SHARED, file, 0);
    if (status == 0) {
        void *own = mmap(NULL, page_up(size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (own == MAP_FAILED)
            status = -errno;
        else
            grant->imports = own;
    }
    close(file);
    return status;
}

/* What the template doesn't fill (.bss) is plain anonymous memory. */
static int map_data(const struct orc_object *object, uint8_t *base) {
    const struct orc_object_layout *layout = &object->layout;
    uint64_t from_file = page_up(layout->data_file_size), whole = page_up(layout->data_size);
    int status = map_file(base + layout->data, layout->data_file_size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
                          object->image, layout->data);
    if (status == 0 && whole > from_file)
        status = map_fixed(base + layout->data + from_file, whole - from_file, PROT_READ | PROT_WRITE);
    return status;
}

/* Everything but the text, which has no place in a slot: code can't be read as data. */
static int map_object(struct grant *grant, uint8_t *base) {
    const struct orc_object *object = grant->object;
    const struct orc_object_layout *layout = &object->layout;
    int status = map_file(base + layout->constants, layout->constants_size, PROT_READ, MAP_SHARED,
                          object->image, layout->constants);
    if (status == 0)
        status = map_file(base + layout->relocated, layout->relocated_size, PROT_READ, MAP_SHARED,
                          object->image, layout->relocated);
    if (status == 0)
        status = map_imports(grant, base + layout->imports);
    if (status == 0)
        status = map_data(object, base);
    return status;
}

int orc_compartment_grant(struct orc_compartment *compartment, struct orc_object *object,
                          struct orc_error *error) {
    struct orc_cell *cell = compartment->cell;
    struct grant *grant = calloc(1, sizeof *grant);
    if (!grant)
        return fail(error, ENOMEM, "grant: no memory");
    int status;
    pthread_mutex_lock(&cell->lock);
    if (object->cell != cell || compartment_grant_of(compartment, object)) {
        free(grant);
        status =
            fail(error, EEXIST, "grant: the compartment holds this object already, or another cell does");
    } else {
        uint8_t *base = compartment->slot + object->base;
        grant->object = object;
        object->holders++;
        status = map_object(grant, base);
        if (status < 0) {
            unmap_fixed(base, object->span);
            drop_grant(grant);
            fail(error, -status, "grant: can't map the object into the slot: %s", strerror(-status));
        } else {
            grant->next = compartment->grants;
            compartment->grants = grant;
        }
    }
    pthread_mutex_unlock(&cell->lock);
    return status;
}

int orc_compartment_bind(struct orc_compartment *compartment, struct orc_object *object, uint32_t import,
                         struct orc_object *target, uint32_t entry) {
    struct orc_cell *cell = compartment->cell;
    int status = 0;
    pthread_mutex_lock(&cell->lock);
    struct grant *grant = compartment_grant_of(compartment, object);
    if (!grant || !compartment_grant_of(compartment, target))
        status = -ENOENT;
    else if (import >= object->layout.imports_size / sizeof *grant->imports ||
             !object_has_entry(target, entry))
        status = -EINVAL;
    else /* one store: a guest thread that is jumping through the entry sees the old target or the new one */
        __atomic_store_n(&grant->imports[import], (uint64_t)target->base + entry, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&cell->lock);
    return status;
}

static int map_start_info(struct orc_compartment *compartment, const void *start_info, size_t size) {
    if (size == 0)
        return 0;
    if (size > ORC_START_INFO_END - ORC_START_INFO)
        return -E2BIG;
    uint8_t *place = compartment->slot + ORC_START_INFO;
    int status = map_fixed(place, page_up(size), PROT_READ | PROT_WRITE);
    if (status < 0)
        return status;
    memcpy(place, start_info, size);
    return mprotect(place, page_up(size), PROT_READ) == 0 ? 0 : -errno;
}

int orc_compartment_map_bare(struct orc_compartment *compartment, const void *start_info, size_t size,
                             struct orc_error *error) {
    uint8_t *slot = compartment->slot;
    int status = map_start_info(compartment, start_info, size);
    if (status < 0)
        return fail(error, -status, "compartment: can't map %zu bytes of start information: %s", size,
                    strerror(-status));
    status = map_fixed(slot + ORC_FIRST_STACK, ORC_FIRST_STACK_END - ORC_FIRST_STACK, PROT_READ | PROT_WRITE);
    if (status == 0)
        status = map_fixed(slot + ORC_HEAP, ORC_HEAP_END - ORC_HEAP, PROT_READ | PROT_WRITE);
    if (status < 0)
        return fail(error, -status, "compartment: can't map its memory: %s", strerror(-status));
    return 0;
}

uint8_t *orc_compartment_slot(const struct orc_compartment *compartment) {
    return compartment->slot;
}
