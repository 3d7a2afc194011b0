/* From the first launch to the last end: one thread and one event loop. Signals of this process go to the
 * compartments; ends, time limits and the control socket's clients are events like any other. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "fault_report.h"
#include "metrics_file.h"
#include "orc/boot.h"
#include "run.h"
#include "supervise.h"

#define SECOND 1000000000ull
#define METRICS_SECONDS 5
#define MOST_EVENTS 16
#define HANGUP                                                                                               \
    (1u << (SIGHUP - 1))   /* nohup's; a shell makes what it starts in the background ignore others, too */
#define MOST_COMPLAINTS 20 /* of compartments that ended badly, one line each */

struct supervisor {
    struct run *run;
    int epoll, signals, ends, limit, metrics_timer;
    int rollup, status; /* /proc/self/smaps_rollup and status: after lock-down only root could open them */
    struct control_server *control;
    struct metrics_file *metrics;
    uint64_t last_interrupt; /* ns */
    bool time_is_up;
    unsigned complaints;
};

/* Compartments that have ended and that the loop hasn't seen yet: filled on threads of the Intravisor's. */
static struct {
    pthread_mutex_t lock;
    struct instance *first;
    int event;
} ended = {.lock = PTHREAD_MUTEX_INITIALIZER, .event = -1};

uint64_t monotonic_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void note_end(void *context) {
    static const uint64_t one = 1;
    struct instance *instance = context;
    pthread_mutex_lock(&ended.lock);
    instance->next_ended = ended.first;
    ended.first = instance;
    pthread_mutex_unlock(&ended.lock);
    (void)!write(ended.event, &one, sizeof one);
}

static struct instance *take_ended(void) {
    pthread_mutex_lock(&ended.lock);
    struct instance *all = ended.first;
    ended.first = NULL;
    pthread_mutex_unlock(&ended.lock);
    return all;
}

/* The run's instances, one after the other, zygotes too: `*group` and `*index` start at 0. NULL behind the
 * last.
 */
static struct instance *next_instance(const struct run *run, size_t *group, unsigned *index) {
    for (; *group < run->group_count; ++*group, *index = 0)
        if (*index < run->groups[*group].options.count + run->groups[*group].options.zygote)
            return &run->groups[*group].instances[(*index)++];
    return NULL;
}

/* --- Ends --- */

static void print_statistics(const struct instance *instance) {
    struct orc_statistics s;
    if (orc_launch_statistics(instance->compartment, &s) < 0)
        return;
    fprintf(stderr,
            "orc run: %s: %.3f s of processor time, %llu KiB mapped, %llu KiB private, %llu KiB shared, %llu "
            "hostcalls\n",
            instance->name, (double)s.processor_time / SECOND, (unsigned long long)s.memory >> 10,
            (unsigned long long)s.resident >> 10, (unsigned long long)s.shared >> 10,
            (unsigned long long)s.hostcalls);
}

static void complain(struct supervisor *supervisor, const struct instance *instance, const char *what) {
    if (supervisor->complaints++ < MOST_COMPLAINTS)
        fprintf(stderr, "orc run: %s: %s\n", instance->name, what);
    else if (supervisor->complaints == MOST_COMPLAINTS + 1)
        fprintf(stderr, "orc run: (more compartments ended badly)\n");
}

static void report_fault(struct supervisor *supervisor, const struct instance *instance,
                         const struct orc_fault *fault) {
    const struct run *run = supervisor->run;
    const struct group *group = instance->group;
    const struct symbol_file files[] = {{group->program_file, group->options.arguments[0]},
                                        {run->loader_file, "libc.so"}};
    if (supervisor->complaints++ < MOST_COMPLAINTS)
        print_fault_report(run->cell, instance->name, fault, files, sizeof files / sizeof *files);
}

