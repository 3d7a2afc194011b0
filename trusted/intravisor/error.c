/* The error convention: a negative errno value, and a message for whoever asked for one. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "floats.h"

int fail(struct orc_error *error, int code, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return -code;
}

int failed(struct orc_error *error, int code, const char *what) {
    return fail(error, code, "%s: %s", what, strerror(code));
}

void call_operator(const struct orc_compartment *compartment, const char *line, size_t length) {
    const struct orc_cell *cell = compartment->cell;
    struct floats floats;
    if (!cell->log)
        return;
    floats_leave_guest(&floats);
    cell->log(cell->log_context, compartment->name, line, length);
    floats_back_to_guest(&floats);
}

void operator_log(const struct orc_compartment *compartment, const char *format, ...) {
    char line[256];
    if (!compartment->cell->log)
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0)
        call_operator(compartment, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}
