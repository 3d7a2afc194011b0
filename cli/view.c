#include "view.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_clean_path(const char *path) {
    if (*path != '/')
        return false;
    for (const char *at = path; at; at = strchr(at + 1, '/'))
        if (strncmp(at, "/../", 4) == 0 || strcmp(at, "/..") == 0)
            return false;
    return true;
}

/* GUEST has no colon. */
bool mount_text_parse(const char *text, struct mount_text *mount) {
    size_t length = strlen(text);
    *mount = (struct mount_text){.host = copy(text)};
    mount->read_only = length > 3 && strcmp(text + length - 3, ":ro") == 0;
    if (mount->read_only)
        mount->host[length - 3] = 0;
    char *colon = strrchr(mount->host, ':');
    if (!colon || colon == mount->host || !is_clean_path(colon + 1)) {
        mount_text_free(mount);
        return false;
    }
    *colon = 0;
    mount->guest = copy(colon + 1);
    return true;
}

void mount_text_free(struct mount_text *mount) {
    free(mount->host);
    free(mount->guest);
    *mount = (struct mount_text){0};
}

/* --- This machine's mount points --- */

/* What the libOS makes up itself. */
static bool is_made_up(const char *path) {
    static const char *const places[] = {"/proc", "/sys", "/dev"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t length = strlen(places[i]);
        if (strncmp(path, places[i], length) == 0 && (path[length] == 0 || path[length] == '/'))
            return true;
    }
    return false;
}

/* Kernel interfaces, wherever they are mounted: with one of them a program could reach into any process, this
 * one included. */
static bool has_files(const char *kind) {
    static const char *const interfaces[] = {
        "proc",      "sysfs",       "devtmpfs",   "devpts",   "cgroup",  "cgroup2", "mqueue",   "debugfs",
        "tracefs",   "bpf",         "securityfs", "configfs", "fusectl", "pstore",  "efivarfs", "autofs",
        "selinuxfs", "binfmt_misc", "rpc_pipefs", "nsfs",     "nfsd",    "resctrl", "smackfs",  "functionfs"};
    for (size_t i = 0; i < sizeof interfaces / sizeof *interfaces; i++)
        if (strcmp(kind, interfaces[i]) == 0)
            return false;
    return true;
}

/* \ooo is how the kernel writes blanks and the like. */
static void unescape(char *text) {
    char *to = text;
    for (char *from = text; *from; to++) {
        unsigned octal;
        if (*from == '\\' && sscanf(from + 1, "%3o", &octal) == 1) {
            *to = (char)octal;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = 0;
}

static bool contains(const struct strings *strings, const char *string) {
    for (size_t i = 0; i < strings->count; i++)
        if (strcmp(strings->items[i], string) == 0)
            return true;
    return false;
}

/* A line of mountinfo: id, parent, device, root, mount point, options, optional fields, -, kind... */
static void add_point(struct strings *points, const char *line) {
    char point[PATH_MAX], kind[64];
    const char *rest = strstr(line, " - ");
    if (!rest || sscanf(rest, " - %63s", kind) != 1 || sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1)
        return;
    unescape(point);
    if (has_files(kind) && !is_made_up(point) && !contains(points, point))
        strings_add(points, copy(point));
}

void view_mount_points(struct strings *points) {
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t room = 0;
    strings_add(points, copy("/"));
    while (file && getline(&line, &room, file) > 0)
        add_point(points, line);
    free(line);
    if (file)
        fclose(file);
}

/* --- Where a file is seen --- */

/* What follows `directory` in a path that lies in it (or is it): "" or "/..."; NULL: it doesn't. */
static const char *rest_of(const char *path, const char *directory) {
    size_t length = strlen(directory);
    while (length > 0 && directory[length - 1] == '/')
        length--;
    bool lies_in = strncmp(path, directory, length) == 0 && (path[length] == 0 || path[length] == '/');
    return lies_in ? path + length : NULL;
}

/* The mounts that are the same for all: whether one lies over `guest`, other than `by` and those that it
 * covers. The longest guest path wins, and of equal ones the last. */
static bool is_covered(const struct strings *mounts, size_t by, const char *guest, size_t own_length) {
    bool covered = false;
    for (size_t i = 0; i < mounts->count; i++) {
        struct mount_text other;
        if (i == by || !mount_text_parse(mounts->items[i], &other))
            continue;
        size_t length = strlen(other.guest);
        covered |= rest_of(guest, other.guest) && (length > own_length || (length == own_length && i > by));
        mount_text_free(&other);
    }
    return covered;
}

#define NO_MOUNT SIZE_MAX

/* `whole` through one mount, or NULL. */
static char *path_through(const struct group *group, size_t which, const char *whole) {
    const struct strings *mounts = &group->options.mounts;
    struct mount_text mount;
    char *guest = NULL, *host;
    if ((group->options.numbered && has_index(mounts->items[which])) ||
        !mount_text_parse(mounts->items[which], &mount))
        return NULL;
    host = realpath(mount.host, NULL);
    const char *rest = host ? rest_of(whole, host) : NULL;
    if (rest)
        guest = format("%s%s", strcmp(mount.guest, "/") == 0 && *rest ? "" : mount.guest, rest);
    if (guest && is_covered(mounts, which, guest, strlen(mount.guest))) {
        free(guest);
        guest = NULL;
    }
    free(host);
    mount_text_free(&mount);
    return guest;
}

char *view_path(const struct group *group, const char *host) {
    char *whole = realpath(host, NULL), *path = NULL;
    if (!whole)
        return NULL;
    for (size_t i = 0; !path && i < group->options.mounts.count; i++)
        path = path_through(group, i, whole);
    if (!path && group->options.native && !is_made_up(whole) &&
        !is_covered(&group->options.mounts, NO_MOUNT, whole, 0))
        path = copy(whole);
    free(whole);
    return path;
}
