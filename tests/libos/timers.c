/* Timers and clocks: what they answer, and that each of them expires. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include "show.h"

static volatile sig_atomic_t count, code, value, overrun;

static void on_signal(int signal, siginfo_t *information, void *context) {
    (void)signal, (void)context;
    count++;
    code = information->si_code;
    value = information->si_int;
    overrun = information->si_overrun;
}

static void catch(int signal) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(signal, &action, NULL);
}

/* Until `most` signals have come, working all the time, since some clocks count only that. */
static int wait_for(int most) {
    while (count < most)
        ;
    return count >= most;
}

static struct itimerspec in(long first, long interval) {
    return (struct itimerspec){.it_value = {first / 1000, first % 1000 * 1000000},
                               .it_interval = {interval / 1000, interval % 1000 * 1000000}};
}

static void one_clock(clockid_t clock, int signal) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal, .sigev_value.sival_int = 77};
    struct itimerspec time = in(5, 0), now;
    timer_t timer;
    printf("clock %d\n", clock);
    SHOW(timer_create(clock, &event, &timer));
    SHOW(timer_gettime(timer, &now));
    SHOW(now.it_value.tv_sec + now.it_value.tv_nsec);
    count = 0;
    SHOW(timer_settime(timer, 0, &time, NULL));
    SHOW(wait_for(1));
    SHOW(code);
    SHOW(value);
    SHOW(timer_gettime(timer, &now));
    SHOW(now.it_value.tv_sec + now.it_value.tv_nsec);
    count = 0;
    time = in(3, 3);
    SHOW(timer_settime(timer, 0, &time, &now));
    SHOW(wait_for(3));
    SHOW(timer_gettime(timer, &now));
    SHOW(now.it_interval.tv_nsec);
    SHOW(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 3000000);
    clock_gettime(clock, &time.it_value);
    time.it_interval = (struct timespec){0, 0};
    count = 0;
    SHOW(timer_settime(timer, TIMER_ABSTIME, &time, NULL));
    SHOW(wait_for(1));
    time = in(1000000, 0);
    SHOW(timer_settime(timer, 0, &time, NULL));
    SHOW(timer_gettime(timer, &now));
    SHOW(now.it_value.tv_sec > 900);
    time.it_value.tv_nsec = 1000000000;
    SHOW(timer_settime(timer, 0, &time, NULL));
    SHOW(timer_delete(timer));
}

static void overruns(void) {
    const int signal = SIGRTMIN + 1;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal};
    struct itimerspec time = in(1, 1);
    siginfo_t information;
    timer_t timer;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    SHOW(timer_settime(timer, 0, &time, NULL));
    usleep(30000);
    SHOW(sigwaitinfo(&set, &information) == signal);
    SHOW(information.si_code);
    SHOW(information.si_overrun >= 15);
    SHOW(timer_getoverrun(timer) == information.si_overrun);
    SHOW(timer_delete(timer));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static pthread_barrier_t barrier;
static volatile int notified;

static void notify(union sigval argument) {
    notified = argument.sival_int;
    pthread_barrier_wait(&barrier);
}

static void notifications(void) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify, .sigev_value.sival_int = 5};
    struct itimerspec time = in(2, 0), now;
    timer_t timer;
    pthread_barrier_init(&barrier, NULL, 2);
    SHOW(timer_create(CLOCK_REALTIME, &event, &timer));
    SHOW(timer_settime(timer, 0, &time, NULL));
    pthread_barrier_wait(&barrier);
    SHOW(notified);
    SHOW(timer_delete(timer));
    event = (struct sigevent){.sigev_notify = SIGEV_NONE};
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    time = in(1, 0);
    SHOW(timer_settime(timer, 0, &time, NULL));
    usleep(5000);
    SHOW(timer_gettime(timer, &now));
    SHOW(now.it_value.tv_sec + now.it_value.tv_nsec);
    time = in(1, 1000);
    SHOW(timer_settime(timer, 0, &time, NULL));
    usleep(5000);
    SHOW(timer_gettime(timer, &now));
    SHOW(now.it_value.tv_nsec > 0);
    SHOW(timer_delete(timer));
    event = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 0};
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_signo = 65;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    event.sigev_notify_thread_id = 1 << 29;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    count = 0;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    time = in(1, 0);
    SHOW(timer_settime(timer, 0, &time, NULL));
    SHOW(wait_for(1));
    SHOW(timer_delete(timer));
    SHOW(syscall(SYS_timer_delete, 12345));
    SHOW(syscall(SYS_timer_settime, 12345, 0, &time, NULL));
    SHOW(timer_create(CLOCK_MONOTONIC_RAW, NULL, &timer));
    SHOW(timer_create(CLOCK_MONOTONIC_COARSE, NULL, &timer));
    SHOW(timer_create(99, NULL, &timer));
}

