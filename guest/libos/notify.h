/* inotify. What is watched in memory is watched by its path, and told by who changes it here; on a mount the
 * host watches, and whoever changes it. */
#ifndef LIBOS_NOTIFY_H
#define LIBOS_NOTIFY_H

#include <sys/inotify.h>
#include "names.h"

#pragma GCC visibility push(hidden)

extern const struct file_operations notify_operations;

/* Watches in memory, of all instances: while there are none, nobody needs to tell anything. */
extern uint32_t notify_watches;

/* With nodes_lock, all of these; what the host watches they leave alone. */
void notify_place_event(const struct place *place, uint32_t events, bool directory);
void notify_created_event(const struct place *place, bool directory);
void notify_removed_event(const struct place *place, bool directory);
void notify_replaced_event(const struct place *place);
void notify_moved_event(const struct place *from, const struct place *to, bool directory);
void notify_exchanged(const struct place *one, bool directory, const struct place *other,
                      bool other_directory);
void notify_file_event(struct file *file, uint32_t events); /* without the lock */
/* Watched paths follow renames, as those of open files do. */
void notify_each_path(void (*function)(char **path, uint32_t *size, void *context), void *context);

#define NOTIFYING __builtin_expect(__atomic_load_n(&notify_watches, __ATOMIC_RELAXED) != 0, 0)

/* What happened to what is there, and to its directory's entry. */
static inline void notify_place(const struct place *place, uint32_t events) {
    if (NOTIFYING)
        notify_place_event(place, events, place->node && S_ISDIR(place->node->mode));
}
static inline void notify_created(const struct place *place, bool directory) {
    if (NOTIFYING)
        notify_created_event(place, directory);
}
/* The name is gone, and `place->node`, if it's set, was there. */
static inline void notify_removed(const struct place *place, bool directory) {
    if (NOTIFYING)
        notify_removed_event(place, directory);
}
static inline void notify_replaced(const struct place *place) {
    if (NOTIFYING)
        notify_replaced_event(place);
}
static inline void notify_moved(const struct place *from, const struct place *to, bool directory) {
    if (NOTIFYING)
        notify_moved_event(from, to, directory);
}
/* Without nodes_lock: an open file was read, written, opened... */
static inline void notify_file(struct file *file, uint32_t events) {
    if (NOTIFYING)
        notify_file_event(file, events);
}

#pragma GCC visibility pop

#endif
