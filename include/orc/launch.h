/* The launcher: starts POSIX programs in compartments of a cell. A host library over include/orc/cell.h,
 * outside the trusted base: what it gets wrong harms the compartment that it starts.
 *
 * A compartment gets a dynamic linker (one object, loaded once for the whole cell), start information, and
 * capabilities: its streams, files and directories, and what it may do on the network. The dynamic linker
 * runs inside and loads the program from the compartment's own view of the file system; the launcher never
 * opens it.
 *
 *     orc_cell_create(NULL, &cell, &error);
 *     orc_launcher_create(cell, NULL, &launcher, &error);
 *     struct orc_launch_mount root = {.path = "/"};
 *     orc_launch_open(cell, "/srv/image", ORC_LAUNCH_IN_MEMORY, &root, &error);
 *     const struct orc_launch launch = {.program = "/bin/hello", .arguments = arguments, .environment =
 * environment, .mounts = &root, .mount_count = 1}; orc_launch(launcher, &launch, &compartment, &error);
 *     orc_compartment_wait(compartment, UINT64_MAX, &result);
 *     orc_compartment_destroy(compartment);
 *
 * Functions return 0 or -errno, and say in struct orc_error what was tried, on what, and what to do. */
#ifndef ORC_LAUNCH_H
#define ORC_LAUNCH_H

#include "orc/cell.h"
#include "orc/zygote.h"

struct orc_calls;    /* the way to call a compartment's functions */
struct orc_launcher; /* a cell's dynamic linker and C library, ready to start programs */

/* Reads, verifies and maps the dynamic linker's object: `loader` is its file; NULL for the one that was
 * installed with the running program (../lib/orc/sysroot/lib/libc.so from the program's directory; the
 * environment variable ORC_LOADER names another). Call it before orc_cell_lock_down. */
int orc_launcher_create(struct orc_cell *cell, const char *loader, struct orc_launcher **launcher,
                        struct orc_error *error);

/* -EBUSY while compartments use it. */
int orc_launcher_destroy(struct orc_launcher *launcher);

/* The path of a file that was installed with the running program, in ../lib/orc; to be freed. NULL: no
 * memory, or the program's own path can't be read. */
char *orc_launch_installed(const char *name);

enum orc_launch_changes {
    ORC_LAUNCH_REFUSED,   /* writing gives EROFS */
    ORC_LAUNCH_IN_MEMORY, /* the host's side is only read; changes live in memory and end with the compartment
                           */
    ORC_LAUNCH_ON_HOST,   /* changes go to the host */
};

/* Something that the compartment sees in its file system. */
struct orc_launch_mount {
    const char *path;      /* where: an absolute path */
    struct orc_file *file; /* a host directory (everything beneath it is granted) or regular file; NULL: an
                              empty directory in memory */
    bool is_regular;       /* `file` is a regular file */
    enum orc_launch_changes changes; /* of no meaning for a directory in memory */
};

/* Opens a host directory or regular file for a mount, and fills in everything but its `path`. Anything else
 * is refused with -EINVAL. Release `file` when all compartments that use it have been launched. */
int orc_launch_open(struct orc_cell *cell, const char *host_path, enum orc_launch_changes changes,
                    struct orc_launch_mount *mount, struct orc_error *error);

