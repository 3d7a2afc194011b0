/* Everything that compartments get is opened here, before the cell is locked down and before a guest runs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "network_option.h"
#include "program_file.h"
#include "run.h"
#include "user_option.h"
#include "view.h"

#define LONGEST_NAME 31
#define LONGEST_HOSTNAME 64
#define MOST_FIRST_MOUNTS 5 /* /, /tmp, two tables of users, the program */

static bool complain(const char *what, const char *why) {
    fprintf(stderr, "orc run: %s: %s\n", what, why);
    return false;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Braces mean something where -n was given; else they are the program's. */
static char *expand(const struct group *group, const char *text, unsigned index, const char *what) {
    return group->options.numbered ? expand_index(text, index, what) : copy(text);
}

static bool is_numbered(const struct group *group, const char *text) {
    return group->options.numbered && has_index(text);
}

/* --- The program --- */

static int open_in_root(int root, const char *path) {
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* As a shell would look for it, in the places that PATH names inside. */
static int find_in_root(int root, const char *name, char **path) {
    static const char *const directories[] = {"/usr/local/bin",  "/usr/bin",  "/bin",
                                              "/usr/local/sbin", "/usr/sbin", "/sbin"};
    if (strchr(name, '/')) {
        *path = format("%s%s", *name == '/' ? "" : "/", name);
        return open_in_root(root, *path);
    }
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        *path = format("%s/%s", directories[i], name);
        int file = open_in_root(root, *path);
        if (file >= 0)
            return file;
        free(*path);
        *path = NULL;
    }
    errno = ENOENT;
    return -1;
}

static bool find_program_in_root(struct group *group) {
    const char *name = group->options.arguments[0];
    int root = open(group->options.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        fprintf(stderr, "orc run: --root %s: %s; name a directory that holds the compartment's files\n",
                group->options.root, strerror(errno));
        return false;
    }
    group->program_file = find_in_root(root, name, &group->program);
    int code = errno;
    close(root);
    if (group->program_file >= 0)
        return program_file_check(group->program_file, name);
    fprintf(stderr, "orc run: %s: %s in the root %s; with --root, PROGRAM is a path inside it\n", name,
            code == ENOENT ? "not found" : strerror(code), group->options.root);
    return false;
}

static bool find_program(struct group *group) {
    const char *name = group->options.arguments[0];
    if (group->options.root)
        return find_program_in_root(group);
    group->program_file = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (group->program_file < 0) {
        fprintf(stderr, "orc run: %s: %s%s\n", name, strerror(errno),
                errno != ENOENT     ? ""
                : strchr(name, '/') ? "; name the file of a program that orc-cc built"
                                    : "; PROGRAM is a file, and isn't looked up in PATH: write ./NAME");
        return false;
    }
    group->program = view_path(group, name);
    group->is_mounted = group->program != NULL;
    if (!group->program)
        group->program = format("/bin/%s", base_name(name));
    return program_file_check(group->program_file, name);
}

/* An executed program starts where this process is, if that is a place of the compartment's. */
static void find_directory(struct group *group) {
    char *here = group->options.native || group->options.executed ? getcwd(NULL, 0) : NULL;
    if (here && !group->options.root)
        group->directory = view_path(group, here);
    free(here);
}

/* --- Mounts --- */

static bool open_mount(struct group *group, const char *host, enum orc_launch_changes changes,
                       struct orc_launch_mount *mount) {
    struct orc_error error;
    if (orc_launch_open(group->run->cell, host, changes, mount, &error) == 0)
        return true;
    return complain("a mount", error.message);
}

static bool parse_mount(struct group *group, const char *text, struct orc_launch_mount *mount) {
    struct mount_text parts;
    if (!mount_text_parse(text, &parts)) {
        fprintf(stderr,
                "orc run: --mount %s: write HOST:GUEST or HOST:GUEST:ro, with an absolute path GUEST\n",
                text);
        return false;
    }
    mount->path = copy(parts.guest);
    bool good =
        open_mount(group, parts.host, parts.read_only ? ORC_LAUNCH_REFUSED : ORC_LAUNCH_ON_HOST, mount);
    mount_text_free(&parts);
    return good;
}

static bool open_system_root(struct group *group, struct orc_launch_mount *mount) {
    char *root = orc_launch_installed("root");
    struct stat status;
    bool good = root && stat(root, &status) == 0 && S_ISDIR(status.st_mode);
    if (good)
        good = open_mount(group, root, ORC_LAUNCH_IN_MEMORY, mount);
    else
        fprintf(stderr,
                "orc run: the system root %s is missing: install orc anew, or name a root with --root\n",
                root ? root : "../lib/orc/root");
    free(root);
    return good;
}

/* The first mounts, which all compartments share: the root, and without --root the program and /tmp. */
static size_t most_first_mounts(const struct group *group) {
    return group->options.native ? group->mount_points.count : MOST_FIRST_MOUNTS;
}

/* All but the root may be missing: what this user can't open, the program couldn't either. */
static bool open_native_mount(struct group *group, const char *point, struct orc_launch_mount *mount) {
    struct orc_error error;
    mount->path = copy(point);
    if (orc_launch_open(group->run->cell, point, ORC_LAUNCH_ON_HOST, mount, &error) == 0 ||
        orc_launch_open(group->run->cell, point, ORC_LAUNCH_REFUSED, mount, &error) == 0)
        return true;
    free((char *)mount->path);
    return false;
}

static bool prepare_native_mounts(struct group *group, struct instance *instance) {
    const struct strings *points = &group->mount_points;
    for (size_t i = 0; i < points->count; i++)
        instance->mount_count +=
            open_native_mount(group, points->items[i], &instance->mounts[instance->mount_count]);
    return (instance->mount_count > 0 && strcmp(instance->mounts[0].path, "/") == 0) ||
           complain("--native", "/ can't be opened");
}

/* A file that is nowhere on this machine. */
static bool add_text_mount(struct group *group, struct instance *instance, const char *path,
                           const char *text) {
    struct orc_launch_mount *mount = &instance->mounts[instance->mount_count];
    struct orc_error error;
    size_t length = strlen(text);
    int file = memfd_create(path, MFD_CLOEXEC);
    bool good = file >= 0 && write(file, text, length) == (ssize_t)length && fchmod(file, 0644) == 0;
    if (!good)
        complain(path, strerror(errno));
    *mount = (struct orc_launch_mount){.is_regular = true, .changes = ORC_LAUNCH_REFUSED};
    if (good && orc_file_create(group->run->cell, file, &mount->file, &error) < 0)
        good = complain(path, error.message);
    if (file >= 0)
        close(file);
    if (!good)
        return false;
    mount->path = copy(path);
    instance->mount_count++;
    return true;
}

static bool prepare_accounts(struct group *group, struct instance *instance) {
    static const char *const tables[] = {"/etc/passwd", "/etc/group"};
    for (size_t i = 0; i < 2; i++)
        if (group->accounts[i] && !add_text_mount(group, instance, tables[i], group->accounts[i]))
            return false;
    return true;
}

static bool prepare_first_mounts(struct group *group, struct instance *instance) {
    struct orc_launch_mount *mounts = instance->mounts;
    if (group->options.native)
        return prepare_native_mounts(group, instance);
    mounts[0].path = copy("/");
    instance->mount_count = 1;
    if (group->options.root)
        return open_mount(group, group->options.root, ORC_LAUNCH_IN_MEMORY, &mounts[0]);
    if (!open_system_root(group, &mounts[0]))
        return false;
    mounts[1].path = copy("/tmp");
    instance->mount_count = 2;
    if (!prepare_accounts(group, instance))
        return false;
    if (group->is_mounted)
        return true;
    struct orc_launch_mount *mount = &mounts[instance->mount_count++];
    mount->path = copy(group->program);
    return open_mount(group, group->options.arguments[0], ORC_LAUNCH_REFUSED, mount);
}

/* What the first compartment has opened, others use too. */
static bool borrow_mount(struct group *group, size_t which, struct orc_launch_mount *mount) {
    *mount = group->instances[0].mounts[which];
    mount->path = copy(mount->path);
    return true;
}

static bool prepare_mounts(struct group *group, struct instance *instance, unsigned index) {
    const struct run_options *options = &group->options;
    instance->mounts = calloc(most_first_mounts(group) + options->mounts.count, sizeof *instance->mounts);
    if (!instance->mounts)
        return complain("mounts", "no memory");
    if (index == 0 && !prepare_first_mounts(group, instance))
        return false;
    if (index == 0)
        group->first_mounts = instance->mount_count;
    size_t first = group->first_mounts;
    while (instance->mount_count < first) {
        borrow_mount(group, instance->mount_count, &instance->mounts[instance->mount_count]);
        instance->mount_count++;
    }
    for (size_t i = 0; i < options->mounts.count; i++) {
        const char *text = options->mounts.items[i];
        struct orc_launch_mount *mount = &instance->mounts[instance->mount_count++];
        if (index > 0 && !is_numbered(group, text)) {
            borrow_mount(group, first + i, mount);
            continue;
        }
        char *expanded = expand(group, text, index, "--mount");
        bool good = expanded && parse_mount(group, expanded, mount);
        free(expanded);
        if (!good)
            return false;
    }
    return true;
}

/* --- Network --- */

static bool add_grants(struct instance *instance, const struct orc_network_grant *grants, unsigned count) {
    void *grown =
        reallocarray(instance->networks, instance->network_count + count, sizeof *instance->networks);
    if (!grown)
        return complain("network grants", "no memory");
    instance->networks = grown;
    memcpy(instance->networks + instance->network_count, grants, count * sizeof *grants);
    instance->network_count += count;
    return true;
}

static bool prepare_network(const struct group *group, struct instance *instance, const struct strings *texts,
                            bool connect, unsigned index) {
    struct orc_network_grant grants[MAX_GRANTS_OF_OPTION];
    for (size_t i = 0; i < texts->count; i++) {
        char *text = expand(group, texts->items[i], index, connect ? "--connect" : "--listen");
        unsigned count = !text ? 0 : connect ? parse_connect(text, grants) : parse_listen(text, grants);
        bool fresh = index == 0 || is_numbered(group, texts->items[i]);
        bool good = count > 0 && (connect || !fresh || try_listen(text, &grants[0]));
        free(text);
        if (!good || !add_grants(instance, grants, count))
            return false;
    }
    return true;
}

static bool add_published(struct instance *instance, struct orc_published published) {
    void *grown =
        reallocarray(instance->published, instance->published_count + 1, sizeof *instance->published);
    if (!grown)
        return complain("published ports", "no memory");
    instance->published = grown;
    instance->published[instance->published_count++] = published;
    return true;
}

static bool prepare_publishes(const struct group *group, struct instance *instance, unsigned index) {
    const struct strings *texts = &group->options.publishes;
    struct orc_network_grant grants[MAX_GRANTS_OF_OPTION];
    for (size_t i = 0; i < texts->count; i++) {
        char *text = expand(group, texts->items[i], index, "--publish");
        struct orc_published published;
        unsigned count = 0;
        bool good = text && parse_publish(text, grants, &count, &published);
        if (good && (index == 0 || is_numbered(group, texts->items[i])))
            good = try_listen(text, &grants[0]);
        free(text);
        if (!good || !add_grants(instance, grants, count) || !add_published(instance, published))
            return false;
    }
    return true;
}

/* What a native program may do: all. */
static bool prepare_native_network(struct instance *instance) {
    static const struct orc_network_grant all[] = {{.connect = false, .first_port = 0, .last_port = 65535},
                                                   {.connect = true, .first_port = 0, .last_port = 65535}};
    return add_grants(instance, all, 2);
}

/* --- Names, arguments, environment --- */

static bool names_variable(const struct strings *environment, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < environment->count; i++)
        if (strncmp(environment->items[i], name, length) == 0 && environment->items[i][length] == '=')
            return true;
    return false;
}

