#include "run_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define MOST_COMPARTMENTS 30000
#define LONGEST_NAME 31
#define DEFAULT_SETTLE 200000000 /* ns */

void run_print_usage(FILE *out) {
    fputs(
        "usage: orc run [OPTION...] PROGRAM [ARGUMENT...]\n"
        "\n"
        "Runs a program that orc-cc built, in a compartment of its own. Standard streams and exit status "
        "pass through;\n"
        "it sees nothing of this machine but what the options grant.\n"
        "\n"
        "Files. Without --root, PROGRAM is a file of this machine, and the compartment sees it in the system "
        "root that\n"
        "comes with orc, besides a /tmp in memory.\n"
        "      --root DIR           DIR is the compartment's /, and PROGRAM a path in it; changes stay in "
        "memory\n"
        "      --mount HOST:GUEST[:ro]\n"
        "                           a directory or file of this machine at the path GUEST; :ro forbids "
        "writing\n"
        "      --lib DIR            the same as --mount DIR:/usr/local/lib:ro: libraries that PROGRAM needs\n"
        "      --workdir DIR        working directory (default /)\n"
        "      --native             all of this machine's files at their own paths, its network, variables, "
        "working\n"
        "                           directory and user, as a native program has them: for programs that you "
        "trust\n"
        "      --stdin FILE         a file, FIFO or device of this machine as standard input\n"
        "      --stdout FILE        the same as standard output; appended to\n"
        "      --stderr FILE        the same for errors\n"
        "Network. Without these options there's none.\n"
        "      --listen [tcp:|udp:][ADDRESS:]PORT[-PORT]\n"
        "                           may bind to these ports; 0: those that the kernel chooses\n"
        "      --publish [ADDRESS:]HOST:GUEST\n"
        "                           what the program binds to port GUEST listens at this machine's port "
        "HOST\n"
        "      --connect any | [tcp:|udp:]HOST[/PREFIX]:PORT[-PORT]\n"
        "                           may connect there; * stands for all ports\n"
        "Environment.\n"
        "      --env NAME[=VALUE]   a variable; without a value, this machine's\n"
        "      --argv0 NAME         what the program is told as its own name (default: its path in the "
        "compartment)\n"
        "      --user USER[:GROUP]  its user and group, by number or as /etc/passwd has it (default 0:0); a "
        "label, no rights\n"
        "      --hostname NAME      default: the compartment's name\n"
        "Limits.\n"
        "      --mem SIZE           memory that it may map: bytes, or with k, M, G (default: 4 GiB less "
        "reserved parts)\n"
        "      --threads N          default 1024\n"
        "      --handles N          open files, sockets and the like (default 4096)\n"
        "      --time SECONDS       kill it after that long\n"
        "Many compartments.\n"
        "  -n, --count COUNT        run COUNT of them at once, with nothing to read on standard input. In "
        "arguments,\n"
        "                           mounts, ports, variables and names {i} becomes 0, 1, 2..., and {i+7000} "
        "7000, 7001... (also in the names of streams' files)\n"
        "      --name NAME          for `orc ps` and `orc kill` (default: the program's; with -n: NAME-{i})\n"
        "      --domain NAME        share objects with compartments of this domain alone\n"
        "      --zygote[=SECONDS]   start the program once, wait until it has been idle so long (default "
        "0.2), and "
        "start all\n"
        "                           compartments as copies of that one, which they share until they write to "
        "it\n"
        "      --no-sharing         share nothing, not even the C library: for comparison\n"
        "Reports.\n"
        "      --stats              at the end, what each compartment used, on standard error\n"
        "      --metrics FILE       keep Prometheus metrics in FILE, anew every 5 seconds\n"
        "      --help\n"
        "\n"
        "Exit status: the program's own (of several the highest); 128 + the signal when one ended it, or a "
        "fault, with a\n"
        "report on standard error; 124 when the time was up; 125 when it couldn't be run.\n",
        out);
}

