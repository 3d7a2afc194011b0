#include "options.h"

#include "../common/tool.h"

#include <stdlib.h>
#include <string.h>

/* Options whose value is the next argument when it isn't attached. */
static const char *const with_value[] = {"-o",
                                         "-x",
                                         "-I",
                                         "-D",
                                         "-U",
                                         "-L",
                                         "-l",
                                         "-u",
                                         "-T",
                                         "-e",
                                         "-z",
                                         "-F",
                                         "-B",
                                         "-b",
                                         "-G",
                                         "-V",
                                         "-A",
                                         "-include",
                                         "-imacros",
                                         "-include-pch",
                                         "-isystem",
                                         "-isystem-after",
                                         "-iquote",
                                         "-idirafter",
                                         "-isysroot",
                                         "-iprefix",
                                         "-iwithprefix",
                                         "-iwithprefixbefore",
                                         "-iwithsysroot",
                                         "-cxx-isystem",
                                         "-iframework",
                                         "-MF",
                                         "-MT",
                                         "-MQ",
                                         "-MJ",
                                         "-Xlinker",
                                         "-Xclang",
                                         "-Xassembler",
                                         "-Xpreprocessor",
                                         "-Xanalyzer",
                                         "-Xopenmp-target",
                                         "-mllvm",
                                         "-mmlir",
                                         "-arch",
                                         "-target",
                                         "--target",
                                         "--param",
                                         "--sysroot",
                                         "-gcc-toolchain",
                                         "-aux-info",
                                         "-dumpbase",
                                         "-dumpbase-ext",
                                         "-dumpdir",
                                         "-rpath",
                                         "-soname",
                                         "-h",
                                         "-Tbss",
                                         "-Tdata",
                                         "-Ttext",
                                         "-serialize-diagnostics",
                                         "--serialize-diagnostics",
                                         "-working-directory",
                                         "-resource-dir",
                                         "-dependency-file",
                                         "-dependency-dot",
                                         "-ftrapv-handler",
                                         "-fmodules-user-build-path",
                                         "-weak_library",
                                         "-rewrite-map-file",
                                         NULL};

#define NO_PROFILING                                                                                         \
    "there is no profiling runtime in a compartment; measure a native build, whose profile "                 \
    "-fprofile-use=FILE takes here"
#define NO_OPENMP                                                                                            \
    "there is no OpenMP runtime (libomp) in a compartment; without the option such loops run in one "        \
    "thread, with -fopenmp-simd in vectors, and pthread_create makes threads"

/* What the command line asks for that no compartment can have. */
static const struct {
    const char *prefix, *why;
} refused[] = {
    {"-m32", "only x86-64 code can be confined"},
    {"-mx32", "only x86-64 code can be confined"},
    {"-m16", "only x86-64 code can be confined"},
    {"-mcmodel=medium", "objects have the small code model: code and data lie within 2 GiB"},
    {"-mcmodel=large", "objects have the small code model: code and data lie within 2 GiB"},
    {"-mcmodel=kernel", "objects have the small code model: code and data lie within 2 GiB"},
    {"-mretpoline", "guarded jumps leave no room for it"},
    {"-mspeculative-load-hardening", "the rewriter doesn't keep it"},
    {"-mlvi-", "the rewriter doesn't keep it"},
    {"-mseses", "the rewriter doesn't keep it"},
    {"-pg", NO_PROFILING},
    {"-mfentry", NO_PROFILING},
    {"-mrecord-mcount", NO_PROFILING},
    {"-fprofile-generate", NO_PROFILING},
    {"-fprofile-instr-generate", NO_PROFILING},
    {"-fprofile-arcs", NO_PROFILING},
    {"-fprofile-continuous", NO_PROFILING},
    {"-fcs-profile-generate", NO_PROFILING},
    {"-fcoverage-mapping", NO_PROFILING},
    {"-fcoverage-mcdc", NO_PROFILING},
    {"-ftest-coverage", NO_PROFILING},
    {"-fmemory-profile", NO_PROFILING},
    {"--coverage", NO_PROFILING},
    {"-coverage", NO_PROFILING},
    {"-fxray-instrument",
     "there is no tracing runtime in a compartment; -finstrument-functions calls functions of yours"},
    {"-fopenmp", NO_OPENMP},
    {"-fopenmp-targets", NO_OPENMP},
    {"-fopenacc", NO_OPENMP},
    {"-fsplit-stack", "the rewriter doesn't know segmented stacks"},
    {"-arch", "there is one architecture: x86-64"},
    {"-fno-integrated-as", "the assembler is clang's"},
};

