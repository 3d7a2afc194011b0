#include <stdio.h>

int aligned_32(const int *), aligned_64(const int *);
long aligned_in_memory(long, long), many_arguments(long, long, long, long, long, long, long, long, long),
    call_without_frame(long, long, long, long, long, long, long), shared_end_1(long), shared_end_2(long), recursive(long), red_zone(long, long),
    distances(long);
float aligned_calls(const float *);

int main(void) {
    int values[8] = {1, -2, 3, 40, 50, 600, 7, 8};
    float floats[4] = {1.5f, 2.25f, 3, 4};
    printf("%d %d\n", aligned_32(values), aligned_64(values));
    printf("%ld\n", aligned_in_memory(5, 77));
    printf("%ld\n", many_arguments(1, 2, 3, 4, 5, 6, 70, 800, 9000));
    printf("%ld\n", call_without_frame(21, 2, 3, 4, 5, 6, 700));
    printf("%f\n", aligned_calls(floats));
    printf("%ld %ld\n", shared_end_1(10), shared_end_2(10));
    printf("%ld %ld\n", recursive(1), recursive(2));
    printf("%ld\n", red_zone(1000, 1));
    printf("%ld\n", distances(3));
    return 0;
}