static void interval_timers(void) {
    const int kinds[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}, signals[] = {SIGALRM, SIGVTALRM, SIGPROF};
    struct itimerval time = {{0, 3000}, {0, 3000}}, now;
    for (int i = 0; i < 3; i++) {
        catch(signals[i]);
        count = 0;
        SHOW(setitimer(kinds[i], &time, NULL));
        SHOW(wait_for(3));
        SHOW(getitimer(kinds[i], &now));
        SHOW(now.it_interval.tv_usec > 0);
        SHOW(setitimer(kinds[i], &(struct itimerval){0}, &now));
        SHOW(getitimer(kinds[i], &now));
        SHOW(now.it_value.tv_usec + now.it_value.tv_sec + now.it_interval.tv_usec);
    }
    SHOW(setitimer(3, &time, NULL));
    SHOW(alarm(100));
    SHOW(alarm(0));
}

static void *spin(void *argument) {
    for (volatile int i = 0; i < 20000000; i++)
        ;
    pthread_barrier_wait(argument);
    pthread_barrier_wait(argument);
    return NULL;
}

static void clocks(void) {
    struct timespec real, tai, time;
    struct timex state = {0};
    clockid_t clock;
    SHOW(clock_gettime(CLOCK_REALTIME, &real));
    SHOW(clock_gettime(CLOCK_TAI, &tai));
    SHOW(tai.tv_sec - real.tv_sec >= -1 && tai.tv_sec - real.tv_sec < 60);
    const clockid_t all[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    for (int i = 0; i < 6; i++) {
        SHOW(clock_getres(all[i], &time));
        SHOW(time.tv_sec + time.tv_nsec);
    }
    SHOW(clock_gettime(99, &time));
    SHOW(clock_getres(99, &time));
    SHOW(clock_gettime(-8 * 99999 + 2, &time));
    pthread_t thread;
    pthread_create(&thread, NULL, spin, &barrier);
    pthread_barrier_wait(&barrier);
    SHOW(pthread_getcpuclockid(thread, &clock));
    SHOW(clock_gettime(clock, &time));
    SHOW(time.tv_sec > 0 || time.tv_nsec > 1000000);
    SHOW(clock_getres(clock, &time));
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    SHOW(clock_gettime(clock, &time));
    SHOW(clock_getcpuclockid(0, &clock));
    SHOW(clock_getcpuclockid(getpid(), &clock));
    SHOW(clock_gettime(clock, &time));
    SHOW(clock_settime(CLOCK_MONOTONIC, &time));
    SHOW(clock_settime(99, &time));
    time = (struct timespec){0, -1};
    SHOW(clock_settime(CLOCK_REALTIME, &time));
    SHOW(adjtimex(&state) >= 0);
    SHOW(state.tick);
    SHOW(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &(struct timespec){0, 1000}, NULL));
    SHOW(clock_nanosleep(99, 0, &(struct timespec){0, 1000}, NULL));
    SHOW(clock_nanosleep(CLOCK_BOOTTIME, 0, &(struct timespec){0, 1000}, NULL));
    SHOW(clock_nanosleep(CLOCK_TAI, TIMER_ABSTIME, &(struct timespec){5, 0}, NULL));
    SHOW(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &(struct timespec){0, 1}, NULL));
    SHOW(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){0, 1000}, NULL));
    struct rusage usage, before;
    SHOW(getrusage(RUSAGE_SELF, &usage));
    SHOW(usage.ru_maxrss > 0 && usage.ru_minflt > 0);
    SHOW(usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec > 0);
    before = usage;
    SHOW(getrusage(1, &usage));
    SHOW(usage.ru_utime.tv_sec <= before.ru_utime.tv_sec + 1);
    SHOW(getrusage(RUSAGE_CHILDREN, &usage));
    SHOW(usage.ru_maxrss + usage.ru_utime.tv_usec);
    SHOW(getrusage(7, &usage));
}

static void descriptors(void) {
    int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    struct itimerspec time = {.it_value = {1, 0}};
    uint64_t expirations;
    SHOW(timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &time, NULL));
    SHOW(read(timer, &expirations, 8));
    SHOW(expirations);
    SHOW(timerfd_settime(timer, 4, &time, NULL));
    close(timer);
    timer = timerfd_create(CLOCK_BOOTTIME, 0);
    time = in(1, 0);
    SHOW(timerfd_settime(timer, 0, &time, NULL));
    SHOW(read(timer, &expirations, 8));
    close(timer);
    SHOW(timerfd_create(CLOCK_TAI, 0));
    SHOW(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
}

int main(void) {
    catch(SIGUSR1);
    catch(SIGRTMIN + 2);
    const clockid_t all[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    for (int i = 0; i < 6; i++)
        one_clock(all[i], i % 2 ? SIGUSR1 : SIGRTMIN + 2);
    overruns();
    notifications();
    interval_timers();
    clocks();
    descriptors();
    return 0;
}
