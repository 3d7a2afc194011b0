/* Signals. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void check(const char *what, int good) {
    printf("%s: %s\n", what, good ? "yes" : "NO");
}

static volatile sig_atomic_t caught, last, value;
static char *volatile frame;

static void handler(int signal) {
    char here;
    caught++;
    last = signal;
    frame = &here;
}

static void handler_with_information(int signal, siginfo_t *information, void *context) {
    (void)context;
    caught++;
    last = signal;
    value = information->si_value.sival_int;
}

static void install(int signal, void (*function)(int), int flags) {
    struct sigaction action = {.sa_handler = function, .sa_flags = flags};
    sigaction(signal, &action, NULL);
}

static void alarm_in(long microseconds) {
    struct itimerval timer = {.it_value = {microseconds / 1000000, microseconds % 1000000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Again and again, in case the first one comes before the call that it should interrupt. */
static void alarm_every(long microseconds) {
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void basics(void) {
    sigset_t set, pending;
    install(SIGUSR1, handler, 0);
    raise(SIGUSR1);
    check("raise", caught == 1 && last == SIGUSR1);
    kill(getpid(), SIGUSR1);
    check("kill", caught == 2);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigpending(&pending);
    check("blocked", caught == 2 && sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    check("unblocked", caught == 3);
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    check("ignored", caught == 3);
    install(SIGUSR1, handler, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    check("reset", caught == 4 && now.sa_handler == SIG_DFL);
    raise(SIGCHLD);
    raise(SIGWINCH);
    check("ignored by default", 1);
    check("bad signal", kill(getpid(), 100) == -1 && errno == EINVAL);
    check("no process", kill(999999, 0) == -1 && errno == ESRCH);
    check("unblockable", signal(SIGKILL, handler) == SIG_ERR);
}

static volatile sig_atomic_t alarms;
static void on_alarm(int signal) {
    (void)signal;
    alarms++;
}

/* Async delivery must not be seen by the code that it interrupts. */
static double busy(void) {
    double sum = 0;
    unsigned long checks = 1;
    for (unsigned long i = 1; alarms < 20; i++) {
        sum += 1.0 / (double)i;
        checks = checks * 6364136223846793005ul + i;
        if ((checks & 0xff) == 0x100)
            return -1;
    }
    return sum;
}

static void asynchronous(void) {
    struct itimerval timer = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}}, left;
    install(SIGALRM, on_alarm, SA_RESTART);
    setitimer(ITIMER_REAL, &timer, NULL);
    check("busy loop", busy() > 1);
    getitimer(ITIMER_REAL, &left);
    check("interval", left.it_interval.tv_usec == 2000);
    /* printf and malloc are interrupted all the time. */
    int good = 1;
    char text[100];
    alarms = 0;
    while (alarms < 20) {
        char *block = malloc(1000 + alarms);
        snprintf(text, sizeof text, "%g %d %s", 1.5, 12345, "word");
        good &= strcmp(text, "1.5 12345 word") == 0;
        free(block);
    }
    setitimer(ITIMER_REAL, &off, NULL);
    check("in the library", good);
}

static jmp_buf back;
static void jump_back(int signal) {
    siglongjmp(back, signal);
}

static void jumps(void) {
    install(SIGALRM, jump_back, 0);
    volatile int good = 0;
    for (volatile int i = 0; i < 5; i++) {
        if (sigsetjmp(back, 1) == 0) {
            alarm_in(3000);
            for (;;)
                ;
        }
        good++;
    }
    check("jump out of a busy loop", good == 5);
    if (sigsetjmp(back, 1) == 0) {
        alarm_every(3000);
        pause();
        good = 0;
    }
    alarm_in(0);
    check("jump out of pause", good == 5);
}

static int ends[2];
static void *write_later(void *argument) {
    usleep(100000);
    if (write(ends[1], "x", 1) != 1)
        abort();
    return argument;
}

static void interruption(void) {
    char byte;
    pthread_t id;
    if (pipe(ends))
        exit(1);
    install(SIGALRM, on_alarm, 0);
    alarms = 0;
    alarm_every(20000);
    check("EINTR", read(ends[0], &byte, 1) == -1 && errno == EINTR && alarms >= 1);
    alarm_in(0);
    install(SIGALRM, on_alarm, SA_RESTART);
    alarms = 0;
    sigset_t mask, old;
    sigfillset(&mask);
    pthread_sigmask(SIG_BLOCK, &mask, &old);
    pthread_create(&id, NULL, write_later, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    alarm_every(20000);
    check("SA_RESTART", read(ends[0], &byte, 1) == 1 && alarms >= 1);
    alarm_in(0);
    pthread_join(id, NULL);
    struct timespec wait = {100, 0}, left;
    alarm_every(20000);
    check("nanosleep", nanosleep(&wait, &left) == -1 && errno == EINTR && left.tv_sec >= 50 && left.tv_sec < 100);
    alarm_in(0);
    check("alarm", alarm(100) == 0 && alarm(0) == 100);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    check("EPIPE", write(ends[1], "x", 1) == -1 && errno == EPIPE);
    install(SIGPIPE, handler, 0);
    last = 0;
    check("SIGPIPE", write(ends[1], "x", 1) == -1 && last == SIGPIPE);
    close(ends[1]);
}

static void waiting(void) {
    sigset_t set, old;
    siginfo_t information;
    int signal;
    struct timespec soon = {0, 20000000};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    check("sigwait", sigwait(&set, &signal) == 0 && signal == SIGUSR1);
    alarm_in(10000);
    check("sigwaitinfo", sigwaitinfo(&set, &information) == SIGALRM && information.si_signo == SIGALRM);
    check("sigtimedwait", sigtimedwait(&set, NULL, &soon) == -1 && errno == EAGAIN);
    struct sigaction action = {.sa_sigaction = handler_with_information, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &action, NULL);
    for (int i = 1; i <= 3; i++)
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i * 10});
    check("queued", sigwaitinfo(&set, &information) == SIGRTMIN && information.si_value.sival_int == 10);
    caught = 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    check("queue", caught == 2 && value == 30);
    install(SIGALRM, on_alarm, 0);
    alarms = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    alarm_in(5000);
    usleep(20000);
    check("still blocked", alarms == 0);
    sigdelset(&old, SIGALRM);
    check("sigsuspend", sigsuspend(&old) == -1 && errno == EINTR && alarms == 1);
    sigprocmask(SIG_SETMASK, NULL, &old);
    check("mask is back", sigismember(&old, SIGALRM));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void alternate_stack(void) {
    static char memory[65536];
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory}, now;
    sigaltstack(&stack, NULL);
    install(SIGUSR2, handler, SA_ONSTACK);
    raise(SIGUSR2);
    check("alternate stack", frame > memory && frame < memory + sizeof memory);
    install(SIGUSR2, handler, 0);
    raise(SIGUSR2);
    check("own stack", !(frame > memory && frame < memory + sizeof memory));
    sigaltstack(NULL, &now);
    check("known", now.ss_sp == memory && now.ss_flags == 0);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
}

