/* Programs that show what system calls do: run natively they say what's right, and in a compartment they have
 * to say the same. */
#ifndef SHOW_H
#define SHOW_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The source text of a call and its result; -errno where it's -1. */
#define SHOW(call)                                                                                           \
    do {                                                                                                     \
        errno = 0;                                                                                           \
        long shown = (long)(call);                                                                           \
        if (shown == -1)                                                                                     \
            printf("%s:%d: %s: %s\n", __FILE_NAME__, __LINE__, #call, strerror_of(errno));                   \
        else                                                                                                 \
            printf("%s:%d: %s = %ld\n", __FILE_NAME__, __LINE__, #call, shown);                              \
        fflush(stdout);                                                                                      \
    } while (0)

#define SHOW_TEXT(text) printf("%s:%d: %s = \"%s\"\n", __FILE_NAME__, __LINE__, #text, (text))

/* Error numbers by number: the C libraries' words differ. */
static inline const char *strerror_of(int number) {
    static char text[32];
    snprintf(text, sizeof text, "errno %d", number);
    return text;
}

#endif
