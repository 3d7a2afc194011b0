#include "stages.h"

#include "../common/check.h"
#include "../common/locate.h"
#include "../common/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARGET "--target=x86_64-linux-musl"

/* Put after the user's options, so that these win. docs/toolchain.md has the reason for each. */
static const char *const forced_flags[] = {"-fomit-frame-pointer",
                                           "-mreserve-frame-pointer-reg",
                                           "-fcf-protection=branch",
                                           "-mno-tls-direct-seg-refs",
                                           "-mtls-dialect=gnu",
                                           "-fplt",
                                           "-fno-direct-access-external-data",
                                           "-fno-stack-clash-protection",
                                           "-msse3",
                                           "-mno-gather",
                                           "-mno-avx512f",
                                           "-mno-xop",
                                           "-mno-fma4",
                                           "-mno-tbm",
                                           "-mno-gfni",
                                           "-mno-avxvnni",
                                           "-mno-shstk",
                                           "-mno-avx10.1",
                                           "-mno-apxf",
                                           "-mno-avxifma",
                                           "-mno-avxvnniint8",
                                           "-mno-avxvnniint16",
                                           "-mno-avxneconvert",
                                           "-mno-sha512",
                                           "-mno-sm3",
                                           "-mno-sm4",
                                           "-mno-vaes",
                                           "-mno-vpclmulqdq",
                                           "-mno-cmpccxadd",
                                           "-mno-movrs",
                                           "-mno-raoint",
                                           "-mno-rdrnd",
                                           "-mno-rdseed",
                                           "-mno-sse4a",
                                           "-mno-lwp",
                                           "-mno-waitpkg",
                                           "-mno-rdpid",
                                           "-mno-xsave",
                                           "-mno-fsgsbase",
                                           "-mno-movdiri",
                                           "-mno-movdir64b",
                                           "-mno-clflushopt",
                                           "-mno-clwb",
                                           "-mno-rtm",
                                           "-mstack-alignment=16",
                                           "-fno-sanitize=function,kcfi",
                                           "-Xclang",
                                           "-target-feature",
                                           "-Xclang",
                                           "+slow-two-mem-ops",
                                           "-mllvm",
                                           "-no-x86-call-frame-opt",
                                           "-mllvm",
                                           "-trap-unreachable",
                                           NULL};

/* What is different when a source is compiled once more. */
struct attempt {
    bool without_jump_tables; /* they left no register for a guard */
    bool with_lines;          /* for the rewriter's messages */
    bool marks_lines;         /* for messages about the assembled code */
};

/* Prints the command as -### and -v do. */
static void print_command(const struct arguments *command) {
    for (size_t i = 0; i < command->count; i++)
        fprintf(stderr, " \"%s\"", command->items[i]);
    fputc('\n', stderr);
}

static int run(const struct options *options, const struct arguments *command) {
    if (options->dry_run || options->verbose)
        print_command(command);
    return options->dry_run ? 0 : tool_run(command, NULL, NULL, NULL);
}

