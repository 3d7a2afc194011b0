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

/* A new object, with room for its image, which is mapped at `*bytes`. */
static int begin(struct orc_cell *cell, const struct object_source *source, struct orc_object **object,
                 uint8_t **bytes, struct orc_error *error) {
    struct orc_object *created = calloc(1, sizeof *created);
    if (!created)
        return fail(error, ENOMEM, "object: no memory");
    *created = (struct orc_object){.cell = cell,
                                   .layout = *source->layout,
                                   .span = object_span(source->layout),
                                   .embedder = !source->domain,
                                   .holders = source->domain != NULL};
    strncpy(created->name, source->name ? source->name : "", sizeof created->name - 1);
    strcpy(created->domain, source->domain ? source->domain : "");
    created->image = memory_file("orc-object", created->span);
    *bytes = mmap(NULL, created->span, PROT_READ | PROT_WRITE, MAP_SHARED, created->image, 0);
    *object = created;
    if (*bytes != MAP_FAILED)
        return 0;
    int code = created->image < 0 ? -created->image : errno;
    object_free(created);
    return failed(error, code, "object: can't make its copy");
}

/* All regions, and zeros where the note's hash field stands: what is published is what was hashed. */
static int copy_content(const struct object_source *source, uint8_t *bytes,
                        struct orc_relocation **relocations) {
    const struct orc_object_layout *layout = source->layout;
    const uint32_t regions[][2] = {{layout->constants, layout->constants_size},
                                   {layout->relocated, layout->relocated_size},
                                   {layout->imports, layout->imports_size},
                                   {layout->data, layout->data_file_size},
                                   {layout->text, layout->text_size}};
    uint64_t size = (uint64_t)layout->relocation_count * sizeof **relocations;
    int status = (*relocations = malloc(size + 1)) ? 0 : -ENOMEM;
    for (unsigned i = 0; i < sizeof regions / sizeof *regions && status == 0; i++)
        status = source->copy(source->content, i, bytes + regions[i][0], regions[i][1]);
    if (source->hash_field > 0 && source->hash_field + (uint64_t)ORC_HASH_SIZE <= layout->constants_size)
        memset(bytes + layout->constants + source->hash_field, 0, ORC_HASH_SIZE);
    return status < 0 ? status : source->copy(source->content, OBJECT_RELOCATIONS, *relocations, size);
}

/* The table of a compartment that has bound nothing. Nothing may be in it yet: this is the place for entries
 * that lead into the object's own text, once the verifier checks them. */
