/* Calls from the embedder (orc_launch_call): a thread of the C library's, started before main, looks functions up by their
 * names, as dlsym(RTLD_DEFAULT) does, and calls them. All signals are blocked in it. */
#define _GNU_SOURCE
#include "libos.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <orc/call.h>

#define STACK_SIZE 0x100000

typedef int64_t function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

struct place {
    uintptr_t address;
    bool is_code;
};

static int look_at_object(struct dl_phdr_info *object, size_t size, void *context) {
    struct place *place = context;
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && header->p_flags & PF_X &&
            place->address - object->dlpi_addr - header->p_vaddr < header->p_memsz)
            place->is_code = true;
    }
    return place->is_code;
}

/* NULL: no object has a function of that name. A variable isn't one. */
static function *find(const char *name) {
    struct place place = {.address = (uintptr_t)dlsym(RTLD_DEFAULT, name)};
    if (place.address)
        dl_iterate_phdr(look_at_object, &place);
    return place.is_code ? (function *)place.address : NULL;
}

static void answer(uint32_t handle, struct orc_call_request *request) {
    struct orc_call_answer answer = {.number = request->number, .error = -ENOENT};
    const uint64_t *a = request->arguments;
    request->name[sizeof request->name - 1] = 0;
    function *called = find(request->name);
    if (called) {
        answer.value = called(a[0], a[1], a[2], a[3], a[4], a[5]);
        answer.error = 0;
    }
    while (orc_hostcall(ORC_WRITE, handle, (long)&answer, sizeof answer, 0, 0) == -EINTR)
        ;
}

/* Until the embedder closes its end. */
static void *serve(void *argument) {
    uint32_t handle = (uint32_t)(uintptr_t)argument;
    struct orc_call_request request;
    for (;;) {
        long got = orc_hostcall(ORC_READ, handle, (long)&request, sizeof request, 0, 0);
        if (got == sizeof request)
            answer(handle, &request);
        else if (got != -EINTR)
            return NULL;
    }
}

static void start(uint32_t handle) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, &attributes, serve, (void *)(uintptr_t)handle) != 0)
        libos_log("no thread for the embedder's calls");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

/* The last step before main: constructors. (The linker's --wrap.) */
void __real___libc_start_init(void);
void __wrap___libc_start_init(void);
void __wrap___libc_start_init(void) {
    __real___libc_start_init();
    if (libos_boot->flags >> ORC_CALL_HANDLE_SHIFT)
        start(libos_boot->flags >> ORC_CALL_HANDLE_SHIFT);
}
