/* Reservations and mappings of the host. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "intravisor.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

int map_fixed(void *address, uint64_t size, int protection) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    return mmap(address, size, protection, flags, -1, 0) == MAP_FAILED ? -errno : 0;
}

int unmap_fixed(void *address, uint64_t size) {
    return map_fixed(address, size, PROT_NONE);
}

void *reserve_aligned(uint64_t size, uint64_t alignment) {
    uint64_t whole = size + alignment;
    uint8_t *start = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    uint64_t before = -(uint64_t)start & (alignment - 1);
    uint64_t after = whole - size - before;
    if ((before && munmap(start, before) != 0) || (after && munmap(start + before + size, after) != 0)) {
        munmap(start, whole);
        return NULL;
    }
    return start + before;
}

int memory_file(const char *name, uint64_t size) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL) /* before Linux 6.3 */
        file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return -errno;
    if (ftruncate(file, (off_t)size) != 0) {
        int code = errno;
        close(file);
        return -code;
    }
    return file;
}

int memory_file_seal(int file) {
    return fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0 ? 0 : -errno;
}
