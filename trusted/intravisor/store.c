/* The object store. Objects stand in the window in a list by base, and in buckets by hash. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"
#include "thread.h"

#define GUARD_PAGE ORC_PAGE_SIZE /* between two objects, so that running off one never reaches the other */
#define BUCKETS 1024u
#define WAIT_STEP 10000000 /* ns between two looks at whether the waiting thread is stopped */

/* What is kept without holders, for those who come soon: the youngest, within both limits. */
#define KEPT_OBJECTS 64u
#define KEPT_BYTES (64u << 20)

struct store {
    struct orc_object *objects;
    struct orc_object *buckets[BUCKETS];
    uint64_t age; /* counts retirements and departures; a thread remembers its value when it began */
    unsigned kept;
    uint64_t kept_bytes;
    pthread_cond_t decided; /* a building object became ready, or went */
};

struct store *store_create(void) {
    struct store *store = calloc(1, sizeof *store);
    if (store)
        make_condition(&store->decided);
    return store;
}

void store_destroy(struct store *store) {
    if (store)
        pthread_cond_destroy(&store->decided);
    free(store);
}

uint64_t store_age(const struct orc_cell *cell) {
    return __atomic_load_n(&cell->store->age, __ATOMIC_SEQ_CST);
}

static uint64_t next_age(struct store *store) {
    return __atomic_add_fetch(&store->age, 1, __ATOMIC_SEQ_CST);
}

static struct orc_object **bucket_of(struct store *store, const uint8_t *hash) {
    uint32_t word;
    memcpy(&word, hash, sizeof word);
    return &store->buckets[word % BUCKETS];
}

static void unlink_object(struct orc_object *object) {
    struct store *store = object->cell->store;
    UNLINK(store->objects, object, next);
    UNLINK(*bucket_of(store, object->hash), object, next_hash);
}

static void link_object(struct orc_object **place, struct orc_object *object) {
    struct orc_object **bucket = bucket_of(object->cell->store, object->hash);
    object->next = *place;
    *place = object;
    object->next_hash = *bucket;
    *bucket = object;
}

static struct orc_object *first_of(struct store *store, const uint8_t *hash) {
    struct orc_object *object = *bucket_of(store, hash);
    while (object && memcmp(object->hash, hash, ORC_HASH_SIZE) != 0)
        object = object->next_hash;
    return object;
}

/* --- Kept objects --- */

static bool is_kept(const struct orc_object *object) {
    return object->state == OBJECT_READY && object->holders == 0 && !object->embedder;
}

static void leave_kept(struct orc_object *object) {
    object->cell->store->kept--;
    object->cell->store->kept_bytes -= object->span;
}

static struct orc_object *oldest_kept(const struct store *store) {
    struct orc_object *oldest = NULL;
    for (struct orc_object *object = store->objects; object; object = object->next)
        if (is_kept(object) && (!oldest || object->age < oldest->age))
            oldest = object;
    return oldest;
}

/* Retires kept objects, the oldest first, down to these limits. */
static void trim(struct store *store, unsigned count, uint64_t bytes) {
    while (store->kept > count || store->kept_bytes > bytes) {
        struct orc_object *oldest = oldest_kept(store);
        leave_kept(oldest);
        store_retire(oldest);
    }
}

void store_hold(struct orc_object *object) {
    if (is_kept(object))
        leave_kept(object);
    object->holders++;
}

void store_release(struct orc_object *object) {
    struct store *store = object->cell->store;
    if (--object->holders > 0 || object->embedder)
        return;
    if (object->revoked) {
        store_retire(object);
        return;
    }
    object->age = next_age(store);
    store->kept++;
    store->kept_bytes += object->span;
    trim(store, KEPT_OBJECTS, KEPT_BYTES);
}

/* --- Retired objects: their code addresses wait until no thread can return to them --- */

static void retire(struct orc_object *object, uint64_t age) {
    const struct orc_object_layout *layout = &object->layout;
    if (layout->text_size > 0 &&
        unmap_fixed((void *)(uintptr_t)(object->base + layout->text), page_up(layout->text_size)) < 0)
        abort(); /* code that nobody accounts for must not stay */
    close(object->image);
    object->image = -1;
    object->state = OBJECT_RETIRED;
    object->age = age;
}

void store_retire(struct orc_object *object) {
    retire(object, next_age(object->cell->store));
}

/* Forgets the retired objects that no running thread has seen. Whoever began later began with an empty
 * control stack, and by then the text was unmapped. */
static void forget_retired(struct orc_cell *cell) {
    uint64_t oldest = UINT64_MAX;
    uint8_t *region;
    for (unsigned i = 0; (region = arena_next(&region_arena, &i));) {
        const struct orc_thread *thread = region_thread((uint64_t)region);
        uint64_t born =
            __atomic_load_n(&thread->born, __ATOMIC_SEQ_CST); /* first: an old one is on the safe side */
        if (__atomic_load_n(&thread->running, __ATOMIC_SEQ_CST) && born < oldest)
            oldest = born;
    }
    for (const struct orc_thread *thread = cell->dormant; thread; thread = thread->next_dormant)
        oldest = thread->born < oldest ? thread->born : oldest;
    struct orc_object *next;
    for (struct orc_object *object = cell->store->objects; object; object = next) {
        next = object->next;
        /* Where no text stood, nothing can lead to. */
        if (object->state != OBJECT_RETIRED || object->revoked ||
            (object->layout.text_size > 0 && oldest < object->age))
            continue;
        unlink_object(object);
        free(object);
    }
}

