/* Signals that wait: their order, what goes with them, descriptors of them, and input that tells of itself. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "show.h"

static int seen[64], seen_count;
static volatile sig_atomic_t count, last_code, last_value, last_band, last_fd, own_process;

static void on_signal(int signal, siginfo_t *information, void *context) {
    (void)context;
    if (seen_count < 64)
        seen[seen_count++] = signal * 1000 + (information->si_code == SI_QUEUE ? information->si_int : 0);
    count++;
    last_code = information->si_code;
    last_value = information->si_int;
    own_process = information->si_pid == getpid();
}

static void on_change(int signal, siginfo_t *information, void *context) {
    (void)context, (void)signal;
    count++;
    last_code = information->si_code;
    last_band = (int)information->si_band;
    last_fd = information->si_fd;
}

static void catch(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaction(signal, &action, NULL);
}

static sigset_t block(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return set;
}

static void unblock_all(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void show_seen(const char *what) {
    printf("%s:", what);
    for (int i = 0; i < seen_count; i++)
        printf(" %d", seen[i]);
    printf("\n");
    seen_count = 0;
}

static void real_time_queue(void) {
    const int signal = SIGRTMIN + 3;
    catch(signal, on_signal, 0);
    block(signal);
    for (int i = 0; i < 2000; i++)
        if (sigqueue(getpid(), signal, (union sigval){.sival_int = i}))
            printf("sigqueue %d fails\n", i);
    count = 0;
    unblock_all();
    SHOW(count);
    SHOW(last_value);
    SHOW(last_code);
    show_seen("first ones");
    struct rlimit limit;
    getrlimit(RLIMIT_SIGPENDING, &limit);
    limit.rlim_cur = 0;
    SHOW(setrlimit(RLIMIT_SIGPENDING, &limit));
    block(signal);
    SHOW(sigqueue(getpid(), signal, (union sigval){.sival_int = 1}));
    SHOW(kill(getpid(), signal));
    limit.rlim_cur = limit.rlim_max;
    SHOW(setrlimit(RLIMIT_SIGPENDING, &limit));
    unblock_all();
    seen_count = 0;
}

static void order(void) {
    const int signals[] = {SIGRTMIN + 5, SIGRTMIN + 4, SIGUSR2, SIGUSR1, SIGRTMIN + 4, SIGUSR1};
    for (int i = 0; i < 6; i++) {
        catch(signals[i], on_signal, 0);
        block(signals[i]);
    }
    for (int i = 0; i < 6; i++)
        sigqueue(getpid(), signals[i], (union sigval){.sival_int = i});
    sigset_t pending;
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGUSR1));
    unblock_all();
    show_seen("stacked");
    sigset_t all;
    sigfillset(&all);
    for (int i = 0; i < 6; i++) {
        struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO, .sa_mask = all};
        sigaction(signals[i], &action, NULL);
        block(signals[i]);
    }
    for (int i = 0; i < 6; i++)
        sigqueue(getpid(), signals[i], (union sigval){.sival_int = i});
    pthread_kill(pthread_self(), SIGUSR2);
    unblock_all();
    show_seen("one after the other");
    siginfo_t information;
    sigset_t set = block(SIGRTMIN + 4);
    sigqueue(getpid(), SIGRTMIN + 4, (union sigval){.sival_int = 42});
    SHOW(sigwaitinfo(&set, &information) - SIGRTMIN);
    SHOW(information.si_int);
    SHOW(information.si_pid == getpid());
    SHOW(sigtimedwait(&set, &information, &(struct timespec){0, 1000000}));
    SHOW(kill(-1, 0));
    unblock_all();
}

static void show_record(int fd) {
    struct signalfd_siginfo record;
    long length = read(fd, &record, sizeof record);
    if (length != sizeof record)
        printf("read: %ld, errno %d\n", length, errno);
    else
        printf("record: %d code %d int %d own %d\n", record.ssi_signo >= (unsigned)SIGRTMIN ? 100 + record.ssi_signo - SIGRTMIN : record.ssi_signo,
               record.ssi_code, record.ssi_int, record.ssi_pid == (unsigned)getpid());
}

static void *send_later(void *to) {
    usleep(20000);
    if (to)
        pthread_kill(*(pthread_t *)to, SIGUSR2);
    else
        kill(getpid(), SIGUSR2);
    return NULL;
}

static void descriptors(void) {
    sigset_t set = block(SIGUSR1), other = block(SIGUSR2);
    struct signalfd_siginfo two[2];
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), epoll = epoll_create1(0);
    struct pollfd one = {fd, POLLIN, 0};
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 7};
    SHOW(fcntl(fd, F_GETFD));
    SHOW(!!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
    show_record(fd);
    SHOW(poll(&one, 1, 0));
    kill(getpid(), SIGUSR1);
    SHOW(poll(&one, 1, 0));
    SHOW(one.revents);
    SHOW(epoll_wait(epoll, &event, 1, 0));
    SHOW(read(fd, two, 5));
    show_record(fd);
    SHOW(epoll_wait(epoll, &event, 1, 0));
    SHOW(sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 9}));
    SHOW(poll(&one, 1, 0));
    SHOW(signalfd(fd, &other, 0) == fd);
    SHOW(poll(&one, 1, 0));
    show_record(fd);
    pthread_kill(pthread_self(), SIGUSR2);
    show_record(fd);
    SHOW(write(fd, two, sizeof two));
    SHOW(signalfd(fd, &set, 0x10000));
    SHOW(signalfd(epoll, &set, 0));
    SHOW(signalfd(999, &set, 0));
    for (int i = 0; i < 3; i++)
        sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = i});
    SHOW(read(fd, two, sizeof two));
    fcntl(fd, F_SETFL, 0);
    pthread_t thread, self = pthread_self();
    pthread_create(&thread, NULL, send_later, NULL);
    show_record(fd);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, send_later, &self);
    SHOW(poll(&one, 1, -1));
    show_record(fd);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, send_later, NULL);
    SHOW(epoll_wait(epoll, &event, 1, -1));
    SHOW(event.data.u64);
    pthread_join(thread, NULL);
    show_record(fd);
    /* Default action: ignored, but blocked. */
    sigset_t child = block(SIGCHLD);
    SHOW(signalfd(fd, &child, 0) == fd);
    kill(getpid(), SIGCHLD);
    SHOW(poll(&one, 1, 0));
    show_record(fd);
    close(fd);
    close(epoll);
    unblock_all();
}

