/* The object store: the objects of a cell, by hash and by base. */
#ifndef ORC_INTRAVISOR_STORE_H
#define ORC_INTRAVISOR_STORE_H

#include "intravisor.h"

enum object_state {
    OBJECT_BUILDING, /* it has a base and a hash that its content has; it isn't verified yet */
    OBJECT_READY,
    OBJECT_RETIRED, /* only its range of the window is left, which old threads may hold return addresses into
                     */
};

struct orc_object {
    struct orc_cell *cell;
    enum object_state state;
    struct orc_object *next;      /* by base */
    struct orc_object *next_hash; /* in its bucket; building and ready ones */
    struct orc_object_layout layout;
    uint8_t hash[ORC_HASH_SIZE];
    char name[OBJECT_NAME_SIZE], domain[NAME_SIZE];
    uint32_t base, span; /* bytes of the window, whole pages */
    int image;           /* sealed memory file; a region stands at its layout offset */
    bool embedder;       /* made by orc_object_create: stays until orc_object_destroy, seen in all domains */
    bool revoked;        /* nobody gets it any more */
    unsigned holders;    /* grants, and registrations under way */
    uint64_t age;        /* of the store: when its last holder left, or when it, or its twin, was retired */
    struct import_table *tables;
};

struct store *store_create(void);
void store_destroy(struct store *store);

/* The caller of these holds the cell's lock. */

/* What a compartment of this domain may have: a reference, or NULL. Waits for one that is being built, at
 * most until `thread` is stopped. */
struct orc_object *store_find(struct orc_cell *cell, const uint8_t *hash, const char *domain,
                              struct orc_thread *thread);
/* Gives the object a place in the window and lists it as building, or -ENOSPC, -EKEYREVOKED. Identical
 * content gets the place back that it had. */
int store_add(struct orc_cell *cell, struct orc_object *object);
/* Marks all objects of this hash: nobody gets them, or registers their like, from here on. False: there are
 * none. Takes the lock. */
bool store_revoke(struct orc_cell *cell, const uint8_t *hash);
/* It is built: others may have it; or that failed, and its place is free for others. */
void store_decide(struct orc_object *object, bool good);
void store_hold(struct orc_object *object);
/* Drops a reference. An object that guests registered stays for a while without holders. */
void store_release(struct orc_object *object);
/* Unmaps and closes it; without holders. */
void store_retire(struct orc_object *object);
/* Drops what is only kept for a while. True when no object is left. */
bool store_empty(struct orc_cell *cell);
uint64_t store_age(const struct orc_cell *cell);

/* object.c */
/* Where an object comes from. `copy` gets the loader's bytes of a region (in the layout's order), or the
 * relocations, into the Intravisor's memory. */
struct object_source {
    const struct orc_object_layout *layout; /* checked */
    uint32_t hash_field;                    /* where the constants hold the note's hash; 0: they don't */
    const char *name, *domain;              /* domain NULL: it is the embedder's */
    const uint8_t *claimed;                 /* hash, or NULL */
    int (*copy)(const void *content, unsigned region, void *to, uint64_t size);
    const void *content;
    orc_report_function *report;
    void *report_context;
    struct orc_thread *thread; /* who waits for it, or NULL */
};
#define OBJECT_RELOCATIONS 5u

/* Copies, hashes, relocates, verifies, seals and publishes: a reference to the object, or, if the store has
 * the same content already, to that: then it returns 1. Takes the cell's lock. */
int object_create(struct orc_cell *cell, const struct object_source *source, struct orc_object **object,
                  struct orc_error *error);
/* Bytes that every user has in common, the template of the data aside. */
uint64_t object_shared_bytes(const struct orc_object *object);
bool object_has_entry(const struct orc_object *object, uint32_t offset);

/* object_hash.c: over an image as a loader gave it, before relocation. */
void object_hash(const struct orc_object_layout *layout, const uint8_t *bytes,
                 const struct orc_relocation *relocations, uint8_t hash[ORC_HASH_SIZE]);

/* import_table.c: see there. The caller holds the compartment's lock. */
struct orc_binding;
int import_table_bind(struct orc_compartment *compartment, struct grant *grant,
                      const struct orc_binding *bindings, uint32_t count);
/* Binds the grant's object as another compartment has bound it. */
int import_table_copy(struct orc_compartment *compartment, struct grant *grant, struct import_table *table);
/* Drops the grant's reference; the cell's lock is held. */
void import_table_release(struct grant *grant);
/* Does an entry lead into this object? */
bool import_table_leads_to(const struct grant *grant, const struct orc_object *object);

/* grant.c. The caller holds the compartment's lock. */
/* Maps the object into the slot; takes over the reference, drops it on failure. */
int grant_create(struct orc_compartment *compartment, struct orc_object *object, struct grant **grant);
/* The same for an object of the embedder's. */
int grant_to(struct orc_compartment *compartment, struct orc_object *object, struct grant **grant);
void grant_destroy(struct orc_compartment *compartment, struct grant *grant);

#endif
