/* The subcommands of `orc`. Each gets its own name as argv[0] and returns the exit status. */
#ifndef ORC_CLI_COMMANDS_H
#define ORC_CLI_COMMANDS_H

int orc_cmd_verify(int argc, char **argv);
int orc_cmd_bare(int argc, char **argv);

#endif