/* The exit status that a compartment's end stands for. */
static int status_of(struct supervisor *supervisor, const struct instance *instance,
                     const struct orc_result *result) {
    char text[64];
    int status;
    supervisor->run->signal = 0;
    switch (result->outcome) {
    case ORC_RETURNED:
    case ORC_EXITED:
        status = (int)(result->value & 0xff);
        if (result->value & ORC_EXIT_SIGNAL)
            supervisor->run->signal = status & 0x7f;
        snprintf(text, sizeof text, "exit status %d", status);
        if (status != 0 && supervisor->run->count > 1)
            complain(supervisor, instance, text);
        return status;
    case ORC_FAULTED:
        report_fault(supervisor, instance, &result->fault);
        supervisor->run->signal = result->fault.signal;
        return RUN_SIGNAL + result->fault.signal;
    case ORC_STOPPED:
        if (supervisor->time_is_up && !instance->killed) {
            complain(supervisor, instance, "the time is up");
            return RUN_TIME_IS_UP;
        }
        supervisor->run->signal = SIGKILL;
        return RUN_SIGNAL + SIGKILL;
    default:
        complain(supervisor, instance, "it never ran");
        return RUN_FAILED;
    }
}

static void destroy(const struct run *run, struct instance *instance) {
    if (run->options.stats)
        print_statistics(instance);
    if (orc_compartment_destroy(instance->compartment) < 0)
        fprintf(stderr, "orc run: %s: can't be destroyed\n", instance->name);
    instance->compartment = NULL;
}

static void finish(struct supervisor *supervisor, struct instance *instance) {
    struct run *run = supervisor->run;
    struct orc_result result = {.outcome = ORC_NOTHING};
    orc_compartment_wait(instance->compartment, UINT64_MAX, &result);
    int status = status_of(supervisor, instance, &result);
    destroy(run, instance);
    run->alive--;
    run->failed += status != 0;
    if (status > run->status)
        run->status = status;
}

static void finish_ended(struct supervisor *supervisor) {
    uint64_t count;
    (void)!read(ended.event, &count, sizeof count);
    struct instance *next;
    for (struct instance *instance = take_ended(); instance; instance = next) {
        next = instance->next_ended;
        finish(supervisor, instance);
    }
}

/* --- Signals --- */

static void kill_instance(struct instance *instance) {
    instance->killed = true;
    orc_compartment_kill(instance->compartment);
}

static unsigned signal_instances(struct run *run, const char *pattern, int number) {
    struct instance *instance;
    unsigned reached = 0, index = 0;
    for (size_t group = 0; (instance = next_instance(run, &group, &index));) {
        if (!instance->compartment || fnmatch(pattern, instance->name, 0) != 0)
            continue;
        /* Nothing runs in a zygote that could handle a signal: it ends when it's named. */
        bool is_zygote = instance == zygote_of(instance->group);
        if (is_zygote && number != SIGKILL && strcmp(pattern, "*") == 0)
            continue;
        reached++;
        if (number == SIGKILL || is_zygote)
            kill_instance(instance);
        else
            orc_compartment_signal(instance->compartment, number);
    }
    return reached;
}

static void forward_signals(struct supervisor *supervisor) {
    struct signalfd_siginfo information;
    while (read(supervisor->signals, &information, sizeof information) == (ssize_t)sizeof information) {
        int number = (int)information.ssi_signo;
        uint64_t now = monotonic_time();
        bool again =
            number == SIGINT && supervisor->last_interrupt && now - supervisor->last_interrupt < SECOND;
        if (number == SIGINT)
            supervisor->last_interrupt = now;
        signal_instances(supervisor->run, "*", again ? SIGKILL : number);
    }
}

static void end_by_time(struct supervisor *supervisor) {
    uint64_t count;
    if (read(supervisor->limit, &count, sizeof count) < 0)
        return;
    supervisor->time_is_up = true;
    struct instance *instance;
    unsigned index = 0;
    for (size_t group = 0; (instance = next_instance(supervisor->run, &group, &index));)
        if (instance->compartment)
            orc_compartment_kill(instance->compartment);
}

/* --- What others ask about the cell --- */

static bool add_object(void *context, const struct orc_object_statistics *object) {
    return cell_report_add_object(context, object);
}

/* What a line of the file says, in bytes; 0: it has no such line. */
static uint64_t read_kib(int file, const char *name) {
    char text[4096];
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    const char *line = strstr(text, name);
    return line ? strtoull(line + strlen(name), NULL, 10) << 10 : 0;
}

static bool make_report(void *context, struct cell_report *report) {
    const struct supervisor *supervisor = context;
    const struct run *run = supervisor->run;
    report->memory = read_kib(supervisor->rollup, "\nPss:");
    report->page_tables = read_kib(supervisor->status, "\nVmPTE:");
    report->pid = getpid();
    report->age = monotonic_time() - run->start;
    snprintf(report->program, sizeof report->program, "%.67s", run->title);
    const struct instance *instance;
    unsigned index = 0;
    for (size_t group = 0; (instance = next_instance(run, &group, &index));) {
        struct orc_statistics statistics;
        if (!instance->compartment || orc_launch_statistics(instance->compartment, &statistics) < 0)
            continue;
        if (!cell_report_add_compartment(report, instance->name, &statistics))
            return false;
    }
    orc_cell_objects(run->cell, add_object, report);
    return true;
}