/* Accepted and left out: another value is forced (docs/toolchain.md has the reasons). */
static const char *const dropped[] = {"-pipe",
                                      "-fno-pic",
                                      "-fno-PIC",
                                      "-fno-pie",
                                      "-fno-PIE",
                                      "-fno-plt",
                                      "-fplt",
                                      "-mcmodel=small",
                                      "-fno-omit-frame-pointer",
                                      "-mno-omit-leaf-frame-pointer",
                                      "-gsplit-dwarf",
                                      "-fno-lto",
                                      "-fintegrated-as",
                                      "-mstackrealign",
                                      "-mindirect-branch=",
                                      "-mfunction-return=",
                                      NULL};

/* For the linker alone; a clang that only compiles would warn about them. */
static const char *const for_linker[] = {"-l", "-L", "-Wl,",   "-u",      "-T",
                                         "-e", "-z", "-rpath", "-soname", NULL};

static bool is_any(const char *argument, const char *const *list) {
    for (; *list; list++)
        if (strcmp(argument, *list) == 0)
            return true;
    return false;
}

static bool begins_any(const char *argument, const char *const *list) {
    for (; *list; list++)
        if (has_prefix(argument, *list))
            return true;
    return false;
}

static const struct {
    const char *suffix, *name;
    enum language language;
} languages[] = {
    {".c", "c", LANGUAGE_C},
    {".i", "cpp-output", LANGUAGE_C_PREPROCESSED},
    {".h", "c-header", LANGUAGE_HEADER},
    {".ll", "ir", LANGUAGE_IR},
    {".bc", "ir", LANGUAGE_IR},
    {".s", "assembler", LANGUAGE_ASSEMBLY},
    {".S", "assembler-with-cpp", LANGUAGE_ASSEMBLY_CPP},
    {".sx", "assembler-with-cpp", LANGUAGE_ASSEMBLY_CPP},
    {".cc", "c++", LANGUAGE_UNSUPPORTED},
    {".cpp", "c++", LANGUAGE_UNSUPPORTED},
    {".cxx", "c++", LANGUAGE_UNSUPPORTED},
    {".C", "c++-cpp-output", LANGUAGE_UNSUPPORTED},
    {".m", "objective-c", LANGUAGE_UNSUPPORTED},
    {".f", "f95", LANGUAGE_UNSUPPORTED},
    {".f90", "f95", LANGUAGE_UNSUPPORTED},
};
#define LANGUAGES (sizeof languages / sizeof languages[0])

const char *language_name(enum language language) {
    for (size_t i = 0; i < LANGUAGES; i++)
        if (languages[i].language == language)
            return languages[i].name;
    return "none";
}

static enum language language_of_file(const char *path) {
    for (size_t i = 0; i < LANGUAGES; i++)
        if (has_suffix(path, languages[i].suffix))
            return languages[i].language;
    return LANGUAGE_OBJECT;
}

static enum language language_of_name(const char *name) {
    for (size_t i = 0; i < LANGUAGES; i++)
        if (strcmp(name, languages[i].name) == 0)
            return languages[i].language;
    return LANGUAGE_UNSUPPORTED;
}

/* -x LANGUAGE while it lasts; NULL: by the file's name. */
static const char *forced_language;

static void *grow(void *items, size_t count, size_t size) {
    void *memory = realloc(items, (count + 1) * size);
    if (!memory)
        fail("out of memory");
    return memory;
}

static void add_link_item(struct options *options, const char *option, size_t input) {
    options->link_items = grow(options->link_items, options->link_item_count, sizeof *options->link_items);
    options->link_items[options->link_item_count++] = (struct link_item){option, input};
}

