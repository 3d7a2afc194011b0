/* Objects: the Intravisor's own sealed copy of an image, verified, with its text in code space. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object_check.h"
#include "store.h"
#include "thread.h"

bool object_has_entry(const struct orc_object *object, uint32_t offset) {
    static const uint8_t endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};
    const struct orc_object_layout *layout = &object->layout;
    if (offset < layout->text || layout->text_size < sizeof endbr64 ||
        offset - layout->text > layout->text_size - sizeof endbr64)
        return false;
    return memcmp((const void *)(uintptr_t)(object->base + offset), endbr64, sizeof endbr64) == 0;
}

static void object_free(struct orc_object *object) {
    if (object->image >= 0)
        close(object->image);
    free(object);
}

int object_begin(struct orc_cell *cell, const struct orc_object_layout *layout, struct orc_object **object,
                 uint8_t **bytes, struct orc_error *error) {
    struct orc_object *created = calloc(1, sizeof *created);
    if (!created)
        return fail(error, ENOMEM, "object: no memory");
    *created =
        (struct orc_object){.cell = cell, .layout = *layout, .span = object_span(layout), .holders = 1};
    created->image = memory_file("orc-object", created->span);
    *bytes = mmap(NULL, created->span, PROT_READ | PROT_WRITE, MAP_SHARED, created->image, 0);
    *object = created;
    if (*bytes != MAP_FAILED)
        return 0;
    int code = created->image < 0 ? -created->image : errno;
    object_free(created);
    return failed(error, code, "object: can't make its copy");
}

/* The table of a compartment that has bound nothing. Nothing may be in it yet: this is the place for entries
 * that lead into the object's own text, once the verifier checks them. */
static int prepare_imports(const struct orc_object *object, const uint8_t *bytes, struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    for (uint32_t i = 0; i < layout->imports_size; i++)
        if (bytes[layout->imports + i] != 0)
            return fail(error, EINVAL, "object: the import table's byte %u isn't zero", i);
    return 0;
}