static unsigned take_signal(void *context, const char *name, int number) {
    const struct supervisor *supervisor = context;
    return signal_instances(supervisor->run, name, number);
}

static bool take_revocation(void *context, const uint8_t *hash) {
    const struct supervisor *supervisor = context;
    return orc_cell_revoke(supervisor->run->cell, hash, NULL) == 0;
}

static void write_metrics(struct supervisor *supervisor) {
    struct cell_report report = {0};
    uint64_t count;
    (void)!read(supervisor->metrics_timer, &count, sizeof count);
    if (make_report(supervisor, &report))
        metrics_file_write(supervisor->metrics, &report);
    cell_report_free(&report);
}

/* --- The loop --- */

/* What an event belongs to, where it isn't the control server's: the address of the descriptor. */
static bool watch(const struct supervisor *supervisor, int *fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
    return *fd >= 0 && epoll_ctl(supervisor->epoll, EPOLL_CTL_ADD, *fd, &event) == 0;
}

static bool open_timer(const struct supervisor *supervisor, int *fd, uint64_t first, uint64_t interval) {
    const struct itimerspec setting = {
        .it_value = {(time_t)(first / SECOND), (long)(first % SECOND)},
        .it_interval = {(time_t)(interval / SECOND), (long)(interval % SECOND)},
    };
    *fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return watch(supervisor, fd) && timerfd_settime(*fd, 0, &setting, NULL) == 0;
}

static bool open_events(struct supervisor *supervisor, const sigset_t *signals) {
    const struct cell_options *options = &supervisor->run->options;
    const struct control_cell cell = {supervisor, make_report, take_signal, take_revocation};
    supervisor->rollup = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    supervisor->status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    supervisor->epoll = epoll_create1(EPOLL_CLOEXEC);
    supervisor->signals = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    supervisor->ends = ended.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (supervisor->epoll < 0 || !watch(supervisor, &supervisor->signals) ||
        !watch(supervisor, &supervisor->ends))
        return false;
    if (options->nanoseconds && !open_timer(supervisor, &supervisor->limit, options->nanoseconds, 0))
        return false;
    if (options->metrics) {
        supervisor->metrics = metrics_file_open(options->metrics);
        if (!supervisor->metrics ||
            !open_timer(supervisor, &supervisor->metrics_timer, SECOND / 2, METRICS_SECONDS * SECOND))
            return false;
    }
    supervisor->control = control_server_open(supervisor->epoll, &cell);
    return true;
}

struct supervisor *supervisor_open(struct run *run, const sigset_t *signals) {
    struct supervisor *supervisor = calloc(1, sizeof *supervisor);
    if (!supervisor)
        return NULL;
    *supervisor = (struct supervisor){run,         .epoll = -1,         .signals = -1, .ends = -1,
                                      .limit = -1, .metrics_timer = -1, .rollup = -1,  .status = -1};
    if (open_events(supervisor, signals))
        return supervisor;
    fprintf(stderr, "orc run: can't watch for events: %s\n", strerror(errno));
    supervisor_close(supervisor);
    return NULL;
}

void supervisor_close(struct supervisor *supervisor) {
    const int fds[] = {supervisor->signals, supervisor->ends,   supervisor->limit, supervisor->metrics_timer,
                       supervisor->epoll,   supervisor->rollup, supervisor->status};
    control_server_close(supervisor->control);
    metrics_file_close(supervisor->metrics);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(supervisor);
}

static void handle(struct supervisor *supervisor, const struct epoll_event *event) {
    if (event->data.ptr == &supervisor->signals)
        forward_signals(supervisor);
    else if (event->data.ptr == &supervisor->ends)
        finish_ended(supervisor);
    else if (event->data.ptr == &supervisor->limit)
        end_by_time(supervisor);
    else if (event->data.ptr == &supervisor->metrics_timer)
        write_metrics(supervisor);
    else
        control_server_event(supervisor->control, event->data.ptr, event->events);
}

