#include <errno.h>

#include "guest_memory.h"
#include "thread.h"

int guest_read(const struct orc_thread *thread, void *to, guest_address from, size_t size) {
    if (!guest_range(from, size))
        return -EFAULT;
    return orc_guest_copy(to, (const void *)(thread->slot + from.address), size);
}

int guest_write(const struct orc_thread *thread, guest_address to, const void *from, size_t size) {
    if (!guest_range(to, size))
        return -EFAULT;
    return orc_guest_copy((void *)(thread->slot + to.address), from, size);
}
