/* orc bare: runs an object's entry in a compartment without a guest OS (the first hostcalls of
 * include/orc/hostcall.h are all that it has). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>

#include "commands.h"
#include "fault_report.h"
#include "orc/bare.h"
#include "../embed/object_file.h"
#include "orc/cell.h"
#include "text_report.h"

enum {
    EXIT_TIME_IS_UP = 124,
    EXIT_NOT_RUN = 125, /* verification, or anything else that kept the program from running */
    EXIT_SIGNAL = 128,
};

#define DEFAULT_STACK (4u << 20)

struct job {
    const char *name;
    char **arguments; /* of the program: its own name first */
    size_t stack;
    uint64_t nanoseconds;

    struct orc_cell *cell;
    struct orc_object *object;
    struct orc_compartment *compartment;
    uint32_t entry;
    int status;
};

static void print_usage(FILE *out) {
    fputs(
        "usage: orc bare [--stack SIZE] [--time SECONDS] OBJECT [ARGUMENT...]\n"
        "\n"
        "Verifies an object (ELF), and runs its entry in a compartment of its own, without a guest OS.\n"
        "\n"
        "  --stack SIZE     control stack in bytes, k or M: calls nest SIZE/8 deep (default 4M, at most 7M)\n"
        "  --time SECONDS   end the program after that long\n"
        "  --help\n"
        "\n"
        "Exit status: the program's own; 124 when the time is up, 125 when it couldn't be run (the "
        "verifier's\n"
        "rejections are on stderr then), 128 + the signal for a fault, with a report on stderr.\n",
        out);
}

static bool parse_size(const char *text, size_t *size) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    unsigned shift = *end == 'k' ? 10 : *end == 'M' ? 20 : 0;
    end += shift != 0;
    *size = (size_t)value << shift;
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == 0 && value < (1u << 30);
}

static bool parse_seconds(const char *text, uint64_t *nanoseconds) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value > 0 && value < 1e9))
        return false;
    *nanoseconds = (uint64_t)(value * 1e9) + 1;
    return true;
}

