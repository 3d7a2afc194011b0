/* Objects in slots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "orc/hostcall.h"
#include "store.h"

/* Zeroed data up to this size comes from the template's file, so that all data is one mapping. */
#define SMALL_ZEROED_DATA 0x40000u

int map_file(uint8_t *address, uint64_t size, int protection, int sharing, int file, uint64_t offset) {
    if (size == 0)
        return 0;
    void *got = mmap(address, size, protection, sharing | MAP_FIXED | MAP_NORESERVE, file, (off_t)offset);
    return got == MAP_FAILED ? -errno : 0;
}

/* Constants, relocated constants and the import table of nothing bound; regions that follow each other as one
 * mapping. What lies between regions isn't mapped: reading it would allocate memory that nobody accounts for.
 */
static int map_shared(const struct orc_object *object, uint8_t *base) {
    const struct orc_object_layout *layout = &object->layout;
    const uint32_t regions[][2] = {{layout->constants, layout->constants_size},
                                   {layout->relocated, layout->relocated_size},
                                   {layout->imports, layout->imports_size}};
    uint32_t start = 0, end = 0;
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        if (regions[i][1] == 0)
            continue;
        if (regions[i][0] != end) {
            int status = map_file(base + start, end - start, PROT_READ, MAP_SHARED, object->image, start);
            if (status < 0)
                return status;
            start = regions[i][0];
        }
        end = (uint32_t)page_up((uint64_t)regions[i][0] + regions[i][1]);
    }
    return map_file(base + start, end - start, PROT_READ, MAP_SHARED, object->image, start);
}

/* A private copy-on-write view of the template; much zeroed data is plain anonymous memory. */
static int map_data(const struct orc_object *object, uint8_t *base) {
    const struct orc_object_layout *layout = &object->layout;
    uint64_t from_file = page_up(layout->data_file_size), whole = page_up(layout->data_size);
    if (whole - from_file <= SMALL_ZEROED_DATA)
        from_file = whole;
    int status = map_file(base + layout->data, from_file, PROT_READ | PROT_WRITE, MAP_PRIVATE, object->image,
                          layout->data);
    if (status == 0 && whole > from_file)
        status = map_fixed(base + layout->data + from_file, whole - from_file, PROT_READ | PROT_WRITE);
    return status;
}

/* What a grant may cost memory for: its data, and an import table of its own. */
static uint64_t charged_bytes(const struct orc_object *object) {
    return page_up(object->layout.data_size) + 2 * page_up(object->layout.imports_size);
}

int grant_create(struct orc_compartment *compartment, struct orc_object *object, struct grant **grant) {
    uint8_t *base = compartment->slot + object->base;
    struct grant *created = calloc(1, sizeof *created);
    int status = created ? 0 : -ENOMEM;
    if (status == 0 && compartment->grant_count >= compartment->limits.objects)
        status = -EMFILE;
    if (status == 0 && object->revoked) /* since it was found; who comes later is found and killed */
        status = -ENOENT;
    if (status == 0 && (status = memory_charge(compartment, charged_bytes(object))) == 0) {
        /* Everything but the text, which has no place in a slot: code can't be read as data. */
        status = map_shared(object, base);
        if (status == 0)
            status = map_data(object, base);
        if (status < 0) {
            if (munmap(base, object->span) != 0)
                abort(); /* as in grant_destroy */
            memory_refund(compartment, charged_bytes(object));
        }
    }
    if (status < 0) {
        free(created);
        HOLD(object->cell->lock);
        store_release(object);
        return status;
    }
    *created = (struct grant){.next = compartment->grants, .object = object, .handle = ORC_NO_HANDLE};
    compartment->grants = created;
    compartment->grant_count++;
    *grant = created;
    return 0;
}

void grant_destroy(struct orc_compartment *compartment, struct grant *grant) {
    struct orc_object *object = grant->object;
    UNLINK(compartment->grants, grant, next);
    if (compartment->signal_entry - object->base < object->span)
        compartment->signal_entry = 0;
    if (compartment->slot && munmap(compartment->slot + object->base, object->span) != 0)
        abort(); /* its bytes could become another object's */
    memory_refund(compartment, charged_bytes(object));
    compartment->grant_count--;
    HOLD(object->cell->lock);
    import_table_release(grant);
    store_release(object);
    free(grant);
}

struct grant *compartment_grant_of(const struct orc_compartment *compartment,
                                   const struct orc_object *object) {
    struct grant *grant = compartment->grants;
    while (grant && grant->object != object)
        grant = grant->next;
    return grant;
}

struct grant *compartment_grant_at(const struct orc_compartment *compartment, uint32_t address) {
    struct grant *grant = compartment->grants;
    while (grant &&
           address - grant->object->base - grant->object->layout.text >= grant->object->layout.text_size)
        grant = grant->next;
    return grant;
}

bool compartment_has_entry(const struct orc_compartment *compartment, uint32_t address) {
    const struct grant *grant = compartment_grant_at(compartment, address);
    return grant && object_has_entry(grant->object, address - grant->object->base);
}

int grant_to(struct orc_compartment *compartment, struct orc_object *object, struct grant **grant) {
    {
        HOLD(object->cell->lock);
        store_hold(object);
    }
    return grant_create(compartment, object, grant);
}

int orc_compartment_grant(struct orc_compartment *compartment, struct orc_object *object,
                          struct orc_error *error) {
    struct grant *grant;
    HOLD(compartment->lock);
    if (object->cell != compartment->cell || compartment_grant_of(compartment, object))
        return fail(error, EEXIST, "grant: the compartment holds this object already, or another cell does");
    int status = grant_to(compartment, object, &grant);
    if (status < 0)
        failed(error, -status, "grant: can't map the object into the slot (see the compartment's quotas)");
    return status;
}
