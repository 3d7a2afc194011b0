/* The segment bases of a thread that runs guest code.
 *
 * GS is the slot's base, by the FSGSBASE instructions or, where the kernel doesn't offer them, by system
 * call.
 *
 * FS stays the host's. Guest code can read one word through it, %fs:ORC_THREAD_POINTER, and nothing else
 * (rule 3 of the verifier): a word of glibc's thread control block that nobody uses (tcbhead_t in
 * sysdeps/x86_64/nptl/tls.h: unused_vgetcpu_cache). It holds the guest's thread pointer, a number that the
 * guest chose itself. */
#ifndef ORC_INTRAVISOR_SEGMENT_BASE_H
#define ORC_INTRAVISOR_SEGMENT_BASE_H

#include <asm/prctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "orc/abi.h"

#ifndef __GLIBC__
#error "The guest's thread pointer stands in a word of glibc's: find one in this C library's control block"
#endif

static inline void set_slot_base(bool fsgsbase, uint64_t base) {
    if (fsgsbase)
        __asm__ volatile("wrgsbase %0" : : "r"(base) : "memory");
    else if (syscall(SYS_arch_prctl, ARCH_SET_GS, base) != 0)
        abort(); /* to go on would be to run a guest on another one's slot */
}

/* What stood there before. */
static inline uint64_t set_thread_pointer(uint32_t pointer) {
    uint64_t word = pointer;
    __asm__ volatile("xchgq %0, %%fs:%c1" : "+r"(word) : "i"(ORC_THREAD_POINTER) : "memory");
    return word;
}

#endif
