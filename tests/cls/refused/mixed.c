// with: mixed.fixed.c
// message: refers directly to a variable of the relocatable model
__attribute__((visibility("hidden"))) int number = 1;
int get(void);
int main(void) {
    return get();
}
