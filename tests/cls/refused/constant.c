// message: address of the variable 'number' as a constant
static int number = 1;
int main(void) {
    long result;
    __asm__("leaq %c1(%%rip), %0" : "=r"(result) : "i"(&number));
    return (int)result;
}
