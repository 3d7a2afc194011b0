/* Thread-local variables: scalars, arrays, structs, zeroed and initialised, static and external, every model.
 */
#include <stdio.h>
#include <string.h>

__thread int counter = 41;
__thread int zero;
static __thread char text[300] = "thread-local text";
static __thread struct {
    double d;
    int i[5];
    const char *p;
} mixed = {2.5, {1, 2, 3, 4, 5}, "pointer"};
__thread long initial_exec __attribute__((tls_model("initial-exec"))) = 100;
static __thread long local_exec __attribute__((tls_model("local-exec"))) = 200;
__thread long local_dynamic __attribute__((tls_model("local-dynamic"))) = 300;
__thread long general __attribute__((tls_model("global-dynamic"))) = 400;
static _Thread_local _Alignas(64) char aligned[64];
static __thread int table[1000];
_Thread_local unsigned char byte = 200;
_Thread_local unsigned short word = 60000;
_Thread_local float single = 1.5f;
_Thread_local __int128 wide = 5;
_Thread_local long double extended = 2.25L;

static __attribute__((noinline)) int *address_of_counter(void) {
    return &counter;
}
static __attribute__((noinline)) long *address(int which) {
    switch (which) {
    case 0:
        return &initial_exec;
    case 1:
        return &local_exec;
    case 2:
        return &local_dynamic;
    default:
        return &general;
    }
}
static int function_static(void) {
    static __thread int calls = 7;
    return calls++;
}

int main(void) {
    counter++;
    *address_of_counter() *= 2;
    printf("%d %d %s\n", counter, zero, text);
    strcat(text, " grows");
    printf("%s %g %d %s\n", text, mixed.d, mixed.i[4], mixed.p);
    for (int i = 0; i < 4; i++) {
        *address(i) += i;
        printf("%ld ", *address(i));
    }
    printf("%ld\n", initial_exec + local_exec + local_dynamic + general);
    for (int i = 0; i < 1000; i++)
        table[i] = i * counter;
    long sum = 0;
    for (int i = 0; i < 1000; i += 3)
        sum += table[i];
    printf("%ld %lu\n", sum, (unsigned long)aligned & 63);
    for (int i = 0; i < 5; i++)
        printf("%d ", function_static());
    byte += 100, word += 10000, single *= 3, wide <<= 70, extended /= 3;
    printf("%d %d %g %lx %.19Lg\n", byte, word, single, (long)(wide >> 64), extended);
    return 0;
}