static void add_input(struct options *options, const char *path) {
    enum language language = forced_language ? language_of_name(forced_language) : language_of_file(path);
    if (language == LANGUAGE_UNSUPPORTED && forced_language)
        fail("'%s': language '%s' isn't supported: C and assembly are", path, forced_language);
    if (language == LANGUAGE_UNSUPPORTED)
        fail("'%s': only C and assembly sources are supported", path);
    if (strcmp(path, "-") == 0 && !forced_language) {
        if (options->mode != MODE_DIRECT)
            fail("-E or -x required when input is from standard input");
        language = LANGUAGE_C;
    }
    options->inputs = grow(options->inputs, options->input_count, sizeof *options->inputs);
    options->inputs[options->input_count] = (struct input){.path = copy_string(path), .language = language};
    add_link_item(options, NULL, options->input_count++);
    arguments_add(&options->raw, path);
}

/* Splits "-Wl,a,b" into linker options. */
static void add_comma_list(struct options *options, const char *list, bool for_assembler) {
    char *copy = copy_string(list);
    for (char *rest = copy, *word; (word = strsep(&rest, ","));) {
        if (for_assembler)
            arguments_addf(&options->assemble, "-Wa,%s", word);
        else
            add_link_item(options, copy_string(word), 0);
    }
    free(copy);
}

static void refuse_unconfinable(const char *argument) {
    static const char *const harmless[] = {"-fopenmp-simd", "-fopenmp-version", NULL};
    if (begins_any(argument, harmless))
        return;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        size_t length = strlen(refused[i].prefix);
        if (strncmp(argument, refused[i].prefix, length) == 0 &&
            (!argument[length] || argument[length] == '=' || strchr("-=", refused[i].prefix[length - 1]) ||
             argument[length] == '-'))
            fail("'%s' isn't possible: %s", argument, refused[i].why);
    }
}

struct flag {
    const char *name;
    size_t offset;
};
#define FLAG(name, member)                                                                                   \
    { name, offsetof(struct options, member) }

/* Sets the boolean of a plain flag; false if `argument` isn't in the table. */
static bool set_flag(struct options *options, const struct flag *table, const char *argument) {
    for (; table->name; table++) {
        if (strcmp(argument, table->name) != 0)
            continue;
        *(bool *)((char *)options + table->offset) = true;
        return true;
    }
    return false;
}

/* Flags that steer the link and go no further. */
static const struct flag link_flags[] = {FLAG("-shared", shared),
                                         FLAG("--shared", shared),
                                         FLAG("-r", relocatable),
                                         FLAG("-static", is_static),
                                         FLAG("--static", is_static),
                                         FLAG("-static-pie", is_static_pie),
                                         FLAG("-nostartfiles", no_start_files),
                                         FLAG("-nodefaultlibs", no_default_libraries),
                                         FLAG("-nolibc", no_libc),
                                         {NULL, 0}};

/* Flags that clang gets as well. */
static const struct flag compile_flags[] = {FLAG("-fPIC", position_independence),
                                            FLAG("-fpic", position_independence),
                                            FLAG("-fPIE", position_independence),
                                            FLAG("-fpie", position_independence),
                                            FLAG("-MD", dependencies),
                                            FLAG("-MMD", dependencies),
                                            FLAG("-pthread", threads),
                                            FLAG("-nostdinc", no_standard_includes),
                                            {NULL, 0}};

static bool parse_mode(struct options *options, const char *argument) {
    static const char *const direct[] = {"-E",         "-M",        "-MM",       "-fsyntax-only",
                                         "-emit-llvm", "--analyze", "-emit-ast", NULL};
    static const char *const print[] = {
        "--version", "-dumpversion", "-dumpmachine", "--help", "-help", "--print-", NULL};
    enum mode mode = options->mode;
    if (strcmp(argument, "-c") == 0)
        mode = mode == MODE_LINK ? MODE_OBJECT : mode;
    else if (strcmp(argument, "-S") == 0)
        mode = mode == MODE_LINK || mode == MODE_OBJECT ? MODE_ASSEMBLY : mode;
    else if (is_any(argument, direct))
        mode = mode == MODE_PRINT ? mode : MODE_DIRECT;
    else if (is_any(argument, print) || has_prefix(argument, "-print-") || has_prefix(argument, "--print-"))
        mode = MODE_PRINT;
    else
        return false;
    if (mode == MODE_PRINT && strstr(argument, "-print-"))
        options->print = argument;
    options->mode = mode;
    arguments_add(&options->raw, argument);
    return true;
}

