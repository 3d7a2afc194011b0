/* The subcommands of `orc`. Each gets `orc` and its own name as argv[0] and returns the exit status. */
#ifndef ORC_CLI_COMMANDS_H
#define ORC_CLI_COMMANDS_H

int orc_cmd_verify(int argc, char **argv);
int orc_cmd_bare(int argc, char **argv);
int orc_cmd_run(int argc, char **argv);
int orc_cmd_exec(int argc, char **argv);
int orc_cmd_cell(int argc, char **argv);
int orc_cmd_ps(int argc, char **argv);
int orc_cmd_top(int argc, char **argv);
int orc_cmd_kill(int argc, char **argv);
int orc_cmd_objects(int argc, char **argv);
int orc_cmd_stats(int argc, char **argv);
int orc_cmd_revoke(int argc, char **argv);

#endif
