#include "user_option.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LARGEST_ID 4294967294 /* the last number means none */
#define COLUMNS 7             /* name:password:user:group:comment:home:shell; of groups name:password:group */

/* A table of the compartments' root, which its links can't lead out of. */
static FILE *open_table(const struct group *group, const char *name) {
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    char *installed = group->options.root || group->options.native ? NULL : orc_launch_installed("root");
    const char *path = group->options.native ? "/" : installed ? installed : group->options.root;
    int root = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    int table = root < 0 ? -1 : (int)syscall(SYS_openat2, root, name, &how, sizeof how);
    if (root >= 0)
        close(root);
    free(installed);
    return table < 0 ? NULL : fdopen(table, "r");
}

static size_t split(char *line, char *columns[COLUMNS]) {
    size_t count = 0;
    line[strcspn(line, "\n")] = 0;
    while (line && count < COLUMNS)
        columns[count++] = strsep(&line, ":");
    return count;
}

static bool parse_id(const char *text, uint32_t *id) {
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *id = (uint32_t)number;
    return *end == 0 && errno == 0 && number <= LARGEST_ID;
}

/* The first line whose name, or number, is `text`: whether there is one. `line` holds its columns. */
static bool look_up(const struct group *group, const char *table, const char *text, char **line,
                    char *columns[COLUMNS]) {
    FILE *file = open_table(group, table);
    size_t room = 0, count;
    uint32_t wanted = 0, id;
    bool is_number = parse_id(text, &wanted), found = false;
    while (file && !found && getline(line, &room, file) > 0) {
        count = split(*line, columns);
        while (count < COLUMNS)
            columns[count++] = *line + strlen(*line); /* "" */
        found = parse_id(columns[2], &id) && (is_number ? id == wanted : strcmp(columns[0], text) == 0);
    }
    if (file)
        fclose(file);
    return found;
}

/* The whole of a table and a line more. */
static char *with_line(const struct group *group, const char *table, const char *line) {
    FILE *file = open_table(group, table);
    struct strings rows = {0};
    char *row = NULL, *text = NULL;
    size_t room = 0, length;
    while (file && getline(&row, &room, file) > 0)
        strings_add(&rows, copy(row));
    strings_add(&rows, copy(line));
    FILE *out = open_memstream(&text, &length);
    for (size_t i = 0; out && i < rows.count; i++)
        fprintf(out, "%s%s", rows.items[i], strchr(rows.items[i], '\n') ? "" : "\n");
    if (out)
        fclose(out);
    if (file)
        fclose(file);
    free(row);
    strings_free(&rows);
    return text;
}

/* The system root's users are few: another one gets a line there, so that getpwuid finds a name. */
static void add_accounts(struct group *group) {
    const struct run_options *options = &group->options;
    char id[16], *line = NULL, *columns[COLUMNS];
    if (options->root || options->native)
        return;
    snprintf(id, sizeof id, "%u", options->user);
    if (!look_up(group, "/etc/passwd", id, &line, columns)) {
        char *account = format("user:x:%u:%u::%s:/bin/sh\n", options->user, options->group, group->home);
        group->accounts[0] = with_line(group, "/etc/passwd", account);
        free(account);
    }
    snprintf(id, sizeof id, "%u", options->group);
    if (!look_up(group, "/etc/group", id, &line, columns)) {
        char *account = format("user:x:%u:\n", options->group);
        group->accounts[1] = with_line(group, "/etc/group", account);
        free(account);
    }
    free(line);
}

static bool complain(const struct group *group, const char *what, const char *table) {
    fprintf(stderr, "orc run: --user %s: %s, by name as the compartment's %s has it or by number\n",
            group->options.user_text, what, table);
    return false;
}

static bool find_named_user(struct group *group, const char *name) {
    struct run_options *options = &group->options;
    char *line = NULL, *columns[COLUMNS];
    bool known = look_up(group, "/etc/passwd", name, &line, columns);
    if (known) {
        parse_id(columns[2], &options->user);
        if (!parse_id(columns[3], &options->group))
            options->group = options->user;
        group->home = copy(columns[5]);
    } else if (parse_id(name, &options->user)) {
        options->group = options->user;
        group->home = copy("/");
        known = true;
    }
    free(line);
    return known || complain(group, "no such user", "/etc/passwd");
}

static bool find_named_group(struct group *group, const char *name) {
    char *line = NULL, *columns[COLUMNS];
    bool known = parse_id(name, &group->options.group);
    if (!known && look_up(group, "/etc/group", name, &line, columns))
        known = parse_id(columns[2], &group->options.group);
    free(line);
    return known || complain(group, "no such group", "/etc/group");
}

bool find_user(struct group *group) {
    struct run_options *options = &group->options;
    if (!options->user_text) {
        options->user = options->native ? getuid() : 0;
        options->group = options->native ? getgid() : 0;
        return true;
    }
    char *text = copy(options->user_text), *colon = strchr(text, ':');
    if (colon)
        *colon = 0;
    bool good = find_named_user(group, text) && (!colon || find_named_group(group, colon + 1));
    free(text);
    if (good)
        add_accounts(group);
    return good;
}
