/* Weak definitions and references, aliases, visibility, constructors and destructors. */
#include <stdio.h>

extern int missing_variable __attribute__((weak));
extern int missing_function(int) __attribute__((weak));
__attribute__((weak)) int weak_function(int n) {
    return n + 1;
}
__attribute__((weak)) int weak_variable = 5;
int real_function(int n) {
    return n * 2;
}
extern int alias_function(int) __attribute__((alias("real_function")));
extern __typeof(real_function) weak_alias __attribute__((weak, alias("real_function")));
__attribute__((visibility("hidden"))) int hidden_variable = 7;
__attribute__((visibility("protected"))) int protected_function(int n) {
    return n - hidden_variable;
}
static int order[8], count;
__attribute__((constructor(200))) static void second(void) {
    order[count++] = 2;
}
__attribute__((constructor(150))) static void first(void) {
    order[count++] = 1;
}
__attribute__((constructor)) static void last(void) {
    order[count++] = 3;
}
__attribute__((destructor)) static void finish(void) {
    printf("destructor\n");
}
__attribute__((section("custom_data"), used, retain)) static int in_section_a = 11, in_section_b = 22;
extern int __start_custom_data[], __stop_custom_data[];
__attribute__((cold, noinline)) static int cold_path(int n) {
    return n ^ 0x5a;
}
__attribute__((hot)) static int hot_path(int n) {
    return __builtin_expect(n > 1000, 0) ? cold_path(n) : n + 1;
}

int main(void) {
    printf("%d %d\n", &missing_variable == 0, missing_function ? missing_function(1) : -1);
    printf("%d %d %d %d %d\n", weak_function(1), weak_variable, alias_function(21), weak_alias(4),
           protected_function(10));
    for (int i = 0; i < count; i++)
        printf("%d ", order[i]);
    int sum = 0;
    for (int *p = __start_custom_data; p < __stop_custom_data; p++)
        sum += *p;
    printf("%d %d %d\n", sum, hot_path(5), hot_path(5000));
    return 0;
}
