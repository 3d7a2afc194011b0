/* Memory: the guest maps, in the two ranges that are its own. */
#include <fcntl.h>
#include <limits.h>

#include "hostcalls.h"

static bool is_protection(uint64_t protection) {
    return protection <= (ORC_MEMORY_READ | ORC_MEMORY_WRITE) && protection != ORC_MEMORY_WRITE;
}

static int64_t change(struct orc_thread *thread, const uint64_t *arguments,
                      int (*how)(struct orc_compartment *, uint64_t, uint64_t, int)) {
    uint64_t protection = arguments[2];
    if (!is_protection(protection))
        return -EINVAL;
    return how(thread->compartment, guest_pointer(arguments[0]).address, arguments[1], (int)protection);
}

int64_t call_map(struct orc_thread *thread, const uint64_t *arguments) {
    return change(thread, arguments, memory_map);
}

int64_t call_protect(struct orc_thread *thread, const uint64_t *arguments) {
    return change(thread, arguments, memory_protect);
}

int64_t call_unmap(struct orc_thread *thread, const uint64_t *arguments) {
    return memory_unmap(thread->compartment, guest_pointer(arguments[0]).address, arguments[1]);
}

int64_t call_discard(struct orc_thread *thread, const uint64_t *arguments) {
    return memory_discard(thread->compartment, guest_pointer(arguments[0]).address, arguments[1]);
}

/* Who may only append, or only read, has no pages to write to that others see. */
static bool may_share_writable(const struct host_file *file, uint32_t rights) {
    int flags = fcntl(file->fd, F_GETFL);
    return rights & RIGHT_WRITE && flags >= 0 && !(flags & O_APPEND) && (flags & O_ACCMODE) == O_RDWR;
}

static int map_pages(struct orc_thread *thread, const uint64_t *arguments, struct host_file *file, uint32_t rights) {
    int protection = (int)arguments[2] & ~ORC_MEMORY_SHARED;
    struct file_mapping mapping = {.file = file, .offset = arguments[4]};
    mapping.shared = arguments[2] & ORC_MEMORY_SHARED;
    mapping.read_only = mapping.shared && !may_share_writable(file, rights);
    if (mapping.read_only && protection & ORC_MEMORY_WRITE)
        return -EACCES;
    return memory_map_file(thread->compartment, guest_pointer(arguments[0]).address, arguments[1], protection, &mapping);
}

/* It may close the file's handle meanwhile, and the mapping stays: so it takes a reference in any case. */
int64_t call_map_file(struct orc_thread *thread, const uint64_t *arguments) {
    struct host_file *file;
    uint32_t rights;
    if (!is_protection(arguments[2] & ~(uint64_t)ORC_MEMORY_SHARED) || arguments[4] % ORC_PAGE_SIZE != 0)
        return -EINVAL;
    if (arguments[4] > INT64_MAX - ORC_SLOT_SIZE)
        return -EOVERFLOW;
    int64_t result = file_get(thread, arguments[3], RIGHT_READ, REGULAR | MEMORY, &file, &rights);
    if (result < 0)
        return result;
    result = map_pages(thread, arguments, file, rights);
    file_put(file);
    return result;
}

int64_t call_move(struct orc_thread *thread, const uint64_t *arguments) {
    return memory_move(thread->compartment, guest_pointer(arguments[0]).address, arguments[1],
                       guest_pointer(arguments[2]).address, arguments[3]);
}

int64_t call_populate(struct orc_thread *thread, const uint64_t *arguments) {
    if (arguments[2] > 1)
        return -EINVAL;
    return memory_populate(thread->compartment, guest_pointer(arguments[0]).address, arguments[1], arguments[2]);
}

int64_t call_memory_file(struct orc_thread *thread, const uint64_t *arguments) {
    (void)arguments;
    return add_handle(thread, memory_file("guest", 0), FILE_MEMORY, BOTH_RIGHTS);
}

int64_t call_memory_range(struct orc_thread *thread, const uint64_t *arguments) {
    struct orc_memory_range range;
    int status = orc_compartment_memory_range(thread->compartment, guest_pointer(arguments[0]).address, &range);
    return status < 0 ? status : guest_write(thread, guest_pointer(arguments[1]), &range, sizeof range);
}
