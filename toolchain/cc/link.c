/* The link line: start files, libraries and the order of everything. */
#include "stages.h"

#include "../common/locate.h"
#include "../common/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DYNAMIC_LINKER "/lib/ld-musl-x86_64.so.1"

static bool has_file(const char *directory, const char *name) {
    char *path = format_string("%s/%s", directory, name);
    bool found = access(path, R_OK) == 0;
    free(path);
    return found;
}

/* Static programs run in bare compartments, which have a C library of their own. */
const char *find_sysroot(const struct options *options) {
    bool is_bare = options->is_static || options->is_static_pie;
    const char *candidates[] = {options->sysroot, getenv("ORC_SYSROOT"),
                                locate_file(is_bare ? "sysroot-bare" : "sysroot")};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++)
        if (candidates[i] && *candidates[i] && has_file(candidates[i], "lib/crt1.o"))
            return candidates[i];
    return NULL;
}

static void add_start_files(const struct options *options, const char *sysroot, struct arguments *command) {
    if (!options->shared)
        arguments_addf(command, "%s/lib/crt1.o", sysroot);
    arguments_addf(command, "%s/lib/crti.o", sysroot);
}

/* GCC's names for the compiler's own support library all mean ours. */
static bool is_builtins_library(const char *option) {
    static const char *const names[] = {
        "-lgcc", "-lgcc_s", "-lgcc_eh", "-lclang_rt.builtins", "-lclang_rt.builtins-x86_64", NULL};
    for (const char *const *name = names; *name; name++)
        if (strcmp(option, *name) == 0)
            return true;
    return false;
}

static void add_items(const struct options *options, struct arguments *command) {
    for (size_t i = 0; i < options->link_item_count; i++) {
        const struct link_item *item = &options->link_items[i];
        if (!item->option)
            arguments_add(command, options->inputs[item->input].object);
        else if (is_builtins_library(item->option))
            arguments_add(command, locate_file("libbuiltins.a"));
        else
            arguments_add(command, item->option);
    }
}

static void add_libraries(const struct options *options, const char *sysroot, struct arguments *command) {
    char *builtins = locate_file("libbuiltins.a");
    if (!options->no_default_libraries && !options->no_libc && sysroot) {
        if (options->threads)
            arguments_add(command, "-lpthread");
        arguments_add(command, "-lc");
    }
    /* Also with -nostdlib: these are part of the compiler, and only what is missing gets pulled in. */
    if (access(builtins, R_OK) == 0)
        arguments_add(command, builtins);
    free(builtins);
}

void link_command(const struct options *options, const char *output, struct arguments *command) {
    const char *sysroot = find_sysroot(options);
    bool is_static = options->is_static || options->is_static_pie;
    bool start_files = !options->no_start_files && !options->relocatable;
    if (!sysroot && !options->relocatable &&
        !(options->no_start_files && (options->no_default_libraries || options->no_libc)))
        fail("there is no guest C library to link with: neither --sysroot, $ORC_SYSROOT nor '%s' holds "
             "lib/crt1.o; "
             "use -nostdlib, or build the guest's libc first",
             locate_file(is_static ? "sysroot-bare" : "sysroot"));
    if (is_static && options->relocatable_cls)
        fail("-static and -fcls=relocatable: it's ld.so that finds a place for the variables, and a bare "
             "compartment "
             "has none");
    arguments_add(command, locate_program("orc-ld", "ORC_LD"));
    arguments_add_all(command, (const char *const[]){"-o", output, NULL});
    arguments_add(command, options->relocatable ? "-r" : options->shared ? "-shared" : "-pie");
    if (is_static)
        arguments_add(command, "-Bstatic");
    if (!options->relocatable) {
        arguments_add(command, "--eh-frame-hdr");
        if (options->shared || is_static || !sysroot || options->no_default_libraries)
            arguments_add(command, "--no-dynamic-linker");
        else
            arguments_add_all(command, (const char *const[]){"-dynamic-linker", DYNAMIC_LINKER, NULL});
    }
    if (start_files)
        add_start_files(options, sysroot, command);
    add_items(options, command);
    if (sysroot)
        arguments_addf(command, "-L%s/lib", sysroot);
    if (!options->relocatable)
        add_libraries(options, sysroot, command);
    if (start_files)
        arguments_addf(command, "%s/lib/crtn.o", sysroot);
}
