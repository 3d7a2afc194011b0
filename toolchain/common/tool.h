/* One run of a tool: its temporary directory, its children, and their end. Whatever happens (an error, a
 * signal, a normal exit), children are stopped and temporary files are gone afterwards. One in a
 * process. */
#ifndef ORC_TOOLCHAIN_TOOL_H
#define ORC_TOOLCHAIN_TOOL_H

#include "arguments.h"

/* Installs the signal handlers; `tool` begins every message of this program. */
void tool_begin(const char *tool);

/* Removes the temporary files. Called at exit too. */
void tool_end(void);

/* Ends the program by the signal that arrived, if one did, after cleaning up. */
void tool_check_signal(void);

/* A path inside the private temporary directory (made on first use): the base name of `name`, with a number.
 */
char *tool_temporary(const char *name, const char *suffix);

/* Remembers a file that must not stay behind if the program ends early; `tool_keep` forgets it. One at a
 * time. */
void tool_discard_on_failure(const char *path);
void tool_keep(void);

/* Removes `path` if it is a regular file: /dev/null and its like stay. */
void remove_output(const char *path);

/* Runs a program (looked up in PATH unless it holds a slash). `input`, `output` and `errors` redirect when
 * not NULL. Returns its exit code; 127 and a message if it can't be started; 1 and a message if it was
 * killed. */
int tool_run(const struct arguments *command, const char *input, const char *output, const char *errors);

/* "TOOL: error: ..." or "TOOL: warning: ..." on stderr. */
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* report_error, then exit(1). */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