static void nested_inner(int signal) {
    value = value * 10 + (signal == SIGUSR2 ? 2 : 5);
}

static void nested_outer(int signal) {
    (void)signal;
    value = value * 10 + 1;
    raise(SIGUSR2);
    raise(SIGHUP);
    value = value * 10 + 3;
}

/* SIGUSR2 interrupts the handler; SIGHUP, which it blocks, waits for its end. */
static void nesting(void) {
    struct sigaction action = {.sa_handler = nested_outer};
    sigaddset(&action.sa_mask, SIGHUP);
    sigaction(SIGUSR1, &action, NULL);
    install(SIGUSR2, nested_inner, 0);
    install(SIGHUP, nested_inner, 0);
    value = 0;
    raise(SIGUSR1);
    check("nested", value == 1235);
    signal(SIGUSR1, SIG_DFL);
}

static atomic_int in_thread;
static void note_thread(int signal) {
    (void)signal;
    atomic_fetch_add(&in_thread, 1);
}

static atomic_int stop;
static void *spin(void *argument) {
    while (!stop)
        ;
    return argument;
}

static void *block_in_read(void *argument) {
    char byte;
    int *pipe_end = argument;
    while (!stop)
        if (read(*pipe_end, &byte, 1) == 1)
            break;
    return NULL;
}

static void threads(void) {
    pthread_t ids[2];
    if (pipe(ends))
        exit(1);
    install(SIGUSR1, note_thread, 0);
    pthread_create(&ids[0], NULL, spin, NULL);
    pthread_create(&ids[1], NULL, block_in_read, &ends[0]);
    for (int i = 1; i <= 200; i++) {
        pthread_kill(ids[i % 2], SIGUSR1);
        while (in_thread < i)
            sched_yield();
    }
    check("pthread_kill", in_thread == 200);
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    kill(getpid(), SIGUSR1);
    while (in_thread < 201)
        sched_yield();
    check("another thread takes it", in_thread == 201);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    stop = 1;
    if (write(ends[1], "x", 1) != 1)
        abort();
    pthread_join(ids[0], NULL);
    pthread_join(ids[1], NULL);
}

int main(int argc, char **argv) {
    if (argc > 1) { /* ends by a signal */
        puts("before");
        fflush(stdout);
        if (strcmp(argv[1], "abort") == 0)
            abort();
        if (strcmp(argv[1], "pause") == 0)
            for (;;)
                pause();
        if (strcmp(argv[1], "spin") == 0)
            for (;;)
                ;
        raise(atoi(argv[1]));
        puts("after");
        return 0;
    }
    basics();
    asynchronous();
    jumps();
    interruption();
    waiting();
    alternate_stack();
    nesting();
    threads();
    return 0;
}
