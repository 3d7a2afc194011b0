/* C11 atomics and __atomic builtins of every operation and size. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#define EXERCISE(type)                                                                                       \
    static void exercise_##type(type start) {                                                                \
        static _Atomic(type) shared;                                                                         \
        atomic_store(&shared, start);                                                                        \
        printf(#type);                                                                                       \
        for (int i = 1; i < 6; i++) {                                                                        \
            type operand = (type)(i * 77);                                                                   \
            printf(" %lld", (long long)atomic_fetch_add(&shared, operand));                                  \
            printf(" %lld", (long long)atomic_fetch_sub(&shared, (type)i));                                  \
            printf(" %lld", (long long)atomic_fetch_or(&shared, (type)(1 << i)));                            \
            printf(" %lld", (long long)atomic_fetch_and(&shared, (type)~2));                                 \
            printf(" %lld", (long long)atomic_fetch_xor(&shared, operand));                                  \
            printf(" %lld", (long long)atomic_exchange(&shared, (type)(operand + 3)));                       \
            type expected = (type)(operand + (i & 1 ? 3 : 4));                                               \
            printf(" %d", atomic_compare_exchange_strong(&shared, &expected, (type)(operand * 5)));          \
            printf(" %lld %lld", (long long)expected, (long long)atomic_load(&shared));                      \
            printf(" %lld", (long long)__atomic_nand_fetch((type *)&shared, operand, __ATOMIC_SEQ_CST));     \
            printf(" %lld", (long long)__atomic_add_fetch((type *)&shared, (type)1, __ATOMIC_RELAXED));      \
        }                                                                                                    \
        printf("\n");                                                                                        \
    }

EXERCISE(int8_t)
EXERCISE(uint16_t)
EXERCISE(int32_t)
EXERCISE(uint64_t)

static _Atomic(int) flags;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static struct {
    int pad;
    _Atomic(long) counter;
} nested;
static _Atomic(double) real;

int main(void) {
    exercise_int8_t(100);
    exercise_uint16_t(60000);
    exercise_int32_t(-5);
    exercise_uint64_t(0xfedcba9876543210);
    /* bit tests: lock bts, btr, btc */
    for (int bit = 0; bit < 32; bit += 5) {
        int mask = (int)(1u << bit);
        printf("%d", !!(atomic_fetch_or(&flags, mask) & mask));
        printf("%d", !!(atomic_fetch_and(&flags, ~mask) & mask));
        printf("%d ", !!(atomic_fetch_xor(&flags, mask) & mask));
    }
    printf("%x\n", (unsigned)atomic_load(&flags));
    printf("%d%d", atomic_flag_test_and_set(&lock), atomic_flag_test_and_set(&lock));
    atomic_flag_clear(&lock);
    printf("%d\n", atomic_flag_test_and_set(&lock));
    for (int i = 0; i < 10; i++)
        nested.counter += i, nested.counter--, nested.counter *= 3;
    printf("%ld\n", nested.counter);
    real = 1.5;
    for (int i = 0; i < 5; i++)
        real += 0.25 * i, real *= 1.5;
    printf("%g\n", real);
    atomic_thread_fence(memory_order_seq_cst);
    atomic_thread_fence(memory_order_acquire);
    int plain = 5;
    int old = __sync_val_compare_and_swap(&plain, 5, 9);
    printf("%d %d %d %d\n", old, plain, __sync_fetch_and_add(&plain, 4), __sync_lock_test_and_set(&plain, 1));
    __sync_synchronize();
    __sync_lock_release(&plain);
    int *pointer = &plain;
    int *_Atomic atomic_pointer = pointer;
    atomic_fetch_add(&atomic_pointer, 1);
    printf("%d\n", (int)(atomic_load(&atomic_pointer) - pointer));
    return 0;
}