static int check_imports(const struct orc_object *object, const uint8_t *bytes, struct orc_error *error) {
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

/* The verifier's word on the text and on the jump tables, in the image that is sealed and mapped next. */
static int verify(const struct orc_object *object, const uint8_t *bytes, const struct object_source *source,
                  struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    uint32_t imports = object->base + layout->imports;
    struct orc_import_table table = {imports, imports + layout->imports_size};
    struct orc_jump_tables jumps = {object->base + layout->relocated, layout->jump_tables_size / 8,
                                    (const uint64_t *)(const void *)(bytes + layout->relocated)};
    enum orc_verdict verdict =
        orc_verify_text(bytes + layout->text, layout->text_size, object->base + layout->text, table, jumps,
                        source->report, source->report_context);
    if (verdict == ORC_VERIFY_REJECTED)
        return fail(error, ENOEXEC, "object: the verifier rejects its text");
    if (verdict != ORC_VERIFY_ACCEPTED)
        return fail(error, ENOMEM, "object: the verifier could not decide");
    return 0;
}

/* Maps the verified text where it runs: in two steps, since the cell's filter knows no executable mmap. No
 * guarded sequence may look at it in between. */
static int make_executable(const struct orc_object *object, struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    void *text = (void *)(uintptr_t)(object->base + layout->text);
    size_t size = page_up(layout->text_size);
    if (size > 0 &&
        (mmap(text, size, PROT_NONE, MAP_SHARED | MAP_FIXED, object->image, layout->text) == MAP_FAILED ||
         mprotect(text, size, PROT_READ | PROT_EXEC) != 0))
        return failed(error, errno, "object: can't map its text");
    return 0;
}

/* With a base: from the loader's content to what runs. */
static int build(const struct orc_object *object, uint8_t *bytes, const struct orc_relocation *relocations,
                 const struct object_source *source, struct orc_error *error) {
    const struct orc_object_layout *layout = &object->layout;
    if (layout->text_size > 0) /* the rest of the last page */
        memset(bytes + layout->text + layout->text_size, 0xcc,
               object->span - layout->text - layout->text_size);
    int status = relocate(object, bytes, relocations, error);
    if (status == 0 && layout->text_size > 0)
        status = verify(object, bytes, source, error);
    if (munmap(bytes, object->span) != 0)
        abort(); /* someone could write to it */
    if (status == 0 && (status = memory_file_seal(object->image)) < 0)
        failed(error, -status, "object: can't seal its copy");
    return status < 0 ? status : make_executable(object, error);
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
        failed(error, -status, "object: the object window has no place for it");
    return status;
}

/* Copies the content, names it, and lists the object or finds the one that is there. */
static int prepare(struct orc_object *ours, uint8_t *bytes, struct orc_relocation **relocations,
                   const struct object_source *source, struct orc_object **other, struct orc_error *error) {
    int status = copy_content(source, bytes, relocations);
    if (status < 0)
        return status;
    object_hash(&ours->layout, bytes, *relocations, ours->hash);
    if (source->claimed && memcmp(source->claimed, ours->hash, ORC_HASH_SIZE) != 0)
        return fail(error, EBADMSG, "object: its content doesn't have the hash that it claims");
    status = check_imports(ours, bytes, error);
    return status < 0 ? status : find_or_add(ours, other, source->thread, error);
}

int object_create(struct orc_cell *cell, const struct object_source *source, struct orc_object **object,
                  struct orc_error *error) {
    struct orc_object *ours, *other = NULL;
    struct orc_relocation *relocations = NULL;
    uint8_t *bytes;
    int status = begin(cell, source, &ours, &bytes, error);
    if (status < 0)
        return status;
    status = prepare(ours, bytes, &relocations, source, &other, error);
    if (other || status < 0) {
        munmap(bytes, ours->span);
        object_free(ours);
    } else {
        /* Outside the lock: others see that it's being built, and wait. */
        status = build(ours, bytes, relocations, source, error);
        HOLD(cell->lock);
        store_decide(ours, status == 0);
    }
    free(relocations);
    if (status == 0)
        *object = other ? other : ours;
    return other ? 1 : status;
}

/* --- Objects of the embedder's --- */

static int copy_from_embedder(const void *content, unsigned region, void *to, uint64_t size) {
    const struct orc_object_image *image = content;
    const void *const regions[] = {image->constants, image->relocated, image->imports,
                                   image->data,      image->text,      image->relocations};
    if (size > 0 && regions[region])
        memcpy(to, regions[region], size);
    return 0;
}

int orc_object_create(struct orc_cell *cell, const struct orc_object_image *image,
                      orc_report_function *report, void *context, struct orc_object **object,
                      struct orc_error *error) {
    const struct object_source source = {.layout = &image->layout,
                                         .hash_field = image->hash_field,
                                         .name = image->name,
                                         .copy = copy_from_embedder,
                                         .content = image,
                                         .report = report,
                                         .report_context = context};
    int status = object_check_layout(source.layout, false, error);
    return status < 0 ? status : object_create(cell, &source, object, error);
}

int orc_object_destroy(struct orc_object *object) {
    struct orc_cell *cell = object->cell;
    HOLD(cell->lock);
    if (object->holders > 0)
        return -EBUSY;
    store_retire(object);
    return 0;
}