static void add_default(struct strings *environment, const char *name, const char *value) {
    if (value && !names_variable(environment, name))
        strings_add(environment, format("%s=%s", name, value));
}

static bool expand_all(const struct group *group, struct strings *expanded, char *const *texts,
                       unsigned index, const char *what) {
    for (; texts && *texts; texts++) {
        char *text = expand(group, *texts, index, what);
        if (!text)
            return false;
        strings_add(expanded, text);
    }
    return true;
}

/* The name that it's told is a path that exists inside, unless the user knows better. */
static bool prepare_arguments(struct group *group, struct instance *instance, unsigned index) {
    const struct run_options *options = &group->options;
    bool is_elsewhere =
        options->executed && !group->is_mounted && options->argv0 && strchr(options->argv0, '/');
    const char *name = is_elsewhere      ? group->program
                       : options->argv0  ? options->argv0
                       : options->native ? options->arguments[0]
                                         : group->program;
    char *own_name =
        options->executed || name == group->program ? copy(name) : expand(group, name, index, "--argv0");
    if (!own_name)
        return false;
    strings_add(&instance->arguments, own_name);
    return expand_all(group, &instance->arguments, options->arguments + 1, index, "an argument");
}

static void inherit_environment(struct strings *environment) {
    for (char **variable = environ; *variable; variable++) {
        size_t length = strcspn(*variable, "=");
        char *name = format("%.*s", (int)length, *variable);
        if ((*variable)[length] && !names_variable(environment, name))
            strings_add(environment, copy(*variable));
        free(name);
    }
}