static int relocate(const struct orc_object *object, uint8_t *bytes, const struct orc_relocation *relocations,
                    struct orc_error *error) {
    for (uint32_t i = 0; i < object->layout.relocation_count; i++) {
        int status = object_check_relocation(&object->layout, object->base, &relocations[i],
                                             i > 0 ? &relocations[i - 1] : NULL, error);
        if (status < 0)
            return status;
        uint64_t value = (uint64_t)object->base + relocations[i].addend;
        memcpy(bytes + relocations[i].offset, &value, sizeof value);
    }
    return 0;
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
        entries =
            mmap(NULL, layout->jump_tables_size, PROT_READ, MAP_SHARED, object->image, layout->relocated);
        if (entries == MAP_FAILED)
            return failed(error, errno, "object: can't map its jump tables");
        jumps.entries = entries;
    }
    uint32_t text = object->base + layout->text;
    enum orc_verdict verdict = orc_verify_text((const uint8_t *)(uintptr_t)text, layout->text_size, text,
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
static int make_executable(const struct orc_object *object, orc_report_function *report, void *context,
                           struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    void *text = (void *)(uintptr_t)(object->base + layout->text);
    size_t size = page_up(layout->text_size);
    if (size == 0)
        return 0;
    if (mmap(text, size, PROT_READ, MAP_SHARED | MAP_FIXED, object->image, layout->text) == MAP_FAILED)
        return failed(error, errno, "object: can't map its text");

    int status = verify(object, report, context, error);
    if (status == 0 && mprotect(text, size, PROT_READ | PROT_EXEC) != 0)
        status = failed(error, errno, "object: can't make its text executable");
    return status;
}

/* With a base: from the loader's content to what runs. */
static int build(const struct orc_object *object, uint8_t *bytes, const struct orc_relocation *relocations,
                 orc_report_function *report, void *context, struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    if (layout->text_size > 0) /* the rest of the last page */
        memset(bytes + layout->text + layout->text_size, 0xcc,
               object->span - layout->text - layout->text_size);
    int status = relocate(object, bytes, relocations, error);
    if (munmap(bytes, object->span) != 0)
        abort(); /* someone could write to it */
    if (status == 0 && (status = memory_file_seal(object->image)) < 0)
        failed(error, -status, "object: can't seal its copy");
    return status < 0 ? status : make_executable(object, report, context, error);
}

int object_abandon(struct orc_object **object, uint8_t *bytes, int status) {
    munmap(bytes, (*object)->span);
    object_free(*object);
    *object = NULL;
    return status;
}

/* Lists the object as being built, unless the same content is there: then `*other` is a reference to that. */
static int find_or_add(struct orc_object *ours, struct orc_object **other, struct orc_thread *thread,
                       struct orc_error *error) {
    HOLD(ours->cell->lock);
    if (!ours->embedder && (*other = store_find(ours->cell, ours->hash, ours->domain, thread)))
        return 0;
    if (thread && thread->stopping)
        return -EINTR;
    int status = store_add(ours->cell, ours);
    if (status < 0)
        fail(error, -status, "object: the object window has no room for 0x%x bytes", ours->span);
    return status;
}

int object_finish(struct orc_object **object, uint8_t *bytes, const struct orc_relocation *relocations,
                  const uint8_t *claimed, struct orc_thread *thread, orc_report_function *report,
                  void *context, struct orc_error *error) {
    struct orc_object *ours = *object, *other = NULL;
    int status = 0;
    object_hash(&ours->layout, bytes, relocations, ours->hash);
    if (claimed && memcmp(claimed, ours->hash, ORC_HASH_SIZE) != 0)
        status = fail(error, EBADMSG, "object: its content doesn't have the hash that it claims");
    if (status == 0)
        status = prepare_imports(ours, bytes, error);
    if (status == 0)
        status = find_or_add(ours, &other, thread, error);
    if (other || status < 0) {
        status = object_abandon(object, bytes, status);
        *object = other;
        return status;
    }

    /* Outside the lock: others see that it's being built, and wait. */
    status = build(ours, bytes, relocations, report, context, error);
    HOLD(ours->cell->lock);
    if (status == 0)
        store_publish(ours);
    else
        store_withdraw(ours);
    return status;
}

static void copy_region(uint8_t *to, const void *from, size_t size) {
    if (size > 0 && from)
        memcpy(to, from, size);
}

static void fill(const struct orc_object_layout *layout, uint8_t *bytes,
                 const struct orc_object_image *image) {
    copy_region(bytes + layout->constants, image->constants, layout->constants_size);
    copy_region(bytes + layout->relocated, image->relocated, layout->relocated_size);
    copy_region(bytes + layout->imports, image->imports, layout->imports_size);
    copy_region(bytes + layout->data, image->data, layout->data_file_size);
    copy_region(bytes + layout->text, image->text, layout->text_size);
    if (image->hash_field > 0 && image->hash_field + (uint64_t)ORC_HASH_SIZE <= layout->constants_size)
        memset(bytes + layout->constants + image->hash_field, 0, ORC_HASH_SIZE);
}

int orc_object_create(struct orc_cell *cell, const struct orc_object_image *image,
                      orc_report_function *report, void *context, struct orc_object **object,
                      struct orc_error *error) {
    struct orc_object_layout layout = image->layout;
    struct orc_object *created;
    uint8_t *bytes;
    int status = object_check_layout(&layout, false, error);
    if (status == 0)
        status = object_begin(cell, &layout, &created, &bytes, error);
    if (status < 0)
        return status;
    created->embedder = true;
    created->holders = 0;
    if (image->name)
        strncpy(created->name, image->name, sizeof created->name - 1);
    fill(&layout, bytes, image);
    status = object_finish(&created, bytes, image->relocations, NULL, NULL, report, context, error);
    if (status == 0)
        *object = created;
    return status;
}

int orc_object_destroy(struct orc_object *object) {
    struct orc_cell *cell = object->cell;
    HOLD(cell->lock);
    if (object->holders > 0)
        return -EBUSY;
    store_retire(object);
    return 0;
}