enum option_code {
    OPTION_ROOT = 256,
    OPTION_MOUNT,
    OPTION_LIB,
    OPTION_WORKDIR,
    OPTION_STDIN,
    OPTION_STDOUT,
    OPTION_STDERR,
    OPTION_LISTEN,
    OPTION_PUBLISH,
    OPTION_CONNECT,
    OPTION_NATIVE,
    OPTION_ENV,
    OPTION_ARGV0,
    OPTION_USER,
    OPTION_HOSTNAME,
    OPTION_MEM,
    OPTION_THREADS,
    OPTION_HANDLES,
    OPTION_TIME,
    OPTION_NAME,
    OPTION_DOMAIN,
    OPTION_ZYGOTE,
    OPTION_NO_SHARING,
    OPTION_STATS,
    OPTION_METRICS,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"root", required_argument, NULL, OPTION_ROOT},
    {"mount", required_argument, NULL, OPTION_MOUNT},
    {"lib", required_argument, NULL, OPTION_LIB},
    {"workdir", required_argument, NULL, OPTION_WORKDIR},
    {"stdin", required_argument, NULL, OPTION_STDIN},
    {"stdout", required_argument, NULL, OPTION_STDOUT},
    {"stderr", required_argument, NULL, OPTION_STDERR},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"publish", required_argument, NULL, OPTION_PUBLISH},
    {"connect", required_argument, NULL, OPTION_CONNECT},
    {"native", no_argument, NULL, OPTION_NATIVE},
    {"env", required_argument, NULL, OPTION_ENV},
    {"argv0", required_argument, NULL, OPTION_ARGV0},
    {"user", required_argument, NULL, OPTION_USER},
    {"hostname", required_argument, NULL, OPTION_HOSTNAME},
    {"mem", required_argument, NULL, OPTION_MEM},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"handles", required_argument, NULL, OPTION_HANDLES},
    {"time", required_argument, NULL, OPTION_TIME},
    {"count", required_argument, NULL, 'n'},
    {"name", required_argument, NULL, OPTION_NAME},
    {"domain", required_argument, NULL, OPTION_DOMAIN},
    {"zygote", optional_argument, NULL, OPTION_ZYGOTE},
    {"no-sharing", no_argument, NULL, OPTION_NO_SHARING},
    {"stats", no_argument, NULL, OPTION_STATS},
    {"metrics", required_argument, NULL, OPTION_METRICS},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static bool complain(const char *option, const char *value, const char *what) {
    fprintf(stderr, "orc run: %s %s: %s\n", option, value, what);
    return false;
}

static bool is_name(const char *text, size_t longest) {
    size_t length = strlen(text);
    if (length == 0 || length > longest)
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == '/')
            return false;
    return true;
}

/* NAME=VALUE as it is; NAME with this process's value, or nothing. */
static bool add_variable(struct strings *environment, const char *text) {
    if (*text == 0 || *text == '=')
        return complain("--env", text, "write NAME=VALUE, or NAME for this machine's value");
    const char *value = strchr(text, '=') ? "" : getenv(text);
    if (strchr(text, '='))
        strings_add(environment, copy(text));
    else if (value)
        strings_add(environment, format("%s=%s", text, value));
    return true;
}

static bool take_limit(int option, const char *value, struct run_options *options) {
    switch (option) {
    case OPTION_MEM:
        if (parse_size(value, &options->memory) && options->memory >= 65536 && options->memory <= 1ull << 32)
            return true;
        return complain("--mem", value, "not a size between 64k and 4G, such as 64M");
    case OPTION_THREADS:
        return parse_count(value, 65536, &options->threads) ||
               complain("--threads", value, "not a number from 1 to 65536");
    case OPTION_HANDLES:
        return parse_count(value, 1u << 20, &options->handles) ||
               complain("--handles", value, "not a number from 1 to 1048576");
    default:
        options->numbered = true;
        return parse_count(value, MOST_COMPARTMENTS, &options->count) ||
               complain("-n", value, "not a number from 1 to 30000");
    }
}

