/* Objects: the Intravisor's own sealed copy of an image, verified, with its text in code space. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object_check.h"

#define GUARD_PAGE ORC_PAGE_SIZE /* between two objects, so that running off one never reaches the other */

/* Takes the lowest gap of the window that is wide enough, and links the object in. The caller holds the lock.
 */
static int window_take(struct orc_cell *cell, struct orc_object *object) {
    struct orc_object **link = &cell->objects;
    uint64_t at = ORC_WINDOW;
    for (; *link && (*link)->base < at + object->span + GUARD_PAGE; link = &(*link)->next)
        at = (uint64_t)(*link)->base + (*link)->span + GUARD_PAGE;
    if (at + object->span > ORC_WINDOW_END)
        return -ENOSPC;
    object->base = (uint32_t)at;
    object->next = *link;
    *link = object;
    return 0;
}

static void window_give(struct orc_cell *cell, struct orc_object *object) {
    struct orc_object **link = &cell->objects;
    while (*link != object)
        link = &(*link)->next;
    *link = object->next;
}

struct orc_object *object_at(const struct orc_cell *cell, uint32_t address) {
    for (struct orc_object *object = cell->objects; object; object = object->next)
        if (address - object->base - object->layout.text < object->layout.text_size &&
            address >= object->base + object->layout.text)
            return object;
    return NULL;
}

bool object_has_entry(const struct orc_object *object, uint32_t offset) {
    static const uint8_t endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};
    const struct orc_object_layout *layout = &object->layout;
    if (offset < layout->text || layout->text_size < sizeof endbr64 ||
        offset - layout->text > layout->text_size - sizeof endbr64)
        return false;
    return memcmp((const void *)(uintptr_t)(object->base + offset), endbr64, sizeof endbr64) == 0;
}

static int relocate(uint8_t *bytes, const struct orc_object *object, const struct orc_relocation *relocations,
                    struct orc_error *error) {
    for (uint32_t i = 0; i < object->layout.relocation_count; i++) {
        struct orc_relocation relocation = relocations[i];
        int status = object_check_relocation(&object->layout, object->base, &relocation, error);
        if (status < 0)
            return status;
        uint64_t value = (uint64_t)object->base + relocation.addend;
        memcpy(bytes + relocation.offset, &value, sizeof value);
    }
    return 0;
}

static void copy_region(uint8_t *to, const void *from, size_t size) {
    if (size > 0)
        memcpy(to, from, size);
}

/* Copies and relocates the image into the object's file. The import table stays zero: unbound. */
static int fill(const struct orc_object *object, const struct orc_object_image *image,
                struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    uint8_t *bytes = mmap(NULL, object->span, PROT_READ | PROT_WRITE, MAP_SHARED, object->image, 0);
    if (bytes == MAP_FAILED)
        return fail(error, errno, "object: can't map its copy: %s", strerror(errno));
    copy_region(bytes + layout->constants, image->constants, layout->constants_size);
    copy_region(bytes + layout->relocated, image->relocated, layout->relocated_size);
    copy_region(bytes + layout->data, image->data, layout->data_file_size);
    copy_region(bytes + layout->text, image->text, layout->text_size);
    memset(bytes + layout->text + layout->text_size, 0xcc, object->span - layout->text - layout->text_size);
    int status = relocate(bytes, object, image->relocations, error);
    munmap(bytes, object->span);
    return status;
}