/* Returns the exit status to end with, or -1 to go on. */
static int parse_options(int argc, char **argv, struct job *job) {
    static const struct option long_options[] = {
        {"stack", required_argument, NULL, 's'},
        {"time", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        if (option == 'h') {
            print_usage(stdout);
            return 0;
        }
        if (option == 's' && !parse_size(optarg, &job->stack)) {
            fprintf(stderr, "orc bare: --stack %s: not a size\n", optarg);
            return EXIT_NOT_RUN;
        }
        if (option == 't' && !parse_seconds(optarg, &job->nanoseconds)) {
            fprintf(stderr, "orc bare: --time %s: not a number of seconds\n", optarg);
            return EXIT_NOT_RUN;
        }
        if (option == '?') {
            print_usage(stderr);
            return EXIT_NOT_RUN;
        }
    }
    if (optind == argc) {
        print_usage(stderr);
        return EXIT_NOT_RUN;
    }
    job->name = argv[optind];
    job->arguments = argv + optind;
    return -1;
}

/* The start block grows from two ends: words from its start, strings behind them. */
struct start_block {
    uint64_t *words;
    size_t word_count;
    char *strings;
    size_t string_bytes;
    uint32_t strings_address;
};

static void add_word(struct start_block *block, uint64_t word) {
    block->words[block->word_count++] = word;
}

/* Returns the bytes' guest address. */
static uint64_t add_bytes(struct start_block *block, const void *bytes, size_t size) {
    uint64_t address = block->strings_address + block->string_bytes;
    memcpy(block->strings + block->string_bytes, bytes, size);
    block->string_bytes += size;
    return address;
}

static size_t count_strings(char **strings, size_t *bytes) {
    size_t count = 0;
    for (; strings[count]; count++)
        *bytes += strlen(strings[count]) + 1;
    return count;
}

static void add_strings(struct start_block *block, char **strings) {
    for (; *strings; strings++)
        add_word(block, add_bytes(block, *strings, strlen(*strings) + 1));
    add_word(block, 0);
}

static void add_auxiliary(struct start_block *block, const struct object_file *file, uint32_t base) {
    uint8_t seed[16] = {0};
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        memset(seed, 0x5a, sizeof seed);
    const uint64_t entries[][2] = {
        {AT_PAGESZ, ORC_PAGE_SIZE},
        {AT_RANDOM, add_bytes(block, seed, sizeof seed)},
        {AT_BASE, base},
        {AT_ENTRY, base + file->entry},
        {AT_PHDR, base + file->program_headers},
        {AT_PHENT, 56},
        {AT_PHNUM, file->program_header_count},
        {AT_NULL, 0},
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        add_word(block, entries[i][0]);
        add_word(block, entries[i][1]);
    }
}

/* argc, argv[], 0, envp[], 0, auxv[], then what they point to. Returns its bytes, to be freed, or NULL. */
static void *make_start_info(const struct job *job, const struct object_file *file, size_t *size) {
    extern char **environ;
    size_t bytes = 16;
    size_t arguments = count_strings(job->arguments, &bytes);
    size_t variables = count_strings(environ, &bytes);
    size_t words = 1 + arguments + 1 + variables + 1 + 2 * 8;
    *size = words * 8 + bytes;
    char *whole = calloc(1, *size);
    if (!whole)
        return NULL;
    struct start_block block = {
        .words = (uint64_t *)(void *)whole,
        .strings = whole + words * 8,
        .strings_address = (uint32_t)(ORC_START_INFO + words * 8),
    };
    add_word(&block, arguments);
    add_strings(&block, job->arguments);
    add_strings(&block, environ);
    add_auxiliary(&block, file, orc_object_base(job->object));
    return whole;
}

static void print_fault(const struct job *job, const struct orc_fault *fault) {
    fprintf(stderr, "orc bare: %s: %s: ", job->name, strsignal(fault->signal));
    switch (fault->kind) {
    case ORC_FAULT_DATA:
        fprintf(stderr, "bad access to address 0x%x", fault->address);
        break;
    case ORC_FAULT_CODE:
        fprintf(stderr, "no code at 0x%x", fault->address);
        break;
    case ORC_FAULT_CONTROL_STACK:
        fprintf(stderr, "calls nested too deep");
        break;
    default:
        fprintf(stderr, "the instruction can't be executed");
    }
    fprintf(stderr, ", by the code at 0x%x", fault->instruction);
    if (fault->object == job->object)
        fprintf(stderr, " (%s+0x%x)", job->name, fault->offset);
    fputc('\n', stderr);
    print_fault_registers(fault);
}

static int exit_status(const struct job *job, const struct orc_result *result) {
    switch (result->outcome) {
    case ORC_RETURNED:
    case ORC_EXITED:
        return (int)(result->value & 0xff);
    case ORC_FAULTED:
        print_fault(job, &result->fault);
        return EXIT_SIGNAL + result->fault.signal;
    default:
        fprintf(stderr, "orc bare: %s: the time is up\n", job->name);
        return EXIT_TIME_IS_UP;
    }
}

/* Guest code gets a host thread of its own: signals stay blocked there, and end the process by the main
 * thread. */
static void *run_guest(void *argument) {
    struct job *job = argument;
    const struct orc_registers registers = {.rdi = ORC_START_INFO, .rbp = ORC_FIRST_STACK_END};
    struct orc_thread *thread;
    struct orc_result result;
    struct orc_error error;
    if (orc_thread_create(job->compartment, &thread, &error) < 0) {
        fprintf(stderr, "orc bare: %s\n", error.message);
        return NULL;
    }
    int status = orc_call(thread, job->entry, &registers, job->nanoseconds, &result);
    if (status == -ENOENT)
        fprintf(stderr, "orc bare: %s: its entry 0x%x isn't an endbr64 in its text\n", job->name, job->entry);
    else if (status < 0)
        fprintf(stderr, "orc bare: %s: can't be called: %s\n", job->name, strerror(-status));
    else
        job->status = exit_status(job, &result);
    orc_thread_destroy(thread);
    return NULL;
}

static bool load(struct job *job, struct object_file *file, struct orc_error *error) {
    const struct orc_object_layout *layout = &file->note.layout;
    const struct orc_object_image image = {
        .layout = *layout,
        .constants = file->constants,
        .relocated = file->relocated,
        .imports = file->imports,
        .data = file->data,
        .text = file->text,
        .relocations = file->relocations,
        .hash_field = file->hash_field,
    };
    int status = orc_object_create(job->cell, &image, NULL, NULL, &job->object, error);
    if (status == -ENOEXEC) {
        const struct orc_import_table imports = {ORC_WINDOW + layout->imports,
                                                 ORC_WINDOW + layout->imports + layout->imports_size};
        struct orc_jump_tables jumps;
        if (object_file_jumps(file, ORC_WINDOW, &jumps))
            verify_and_report(stderr, job->name, file->text, layout->text_size, ORC_WINDOW + layout->text,
                              imports, jumps);
    }
    return status == 0;
}

/* The standard streams as handles 0 to 2; one that is closed becomes a handle of nothing. */
static bool grant_streams(const struct job *job, struct orc_error *error) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), status = 0;
    for (int fd = 0; fd <= 2 && status == 0; fd++) {
        struct orc_file *file = NULL;
        uint32_t handle;
        status = orc_file_create(job->cell, fcntl(fd, F_GETFD) < 0 ? nothing : fd, &file, error);
        if (status == 0)
            status = orc_compartment_grant_file(job->compartment, file, fd == 0 ? ORC_GRANT_READ : ORC_GRANT_WRITE,
                                                &handle, error);
        orc_file_release(file);
    }
    close(nothing);
    return status == 0;
}

