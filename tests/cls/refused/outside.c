// message: assembly outside of functions names the variable 'number'
int number = 1;
__asm__(".text\n.globl get\n.type get,@function\nget: endbr64\nmovl number(%rip), %eax\nret\n");
int get(void);
int main(void) {
    return get();
}
