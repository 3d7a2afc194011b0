/* orc-ld: lld with the layout of an object, and the finishing that lld can't do. It takes ld's options. */
#include "finish.h"
#include "output.h"
#include "script.h"

#include "../common/locate.h"
#include "../common/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* lld's options for an object; docs/toolchain.md has the reason for each. */
static const char *const layout_options[] = {"-z",
                                             "now",
                                             "-z",
                                             "norelro",
                                             "-z",
                                             "rodynamic",
                                             "-z",
                                             "text",
                                             "-z",
                                             "nocopyreloc",
                                             "-z",
                                             "noexecstack",
                                             "-z",
                                             "max-page-size=4096",
                                             "-z",
                                             "noseparate-code",
                                             "-z",
                                             "nostart-stop-gc",
                                             "--hash-style=gnu",
                                             "--build-id=none",
                                             "--pack-dyn-relocs=none",
                                             "--undefined-version",
                                             NULL};

struct link {
    struct arguments options; /* for lld: all but -o */
    const char *output;
    const char *finish_only; /* --orc-finish FILE: no link, only the finishing (after strip) */
    const char *interpreter; /* --orc-run: what the kernel executes programs by; NULL: the guests' ld.so */
    bool shared, relocatable, direct;
    bool has_input, has_interpreter, asks_for_run;
};

static const char *const direct_options[] = {"-v", "-V", "--version", "--help", "-help", "--reproduce", NULL};

static bool is_any(const char *argument, const char *const *list) {
    for (; *list; list++)
        if (strcmp(argument, *list) == 0)
            return true;
    return false;
}

/* Options with a fixed answer here. Returns whether `argument` is left out. */
static bool is_fixed(const char *argument) {
    static const char *const fixed[] = {"-no-pie",     "--no-pie", "-pie", "--pie",    "-static-pie",
                                        "-N",          "--omagic", "-n",   "--nmagic", "--no-rosegment",
                                        "--rosegment", NULL};
    if (has_prefix(argument, "-T") || has_prefix(argument, "--script") || has_prefix(argument, "-dT"))
        fail("'%s': objects have a layout of their own, so linker scripts can't be used", argument);
    return is_any(argument, fixed) || has_prefix(argument, "--image-base") ||
           has_prefix(argument, "--build-id") || has_prefix(argument, "--hash-style") ||
           has_prefix(argument, "-hash-style") || has_prefix(argument, "--pack-dyn-relocs");
}

static bool is_fixed_keyword(const char *keyword) {
    static const char *const fixed[] = {"lazy",
                                        "now",
                                        "relro",
                                        "norelro",
                                        "text",
                                        "notext",
                                        "execstack",
                                        "noexecstack",
                                        "separate-code",
                                        "noseparate-code",
                                        "separate-loadable-segments",
                                        "copyreloc",
                                        "nocopyreloc",
                                        "rodynamic",
                                        "combreloc",
                                        "nocombreloc",
                                        "ibt",
                                        "ibtplt",
                                        "shstk",
                                        "force-ibt",
                                        "retpolineplt",
                                        "pack-relative-relocs",
                                        NULL};
    return is_any(keyword, fixed) || has_prefix(keyword, "max-page-size=") ||
           has_prefix(keyword, "common-page-size=");
}

/* A program that the kernel can execute: through ld-orc, or what --orc-run=PATH names. */
static bool take_orc_run(struct link *link, const char *argument) {
    if (!has_prefix(argument, "--orc-run"))
        return false;
    link->asks_for_run = true;
    if (strcmp(argument, "--orc-run") == 0)
        link->interpreter = locate_program("ld-orc", NULL);
    else if (has_prefix(argument, "--orc-run="))
        link->interpreter = argument + strlen("--orc-run=");
    else
        return false;
    if (link->interpreter[0] != '/')
        fail("'%s': the kernel needs an absolute path", argument);
    return true;
}

static void check_interpreter(const struct link *link) {
    if (link->asks_for_run && !link->has_interpreter && !link->shared && !link->relocatable)
        fail("--orc-run: a program without the guests' dynamic linker (-static, -nostdlib) can't run through "
             "`orc "
             "run`; `orc bare` runs it");
}

/* Options of GNU ld that lld doesn't know, and that change nothing in an object: warnings, the use of memory,
 * what other architectures have. Build systems pass them without asking, or ask and decide by the answer. */
static bool is_without_effect(const char *argument) {
    static const char *const names[] = {"warn-rwx-segments",
                                        "no-warn-rwx-segments",
                                        "warn-execstack",
                                        "no-warn-execstack",
                                        "warn-execstack-objects",
                                        "error-execstack",
                                        "no-error-execstack",
                                        "error-rwx-segments",
                                        "no-error-rwx-segments",
                                        "reduce-memory-overheads",
                                        "no-map-whole-files",
                                        "map-whole-files",
                                        "warn-textrel",
                                        "traditional-format",
                                        "warn-section-align",
                                        "warn-multiple-gp",
                                        "no-strip-discarded",
                                        "strip-discarded",
                                        "Bgroup",
                                        "ld-generated-unwind-info",
                                        "no-ld-generated-unwind-info",
                                        "accept-unknown-input-arch",
                                        "no-accept-unknown-input-arch",
                                        NULL};
    static const char *const prefixes[] = {"hash-size=", "spare-dynamic-tags=", "plugin-opt=", NULL};
    const char *name = argument + strspn(argument, "-");
    for (const char *const *prefix = prefixes; *prefix; prefix++)
        if (name > argument && has_prefix(name, *prefix))
            return true;
    return name > argument && is_any(name, names);
}