/* clang, the target, the include path and the defaults: what stands before the user's options. */
static void clang_base(const struct options *options, bool has_includes, struct arguments *command) {
    const char *sysroot = find_sysroot(options);
    arguments_add(command, locate_llvm("clang-22", "ORC_CLANG"));
    arguments_add(command, TARGET);
    arguments_add(command, "-nostdlibinc");
    arguments_add(command, "-D__ORC__=1");
    /* As clang's own default on this platform; a library's code is compiled with -fPIC by whoever builds it.
     */
    if (!options->position_independence)
        arguments_add(command, options->shared ? "-fPIC" : "-fPIE");
    arguments_add(command, "-fno-stack-protector");
    if (sysroot && !options->no_standard_includes && has_includes) {
        arguments_add(command, "-idirafter");
        arguments_addf(command, "%s/include", sysroot);
    }
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "dir/a.c" to "a.o": outputs without -o go to the working directory. */
static char *default_output(const char *path, const char *suffix) {
    const char *name = strcmp(path, "-") == 0 ? "-" : base_name(path);
    const char *dot = strrchr(name, '.');
    return format_string("%.*s%s", dot ? (int)(dot - name) : (int)strlen(name), name, suffix);
}

/* -MD without -MF and -MT: clang would derive names from its own output, which is a temporary file. */
static void add_dependency_names(const struct options *options, const struct input *input,
                                 struct arguments *command) {
    if (!options->dependencies)
        return;
    if (!options->dependency_file) {
        arguments_add(command, "-MF");
        if (options->output) {
            const char *name = base_name(options->output), *dot = strrchr(name, '.');
            int kept = (int)(dot ? dot - options->output : (long)strlen(options->output));
            arguments_addf(command, "%.*s.d", kept, options->output);
        } else {
            arguments_add(command, default_output(input->path, ".d"));
        }
    }
    if (!options->dependency_target) {
        arguments_add(command, "-MQ");
        arguments_add(command, options->output ? options->output : default_output(input->path, ".o"));
    }
}

static bool is_assembly(enum language language) {
    return language == LANGUAGE_ASSEMBLY || language == LANGUAGE_ASSEMBLY_CPP;
}

/* clang's comments on debug data show each byte as a character, null bytes too; they would end the text early
 * for a reader of lines. (-fno-verbose-asm would leave out the comments that mark tail calls, which the
 * rewriter reads.) */
static bool blank_null_bytes(const char *path) {
    int file = open(path, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0 || !status.st_size)
        return file >= 0 && close(file) == 0;
    size_t size = (size_t)status.st_size;
    char *text = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (text == MAP_FAILED)
        return false;
    for (char *found = text; (found = memchr(found, 0, size - (size_t)(found - text)));)
        *found = ' ';
    return munmap(text, size) == 0;
}

/* Options of clang's front end mean nothing for LLVM IR. The pass does what they would (front_end.cpp); that
 * there may be no jump tables it learns from an option of the code generator. */
static void add_ir_flags(const struct options *options, const struct attempt *attempt,
                         struct arguments *command) {
    arguments_add_all(
        command, (const char *const[]){"-Wno-unused-command-line-argument", "-Wno-override-module", NULL});
    if (attempt->without_jump_tables || arguments_contain(&options->compile, "-fno-jump-tables"))
        arguments_add_all(command,
                          (const char *const[]){"-mllvm", "-min-jump-table-entries=4294967295", NULL});
}

static void add_attempt_flags(const struct attempt *attempt, struct arguments *command) {
    if (attempt->without_jump_tables)
        arguments_add(command, "-fno-jump-tables");
    if (attempt->with_lines)
        arguments_add(command, "-gline-tables-only");
    if (attempt->without_jump_tables || attempt->with_lines)
        arguments_add(command, "-w"); /* said before */
}

/* C to assembly, or .S to .s: everything that clang does before the rewriter. */
static int run_clang(const struct options *options, const struct input *input, const char *output,
                     const struct attempt *attempt) {
    struct arguments command = {0};
    bool preprocess = input->language == LANGUAGE_ASSEMBLY_CPP;
    clang_base(options, input->language != LANGUAGE_IR, &command);
    arguments_extend(&command, &options->compile);
    arguments_add_all(&command, forced_flags);
    if (!preprocess && options->relocatable_cls)
        arguments_addf(&command, "-fpass-plugin=%s", locate_file("orc-cls.so"));
    if (!preprocess)
        arguments_addf(&command, "-fpass-plugin=%s", locate_file("orc-pass.so"));
    add_dependency_names(options, input, &command);
    add_attempt_flags(attempt, &command);
    if (input->language == LANGUAGE_IR)
        add_ir_flags(options, attempt, &command);
    arguments_add_all(&command, (const char *const[]){preprocess ? "-E" : "-S", "-o", output, "-x",
                                                      language_name(input->language), input->path, NULL});
    return run(options, &command);
}

/* `errors`: where the rewriter's messages go; NULL: to the user. */
static int run_rewriter(const struct options *options, const struct input *input, const char *from,
                        const char *output, const struct attempt *attempt, const char *errors) {
    struct arguments command = {0};
    arguments_add(&command, locate_program("orc-sfi", "ORC_SFI"));
    arguments_add(&command, is_assembly(input->language) ? "--exact-stack" : "--compiler");
    if (options->mode == MODE_ASSEMBLY)
        arguments_add(&command, "--mark");
    if (attempt->marks_lines)
        arguments_add(&command, "--lines");
    arguments_add_all(&command, (const char *const[]){"--name", input->path, NULL});
    if (strcmp(output, "-") != 0)
        arguments_add_all(&command, (const char *const[]){"-o", output, NULL});
    if (strcmp(from, "-") != 0)
        arguments_add(&command, from);
    if (options->dry_run || options->verbose)
        print_command(&command);
    return options->dry_run ? 0 : tool_run(&command, NULL, NULL, errors);
}

/* Whether the assembly text says which source line it comes from. */
static bool has_line_numbers(const char *path) {
    FILE *file = fopen(path, "re");
    char line[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, "\t.loc\t", 6) == 0;
    if (file)
        fclose(file);
    return found;
}

static void print_file(const char *path) {
    FILE *file = fopen(path, "re");
    for (int c; file && (c = getc(file)) != EOF;)
        putc(c, stderr);
    if (file)
        fclose(file);
}

/* orc-sfi's exit status when -fno-jump-tables would help: a jump left no register for its guard. */
#define STARVED 3

static bool is_empty(const char *path) {
    struct stat status;
    return stat(path, &status) != 0 || !status.st_size;
}

/* The rewriter's messages with source lines: the source is compiled once more, with line numbers. Returns the
 * file that they are in, or NULL. */
static const char *find_lines(const struct options *options, const struct input *input,
                              const struct attempt *attempt) {
    struct attempt with_lines = {.without_jump_tables = attempt->without_jump_tables, .with_lines = true};
    char *lines = tool_temporary(input->path, ".lines.s"), *errors = tool_temporary(input->path, ".errors");
    char *unused = tool_temporary(input->path, ".lines.orc.s");
    bool found = run_clang(options, input, lines, &with_lines) == 0 && blank_null_bytes(lines) &&
                 run_rewriter(options, input, lines, unused, &with_lines, errors) != 0 && !is_empty(errors);
    return found ? errors : NULL;
}

/* Returns STARVED, without a word, if an attempt without jump tables is left. */
static int rewrite_compiler_output(const struct options *options, const struct input *input, const char *from,
                                   const char *output, const struct attempt *attempt) {
    if (options->dry_run)
        return run_rewriter(options, input, from, output, attempt, NULL);
    bool compiled = strcmp(input->path, "-") != 0;
    const char *errors = tool_temporary(input->path, ".errors"), *better = NULL;
    int code = run_rewriter(options, input, from, output, attempt, errors);
    if (code == 0 || (code == STARVED && compiled && !attempt->without_jump_tables))
        return code;
    if (compiled && !has_line_numbers(from))
        better = find_lines(options, input, attempt);
    print_file(better ? better : errors);
    if (!better && is_empty(errors))
        report_error("%s: orc-sfi failed without a message", input->path);
    return 1;
}

/* ---- hand-written assembly ---- */

/* Standard input can be read once only, and we look at the text before the assembler does. */
static const char *keep_standard_input(const struct options *options) {
    char *path = tool_temporary("stdin", ".s");
    FILE *file = options->dry_run ? NULL : fopen(path, "we");
    for (int c; file && (c = getchar()) != EOF;)
        putc(c, file);
    if (file && fclose(file) != 0)
        fail("unable to write '%s': %s", path, strerror(errno));
    return path;
}

/* What orc-cc -S has written is confined already: it says so in a line of its own. */
static bool is_confined(const char *path) {
    static const char mark[] = "# orc: confined\n";
    FILE *file = fopen(path, "re");
    char line[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = strcmp(line, mark) == 0;
    if (file)
        fclose(file);
    return found;
}

/* `lines`: the lifted text names the lines that it comes from. */
static int run_lifter(const struct options *options, const struct input *input, const char *from,
                      const char *output, bool lines, const char *errors) {
    struct arguments command = {0};
    arguments_add(&command, locate_program("orc-lift", "ORC_LIFT"));
    arguments_add_all(&command, (const char *const[]){"--name", input->path, "-o", output, NULL});
    if (lines)
        arguments_add(&command, "--lines");
    arguments_add_all(&command, (const char *const[]){from, "--", NULL});
    arguments_extend(&command, &options->assemble);
    if (options->dry_run || options->verbose)
        print_command(&command);
    return options->dry_run ? 0 : tool_run(&command, NULL, NULL, errors);
}

static int lift_and_rewrite(const struct options *options, const struct input *input, const char *from,
                            const char *output, const struct attempt *attempt) {
    char *lifted = tool_temporary(input->path, ".lifted.s"), *errors = tool_temporary(input->path, ".errors");
    bool lines = options->debug_information || attempt->with_lines;
    int code = run_lifter(options, input, from, lifted, lines, attempt->with_lines ? errors : NULL);
    if (code == 0)
        code =
            run_rewriter(options, input, lifted, output, attempt, lines || options->dry_run ? NULL : errors);
    if (code == 0 || lines || is_empty(errors))
        return code != 0;
    /* Once more, for messages that name the lines. */
    char *unused = tool_temporary(input->path, ".unused.s"), *again = tool_temporary(input->path, ".lines.s");
    if (run_lifter(options, input, from, again, true, tool_temporary(input->path, ".warnings")) != 0 ||
        run_rewriter(options, input, again, unused, attempt, NULL) == 0)
        print_file(errors);
    return 1;
}

/* The finished text, to standard output or a file. */
static int print_assembly(const char *path, const char *output) {
    FILE *in = fopen(path, "re"), *out = strcmp(output, "-") == 0 ? stdout : fopen(output, "we");
    for (int c; in && out && (c = getc(in)) != EOF;)
        putc(c, out);
    bool written = in && out && fflush(out) == 0 && !ferror(out);
    if (!written)
        report_error("unable to write '%s': %s", output, strerror(errno));
    if (in)
        fclose(in);
    if (out && out != stdout)
        fclose(out);
    return written ? 0 : 1;
}

static int confine_assembly(const struct options *options, const struct input *input, const char *plain,
                            const char *output, const struct attempt *attempt) {
    if (options->dry_run || !is_confined(plain))
        return lift_and_rewrite(options, input, plain, output, attempt);
    return print_assembly(plain, output);
}

/* Everything before the assembler. */
static int confine(const struct options *options, const struct input *input, const char *output,
                   const struct attempt *attempt) {
    const char *plain = input->path;
    if (input->language == LANGUAGE_ASSEMBLY && strcmp(input->path, "-") == 0)
        plain = keep_standard_input(options);
    if (input->language != LANGUAGE_ASSEMBLY) {
        plain = tool_temporary(input->path, ".s");
        int code = run_clang(options, input, plain, attempt);
        if (code != 0)
            return code;
        if (!options->dry_run && !blank_null_bytes(plain))
            fail("unable to read '%s': %s", plain, strerror(errno));
    }
    return is_assembly(input->language) ? confine_assembly(options, input, plain, output, attempt)
                                        : rewrite_compiler_output(options, input, plain, output, attempt);
}

static int run_assembler(const struct options *options, const char *from, const char *output) {
    struct arguments command = {0};
    arguments_add(&command, locate_llvm("clang-22", "ORC_CLANG"));
    arguments_add(&command, TARGET);
    arguments_extend(&command, &options->assemble);
    arguments_add_all(&command, (const char *const[]){"-c", "-x", "assembler", "-o", output, from, NULL});
    return run(options, &command);
}

/* Says which lines of the source the verifier would refuse: all is done once more, with the lines in the
 * object. */
static void explain_rejection(const struct options *options, const struct input *input, const char *object,
                              const struct attempt *attempt) {
    struct attempt again = {attempt->without_jump_tables, true, true};
    char *marked = tool_temporary(input->path, ".lines.orc.s"),
         *other = tool_temporary(input->path, ".lines.o");
    if (strcmp(input->path, "-") == 0 || confine(options, input, marked, &again) != 0 ||
        run_assembler(options, marked, other) != 0 || check_object_code(other, input->path, stderr))
        check_object_code(object, input->path, stderr);
}

static bool is_special_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

/* Assembles and sees to it that the verifier will take what comes out. */
static int assemble(const struct options *options, const struct input *input, const char *rewritten,
                    const char *output, const struct attempt *attempt) {
    bool aside = options->mode == MODE_ASSEMBLY || is_special_file(output);
    const char *object = aside ? tool_temporary(input->path, ".o") : output;
    int code = run_assembler(options, rewritten, object);
    if (code == 0 && !options->dry_run && !check_object_code(object, input->path, NULL)) {
        explain_rejection(options, input, object, attempt);
        code = 1;
    }
    if (code == 0 && aside && options->mode != MODE_ASSEMBLY)
        code = run_assembler(options, rewritten, output);
    return code;
}

/* One source to rewritten assembly or to an object file. Leaves no output behind if it fails. */
static int compile(const struct options *options, const struct input *input, const char *output) {
    bool to_assembly = options->mode == MODE_ASSEMBLY;
    if (access(input->path, R_OK) != 0 && strcmp(input->path, "-") != 0) {
        report_error("no such file or directory: '%s'", input->path);
        return 1;
    }
    bool special = is_special_file(output) || strcmp(output, "-") == 0,
         keep = options->save_temporaries && !is_assembly(input->language);
    const char *rewritten = to_assembly && !special ? output
                            : keep                  ? default_output(input->path, ".s")
                                                    : tool_temporary(input->path, ".orc.s");
    struct attempt attempt = {0};
    int code = confine(options, input, rewritten, &attempt);
    if (code == STARVED) {
        attempt.without_jump_tables = true;
        code = confine(options, input, rewritten, &attempt);
    }
    if (code == 0)
        code = assemble(options, input, rewritten, output, &attempt);
    if (code == 0 && to_assembly && rewritten != output)
        code = print_assembly(rewritten, output);
    if (code != 0)
        remove_output(output);
    return code;
}

/* A precompiled header: clang's own business, with the flags that compilations get. */
static int compile_header(const struct options *options, const struct input *input) {
    struct arguments command = {0};
    clang_base(options, true, &command);
    arguments_extend(&command, &options->compile);
    arguments_add_all(&command, forced_flags);
    arguments_add_all(&command, (const char *const[]){"-x", "c-header", input->path, NULL});
    if (options->output) {
        arguments_add(&command, "-o");
        arguments_add(&command, options->output);
    }
    return run(options, &command);
}

static int run_direct(const struct options *options) {
    struct arguments command = {0};
    clang_base(options, true, &command);
    arguments_extend(&command, &options->raw);
    if (options->input_count || options->mode == MODE_PRINT)
        arguments_add_all(&command, forced_flags);
    return run(options, &command);
}

/* The tools that build systems ask the compiler for are ours, not the host's. */
static bool answer_print(const struct options *options) {
    static const char *const tools[] = {"ld", "ar", "nm", "ranlib", "strip", "objdump", NULL};
    const char *question = strstr(options->print, "print-") + 6;
    if (has_prefix(question, "prog-name=")) {
        for (const char *const *tool = tools; *tool; tool++) {
            if (strcmp(question + 10, *tool) != 0)
                continue;
            char *name = format_string("orc-%s", *tool);
            puts(locate_program(name, NULL));
            return true;
        }
        return false;
    }
    const char *sysroot = find_sysroot(options);
    if (has_prefix(question, "file-name=")) {
        char *path = sysroot ? format_string("%s/lib/%s", sysroot, question + 10) : NULL;
        puts(path && access(path, F_OK) == 0 ? path : question + 10);
    } else if (strcmp(question, "libgcc-file-name") == 0) {
        puts(locate_file("libbuiltins.a"));
    } else if (strcmp(question, "search-dirs") == 0) {
        printf("programs: =%s\nlibraries: =%s%s\n", locate_program("", NULL), sysroot ? sysroot : "",
               sysroot ? "/lib" : "");
    } else if (strcmp(question, "sysroot") == 0) {
        puts(sysroot ? sysroot : "");
    } else {
        return false;
    }
    return true;
}

static int run_link(struct options *options) {
    struct arguments command = {0};
    const char *output = options->output ? options->output : "a.out";
    link_command(options, output, &command);
    return run(options, &command);
}

static size_t count_sources(const struct options *options) {
    size_t count = 0;
    for (size_t i = 0; i < options->input_count; i++)
        count += options->inputs[i].language != LANGUAGE_OBJECT;
    return count;
}

/* Compiles every source; goes on after a failure, as clang does, and returns the first bad exit code. */
static int compile_all(struct options *options) {
    int result = 0;
    for (size_t i = 0; i < options->input_count; i++) {
        struct input *input = &options->inputs[i];
        int code = 0;
        if (input->language == LANGUAGE_OBJECT) {
            input->object = input->path;
            if (options->mode != MODE_LINK)
                report_warning("%s: 'linker' input unused", input->path);
            continue;
        }
        if (input->language == LANGUAGE_HEADER) {
            code = compile_header(options, input);
        } else {
            input->object = options->mode == MODE_LINK ? tool_temporary(input->path, ".o")
                            : options->output
                                ? copy_string(options->output)
                                : default_output(input->path, options->mode == MODE_ASSEMBLY ? ".s" : ".o");
            code = compile(options, input, input->object);
        }
        result = result ? result : code;
    }
    return result;
}

int run_stages(struct options *options) {
    if (options->mode == MODE_PRINT && options->print && answer_print(options))
        return 0;
    if (options->mode == MODE_DIRECT || options->mode == MODE_PRINT || options->input_count == 0)
        return run_direct(options);
    if (options->output && options->mode != MODE_LINK && count_sources(options) > 1)
        fail("cannot specify -o when generating multiple output files");
    int code = compile_all(options);
    for (size_t i = 0; i < options->input_count; i++)
        if (options->inputs[i].language == LANGUAGE_HEADER)
            return code; /* precompiled headers aren't linked */
    if (code == 0 && options->mode == MODE_LINK)
        code = run_link(options);
    return code;
}