static void drain(int fd) {
    char buffer[100];
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    while (read(fd, buffer, sizeof buffer) > 0)
        ;
}

static void show_change(const char *what) {
    printf("%s: %d", what, count);
    if (count && last_code > 0 && last_code <= POLL_HUP)
        printf(" code %d band %x fd %d", last_code, last_band, last_fd);
    printf("\n");
    count = last_code = 0;
}

static void driven_input(int kind, int signal) {
    int ends[2], on = 1, off = 0;
    if (kind)
        socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    else
        pipe(ends);
    catch(SIGIO, on_change, SA_RESTART);
    catch(SIGRTMIN + 2, on_change, SA_RESTART);
    write(ends[1], "0", 1);
    SHOW(ioctl(ends[0], FIOASYNC, &on));
    SHOW(ioctl(ends[0], FIOASYNC, &on));
    write(ends[1], "0", 1);
    show_change("nobody owns it");
    SHOW(fcntl(ends[0], F_SETOWN, getpid()));
    SHOW(fcntl(ends[0], F_SETSIG, signal));
    SHOW(!!(fcntl(ends[0], F_GETFL) & O_ASYNC));
    drain(ends[0]);
    count = 0;
    write(ends[1], "a", 1);
    show_change("written");
    drain(ends[0]);
    count = 0;
    SHOW(ioctl(ends[0], FIOASYNC, &off));
    write(ends[1], "b", 1);
    show_change("off");
    close(ends[0]);
    close(ends[1]);
    int file = open("/dev/null", O_RDWR), events = epoll_create1(0);
    SHOW(ioctl(events, FIOASYNC, &on));
    close(file);
    close(events);
}

static void *named(void *argument) {
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    SHOW_TEXT(name);
    SHOW(prctl(PR_SET_NAME, "a name that is much too long"));
    prctl(PR_GET_NAME, name);
    SHOW_TEXT(name);
    return argument;
}

static void processes(void) {
    pthread_t thread;
    char name[16];
    int value = -1;
    SHOW(prctl(PR_SET_NAME, "first"));
    pthread_create(&thread, NULL, named, NULL);
    pthread_join(thread, NULL);
    prctl(PR_GET_NAME, name);
    SHOW_TEXT(name);
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 0));
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 2));
    SHOW(prctl(PR_SET_PDEATHSIG, SIGHUP));
    SHOW(prctl(PR_SET_PDEATHSIG, 65));
    SHOW(prctl(PR_GET_PDEATHSIG, &value));
    SHOW(value);
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(prctl(PR_GET_KEEPCAPS));
    SHOW(prctl(PR_SET_KEEPCAPS, 2));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(PR_SET_TIMERSLACK, 12345));
    SHOW(prctl(PR_GET_TIMERSLACK));
    SHOW(prctl(PR_SET_TIMERSLACK, 0));
    SHOW(prctl(PR_GET_TIMERSLACK));
    SHOW(prctl(PR_SET_CHILD_SUBREAPER, 5));
    SHOW(prctl(PR_GET_CHILD_SUBREAPER, &value));
    SHOW(value);
    SHOW(prctl(12345, 0, 0, 0, 0));
}

int main(void) {
    catch(SIGUSR1, on_signal, 0);
    catch(SIGUSR2, on_signal, 0);
    real_time_queue();
    order();
    descriptors();
    for (int kind = 0; kind < 2; kind++) {
        driven_input(kind, 0);
        driven_input(kind, SIGRTMIN + 2);
    }
    processes();
    return 0;
}
