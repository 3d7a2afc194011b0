#!/bin/bash
# A freestanding library the way its users build it: configure asks the compiler questions, make -j2 compiles, and again
# after a header changed; everything is installed.
. tests/toolchain/tap.sh

cat >configure <<'SH'
#!/bin/sh
# The questions that configure scripts ask.
set -e
CC=${CC:-cc}
say() { echo "checking $1... $2"; }
echo 'int main(void) { return 0; }' >conftest.c
$CC $CFLAGS -c conftest.c >>config.log 2>&1 || { echo "the compiler doesn't work"; exit 1; }
[ -f conftest.o ] || exit 1
say "whether the compiler works" yes
$CC $CFLAGS $LDFLAGS -o conftest conftest.c >>config.log 2>&1 && say "whether it links" yes || say "whether it links" no
try() { # NAME SOURCE FLAGS...: whether it compiles
    name=$1; printf '%b\n' "$2" >conftest.c; shift 2
    if $CC $CFLAGS -Werror "$@" -c conftest.c >>config.log 2>&1; then say "$name" yes; echo "#define $name 1" >>config.h; else say "$name" no; fi
}
: >config.h
printf '#ifndef __GNUC__\n#error\n#endif\n' >conftest.c && $CC -E conftest.c >/dev/null 2>&1 && say "for GNU C" yes
try HAVE_HIDDEN '__attribute__((visibility("hidden"))) int x;'
try HAVE_STDINT '#include <stdint.h>\nuint32_t x;'
try HAVE_STDDEF '#include <stddef.h>\nsize_t x;'
try HAVE_STDARG '#include <stdarg.h>\nint f(int n, ...) { va_list a; va_start(a, n); int x = va_arg(a, int); va_end(a); return x; }'
try HAVE_NO_SUCH_HEADER '#include <no/such/header.h>'
try HAVE_HOST_LIBC '#include <gnu/libc-version.h>'
try HAVE_AVX2_TARGET '__attribute__((target("avx2"))) void f(void) {}'
try HAVE_BUILTIN_EXPECT 'int f(int x) { return __builtin_expect(x, 1); }'
try HAVE_BAD_FLAG 'int x;' -fno-such-flag-at-all
try HAVE_FUNCTION_SECTIONS 'int x;' -ffunction-sections
try HAVE_INT128 '__int128 f(__int128 a, __int128 b) { return a / b; }'
try HAVE_IFUNC 'static int a(void) { return 1; }\nstatic void *r(void) { return (void *) a; }\nint f(void) __attribute__((ifunc("r")));'
try HAVE_THREAD '_Thread_local int x;'
[ "$($CC -dumpmachine)" = x86_64-unknown-linux-musl ] && say "for the system" "$($CC -dumpmachine)"
LD=$($CC -print-prog-name=ld); case $($LD -v 2>&1) in *GNU*) say "for GNU ld" "$LD" ;; *) exit 1 ;; esac
rm -f conftest*
printf 'CC=%s\nCFLAGS=%s\nLDFLAGS=%s\n' "$CC" "$CFLAGS" "$LDFLAGS" >config.mk
SH
chmod +x configure
mkdir src
cat >Makefile <<'MK'
include config.mk
AR = ar
OBJECTS = src/alpha.o src/beta.o src/gamma.o
PICS = $(OBJECTS:.o=.lo)
all: libsample.a libsample.so.1 sample
src/%.o: src/%.c ; $(CC) $(CFLAGS) -I. -MMD -MP -MF $@.d -c -o $@ $<
src/%.o: src/%.S ; $(CC) $(CFLAGS) -I. -MMD -MP -MF $@.d -c -o $@ $<
src/%.lo: src/%.c ; $(CC) $(CFLAGS) -I. -fPIC -DPIC -MMD -MP -MF $@.d -c -o $@ $<
src/%.lo: src/%.S ; $(CC) $(CFLAGS) -I. -fPIC -DPIC -MMD -MP -MF $@.d -c -o $@ $<
libsample.a: $(OBJECTS) ; $(AR) rcs $@ $(OBJECTS)
libsample.so.1: $(PICS) ; $(CC) -shared -Wl,-soname,$@ $(LDFLAGS) -o $@ $(PICS)
sample: src/sample.o libsample.a ; $(CC) $(LDFLAGS) -o $@ src/sample.o -L. -lsample
install: all ; install -d $(DESTDIR)/lib $(DESTDIR)/bin && install -m 644 libsample.a libsample.so.1 $(DESTDIR)/lib && install -s --strip-program=$(STRIP) sample $(DESTDIR)/bin
-include $(wildcard src/*.d)
MK
cat >src/sample.h <<'C'
#include <stdint.h>
#include "config.h"
#ifndef HAVE_HIDDEN
#error "visibility should work"
#endif
#if defined HAVE_NO_SUCH_HEADER || defined HAVE_HOST_LIBC || defined HAVE_BAD_FLAG || defined HAVE_IFUNC
#error "configure found what isn't there"
#endif
#define STEP 3
uint32_t alpha(uint32_t), beta(uint32_t), gamma_(uint32_t);
C
sed -i 's/src\/gamma.o$/src\/gamma.o/' Makefile
echo '#include "sample.h"
uint32_t alpha(uint32_t x) { return beta(x) + STEP; }' >src/alpha.c
echo '#include "sample.h"
__attribute__((visibility("hidden"))) uint32_t counter;
uint32_t beta(uint32_t x) { return gamma_(x) + counter++; }' >src/beta.c
cat >src/gamma.S <<'S'
    .text
    .globl gamma_
    .type gamma_,@function
gamma_:
    endbr64
    leal 1(%rdi), %eax
    ret
    .size gamma_, .-gamma_
    .section .note.GNU-stack,"",@progbits
S
echo '#include "sample.h"
void _start(long *i) { long status = alpha(4) == 8 ? 0 : 1; (void) i; ((long (*)(long, long)) 0x10000)(0, status); }' >src/sample.c

export CC=orc-cc CFLAGS="-O2 -g -ffreestanding" LDFLAGS=-nostdlib
check "configure runs" ./configure
check "and finds what a freestanding compiler has" eval 'for h in HIDDEN STDINT STDDEF STDARG AVX2_TARGET BUILTIN_EXPECT FUNCTION_SECTIONS INT128 THREAD; do grep -q "HAVE_$h " config.h || exit 1; done'
check "and nothing of the host" eval '! grep -qE "HOST_LIBC|NO_SUCH|BAD_FLAG|IFUNC" config.h'
check "make -j2" make -j2 AR=orc-ar
check "the objects verify" eval '"$build/bin/orc" verify sample libsample.so.1'
check "make again does nothing" eval 'make AR=orc-ar | grep -q "Nothing to be done"'
check "a changed header rebuilds what includes it" eval 'sleep 1; touch src/sample.h; make AR=orc-ar -j2 >log && grep -q alpha.o log && grep -q "alpha.lo" log && ! grep -q -e "-c -o src/gamma" log'
check "a broken source stops make and leaves no object" eval 'cp src/alpha.c keep.c; echo "int broken(" >>src/alpha.c; ! make AR=orc-ar >log 2>&1 && [ ! -e src/alpha.o ]; s=$?; cp keep.c src/alpha.c; exit $s'
check "mended, it builds" make AR=orc-ar -j2
check "make install strips with orc-strip" eval 'make AR=orc-ar STRIP=orc-strip DESTDIR=$PWD/dest install && [ -x dest/bin/sample ] && { "$build/bin/orc" verify dest/bin/sample dest/lib/libsample.so.1; }'
check "the same tree again gives the same bytes" eval 'cp libsample.so.1 first.so; cp sample first; find . -name "*.o" -delete; find . -name "*.lo" -delete; rm libsample* sample; make -j2 AR=orc-ar && cmp first.so libsample.so.1 && cmp first sample'
check "it runs" eval '"$build/bin/orc" bare sample'
check "no temporary file is left" no_temporaries
finish_tests
