/* --user USER[:GROUP], and what stands in the compartments' /etc/passwd and /etc/group. */
#ifndef ORC_CLI_USER_OPTION_H
#define ORC_CLI_USER_OPTION_H

#include "run.h"

/* Fills in the options' user and group, and the group's home; false after a message. */
bool find_user(struct group *group);

#endif