static bool take(int option, char *value, struct run_options *options) {
    switch (option) {
    case OPTION_ROOT:
        options->root = value;
        return true;
    case OPTION_MOUNT:
        strings_add(&options->mounts, copy(value));
        return true;
    case OPTION_LIB:
        strings_add(&options->mounts, format("%s:/usr/local/lib:ro", value));
        return true;
    case OPTION_WORKDIR:
        options->working_directory = value;
        return *value == '/' || complain("--workdir", value, "not an absolute path in the compartment");
    case OPTION_STDIN:
    case OPTION_STDOUT:
    case OPTION_STDERR:
        options->streams[option - OPTION_STDIN] = value;
        return true;
    case OPTION_LISTEN:
        strings_add(&options->listens, copy(value));
        return true;
    case OPTION_PUBLISH:
        strings_add(&options->publishes, copy(value));
        return true;
    case OPTION_CONNECT:
        strings_add(&options->connects, copy(value));
        return true;
    case OPTION_NATIVE:
        options->native = true;
        return true;
    case OPTION_ARGV0:
        options->argv0 = value;
        return true;
    case OPTION_USER:
        options->user_text = value;
        return true;
    case OPTION_ENV:
        return add_variable(&options->environment, value);
    case OPTION_HOSTNAME:
        options->hostname = value;
        return is_name(value, 64) ||
               complain("--hostname", value, "not a host name of at most 64 characters");
    case OPTION_NAME:
        options->name = value;
        return is_name(value, LONGEST_NAME) ||
               complain("--name", value, "not a name of at most 31 characters without blanks and /");
    case OPTION_DOMAIN:
        options->domain = value;
        return is_name(value, LONGEST_NAME) ||
               complain("--domain", value, "not a name of at most 31 characters without blanks and /");
    case OPTION_ZYGOTE:
        options->zygote = true;
        options->settle = DEFAULT_SETTLE;
        return !value || parse_seconds(value, &options->settle) ||
               complain("--zygote", value, "not a number of seconds above 0");
    case OPTION_NO_SHARING:
        options->no_sharing = true;
        return true;
    default:
        return take_limit(option, value, options);
    }
}

static bool is_for_cell(int option) {
    return option == OPTION_TIME || option == OPTION_STATS || option == OPTION_METRICS;
}

static bool take_for_cell(int option, const char *value, struct cell_options *cell) {
    if (!cell)
        return complain(option == OPTION_TIME    ? "--time"
                        : option == OPTION_STATS ? "--stats"
                                                 : "--metrics",
                        value ? value : "", "it's for the whole cell: give it to `orc cell`");
    switch (option) {
    case OPTION_TIME:
        return parse_seconds(value, &cell->nanoseconds) ||
               complain("--time", value, "not a number of seconds above 0");
    case OPTION_STATS:
        cell->stats = true;
        return true;
    default:
        cell->metrics = value;
        return true;
    }
}

int run_options_parse(int argc, char **argv, struct run_options *options, struct cell_options *cell) {
    int option;
    *options = (struct run_options){.count = 1};
    optind = 0; /* from the start: there may be several command lines */
    while ((option = getopt_long(argc, argv, "+n:", long_options, NULL)) != -1) {
        if (option == OPTION_HELP) {
            run_print_usage(stdout);
            return 0;
        }
        if (option == '?') {
            fputs("`orc run --help` lists the options\n", stderr);
            return RUN_FAILED;
        }
        if (is_for_cell(option) ? !take_for_cell(option, optarg, cell) : !take(option, optarg, options))
            return RUN_FAILED;
    }
    if (options->domain && options->no_sharing) {
        complain("--domain", options->domain, "--no-sharing gives each compartment a domain of its own");
        return RUN_FAILED;
    }
    if (options->native && options->root) {
        complain("--native", "", "it gives the program this machine's /, and --root another one");
        return RUN_FAILED;
    }
    if (options->zygote && options->no_sharing) {
        complain("--zygote", "", "--no-sharing shares nothing, and clones share their zygote's memory");
        return RUN_FAILED;
    }
    if (optind == argc) {
        fputs("orc run: no program; `orc run --help` tells how to name one\n", stderr);
        return RUN_FAILED;
    }
    options->arguments = argv + optind;
    return -1;
}

void run_options_free(struct run_options *options) {
    strings_free(&options->mounts);
    strings_free(&options->environment);
    strings_free(&options->listens);
    strings_free(&options->publishes);
    strings_free(&options->connects);
}