/* Options of the linker and of linking; false if `argument` is none. `value` is its separate value or NULL.
 */
static bool parse_link_option(struct options *options, const char *argument, const char *value) {
    if (strcmp(argument, "-nostdlib") == 0) {
        options->no_start_files = options->no_default_libraries = true;
    } else if (has_prefix(argument, "-Wl,")) {
        add_comma_list(options, argument + 4, false);
    } else if (strcmp(argument, "-Xlinker") == 0) {
        add_link_item(options, value, 0);
    } else if (strcmp(argument, "-rdynamic") == 0) {
        add_link_item(options, "--export-dynamic", 0);
    } else if (strcmp(argument, "-s") == 0) {
        add_link_item(options, "--strip-all", 0);
    } else if (has_prefix(argument, "-fuse-ld") || has_prefix(argument, "--ld-path") ||
               has_prefix(argument, "-rtlib=") || has_prefix(argument, "--rtlib=") ||
               has_prefix(argument, "-unwindlib=") || has_prefix(argument, "--unwindlib=") ||
               has_prefix(argument, "-B") || strcmp(argument, "-pie") == 0 ||
               strcmp(argument, "-no-pie") == 0 || strcmp(argument, "-nopie") == 0 ||
               strcmp(argument, "-static-libgcc") == 0 || strcmp(argument, "-shared-libgcc") == 0) {
        /* There is one linker, one builtins library, and every program is position-independent. */
    } else if (begins_any(argument, for_linker)) {
        add_link_item(options, argument, 0);
        if (value)
            add_link_item(options, value, 0);
    } else {
        return false;
    }
    return true;
}

static bool parse_assembler_option(struct options *options, const char *argument, const char *value) {
    if (has_prefix(argument, "-Wa,"))
        add_comma_list(options, argument + 4, true);
    else if (strcmp(argument, "-Xassembler") == 0)
        arguments_addf(&options->assemble, "-Wa,%s", value);
    else
        return false;
    return true;
}

/* -I and -gz matter to the assembler too: .include and .incbin, compressed debug sections. */
static void note_assembler_twin(struct options *options, const char *argument, const char *value) {
    if (!has_prefix(argument, "-I") && !has_prefix(argument, "-gz"))
        return;
    arguments_add(&options->assemble, argument);
    if (value)
        arguments_add(&options->assemble, value);
}

/* Where writable variables stand: docs/cls.md. */
static void set_cls_model(struct options *options, const char *argument) {
    const char *model = strchr(argument, '=') + 1;
    if (strcmp(model, "relocatable") != 0 && strcmp(model, "fixed") != 0)
        fail("unknown model in '%s': -fcls=fixed or -fcls=relocatable", argument);
    options->relocatable_cls = model[0] == 'r';
}

