/* Calls into started compartments: a request goes to a thread of the guest's own, which answers. What comes
 * back is the guest's word; nothing here trusts it. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "orc/call.h"

#define LOOK 20 /* ms between two looks at whether the compartment has ended */
#define MILLISECOND 1000000u
#define SECOND UINT64_C(1000000000)

struct orc_calls {
    pthread_mutex_t lock; /* one call at a time */
    struct orc_compartment *compartment;
    int socket;
    uint64_t number, answered; /* of the last request, and of the last answer */
};

static int fail(struct orc_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct orc_error *error, int code, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return code;
}

int calls_open(struct orc_cell *cell, struct orc_compartment *compartment, struct orc_calls **calls,
               uint32_t *handle, struct orc_error *error) {
    int pair[2];
    struct orc_file *file;
    struct orc_calls *made = calloc(1, sizeof *made);
    *calls = NULL;
    if (!made || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        int code = made ? -errno : -ENOMEM;
        free(made);
        return fail(error, code, "no socket for calls: %s", strerror(-code));
    }
    int status = orc_file_create(cell, pair[1], &file, error);
    close(pair[1]);
    if (status == 0) {
        status =
            orc_compartment_grant_file(compartment, file, ORC_GRANT_READ | ORC_GRANT_WRITE, handle, error);
        orc_file_release(file);
    }
    if (status < 0) {
        close(pair[0]);
        free(made);
        return status;
    }
    pthread_mutex_init(&made->lock, NULL);
    made->compartment = compartment;
    made->socket = pair[0];
    *calls = made;
    return 0;
}

void orc_calls_close(struct orc_calls *calls) {
    if (!calls)
        return;
    close(calls->socket);
    pthread_mutex_destroy(&calls->lock);
    free(calls);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* Waits for an answer until `end`, or the compartment's: 0, -ETIMEDOUT, -ESRCH. */
static int wait_for_answer(const struct orc_calls *calls, uint64_t end) {
    struct orc_result result;
    for (;;) {
        struct pollfd polled = {.fd = calls->socket, .events = POLLIN};
        uint64_t time = now(), left = end > time ? end - time : 0;
        int patience = left / MILLISECOND < LOOK ? (int)((left + MILLISECOND - 1) / MILLISECOND) : LOOK;
        if (poll(&polled, 1, patience) > 0)
            return polled.revents & POLLIN ? 0 : -ESRCH;
        if (orc_compartment_wait(calls->compartment, 0, &result) == 0)
            return -ESRCH;
        if (left == 0)
            return -ETIMEDOUT;
    }
}

/* The answer to the last request. What answers none is a guest's invention. */
static int receive(struct orc_calls *calls, struct orc_call_answer *answer, uint64_t end) {
    for (;;) {
        int status = wait_for_answer(calls, end);
        if (status < 0)
            return status;
        ssize_t got = recv(calls->socket, answer, sizeof *answer, MSG_DONTWAIT);
        if (got == 0)
            return -ESRCH;
        if (got != (ssize_t)sizeof *answer || answer->number != calls->number)
            continue;
        calls->answered = answer->number;
        return 0;
    }
}

static int call(struct orc_calls *calls, struct orc_call_request *request, struct orc_call_answer *answer,
                uint64_t end) {
    int status = 0;
    if (calls->answered != calls->number) /* a call that nobody waited for any longer */
        status = receive(calls, answer, end);
    if (status < 0)
        return status == -ETIMEDOUT ? -EBUSY : status;
    request->number = calls->number + 1;
    if (send(calls->socket, request, sizeof *request, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return errno == EPIPE || errno == ECONNRESET ? -ESRCH : -errno;
    calls->number++;
    return receive(calls, answer, end);
}

int orc_launch_call(struct orc_calls *calls, const char *function, const uint64_t *arguments, size_t count,
                    uint64_t nanoseconds, int64_t *result, struct orc_error *error) {
    struct orc_call_request request = {0};
    struct orc_call_answer answer;
    if (count > ORC_CALL_ARGUMENTS || strlen(function) >= sizeof request.name)
        return fail(error, -EINVAL, "call of %.64s: more than %d arguments, or too long a name", function,
                    ORC_CALL_ARGUMENTS);
    for (size_t i = 0; i < count; i++)
        request.arguments[i] = arguments[i];
    strcpy(request.name, function);
    uint64_t start = now(), end = nanoseconds < UINT64_MAX - start ? start + nanoseconds : UINT64_MAX;
    pthread_mutex_lock(&calls->lock);
    int status = call(calls, &request, &answer, end);
    pthread_mutex_unlock(&calls->lock);
    if (status == 0 && answer.error != 0)
        status = -ENOENT;
    if (status == 0)
        *result = answer.value;
    const char *why = status == -ENOENT      ? "no object of the compartment has such a function"
                      : status == -ESRCH     ? "the compartment has ended, or answers no calls"
                      : status == -ETIMEDOUT ? "the time is up; the call goes on"
                      : status == -EBUSY     ? "an earlier call goes on"
                                             : strerror(-status);
    return status < 0 ? fail(error, status, "call of %.64s: %s", function, why) : 0;
}
