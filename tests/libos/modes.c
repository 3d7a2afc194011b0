/* Floating-point modes and flags: of each thread, of its children, of signal handlers, across jumps and calls that block. */
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#pragma STDC FENV_ACCESS ON

static void show(const char *what) {
    uint32_t mxcsr;
    uint16_t control, status;
    volatile double one = 1, ten = 10;
    volatile long double wide = 1, three = 3;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(control));
    __asm__ volatile("fnstsw %0" : "=m"(status));
    printf("%s: %x %x %x", what, mxcsr, control, status & 0x7f);
    fenv_t kept;
    fegetenv(&kept);
    printf(" %a %La\n", one / ten, wide / three);
    fesetenv(&kept);
    fflush(stdout);
}

static void set(int rounding, int flags) {
    feclearexcept(FE_ALL_EXCEPT);
    fesetround(rounding);
    feraiseexcept(flags);
}

/* --- Threads */

static pthread_barrier_t barrier;

static void *thread(void *argument) {
    show(argument);
    set(FE_TOWARDZERO, FE_OVERFLOW);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    show("thread, after its creator has changed its own");
    return NULL;
}

static void threads(const char *name) {
    pthread_t id;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&id, NULL, thread, (void *)name);
    pthread_barrier_wait(&barrier);
    show("creator, after its thread has changed its own");
    set(FE_DOWNWARD, FE_INVALID);
    pthread_barrier_wait(&barrier);
    pthread_join(id, NULL);
    show("creator");
}

/* --- Handlers */

static volatile sig_atomic_t handled;
static sigjmp_buf back;
static bool jumps;

static void handler(int number) {
    if (!handled)
        show("handler");
    set(FE_TOWARDZERO, FE_DIVBYZERO | FE_INEXACT);
    (void)number;
    handled = 1;
    if (jumps)
        siglongjmp(back, 1);
}

static void *send_to(void *argument) {
    pthread_kill(*(pthread_t *)argument, SIGUSR1);
    return NULL;
}

/* A handler that interrupts code that is computing. */
static void interrupted(const char *name) {
    pthread_t self = pthread_self(), id;
    volatile double sum = 0, third = 1.0 / 3;
    handled = 0;
    pthread_create(&id, NULL, send_to, &self);
    while (!handled)
        sum = third * third;
    pthread_join(id, NULL);
    (void)sum;
    feclearexcept(FE_INEXACT);
    show(name);
}

static void handlers(void) {
    struct sigaction action = {.sa_handler = handler};
    int ends[2];
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);

    set(FE_UPWARD, FE_UNDERFLOW);
    handled = 0;
    raise(SIGUSR1);
    show("after raise");
    interrupted("after a handler of another thread's signal");
    set(FE_TONEAREST, 0);
    interrupted("the same with the default");

    set(FE_DOWNWARD, FE_OVERFLOW);
    (void)!pipe(ends);
    handled = 0;
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 1000}, .it_interval = {0, 1000}}, NULL);
    char byte;
    long got = read(ends[0], &byte, 1);
    setitimer(ITIMER_REAL, &(struct itimerval){{0}}, NULL);
    printf("%ld %d\n", got, errno);
    show("after a call that a handler ended");

    sigset_t set_of, old;
    sigemptyset(&set_of);
    sigaddset(&set_of, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set_of, &old);
    handled = 0;
    raise(SIGUSR1);
    set(FE_UPWARD, FE_INVALID);
    sigprocmask(SIG_SETMASK, &old, NULL);
    show("after a handler that was blocked");

    jumps = true;
    handled = 0;
    if (sigsetjmp(back, 1) == 0)
        raise(SIGUSR1);
    show("after a jump out of a handler");
    set(FE_UPWARD, 0);
    if (sigsetjmp(back, 1) == 0)
        interrupted("not reached");
    show("after a jump out of a handler that interrupted");
    jumps = false;
}

static void jump(void) {
    jmp_buf place;
    set(FE_UPWARD, FE_OVERFLOW);
    if (setjmp(place) == 0) {
        set(FE_DOWNWARD, FE_UNDERFLOW);
        longjmp(place, 1);
    }
    show("after longjmp");
}

/* Calls of all lengths; in a compartment the longest goes without a host thread. */
static void calls(void) {
    const struct timespec half = {.tv_nsec = 500000000};
    set(FE_UPWARD, FE_OVERFLOW | FE_DIVBYZERO);
    for (int i = 0; i < 100; i++)
        usleep(1);
    show("after short waits");
    nanosleep(&half, NULL);
    show("after a long one");
    handled = 0;
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 500000}, .it_interval = {0, 500000}}, NULL);
    nanosleep(&(struct timespec){.tv_sec = 3600}, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){{0}}, NULL);
    show("after an alarm");
    set(FE_TONEAREST, FE_UNDERFLOW);
    nanosleep(&half, NULL);
    show("after a long one, with the default");
}

int main(void) {
    show("start");
    threads("thread of the default");
    set(FE_UPWARD, FE_OVERFLOW | FE_INEXACT);
    threads("thread");
    handlers();
    jump();
    calls();
    return 0;
}