static struct orc_file *stream_of(const struct instance *instance, size_t which) {
    return instance->streams[which] ? instance->streams[which] : instance->group->run->streams[which];
}

static bool start(const struct run *run, struct instance *instance) {
    const struct run_options *options = &instance->group->options;
    struct orc_error error;
    const struct orc_launch launch = {
        .program = instance->group->program,
        .arguments = instance->arguments.items,
        .environment = instance->environment.items,
        .hostname = instance->hostname,
        .working_directory =
            options->working_directory ? options->working_directory : instance->group->directory,
        .user = options->user,
        .group = options->group,
        .has_file_mode_mask = options->native || options->executed,
        .file_mode_mask = run->file_mode_mask,
        .ignored_signals = run->ignored_signals & (options->executed ? UINT32_MAX : HANGUP),
        .mounts = instance->mounts,
        .mount_count = instance->mount_count,
        .streams = {stream_of(instance, 0), stream_of(instance, 1), stream_of(instance, 2)},
        .networks = instance->networks,
        .network_count = instance->network_count,
        .published = instance->published,
        .published_count = instance->published_count,
        .zygote = instance->group->zygote,
        .options = {.name = instance->name,
                    .domain = instance->domain,
                    .memory = options->memory,
                    .threads = options->threads,
                    .handles = options->handles},
    };
    if (orc_launch(instance->launcher ? instance->launcher : run->launcher, &launch, &instance->compartment,
                   &error) < 0) {
        fprintf(stderr, "orc run: %s: %s\n", instance->name, error.message);
        return false;
    }
    run_release_streams(instance); /* or nobody would see that the compartment has closed them */
    return true;
}

static bool launch(struct run *run, struct instance *instance) {
    if (!start(run, instance))
        return false;
    run->alive++;
    orc_compartment_on_end(instance->compartment, note_end, instance);
    return true;
}

#define FREEZE_TIME (30 * SECOND)

/* It isn't among those that are alive: nobody waits for its end. */
static bool launch_zygote(const struct run *run, struct group *group) {
    struct instance *instance = zygote_of(group);
    struct orc_error error;
    struct orc_result result;
    if (!start(run, instance))
        return false;
    if (orc_zygote_create(instance->compartment, group->options.settle, FREEZE_TIME, &group->zygote,
                          &error) == 0)
        return true;
    fprintf(stderr, "orc run: --zygote: %s\n", error.message);
    orc_compartment_kill(instance->compartment);
    orc_compartment_wait(instance->compartment, UINT64_MAX, &result);
    destroy(run, instance);
    return false;
}

static void end_zygotes(struct run *run) {
    for (size_t i = 0; i < run->group_count; i++) {
        struct group *group = &run->groups[i];
        if (group->zygote && run->options.stats)
            fprintf(stderr, "orc run: %s: %llu KiB for its clones to share\n", zygote_of(group)->name,
                    (unsigned long long)orc_zygote_bytes(group->zygote) >> 10);
        if (group->zygote)
            zygote_of(group)->compartment = NULL;
        orc_zygote_destroy(group->zygote);
    }
}

static bool launch_group(struct run *run, struct group *group) {
    if (zygote_of(group) && !launch_zygote(run, group))
        return false;
    for (unsigned i = 0; i < group->options.count; i++)
        if (!launch(run, &group->instances[i]))
            return false;
    return true;
}

/* Those that run are ended when one can't be started. */
static void launch_all(struct supervisor *supervisor) {
    struct run *run = supervisor->run;
    for (size_t i = 0; i < run->group_count; i++)
        if (!launch_group(run, &run->groups[i])) {
            run->status = RUN_FAILED;
            signal_instances(run, "*", SIGKILL);
            return;
        }
}

void supervisor_run(struct supervisor *supervisor) {
    struct run *run = supervisor->run;
    struct epoll_event events[MOST_EVENTS];
    launch_all(supervisor);
    while (run->alive > 0) {
        int count = epoll_wait(supervisor->epoll, events, MOST_EVENTS, -1);
        for (int i = 0; i < count; i++)
            handle(supervisor, &events[i]);
    }
    if (supervisor->metrics)
        write_metrics(supervisor);
    end_zygotes(run);
    if (run->count > 1 && run->failed > 0)
        fprintf(stderr, "orc run: %u of %u compartments didn't end with status 0\n", run->failed, run->count);
}
