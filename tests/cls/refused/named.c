// message: names the variable 'number'
static int number = 1;
int main(void) {
    int result;
    __asm__("movl number(%%rip), %0" : "=r"(result) : "m"(number));
    return result;
}
