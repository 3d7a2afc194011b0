/* Reading and writing segment bases, with the FSGSBASE instructions or by system call. Safe whatever the FS
 * base is: no thread-local storage (errno) is touched. */
#ifndef ORC_INTRAVISOR_SEGMENT_BASE_H
#define ORC_INTRAVISOR_SEGMENT_BASE_H

#include <asm/prctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline __attribute__((always_inline)) void orc_arch_prctl(int operation, uint64_t argument) {
    long result = SYS_arch_prctl;
    __asm__ volatile("syscall" : "+a"(result) : "D"((long)operation), "S"(argument) : "rcx", "r11", "memory");
    if (result != 0) /* to go on with the wrong base would be to run host code on guest memory */
        __builtin_trap();
}

static inline __attribute__((always_inline)) uint64_t read_fs_base(bool fsgsbase) {
    uint64_t base;
    if (fsgsbase)
        __asm__ volatile("rdfsbase %0" : "=r"(base));
    else
        orc_arch_prctl(ARCH_GET_FS, (uint64_t)&base);
    return base;
}

static inline __attribute__((always_inline)) void write_fs_base(bool fsgsbase, uint64_t base) {
    if (fsgsbase)
        __asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
    else
        orc_arch_prctl(ARCH_SET_FS, base);
}

#endif
