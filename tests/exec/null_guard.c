/* Pointers compared, subtracted and hashed: guest addresses are small and ordered like everyone's. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int data[10];
static int function(int n) {
    return n + 1;
}

int main(void) {
    int local[10], *heap = malloc(40);
    printf("%d %d %d\n", &data[3] - &data[1] == 2, &local[9] > &local[0], heap != NULL);
    printf("%d\n", (uintptr_t)data % sizeof(int) == 0 && (uintptr_t)heap % 16 == 0);
    int *p = data + 10;
    while (p-- != data)
        *p = (int)(p - data);
    int (*f)(int) = function, (*g)(int) = &function;
    printf("%d %d %d\n", f == g, (*f)(4), (**g)(5));
    void *erased = (void *)f;
    printf("%d\n", ((int (*)(int))erased)(data[9]));
    uintptr_t tagged = (uintptr_t)heap | 3;
    *(int *)(tagged & ~(uintptr_t)3) = 77;
    printf("%d %lu\n", *heap, (unsigned long)(tagged & 3));
    free(heap);
    return 0;
}
