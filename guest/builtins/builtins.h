/* The functions that clang calls for what x86-64 can't do in an instruction or two. Names and meaning are the
 * compiler's. */
#ifndef ORC_GUEST_BUILTINS_H
#define ORC_GUEST_BUILTINS_H

#include <stddef.h>
#include <stdint.h>

typedef unsigned __int128 uint128;
typedef __int128 int128;

uint128 __udivmodti4(uint128 value, uint128 divisor, uint128 *remainder);
uint128 __udivti3(uint128 value, uint128 divisor);
uint128 __umodti3(uint128 value, uint128 divisor);
int128 __divmodti4(int128 value, int128 divisor, int128 *remainder);
int128 __divti3(int128 value, int128 divisor);
int128 __modti3(int128 value, int128 divisor);
int128 __multi3(int128 left, int128 right);
int128 __muloti4(int128 left, int128 right, int *overflow);

int128 __fixsfti(float value);
int128 __fixdfti(double value);
int128 __fixxfti(long double value);
uint128 __fixunssfti(float value);
uint128 __fixunsdfti(double value);
uint128 __fixunsxfti(long double value);
float __floattisf(int128 value);
double __floattidf(int128 value);
long double __floattixf(int128 value);
float __floatuntisf(uint128 value);
double __floatuntidf(uint128 value);
long double __floatuntixf(uint128 value);

float __powisf2(float base, int exponent);
double __powidf2(double base, int exponent);
long double __powixf2(long double base, int exponent);

_Complex float __mulsc3(float a, float b, float c, float d);
_Complex double __muldc3(double a, double b, double c, double d);
_Complex long double __mulxc3(long double a, long double b, long double c, long double d);
_Complex float __divsc3(float a, float b, float c, float d);
_Complex double __divdc3(double a, double b, double c, double d);
_Complex long double __divxc3(long double a, long double b, long double c, long double d);

int __cpu_indicator_init(void);

/* All others are hidden, a copy in each object; these are one for all. */
#define SHARED __attribute__((weak, visibility("default")))

/* Where this thread keeps the pointer of its dynamic stack (toolchain/pass/dynamic_stack.cpp). */
SHARED void **__orc_dynamic_stack(void);
SHARED void *__orc_dynamic_alloc(void **place, size_t size, size_t alignment);

#endif