static bool prepare_texts(struct group *group, struct instance *instance, unsigned index) {
    const struct run_options *options = &group->options;
    char *name = options->name ? copy(options->name)
                 : options->count == 1
                     ? format("%.*s", LONGEST_NAME, base_name(options->arguments[0]))
                     : format("%.*s-{i}", LONGEST_NAME - 6, base_name(options->arguments[0]));
    instance->name = expand(group, name, index, "--name");
    free(name);
    if (options->hostname)
        instance->hostname = expand(group, options->hostname, index, "--hostname");
    if (!instance->name || (options->hostname && !instance->hostname) ||
        !prepare_arguments(group, instance, index) ||
        !expand_all(group, &instance->environment, options->environment.items, index, "--env"))
        return false;
    if (strlen(instance->name) > LONGEST_NAME)
        return complain("--name", "with the number it's longer than 31 characters");
    if (instance->hostname && strlen(instance->hostname) > LONGEST_HOSTNAME)
        return complain("--hostname", "with the number it's longer than 64 characters");
    if (options->native || options->executed) {
        inherit_environment(&instance->environment);
        return true;
    }
    add_default(&instance->environment, "PATH",
                "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
    add_default(&instance->environment, "HOME", group->home ? group->home : "/root");
    add_default(&instance->environment, "TERM", getenv("TERM"));
    return true;
}

/* --- Streams --- */

static bool open_stream(struct orc_cell *cell, const char *path, size_t which, struct orc_file **stream) {
    struct orc_error error;
    int flags = which == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND;
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0)
        return complain(path, strerror(errno));
    int status = orc_file_create(cell, fd, stream, &error);
    close(fd);
    return status == 0 || complain(path, error.message);
}

