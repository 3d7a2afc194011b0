/* Objects: what guests register, request, bind and release. Whatever a guest hands over is copied into the
 * Intravisor's memory before anything is believed of it. */
#include <stdlib.h>
#include <string.h>

#include "../intravisor/object_check.h"
#include "../intravisor/store.h"
#include "hostcalls.h"

#define COPY_STEP 0x100000u /* between two looks at whether the thread is stopped */

/* --- Handles --- */

/* Takes the grant away. -EBUSY while another object of the compartment is bound to it. */
static int release_grant(struct orc_compartment *compartment, struct grant *grant) {
    for (const struct grant *other = compartment->grants; other; other = other->next)
        if (other != grant && import_table_leads_to(other, grant->object))
            return -EBUSY;
    capability_drop_grant(compartment, grant);
    grant_destroy(compartment, grant);
    return 0;
}

static int release_handle(struct orc_compartment *compartment, uint64_t handle) {
    HOLD(compartment->lock);
    struct grant *grant = capability_grant(compartment, handle);
    if (!grant)
        return -EBADF;
    if (grant->count <= 1)
        return release_grant(compartment, grant);
    grant->count--;
    return 0;
}

static void describe(const struct orc_object *object, struct orc_object_info *info) {
    *info = (struct orc_object_info){
        .base = object->base,
        .size = object->span,
        .flags = object->layout.text_size == 0 ? ORC_OBJECT_DATA : 0,
    };
    memcpy(info->hash, object->hash, sizeof info->hash);
}

static void release_reference(struct orc_object *object) {
    HOLD(object->cell->lock);
    store_release(object);
}

/* A handle for the object whose reference this takes over. */
static int64_t add_handle_of(struct orc_compartment *compartment, struct orc_object *object,
                             struct orc_object_info *info) {
    HOLD(compartment->lock);
    struct grant *grant = compartment_grant_of(compartment, object);
    describe(object, info);
    info->fresh = !grant;
    if (grant)
        release_reference(object);
    int64_t status = grant ? 0 : grant_create(compartment, object, &grant);
    if (status == 0 && (status = capability_of_grant(compartment, grant, 0)) >= 0)
        grant->count++;
    else if (grant && info->fresh)
        grant_destroy(compartment, grant);
    return status;
}

static int64_t give(struct orc_thread *thread, struct orc_object *object, guest_address to) {
    struct orc_compartment *compartment = thread->compartment;
    struct orc_object_info info;
    int64_t handle = add_handle_of(compartment, object, &info);
    if (handle >= 0 && guest_write(thread, to, &info, sizeof info) < 0) {
        release_handle(compartment, (uint64_t)handle);
        return -EFAULT;
    }
    return handle;
}

static struct orc_object *find(struct orc_thread *thread, const uint8_t *hash) {
    struct orc_cell *cell = thread->compartment->cell;
    HOLD(cell->lock);
    return store_find(cell, hash, thread->compartment->domain, thread);
}

int64_t call_object_request(struct orc_thread *thread, const uint64_t *arguments) {
    uint8_t hash[ORC_HASH_SIZE];
    if (guest_read(thread, hash, guest_pointer(arguments[0]), sizeof hash) < 0)
        return -EFAULT;
    struct orc_object *object = find(thread, hash);
    return object ? give(thread, object, guest_pointer(arguments[1])) : -ENOENT;
}

int64_t call_object_release(struct orc_thread *thread, const uint64_t *arguments) {
    return release_handle(thread->compartment, arguments[0]);
}

int64_t call_object_bind(struct orc_thread *thread, const uint64_t *arguments) {
    struct orc_compartment *compartment = thread->compartment;
    uint64_t count = arguments[2];
    if (count > ORC_MAX_BINDINGS)
        return -EINVAL;
    struct orc_binding *bindings = malloc(count * sizeof *bindings + 1);
    if (!bindings)
        return -ENOMEM;
    int status = guest_read(thread, bindings, guest_pointer(arguments[1]), count * sizeof *bindings);
    if (status == 0) {
        HOLD(compartment->lock);
        struct grant *grant = capability_grant(compartment, arguments[0]);
        status = grant ? import_table_bind(compartment, grant, bindings, (uint32_t)count) : -EBADF;
    }
    free(bindings);
    return status;
}

/* --- Registration --- */

struct registration {
    struct orc_thread *thread;
    struct orc_object_source source;
    struct orc_object_note note;
    char name[OBJECT_NAME_SIZE];
};

