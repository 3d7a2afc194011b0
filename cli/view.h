/* Which of this machine's files a group's compartments see, and where. */
#ifndef ORC_CLI_VIEW_H
#define ORC_CLI_VIEW_H

#include "run.h"

/* HOST:GUEST[:ro] of --mount, in its parts. */
struct mount_text {
    char *host, *guest;
    bool read_only;
};
/* False, without a message, if the text isn't one. */
bool mount_text_parse(const char *text, struct mount_text *mount);
void mount_text_free(struct mount_text *mount);

/* The path in the compartments of the file or directory that `host` leads to, on this machine: by --native,
 * or by a
 * --mount that is the same for all of them. NULL: they don't see it. The caller frees it. */
char *view_path(const struct group *group, const char *host);

/* The places where file systems with files are mounted on this machine: "/" first. */
void view_mount_points(struct strings *points);

#endif