static bool prepare_streams(struct group *group, struct instance *instance, unsigned index) {
    static const char *const options[] = {"--stdin", "--stdout", "--stderr"};
    for (size_t i = 0; i < 3; i++) {
        const char *pattern = group->options.streams[i];
        if (!pattern)
            continue;
        char *path = expand(group, pattern, index, options[i]);
        bool good = path && open_stream(group->run->cell, path, i, &instance->streams[i]);
        free(path);
        if (!good)
            return false;
    }
    return true;
}

/* --- The whole --- */

static bool prepare_common_streams(struct run *run) {
    struct orc_error error;
    for (int i = 0; i < 3; i++) {
        if (i == 0 && run->count > 1)
            continue; /* not for many to share: the launcher gives nothing instead */
        if (orc_file_create(run->cell, i, &run->streams[i], &error) < 0)
            return complain("a standard stream", error.message);
    }
    return true;
}

/* A compartment that shares nothing has a loader and a domain of its own. */
static bool prepare_domain(struct group *group, struct instance *instance) {
    static unsigned number;
    struct orc_error error;
    if (!group->options.no_sharing) {
        instance->domain = group->options.domain ? copy(group->options.domain) : NULL;
        return true;
    }
    instance->domain = format("no sharing %u", number++);
    return orc_launcher_create(group->run->cell, NULL, &instance->launcher, &error) == 0 ||
           complain("--no-sharing", error.message);
}

/* --- Zygotes --- */

static bool check_unnumbered(const struct group *group, char *const *texts) {
    for (; texts && *texts; texts++)
        if (is_numbered(group, *texts)) {
            fprintf(
                stderr,
                "orc run: --zygote: %s: copies have the arguments and variables of the one that they are "
                "copied from; use {i} in --publish, --mount, --stdin, --stdout, --name and --hostname, or "
                "put it in a file that is read later\n",
                *texts);
            return false;
        }
    return true;
}

