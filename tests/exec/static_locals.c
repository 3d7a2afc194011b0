/* Static locals, large zeroed and initialised data, data at both ends of .data and .bss, read-only data kept
 * apart. */
#include <stdio.h>
#include <string.h>

static char zeroes[3 << 20];
static int initialised[50000] = {[0] = 1, [49999] = 2};
static const int constants[5000] = {[1] = 3, [4999] = 4};
int common_symbol;
extern char **environ;
static int next(void) {
    static int n = 5;
    static char text[] = "abc";
    text[0]++;
    return n++ + text[0];
}
struct config {
    const char *name;
    double rates[3];
    int flags;
} config = {"default", {0.5, 1.5}, 3};

int main(int argc, char **argv) {
    for (int i = 0; i < 4; i++)
        printf("%d ", next());
    long sum = 0;
    for (size_t i = 0; i < sizeof zeroes; i += 4093)
        sum += zeroes[i], zeroes[i] = (char)i;
    for (size_t i = 0; i < sizeof zeroes; i += 4093)
        sum += zeroes[i];
    for (int i = 0; i < 50000; i++)
        sum += initialised[i], initialised[i] = i;
    for (int i = 0; i < 5000; i++)
        sum += constants[i];
    common_symbol += 9;
    config.rates[2] = config.rates[0] * 3;
    printf("%ld %d %s %g %d\n", sum, common_symbol, config.name, config.rates[2], initialised[777]);
    printf("%d %d\n", argc, argv[argc] == NULL && argv[0] != NULL);
    return common_symbol;
}
