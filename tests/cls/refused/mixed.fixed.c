extern int number __attribute__((visibility("hidden")));
int get(void) {
    return number;
}
