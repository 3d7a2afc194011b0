/* volatile objects of every type, volatile members and pointers: the number and order of accesses. */
#include <stdint.h>
#include <stdio.h>

struct device {
    volatile uint8_t status;
    volatile uint16_t data;
    volatile uint32_t control;
    volatile uint64_t count;
    volatile float level;
    volatile double gain;
};
static struct device device;
static volatile int counter;
static volatile struct {
    int a, b;
} pair;

static int poll(struct device *d, int limit) {
    while (limit-- > 0) {
        d->status ^= 1;
        if (d->status & 1)
            d->data = (uint16_t)(d->data + d->status);
        d->control |= 1u << (limit & 31);
        d->count += d->data;
        d->level *= 1.25f;
        d->gain += d->level;
    }
    return d->data;
}

int main(void) {
    device.level = 1;
    printf("%d\n", poll(&device, 40));
    printf("%u %u %u %lu %g %g\n", device.status, device.data, device.control, device.count, device.level,
           device.gain);
    for (int i = 0; i < 10; i++)
        counter++, counter += counter--, ++counter;
    pair.a = counter, pair.b = pair.a * 2;
    int *volatile pointer = (int *)&pair.b;
    *pointer += 1;
    printf("%d %d %d\n", counter, pair.a, pair.b);
    return 0;
}
