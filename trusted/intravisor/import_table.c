/* Import tables: code capabilities, filled by the Intravisor alone.
 *
 * A table never changes once it's mapped: binding makes a new one and maps it over the old one, in one step
 * for a thread that is jumping through it. So compartments that bind an object alike share one table. What a
 * table's entries lead to stays: each compartment that uses it holds the targets, and can't release them
 * before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "orc/hostcall.h"
#include "store.h"

struct import_table {
    struct import_table *next; /* of the same object */
    unsigned references;       /* grants */
    int file;
    uint64_t entries[];
};

static uint32_t table_size(const struct orc_object *object) {
    return object->layout.imports_size;
}

static uint32_t entry_count(const struct orc_object *object) {
    return table_size(object) / sizeof(uint64_t);
}

static int read_template(const struct orc_object *object, uint64_t *entries) {
    ssize_t got = pread(object->image, entries, table_size(object), object->layout.imports);
    return got == (ssize_t)table_size(object) ? 0 : -EIO;
}

/* Changes entries as the bindings say, or says what's wrong with one of them. */
static int bind_entries(const struct orc_compartment *compartment, const struct orc_object *object,
                        uint64_t *entries, const uint64_t *template, const struct orc_binding *bindings,
                        uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct orc_binding *binding = &bindings[i];
        if (binding->import >= entry_count(object))
            return -EINVAL;
        if (binding->target == ORC_NO_HANDLE) {
            entries[binding->import] = template[binding->import];
            continue;
        }
        const struct grant *target = capability_grant(compartment, binding->target);
        if (!target)
            return -EBADF;
        if (!object_has_entry(target->object, binding->entry))
            return -EINVAL;
        entries[binding->import] = (uint64_t)target->object->base + binding->entry;
    }
    return 0;
}

static struct import_table *find_equal(const struct orc_object *object, const uint64_t *entries) {
    struct import_table *table = object->tables;
    while (table && memcmp(table->entries, entries, table_size(object)) != 0)
        table = table->next;
    return table;
}

/* Writes and seals the file that compartments map. */
static int make_file(const struct orc_object *object, const uint64_t *entries) {
    int file = memory_file("orc-imports", page_up(table_size(object)));
    if (file < 0)
        return file;
    int status = pwrite(file, entries, table_size(object), 0) == (ssize_t)table_size(object) ? 0 : -ENOMEM;
    if (status == 0)
        status = memory_file_seal(file);
    if (status == 0)
        return file;
    close(file);
    return status;
}

/* A reference to the object's table with these entries, new or old, or NULL for no memory. */
static struct import_table *get_table(struct orc_object *object, const uint64_t *entries) {
    HOLD(object->cell->lock);
    struct import_table *table = find_equal(object, entries);
    if (!table && (table = malloc(sizeof *table + table_size(object)))) {
        table->references = 0;
        memcpy(table->entries, entries, table_size(object));
        table->file = make_file(object, entries);
        if (table->file < 0) {
            free(table);
            table = NULL;
        } else {
            table->next = object->tables;
            object->tables = table;
        }
    }
    if (table)
        table->references++;
    return table;
}

void import_table_release(struct grant *grant) {
    struct import_table *table = grant->table;
    grant->table = NULL;
    if (!table || --table->references > 0)
        return;
    UNLINK(grant->object->tables, table, next);
    close(table->file);
    free(table);
}

static int map_table(const struct orc_compartment *compartment, struct grant *grant,
                     struct import_table *table) {
    const struct orc_object *object = grant->object;
    void *place = compartment->slot + object->base + object->layout.imports;
    void *got = mmap(place, page_up(table_size(object)), PROT_READ, MAP_SHARED | MAP_FIXED, table->file, 0);
    int status = got == MAP_FAILED ? -errno : 0;
    HOLD(object->cell->lock);
    struct grant old = *grant;
    if (status == 0)
        grant->table = table;
    else
        old.table = table;
    import_table_release(&old);
    return status;
}

int import_table_copy(struct orc_compartment *compartment, struct grant *grant, struct import_table *table) {
    if (!table)
        return 0;
    pthread_mutex_lock(&compartment->cell->lock);
    table->references++;
    pthread_mutex_unlock(&compartment->cell->lock);
    return map_table(compartment, grant, table);
}

int import_table_bind(struct orc_compartment *compartment, struct grant *grant,
                      const struct orc_binding *bindings, uint32_t count) {
    struct orc_object *object = grant->object;
    uint64_t *entries = malloc(2 * (size_t)table_size(object) + 1), *template = entries + entry_count(object);
    if (!entries)
        return -ENOMEM;
    int status = read_template(object, template);
    if (status == 0) {
        memcpy(entries, grant->table ? grant->table->entries : template, table_size(object));
        status = bind_entries(compartment, object, entries, template, bindings, count);
    }
    if (status == 0 && table_size(object) > 0 && count > 0) {
        struct import_table *table = get_table(object, entries);
        status = table ? map_table(compartment, grant, table) : -ENOMEM;
    }
    free(entries);
    return status;
}

bool import_table_leads_to(const struct grant *grant, const struct orc_object *object) {
    for (uint32_t i = 0; grant->table && i < entry_count(grant->object); i++)
        if (grant->table->entries[i] - object->base < object->span)
            return true;
    return false;
}