static void parse(struct link *link, const struct arguments *command_line) {
    for (size_t i = 0; i < command_line->count; i++) {
        const char *argument = command_line->items[i];
        const char *next = i + 1 < command_line->count ? command_line->items[i + 1] : NULL;
        bool takes_next = false;
        if (is_without_effect(argument))
            continue;
        if ((strcmp(argument, "-o") == 0 || strcmp(argument, "--output") == 0) && next) {
            link->output = command_line->items[++i];
            continue;
        }
        if (has_prefix(argument, "--output=") ||
            (has_prefix(argument, "-o") && !has_prefix(argument, "-omagic"))) {
            link->output = has_prefix(argument, "--output=") ? argument + 9 : argument + 2;
            continue;
        }
        if (strcmp(argument, "--orc-finish") == 0 && next) {
            link->finish_only = command_line->items[++i];
            continue;
        }
        if (strcmp(argument, "-z") == 0 && next && is_fixed_keyword(next)) {
            i++;
            continue;
        }
        if (has_prefix(argument, "-z") && argument[2] && is_fixed_keyword(argument + 2))
            continue;
        if (take_orc_run(link, argument))
            continue;
        link->has_interpreter |=
            has_prefix(argument, "-dynamic-linker") || has_prefix(argument, "--dynamic-linker");
        link->shared |= strcmp(argument, "-shared") == 0 || strcmp(argument, "--shared") == 0 ||
                        strcmp(argument, "-Bshareable") == 0;
        link->relocatable |= strcmp(argument, "-r") == 0 || strcmp(argument, "--relocatable") == 0 ||
                             strcmp(argument, "-i") == 0;
        link->direct |= is_any(argument, direct_options);
        takes_next = strcmp(argument, "-z") == 0;
        link->has_input |= argument[0] != '-' || has_prefix(argument, "-l");
        arguments_add(&link->options, argument);
        if (takes_next && next)
            arguments_add(&link->options, command_line->items[++i]);
    }
}

static int run_lld(const struct link *link, const char *output, const struct script_variant *variant) {
    struct arguments command = {0};
    arguments_add(&command, locate_llvm("ld.lld-22", "ORC_LLD"));
    if (output) {
        arguments_add(&command, "-o");
        arguments_add(&command, output);
    }
    if (!link->relocatable && !link->direct) {
        arguments_add(&command, "-T");
        arguments_add(&command, write_script(variant));
        arguments_add_all(&command, layout_options);
        /* References through the global offset table would become ones to linked addresses. */
        if (variant->has_cls)
            arguments_add(&command, "--no-relax");
        /* Ahead of the user's options, so that -Bno-symbolic and --dynamic-list have the last word. */
        arguments_add(&command, link->shared ? "-Bsymbolic-non-weak" : "-pie");
    }
    arguments_extend(&command, &link->options);
    if (link->interpreter && link->has_interpreter && !link->shared && !link->relocatable)
        arguments_addf(&command, "--dynamic-linker=%s", link->interpreter); /* the last one counts */
    return tool_run(&command, NULL, NULL, NULL);
}

static void finish(struct image *image) {
    finish_cls(image);
    check_relocations(image);
    finish_plt(image);
    finish_code(image);
    finish_headers(image);
    finish_note(image);
}

/* Whether this link has to be done again with what it has shown. */
static bool needs_other_script(struct image *image, struct script_variant *variant) {
    if (find_own_sections(image, variant))
        return true;
    uint64_t template_size = 0;
    bool has_cls = find_cls(image, &template_size);
    if (has_cls != variant->has_cls || template_size != variant->template_size) {
        variant->has_cls = has_cls;
        variant->template_size = template_size;
        return true;
    }
    image_find_regions(image);
    bool relro = !variant->relro_is_writable && needs_writable(image, ".data.rel.ro");
    bool tdata = !variant->tdata_is_writable && needs_writable(image, ".tdata");
    variant->relro_is_writable |= relro;
    variant->tdata_is_writable |= tdata;
    return relro || tdata;
}

static int link_object(const struct link *link) {
    char *linked = tool_temporary("linked", "");
    struct script_variant variant = {0};
    struct image image;
    for (;;) {
        int code = run_lld(link, linked, &variant);
        if (code != 0)
            return code;
        image_load(&image, linked);
        if (!needs_other_script(&image, &variant))
            break;
        image_free(&image);
    }
    finish(&image);
    write_output(link->output, image.bytes, image.size);
    image_free(&image);
    return 0;
}

/* After strip. Files that aren't objects of this project (relocatable files, archives) are left alone. */
static int finish_file(const char *path) {
    struct image image;
    if (!image_is_object(path))
        return 0;
    image_load(&image, path);
    image_find_regions(&image);
    finish(&image);
    write_output(path, image.bytes, image.size);
    image_free(&image);
    return 0;
}

int main(int argc, char **argv) {
    struct arguments command_line = {0};
    struct link link = {.output = "a.out"};
    tool_begin("orc-ld");
    arguments_expand(&command_line, argc, argv);
    if (getenv("ORC_RUN"))
        link.interpreter = locate_program("ld-orc", NULL);
    parse(&link, &command_line);
    check_interpreter(&link);
    if (link.finish_only)
        return finish_file(link.finish_only);
    if (link.direct && !link.has_input)
        return run_lld(&link, NULL, NULL);
    if (link.relocatable)
        return run_lld(&link, link.output, NULL);
    for (size_t i = 0; i < link.options.count; i++)
        if (is_fixed(link.options.items[i]))
            arguments_remove(&link.options, i--);
    return link_object(&link);
}