/* As the first compartment, but on ports that the kernel chooses, and with nobody to write what it reads. */
static bool prepare_zygote(struct group *group) {
    const struct instance *first = &group->instances[0];
    struct instance *zygote = zygote_of(group);
    struct orc_error error;
    zygote->group = group;
    if (!check_unnumbered(group, group->options.arguments) ||
        !check_unnumbered(group, group->options.environment.items) || !prepare_texts(group, zygote, 0))
        return false;
    free(zygote->name);
    zygote->name = format("%.*s-zygote", LONGEST_NAME - 7, base_name(group->options.arguments[0]));
    zygote->domain = first->domain ? copy(first->domain) : NULL;
    zygote->mounts = calloc(first->mount_count, sizeof *zygote->mounts);
    if (!zygote->mounts)
        return complain("mounts", "no memory");
    while (zygote->mount_count < first->mount_count) {
        borrow_mount(group, zygote->mount_count, &zygote->mounts[zygote->mount_count]);
        zygote->mount_count++;
    }
    if (first->network_count > 0 && !add_grants(zygote, first->networks, (unsigned)first->network_count))
        return false;
    for (size_t i = 0; i < first->published_count; i++)
        if (!add_published(zygote, (struct orc_published){.guest = first->published[i].guest}))
            return false;
    for (size_t i = 0; i < zygote->network_count; i++)
        for (size_t j = 0; j < first->published_count; j++)
            if (!zygote->networks[i].connect && zygote->networks[i].first_port == first->published[j].host)
                zygote->networks[i].first_port = zygote->networks[i].last_port = 0;
    if (pipe2(group->zygote_input, O_CLOEXEC) < 0)
        return complain("--zygote", strerror(errno));
    return orc_file_create(group->run->cell, group->zygote_input[0], &zygote->streams[0], &error) == 0 ||
           complain("--zygote", error.message);
}

static bool prepare_group(struct group *group) {
    group->instances = calloc((size_t)group->options.count + 1, sizeof *group->instances);
    if (!group->instances)
        return complain("compartments", "no memory");
    if (group->options.native)
        view_mount_points(&group->mount_points);
    if (!find_program(group) || !find_user(group))
        return false;
    find_directory(group);
    for (unsigned i = 0; i < group->options.count; i++) {
        struct instance *instance = &group->instances[i];
        instance->group = group;
        if (!prepare_texts(group, instance, i) || !prepare_mounts(group, instance, i) ||
            (group->options.native && !prepare_native_network(instance)) ||
            !prepare_network(group, instance, &group->options.listens, false, i) ||
            !prepare_publishes(group, instance, i) ||
            !prepare_network(group, instance, &group->options.connects, true, i) ||
            !prepare_streams(group, instance, i) || !prepare_domain(group, instance))
            return false;
    }
    return !group->options.zygote || prepare_zygote(group);
}

bool run_prepare(struct run *run) {
    bool good = prepare_common_streams(run);
    for (size_t i = 0; good && i < run->group_count; i++)
        good = prepare_group(&run->groups[i]);
    return good;
}

/* Files that a later instance has borrowed belong to the first. */
static bool owns_file(const struct group *group, const struct instance *instance, size_t which) {
    const struct instance *first = &group->instances[0];
    return instance == first || which >= first->mount_count ||
           instance->mounts[which].file != first->mounts[which].file;
}

void run_release_streams(struct instance *instance) {
    for (size_t i = 0; i < 3; i++) {
        if (instance->streams[i])
            orc_file_release(instance->streams[i]);
        instance->streams[i] = NULL;
    }
}

static void release_instance(const struct group *group, struct instance *instance) {
    for (size_t i = 0; i < instance->mount_count; i++) {
        if (instance->mounts[i].file && owns_file(group, instance, i))
            orc_file_release(instance->mounts[i].file);
        free((char *)instance->mounts[i].path);
    }
    free(instance->mounts);
    free(instance->networks);
    free(instance->published);
    strings_free(&instance->arguments);
    strings_free(&instance->environment);
    free(instance->hostname);
    free(instance->name);
    free(instance->domain);
    run_release_streams(instance);
    orc_launcher_destroy(instance->launcher);
}

static void release_group(struct group *group) {
    if (zygote_of(group))
        release_instance(group, zygote_of(group));
    if (group->zygote_input[1] > 0) {
        close(group->zygote_input[0]);
        close(group->zygote_input[1]);
    }
    for (unsigned i = group->options.count; group->instances && i > 0; i--)
        release_instance(group, &group->instances[i - 1]);
    free(group->instances);
    if (group->program_file >= 0)
        close(group->program_file);
    free(group->program);
    free(group->directory);
    free(group->home);
    free(group->accounts[0]);
    free(group->accounts[1]);
    strings_free(&group->mount_points);
    run_options_free(&group->options);
}

void run_release(struct run *run) {
    for (size_t i = 0; i < run->group_count; i++)
        release_group(&run->groups[i]);
    for (int i = 0; i < 3; i++)
        if (run->streams[i])
            orc_file_release(run->streams[i]);
    if (run->loader_file >= 0)
        close(run->loader_file);
}
