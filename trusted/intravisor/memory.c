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
    if (map_fixed(address, size, PROT_NONE) == 0)
        return 0;
    /* A process with as many mappings as it may have can still close one. */
    return mprotect(address, size, PROT_NONE) == 0 ? 0 : -errno;
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
    return fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0 ? 0
                                                                                                   : -errno;
}
