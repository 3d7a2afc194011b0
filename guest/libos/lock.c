/* A mutex for the libOS: 0 free, 1 taken, 2 taken and perhaps waited for. */
#include "libos.h"

bool libos_threaded;

void libos_lock(struct libos_lock *lock) {
    int expected = 0;
    if (!libos_threaded) {
        lock->word = 1;
        return;
    }
    if (__atomic_compare_exchange_n(&lock->word, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE) != 0)
        libos_hostcall_repeated(ORC_FUTEX_WAIT, (long)&lock->word, 2, ORC_FOREVER, 0, 0);
}

void libos_unlock(struct libos_lock *lock) {
    if (!libos_threaded)
        lock->word = 0;
    else if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
        orc_hostcall(ORC_FUTEX_WAKE, (long)&lock->word, 1, 0, 0, 0);
}