/* What the verifier found, for the operator: the first of it. */
static bool log_rejection(void *context, const struct orc_rejection *rejection) {
    const struct registration *registration = context;
    operator_log(registration->thread->compartment, "%s: rule %d at 0x%x: %s", registration->name,
                 rejection->rule, registration->note.layout.text + rejection->offset, rejection->reason);
    return false;
}

static int read_request(struct orc_thread *thread, guest_address from, struct registration *registration) {
    struct orc_object_source *source = &registration->source;
    registration->thread = thread;
    if (guest_read(thread, source, from, sizeof *source) < 0 ||
        guest_read(thread, &registration->note, (guest_address){source->note}, sizeof registration->note) < 0)
        return -EFAULT;
    if ((source->flags & ~(uint32_t)ORC_OBJECT_DATA) != 0 ||
        source->name_length >= sizeof registration->name || registration->note.version != ORC_NOTE_VERSION ||
        registration->note.reserved != 0)
        return -EINVAL;
    if (guest_read(thread, registration->name, (guest_address){source->name}, source->name_length) < 0)
        return -EFAULT;
    for (uint32_t i = 0; i < source->name_length; i++)
        if (registration->name[i] < ' ' || registration->name[i] > '~')
            registration->name[i] = '?';
    registration->name[source->name_length] = 0;
    return 0;
}

static int copy_from_guest(const void *content, unsigned region, void *to, uint64_t size) {
    const struct registration *registration = content;
    const struct orc_object_source *source = &registration->source;
    const uint32_t regions[] = {source->constants, source->relocated, source->imports,
                                source->data,      source->text,      source->relocations};
    guest_address from = {regions[region]};
    if (!guest_range(from, size))
        return -EFAULT;
    for (uint64_t done = 0, step; done < size; done += step) {
        step = size - done < COPY_STEP ? size - done : COPY_STEP;
        if (registration->thread->stopping)
            return -EINTR;
        if (guest_read(registration->thread, (uint8_t *)to + done, from, step) < 0)
            return -EFAULT;
        from.address += (uint32_t)step;
    }
    return 0;
}

static int charge(struct orc_compartment *compartment, uint64_t bytes) {
    HOLD(compartment->lock);
    if (compartment->grant_count >= compartment->limits.objects)
        return -EMFILE;
    if (bytes > compartment->limits.registered - compartment->registered)
        return -EDQUOT;
    compartment->registered += bytes;
    return 0;
}

/* What an object costs beside its place in the window: a descriptor, and time for whoever looks for a place.
 */
#define OBJECT_COST 0x10000u

/* A reference to the object. What takes a place in the window is charged for the compartment's life: the
 * place is free again only when the last thread that runs now has ended, whoever's it is. */
static int find_or_create(struct registration *registration, struct orc_object **object,
                          struct orc_error *error) {
    struct orc_compartment *compartment = registration->thread->compartment;
    const struct orc_object_source *asked = &registration->source;
    const struct object_source source = {
        .layout = &registration->note.layout,
        .hash_field = asked->note - asked->constants + (uint32_t)offsetof(struct orc_object_note, hash),
        .name = registration->name,
        .domain = compartment->domain,
        .claimed = registration->note.hash,
        .copy = copy_from_guest,
        .content = registration,
        .report = log_rejection,
        .report_context = registration,
        .thread = registration->thread,
    };
    *object = find(registration->thread, source.claimed);
    if (*object)
        return 0;
    int status = object_check_layout(source.layout, asked->flags & ORC_OBJECT_DATA, error);
    if (status < 0)
        return status;
    uint64_t cost = object_span(source.layout) + OBJECT_COST;
    status = charge(compartment, cost);
    if (status < 0)
        return status;
    status = object_create(compartment->cell, &source, object, error);
    HOLD(compartment->lock);
    /* What is rejected takes no place, but others' time. */
    compartment->registered -= status == 0 ? 0 : status == -ENOEXEC ? cost - OBJECT_COST : cost;
    return status;
}

int64_t call_object_register(struct orc_thread *thread, const uint64_t *arguments) {
    struct registration registration = {0};
    struct orc_error error = {0};
    struct orc_object *object;
    int status = read_request(thread, guest_pointer(arguments[0]), &registration);
    if (status == 0)
        status = find_or_create(&registration, &object, &error);
    if (error.message[0])
        operator_log(thread->compartment, "%s: %s", registration.name, error.message);
    return status < 0 ? status : give(thread, object, guest_pointer(arguments[1]));
}
