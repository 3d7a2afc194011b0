/* Inline assembly with variables as operands; constants as constants. */
#include "check.h"

static int number = 40;
static long array[4] = {1, 2, 3, 4};
static const int constant = 3;

int main(void) {
    __asm__("addl $2, %0" : "+m"(number));
    CHECK(*(int *)opaque(&number) == 42);
    long result;
    __asm__("movq (%1), %0" : "=r"(result) : "r"(&array[2]) : "memory");
    CHECK(result == 3);
    __asm__("movq %1, %0" : "=r"(result) : "m"(array[3]));
    CHECK(result == 4);
    __asm__("lock; xaddq %0, %1" : "+r"(result), "+m"(array[0]));
    CHECK(result == 1 && *(long *)opaque(array) == 5);
    __asm__("movl %1, %k0" : "=r"(result) : "g"(number));
    CHECK((int)result == 42);
    __asm__("leal (%1,%1), %k0" : "=r"(result) : "r"((long)constant));
    CHECK((int)result == 6);
    __asm__("movl %1, %k0" : "=r"(result) : "i"(sizeof array));
    CHECK((int)result == 32);
    return DONE;
}
