/* orc verify: reads files, asks the verifier, prints the rejections. */
#include "commands.h"
#include "text_report.h"

#include "../embed/file_bytes.h"
#include "../embed/object_file.h"
#include "orc/abi.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXIT_ACCEPTED = 0,
    EXIT_REJECTED = 1,
    EXIT_UNREADABLE = 2,
};

#define MAX_JUMPS 4096

struct options {
    bool raw;
    bool has_base;
    uint32_t base;
    struct orc_import_table imports;
    struct orc_jump_tables jumps;
    uint64_t jump_entries[MAX_JUMPS];
};

static void print_usage(FILE *out) {
    fputs(
        "usage: orc verify FILE...\n"
        "       orc verify --raw [--base ADDRESS] [--imports START:END] [--jumps START:A,B...] FILE...\n"
        "\n"
        "Checks objects (ELF), or with --raw flat files of machine code, against the fault-isolation rules.\n"
        "Prints `FILE: 0xOFFSET: rule N: INSTRUCTION: why` for each rejection; offsets count from the start "
        "of the text.\n"
        "\n"
        "  --raw              FILE holds text bytes alone\n"
        "  --base ADDRESS     where the text (or the object) will stand; default 0x10000000\n"
        "  --imports A:B      addresses of the import table, B not included (--raw; default: none)\n"
        "  --jumps S:A,B...   address of the jump tables, and the addresses in them (--raw; default: none)\n"
        "  --help\n"
        "\n"
        "Exit status: 0 accepted, 1 rejected, 2 unreadable or malformed.\n",
        out);
}

static bool parse_address(const char *text, char **end, uint32_t *address) {
    unsigned long long value;

    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    value = strtoull(text, end, 0);
    *address = (uint32_t)value;
    return errno == 0 && *end != text && value <= UINT32_MAX;
}

static bool parse_imports(const char *text, struct orc_import_table *imports) {
    char *end;

    if (!parse_address(text, &end, &imports->start) || *end != ':')
        return false;
    return parse_address(end + 1, &end, &imports->end) && *end == 0 && imports->start <= imports->end;
}

static bool parse_jumps(const char *text, struct options *options) {
    uint32_t count = 0, target;
    char *end;

    if (!parse_address(text, &end, &options->jumps.start) || *end != ':')
        return false;
    do {
        if (count == MAX_JUMPS || !parse_address(end + 1, &end, &target))
            return false;
        options->jump_entries[count++] = target;
    } while (*end == ',');
    options->jumps.count = count;
    options->jumps.entries = options->jump_entries;
    return *end == 0;
}

/* Returns the exit status to end with, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *options) {
    static const struct option long_options[] = {
        {"raw", no_argument, NULL, 'r'},
        {"base", required_argument, NULL, 'b'},
        {"imports", required_argument, NULL, 'i'},
        {"jumps", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    char *end;
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'r':
            options->raw = true;
            break;
        case 'b':
            options->has_base = true;
            if (parse_address(optarg, &end, &options->base) && *end == 0)
                break;
            fprintf(stderr, "orc verify: --base %s: not an address below 4 GiB\n", optarg);
            return EXIT_UNREADABLE;
        case 'i':
            if (parse_imports(optarg, &options->imports))
                break;
            fprintf(stderr, "orc verify: --imports %s: not a range START:END below 4 GiB\n", optarg);
            return EXIT_UNREADABLE;
        case 'j':
            if (parse_jumps(optarg, options))
                break;
            fprintf(stderr, "orc verify: --jumps %s: not addresses START:A,B...\n", optarg);
            return EXIT_UNREADABLE;
        case 'h':
            print_usage(stdout);
            return EXIT_ACCEPTED;
        default:
            print_usage(stderr);
            return EXIT_UNREADABLE;
        }
    }
    if (optind == argc) {
        print_usage(stderr);
        return EXIT_UNREADABLE;
    }
    return -1;
}

static int exit_status(const char *name, enum orc_verdict verdict) {
    switch (verdict) {
    case ORC_VERIFY_ACCEPTED:
        return EXIT_ACCEPTED;
    case ORC_VERIFY_REJECTED:
        return EXIT_REJECTED;
    default:
        fprintf(stderr, "%s: cannot be verified: the text doesn't lie below 4 GiB, or memory ran out\n",
                name);
        return EXIT_UNREADABLE;
    }
}

static int verify_raw(const char *name, const struct options *options) {
    size_t size;
    uint8_t *bytes = read_file_bytes(name, &size);
    int status;

    if (!bytes) {
        fprintf(stderr, "%s: cannot be read: %s\n", name, strerror(errno));
        return EXIT_UNREADABLE;
    }
    status = exit_status(name, verify_and_report(stdout, name, bytes, size, options->base, options->imports,
                                                 options->jumps));
    free(bytes);
    return status;
}

static int verify_object(const char *name, const struct options *options) {
    struct object_file object;
    struct orc_import_table imports;
    struct orc_error error;
    struct orc_jump_tables jumps;
    int status;

    if (!object_file_open(&object, name, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return EXIT_UNREADABLE;
    }
    const struct orc_object_layout *layout = &object.note.layout;
    if (layout->text + (uint64_t)layout->text_size > UINT32_MAX - options->base) {
        fprintf(stderr, "%s: doesn't fit below 4 GiB from base 0x%x\n", name, options->base);
        object_file_close(&object);
        return EXIT_UNREADABLE;
    }
    if (!object_file_jumps(&object, options->base, &jumps)) {
        fprintf(stderr, "%s: no memory\n", name);
        object_file_close(&object);
        return EXIT_UNREADABLE;
    }
    imports.start = options->base + layout->imports;
    imports.end = imports.start + layout->imports_size;
    status = exit_status(name, verify_and_report(stdout, name, object.text, layout->text_size,
                                                 options->base + layout->text, imports, jumps));
    object_file_close(&object);
    return status;
}

int orc_cmd_verify(int argc, char **argv) {
    struct options options = {.base = ORC_WINDOW};
    int status = parse_options(argc, argv, &options);

    if (status >= 0)
        return status;
    status = EXIT_ACCEPTED;
    for (int i = optind; i < argc; i++) {
        int one = options.raw ? verify_raw(argv[i], &options) : verify_object(argv[i], &options);
        if (one > status)
            status = one;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "orc verify: cannot write the report: %s\n", strerror(errno));
        return EXIT_UNREADABLE;
    }
    return status;
}