/* Identical content may stand where it stood: an old return address leads to the code that it always led to.
 */
static struct orc_object *retired_twin(struct store *store, const struct orc_object *object) {
    struct orc_object *twin = *bucket_of(store, object->hash);
    while (twin && (twin->state != OBJECT_RETIRED || twin->span != object->span ||
                    memcmp(twin->hash, object->hash, ORC_HASH_SIZE) != 0))
        twin = twin->next_hash;
    return twin;
}

/* --- The window --- */

/* The lowest gap that is wide enough. */
static int take_gap(struct store *store, struct orc_object *object) {
    struct orc_object **link = &store->objects;
    uint64_t at = ORC_WINDOW;
    for (; *link && (*link)->base < at + object->span + GUARD_PAGE; link = &(*link)->next)
        at = (uint64_t)(*link)->base + (*link)->span + GUARD_PAGE;
    if (at + object->span > ORC_WINDOW_END)
        return -ENOSPC;
    object->base = (uint32_t)at;
    link_object(link, object);
    return 0;
}

bool store_revoke(struct orc_cell *cell, const uint8_t *hash) {
    bool found = false;
    HOLD(cell->lock);
    for (struct orc_object *object = *bucket_of(cell->store, hash); object; object = object->next_hash)
        if (memcmp(object->hash, hash, ORC_HASH_SIZE) == 0)
            found = object->revoked = true;
    return found;
}

int store_add(struct orc_cell *cell, struct orc_object *object) {
    struct store *store = cell->store;
    struct orc_object *twin = retired_twin(store, object);
    const struct orc_object *like = first_of(store, object->hash);
    if (like && like->revoked) /* as all of this hash */
        return -EKEYREVOKED;
    object->state = OBJECT_BUILDING;
    if (twin) {
        struct orc_object **link = &store->objects;
        while (*link != twin)
            link = &(*link)->next;
        object->base = twin->base;
        object->age = twin->age;
        unlink_object(twin);
        free(twin);
        link_object(link, object);
        return 0;
    }
    forget_retired(cell);
    int status = take_gap(store, object);
    if (status < 0) {
        trim(store, 0, 0);
        forget_retired(cell);
        status = take_gap(store, object);
    }
    return status;
}

void store_decide(struct orc_object *object, bool good) {
    if (good)
        object->state = OBJECT_READY;
    else /* nobody has seen its text, but perhaps that of the twin whose place it has */
        retire(object, object->age);
    pthread_cond_broadcast(&object->cell->store->decided);
}

static struct orc_object *look_up(struct store *store, const uint8_t *hash, const char *domain) {
    struct orc_object *object = *bucket_of(store, hash);
    for (; object; object = object->next_hash)
        if (object->state != OBJECT_RETIRED && !object->revoked &&
            (object->embedder || strcmp(object->domain, domain) == 0) &&
            memcmp(object->hash, hash, ORC_HASH_SIZE) == 0)
            return object;
    return NULL;
}

static void wait_a_step(struct orc_cell *cell) {
    const struct timespec until = time_from_now(WAIT_STEP);
    pthread_cond_timedwait(&cell->store->decided, &cell->lock, &until);
}

struct orc_object *store_find(struct orc_cell *cell, const uint8_t *hash, const char *domain,
                              struct orc_thread *thread) {
    struct orc_object *object;
    while ((object = look_up(cell->store, hash, domain)) && object->state == OBJECT_BUILDING) {
        if (thread && thread->stopping)
            return NULL;
        wait_a_step(cell);
    }
    if (object)
        store_hold(object);
    return object;
}

bool store_empty(struct orc_cell *cell) {
    for (struct orc_object *object = cell->store->objects; object; object = object->next)
        if (object->state != OBJECT_RETIRED && (object->embedder || object->holders > 0))
            return false;
    for (struct orc_object *object = cell->store->objects; object; object = object->next)
        object->revoked = false; /* the last user of the cell has gone */
    trim(cell->store, 0, 0);
    forget_retired(cell);
    return !cell->store->objects;
}

/* --- The embedder's view --- */

uint64_t object_shared_bytes(const struct orc_object *object) {
    const struct orc_object_layout *layout = &object->layout;
    return page_up(layout->constants_size) + page_up(layout->relocated_size) + page_up(layout->imports_size) +
           page_up(layout->text_size);
}

void orc_cell_objects(struct orc_cell *cell,
                      bool (*visit)(void *context, const struct orc_object_statistics *object),
                      void *context) {
    HOLD(cell->lock);
    for (struct orc_object *object = cell->store->objects; object; object = object->next) {
        if (object->state != OBJECT_READY)
            continue;
        struct stat image;
        struct orc_object_statistics statistics = {
            .base = object->base,
            .size = object->span,
            .shared = fstat(object->image, &image) == 0 ? (uint32_t)image.st_blocks * 512
                                                        : 0, /* as the kernel counts */
            .users = object->holders,
        };
        memcpy(statistics.hash, object->hash, sizeof statistics.hash);
        memcpy(statistics.name, object->name, sizeof statistics.name);
        if (!visit(context, &statistics))
            break;
    }
}

uint32_t orc_object_base(const struct orc_object *object) {
    return object->base;
}
