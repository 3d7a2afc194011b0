/* 16-byte atomics: cmpxchg16b. */
// flags: -mcx16
#include <stdint.h>
#include <stdio.h>

typedef unsigned __int128 u128;
static _Alignas(16) u128 shared;

static void show(u128 x) {
    printf("%016lx%016lx\n", (uint64_t)(x >> 64), (uint64_t)x);
}

int main(void) {
    for (int i = 1; i < 8; i++) {
        u128 seen = __sync_val_compare_and_swap(&shared, shared, ((u128)i << 100) + (u128)i * 7);
        show(seen);
        show(shared);
        printf("%d\n", __sync_bool_compare_and_swap(&shared, (u128)5, (u128)6));
        show(__sync_fetch_and_add(&shared, (u128)1 << 63));
        show(__sync_lock_test_and_set(&shared, (u128)i << 70));
    }
    struct {
        uint64_t low, high;
    } pair = {1, 2};
    unsigned char equal;
    _Alignas(16) uint64_t target[2] = {1, 2};
    __asm__ volatile("lock cmpxchg16b %1\n\tsetz %0"
                     : "=q"(equal), "+m"(target), "+a"(pair.low), "+d"(pair.high)
                     : "b"(10L), "c"(20L)
                     : "cc");
    printf("%d %lu %lu\n", equal, target[0], target[1]);
    return 0;
}