struct orc_launch {
    const char *program;                   /* an absolute path in the compartment */
    char *const *arguments;                /* argv, up to a NULL; the first is the program's own name */
    char *const *environment;              /* envp, up to a NULL; may be NULL */
    const char *hostname;                  /* NULL: the compartment's name */
    const char *working_directory;         /* NULL: "/" */
    uint32_t user, group;                  /* what getuid and getgid answer; no rights come with them */
    bool has_file_mode_mask;               /* or it's 022 */
    uint32_t file_mode_mask;               /* umask */
    uint32_t ignored_signals;              /* bit N-1: signal N is ignored until the program says otherwise */
    const struct orc_launch_mount *mounts; /* the first is "/" */
    size_t mount_count;
    struct orc_file
        *streams[3]; /* standard input, output, errors; NULL: nothing to read, and what is written is lost */
    const struct orc_network_grant *networks;
    size_t network_count;
    const struct orc_published *published; /* ports that the program binds to, and the host's for each */
    size_t published_count;                /* ORC_MOST_PUBLISHED at most */
    const struct orc_zygote *zygote; /* NULL, or what to start a clone of: program, arguments, environment and
                                       working directory are its own then; mounts and streams must be as many,
                                       in the same order */
    struct orc_compartment_options options; /* name, domain, quotas */
    /* NULL, or where the means to call its functions from outside go (orc_launch_call): then it gets a thread
     * that waits for calls, and a handle for their socket. Not with a zygote. */
    struct orc_calls **calls;
};

/* Creates a compartment, gives it what `launch` says, and starts it. All that `launch` points to may go as
 * soon as this returns. On failure nothing is left behind. */
int orc_launch(struct orc_launcher *launcher, const struct orc_launch *launch,
               struct orc_compartment **compartment, struct orc_error *error);

/* Makes a zygote of a compartment that was launched: waits until it has used next to no processor time for
 * `settle` nanoseconds, then until all of its threads are parked, for both `nanoseconds` at most, and copies
 * its memory. The compartment belongs to the zygote then; it never goes on. -EBUSY: it isn't idle, and goes
 * on as before. -ESRCH: it has ended. See docs/zygotes.md. */
struct orc_zygote;
int orc_zygote_create(struct orc_compartment *compartment, uint64_t settle, uint64_t nanoseconds,
                      struct orc_zygote **zygote, struct orc_error *error);
/* Memory that its clones share, until they write to it. */
uint64_t orc_zygote_bytes(const struct orc_zygote *zygote);
/* And its compartment with it. Clones stay. */
void orc_zygote_destroy(struct orc_zygote *zygote);

/* The same, and returns when the compartment has ended, with its result. The program's first thread runs on
 * the calling thread (orc_compartment_run): the cheapest way to call a program like a function. */
int orc_launch_run(struct orc_launcher *launcher, const struct orc_launch *launch,
                   struct orc_compartment **compartment, struct orc_result *result, struct orc_error *error);

/* Calls the function that a loaded object (the program, linked with -rdynamic, or a library) exports by this
 * name, on a thread of the compartment's own, with up to 6 integers or guest addresses as arguments and an
 * integer as result. Calls from several host threads wait for each other. `nanoseconds` of time (UINT64_MAX:
 * no limit); a compartment answers from when its constructors have run, before main. -ENOENT: there's no such
 * function. -ETIMEDOUT: the time is up, and the call goes on; until it returns, other calls answer -EBUSY
 * when their own time is up. -ESRCH: the compartment has ended (also by a fault in the function), or its
 * thread has. The result is the guest's word. */
int orc_launch_call(struct orc_calls *calls, const char *function, const uint64_t *arguments, size_t count,
                    uint64_t nanoseconds, int64_t *result, struct orc_error *error);

/* Before the compartment is destroyed, and not during a call. The compartment's thread ends. */
void orc_calls_close(struct orc_calls *calls);

/* What orc_compartment_statistics tells, and what the kernel's page map knows of the compartment's slot:
 * `resident`, bytes of pages of its own, swapped ones included; `cls_written`, the part of them that is data
 * of objects (what's left of `cls` is as the objects' templates have it, and shared); `page_tables`, bytes of
 * the tables that its pages need and of one for the stacks of each thread. Tables serve 2 MiB and 1 GiB of
 * one slot: what they serve belongs to one compartment, so nothing is divided. One that the kernel keeps
 * although its pages have been given back isn't seen. These three are 0 unless orc_page_map_open was called,
 * which orc_launcher_create does, before the cell was locked down. */
void orc_page_map_open(void);
int orc_launch_statistics(struct orc_compartment *compartment, struct orc_statistics *statistics);

#endif
