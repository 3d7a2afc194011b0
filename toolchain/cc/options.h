/* The command line of orc-cc, taken apart. */
#ifndef ORC_CC_OPTIONS_H
#define ORC_CC_OPTIONS_H

#include "../common/arguments.h"

#include <stdbool.h>

enum mode {
    MODE_LINK,
    MODE_OBJECT,   /* -c */
    MODE_ASSEMBLY, /* -S */
    MODE_DIRECT,   /* -E, -M, -fsyntax-only, -emit-llvm...: nothing for us to rewrite, clang does it all */
    MODE_PRINT,    /* --version, -print-... */
};

enum language {
    LANGUAGE_OBJECT, /* not compiled: goes to the linker */
    LANGUAGE_C,
    LANGUAGE_C_PREPROCESSED,
    LANGUAGE_HEADER,
    LANGUAGE_IR,
    LANGUAGE_ASSEMBLY,
    LANGUAGE_ASSEMBLY_CPP,
    LANGUAGE_UNSUPPORTED,
};

struct input {
    char *path;
    enum language language;
    char *object; /* what the linker gets for it, once it is compiled */
};

/* One thing for the linker, in command-line order: an input (its index) or an option. */
struct link_item {
    const char *option; /* NULL: the input */
    size_t input;
};

struct options {
    enum mode mode;
    struct input *inputs;
    size_t input_count;
    struct link_item *link_items;
    size_t link_item_count;

    struct arguments raw;      /* everything but what is dropped, for MODE_DIRECT and MODE_PRINT */
    struct arguments compile;  /* for clang on C */
    struct arguments assemble; /* for the assembler */
    const char *output;        /* -o, or NULL */
    const char *sysroot;       /* --sysroot, or NULL */
    const char *print;         /* the -print-... option that this driver answers itself, or NULL */

    bool relocatable_cls; /* -fcls=relocatable */
    bool debug_information; /* -g */
    bool dry_run, verbose, save_temporaries;
    bool dependencies;          /* -MD or -MMD */
    bool dependency_file;       /* -MF was given */
    bool dependency_target;     /* -MT or -MQ was given */
    bool position_independence; /* a -fPIC or -fPIE was given */
    bool no_standard_includes;
    bool shared, relocatable, is_static, is_static_pie;
    bool no_start_files, no_default_libraries, no_libc, threads;
};

/* Parses the expanded command line. Exits with a message on what can't be confined or done. */
void parse_options(struct options *options, const struct arguments *command_line);

/* The name that clang's -x has for `language`. */
const char *language_name(enum language language);

#endif
