/* What a started compartment finds in its memory: the launcher writes it, ld.so and the libOS read it. The
 * Intravisor copies it and looks at none of it. */
#ifndef ORC_BOOT_H
#define ORC_BOOT_H

#include <stdint.h>

/* Start information. The first thread is called at its entry point with the address of argc in rdi; from
 * there on argc, argv[], 0, envp[], 0, auxv[] as in the System V ABI. auxv entry AT_ORC_BOOT leads to struct
 * orc_boot. rbp is the top of a stack of at least ORC_STACK_SIZE bytes, which the Intravisor has mapped.
 * Handles 0, 1 and 2 are the standard streams, where they were granted. */
#define AT_ORC_BOOT 0x4f52
#define ORC_BOOT_VERSION 2

struct orc_mount {
    uint32_t path;   /* address of the absolute guest path */
    uint32_t kind;   /* ORC_MOUNT_ */
    uint32_t handle; /* the directory or file; none for memory */
    uint32_t flags;  /* ORC_MOUNT_READ_ONLY: changes go to the in-memory layer */
};
#define ORC_MOUNT_DIRECTORY 0 /* a granted host directory; writes go to the host if the grant allows it */
#define ORC_MOUNT_FILE 1      /* a granted host file */
#define ORC_MOUNT_MEMORY 2    /* an empty in-memory directory */
#define ORC_MOUNT_READ_ONLY 1 /* writing is refused with EROFS */
#define ORC_MOUNT_LAYERED 2   /* the host's side is only read; changes go to an in-memory layer above it */

struct orc_boot {
    uint32_t version, flags;
    uint32_t mounts, mount_count;                  /* struct orc_mount[], "/" first */
    uint32_t hostname, working_directory, program; /* strings; program is an absolute guest path */
    uint32_t loader_object;                        /* handle of the object that ld.so and libc are */
    uint32_t loader_base;
    uint32_t stack_low, stack_high;
    uint32_t first_heap; /* from here to ORC_FIRST_STACK_END is the guest's to map */
    uint32_t thread_limit;
    uint32_t processors; /* that threads may run on at once; 0: unknown */
    uint64_t memory_limit;
    uint32_t user, group;
    uint32_t file_mode_mask;  /* umask */
    uint32_t ignored_signals; /* bit N-1: signal N is ignored until the program says otherwise */
};

/* What the libOS gives to ORC_EXIT when a signal that nobody handled ends the program: this, 128 and the
 * signal's number. An exit status has no such bit. */
#define ORC_EXIT_SIGNAL 0x100

#endif