static bool prepare(struct job *job, struct object_file *file, struct orc_error *error) {
    const struct orc_compartment_options options = {.bare = true, .control_stack = job->stack};
    if (!load(job, file, error) || orc_compartment_create(job->cell, &options, &job->compartment, error) < 0 ||
        orc_compartment_grant(job->compartment, job->object, error) < 0 || !grant_streams(job, error))
        return false;
    size_t size;
    void *start_info = make_start_info(job, file, &size);
    if (!start_info) {
        snprintf(error->message, sizeof error->message, "no memory for the start information");
        return false;
    }
    int status = orc_compartment_map_bare(job->compartment, start_info, size, error);
    free(start_info);
    job->entry = orc_object_base(job->object) + file->entry;
    return status == 0;
}

static void clean_up(struct job *job) {
    if (job->compartment)
        orc_compartment_destroy(job->compartment);
    if (job->object)
        orc_object_destroy(job->object);
    orc_cell_destroy(job->cell);
}

static void run(struct job *job, struct object_file *file) {
    struct orc_error error;
    pthread_t host;
    if (orc_cell_create(NULL, &job->cell, &error) < 0) {
        fprintf(stderr, "orc bare: %s\n", error.message);
        return;
    }
    if (!prepare(job, file, &error))
        fprintf(stderr, "orc bare: %s: %s\n", job->name, error.message);
    else if (pthread_create(&host, NULL, run_guest, job) != 0)
        fprintf(stderr, "orc bare: can't create a thread\n");
    else
        pthread_join(host, NULL);
    clean_up(job);
}

int orc_cmd_bare(int argc, char **argv) {
    struct job job = {.stack = DEFAULT_STACK, .status = EXIT_NOT_RUN};
    struct object_file file;
    int status = parse_options(argc, argv, &job);
    if (status >= 0)
        return status;
    struct orc_error error;
    if (!object_file_open(&file, job.name, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return EXIT_NOT_RUN;
    }
    if (file.binding_count > 0)
        fprintf(stderr,
                "orc bare: %s: needs %zu bindings to other objects, and a bare compartment has none\n",
                job.name, file.binding_count);
    else
        run(&job, &file);
    object_file_close(&file);
    return job.status;
}
