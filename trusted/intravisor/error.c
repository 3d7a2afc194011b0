/* The error convention: a negative errno value, and a message for whoever asked for one. */
#include <stdarg.h>
#include <stdio.h>

#include "intravisor.h"

int fail(struct orc_error *error, int code, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return -code;
}