static bool parse_own_option(struct options *options, const char *argument, const char *value) {
    if (strcmp(argument, "-o") == 0)
        options->output = value;
    else if (has_prefix(argument, "-o") && !has_prefix(argument, "-objc"))
        options->output = argument + 2;
    else if (strcmp(argument, "-x") == 0)
        forced_language = strcmp(value, "none") == 0 ? NULL : value;
    else if (has_prefix(argument, "-x"))
        forced_language = strcmp(argument + 2, "none") == 0 ? NULL : argument + 2;
    else if (strcmp(argument, "--sysroot") == 0 || strcmp(argument, "-isysroot") == 0)
        options->sysroot = value;
    else if (has_prefix(argument, "--sysroot="))
        options->sysroot = strchr(argument, '=') + 1;
    else if (has_prefix(argument, "-fcls="))
        set_cls_model(options, argument);
    else if (strcmp(argument, "-###") == 0)
        options->dry_run = true;
    else if (strcmp(argument, "-v") == 0 || strcmp(argument, "--verbose") == 0)
        options->verbose = true;
    else if (has_prefix(argument, "-save-temps") || has_prefix(argument, "--save-temps"))
        options->save_temporaries = true;
    else
        return false;
    /* Where clang runs the whole job it needs these itself. */
    if (!has_prefix(argument, "--sysroot") && !has_prefix(argument, "-fcls=") &&
        strcmp(argument, "-isysroot") != 0 && strcmp(argument, "-###") != 0) {
        arguments_add(&options->raw, argument);
        if (value)
            arguments_add(&options->raw, value);
    }
    return true;
}

static bool parse_neutralised_option(const char *argument) {
    if (has_prefix(argument, "-flto") || strcmp(argument, "-fwhole-program-vtables") == 0) {
        report_warning("'%s' is ignored: code is rewritten one file at a time, before the link", argument);
        return true;
    }
    return is_any(argument, dropped) || has_prefix(argument, "-mcmodel=small");
}

/* The rewriter reads AT&T assembly: Intel syntax is for the source's own statements alone, which clang
 * translates. */
static bool parse_intel_syntax(struct options *options, const char *argument) {
    static const char *const translated[] = {"-Xclang", "-inline-asm=intel", NULL};
    if (strcmp(argument, "-masm=intel") != 0)
        return false;
    arguments_add_all(&options->compile, translated);
    arguments_add_all(&options->raw, translated);
    return true;
}

static void parse_one(struct options *options, const char *argument, const char *value) {
    refuse_unconfinable(argument);
    if (parse_mode(options, argument) || parse_neutralised_option(argument) ||
        parse_intel_syntax(options, argument) || parse_own_option(options, argument, value) ||
        set_flag(options, link_flags, argument) || parse_link_option(options, argument, value) ||
        parse_assembler_option(options, argument, value))
        return;
    set_flag(options, compile_flags, argument);
    if (has_prefix(argument, "-g") && !has_prefix(argument, "-gz"))
        options->debug_information = strcmp(argument, "-g0") != 0;
    options->dependency_file |= has_prefix(argument, "-MF");
    options->dependency_target |= has_prefix(argument, "-MT") || has_prefix(argument, "-MQ");
    note_assembler_twin(options, argument, value);
    arguments_add(&options->compile, argument);
    arguments_add(&options->raw, argument);
    if (value) {
        arguments_add(&options->compile, value);
        arguments_add(&options->raw, value);
    }
}

/* Sanitizers need a runtime; those of the undefined-behaviour group can trap instead. */
static void refuse_sanitizers(const struct arguments *command_line) {
    bool trapping = false;
    for (size_t i = 0; i < command_line->count; i++)
        trapping |= has_prefix(command_line->items[i], "-fsanitize-trap") ||
                    strcmp(command_line->items[i], "-fsanitize-undefined-trap-on-error") == 0;
    for (size_t i = 0; i < command_line->count && !trapping; i++)
        if (has_prefix(command_line->items[i], "-fsanitize="))
            fail("'%s' isn't possible: there is no sanitizer runtime in a compartment; "
                 "-fsanitize-trap=undefined works",
                 command_line->items[i]);
}

void parse_options(struct options *options, const struct arguments *command_line) {
    refuse_sanitizers(command_line);
    for (size_t i = 0; i < command_line->count; i++) {
        const char *argument = command_line->items[i], *value = NULL;
        if (argument[0] != '-' || !argument[1]) {
            add_input(options, argument);
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            while (++i < command_line->count)
                add_input(options, command_line->items[i]);
            break;
        }
        if (is_any(argument, with_value)) {
            if (i + 1 == command_line->count)
                fail("argument to '%s' is missing (expected 1 value)", argument);
            value = command_line->items[++i];
        }
        parse_one(options, argument, value);
    }
}