/* From here on nobody, the Intravisor included, can change the image: what is verified is what runs. */
static int seal(const struct orc_object *object, struct orc_error *error) {
    if (fcntl(object->image, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return fail(error, errno, "object: can't seal its copy: %s", strerror(errno));
    return 0;
}

static void *text_address(const struct orc_object *object) {
    return (void *)(uintptr_t)(object->base + object->layout.text);
}

/* The verifier's word on the text, which is mapped, and on the jump tables of the sealed image. */
static int verify(const struct orc_object *object, orc_report_function *report, void *context,
                  struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    uint32_t imports = object->base + layout->imports;
    struct orc_import_table table = {imports, imports + layout->imports_size};
    struct orc_jump_tables jumps = {object->base + layout->relocated, layout->jump_tables_size / 8, NULL};
    void *entries = NULL;
    if (jumps.count > 0) {
        entries = mmap(NULL, layout->jump_tables_size, PROT_READ, MAP_SHARED, object->image, layout->relocated);
        if (entries == MAP_FAILED)
            return fail(error, errno, "object: can't map its jump tables: %s", strerror(errno));
        jumps.entries = entries;
    }
    enum orc_verdict verdict = orc_verify_text(text_address(object), layout->text_size, object->base + layout->text,
                                               table, jumps, report, context);
    if (entries)
        munmap(entries, layout->jump_tables_size);
    if (verdict == ORC_VERIFY_REJECTED)
        return fail(error, ENOEXEC, "object: the verifier rejects its text");
    if (verdict != ORC_VERIFY_ACCEPTED)
        return fail(error, ENOMEM, "object: the verifier could not decide");
    return 0;
}

/* Maps the text where it will run, readable; verifies it there; only then makes it executable. */
static int publish(const struct orc_object *object, orc_report_function *report, void *context,
                   struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    void *text = text_address(object);
    size_t size = page_up(layout->text_size);
    if (mmap(text, size, PROT_READ, MAP_SHARED | MAP_FIXED, object->image, layout->text) == MAP_FAILED)
        return fail(error, errno, "object: can't map its text at %p: %s", text, strerror(errno));

    int status = verify(object, report, context, error);
    if (status == 0 && mprotect(text, size, PROT_READ | PROT_EXEC) != 0)
        status = fail(error, errno, "object: can't make its text executable: %s", strerror(errno));
    if (status < 0)
        unmap_fixed(text, size);
    return status;
}

static int build(struct orc_object *object, const struct orc_object_image *image, orc_report_function *report,
                 void *context, struct orc_error *error) {
    object->image = memory_file("orc-object", object->span);
    if (object->image < 0)
        return fail(error, -object->image, "object: no memory file of %u bytes: %s", object->span,
                    strerror(-object->image));
    int status = fill(object, image, error);
    if (status == 0)
        status = seal(object, error);
    if (status == 0)
        status = publish(object, report, context, error);
    if (status < 0)
        close(object->image);
    return status;
}

int orc_object_create(struct orc_cell *cell, const struct orc_object_image *image,
                      orc_report_function *report, void *context, struct orc_object **object,
                      struct orc_error *error) {
    struct orc_object_layout layout = image->layout;
    int status = object_check_layout(&layout, error);
    if (status < 0)
        return status;
    struct orc_object *created = calloc(1, sizeof *created);
    if (!created)
        return fail(error, ENOMEM, "object: no memory");
    *created = (struct orc_object){.cell = cell, .layout = layout, .span = object_span(&layout)};
    pthread_mutex_lock(&cell->lock);
    status = window_take(cell, created);
    if (status < 0)
        fail(error, -status, "object: the object window has no room for 0x%x bytes", created->span);
    else if ((status = build(created, image, report, context, error)) < 0)
        window_give(cell, created);
    pthread_mutex_unlock(&cell->lock);
    if (status < 0)
        free(created);
    else
        *object = created;
    return status;
}

int orc_object_destroy(struct orc_object *object) {
    struct orc_cell *cell = object->cell;
    pthread_mutex_lock(&cell->lock);
    int status =
        object->holders > 0 ? -EBUSY : unmap_fixed(text_address(object), page_up(object->layout.text_size));
    if (status == 0)
        window_give(cell, object);
    pthread_mutex_unlock(&cell->lock);
    if (status < 0)
        return status;
    close(object->image);
    free(object);
    return 0;
}

uint32_t orc_object_base(const struct orc_object *object) {
    return object->base;
}
