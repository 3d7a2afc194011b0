#!/bin/bash
# orc-cc as a compiler driver: what build systems expect of a CC.
. tests/toolchain/tap.sh

cat >one.c <<'C'
int two(int x);
int one(int x) { return two(x) + 1; }
C
cat >two.c <<'C'
#include "two.h"
int two(int x) { return x + TWO; }
C
echo '#define TWO 2' >two.h
echo 'int broken(' >bad.c
cat >plain.s <<'S'
    .text
    .globl plain
    .type plain,@function
plain:
    endbr64
    movl (%rdi), %eax
    ret
S
cat >cpp.S <<'S'
#include "two.h"
    .text
    .globl cpp
    .type cpp,@function
cpp:
    endbr64
    movl $TWO, %eax
    ret
S

is_file() { [ -s "$1" ]; }
has_symbol() { llvm-nm-22 "$1" | grep -q " $2\$"; }
prints() { local expected=$1; shift; [ "$("$@" 2>/dev/null)" = "$expected" ]; }
finds() { local pattern=$1; shift; "$@" 2>&1 | grep -q -e "$pattern"; }

check "-c names the object after the source" eval 'orc-cc -c one.c && is_file one.o'
mkdir -p sub && cp one.c sub/deep.c
check "-c writes into the working directory" eval 'orc-cc -c sub/deep.c && is_file deep.o && [ ! -e sub/deep.o ]'
check "-c -o FILE" eval 'orc-cc -c one.c -o other.o && has_symbol other.o one'
check "-oFILE without a space" eval 'orc-cc -c one.c -oattached.o && is_file attached.o'
check "-c with several sources" eval 'rm -f one.o two.o; orc-cc -c one.c two.c && is_file one.o && is_file two.o'
refuse "-c -o with several sources" "cannot specify -o" orc-cc -c one.c two.c -o both.o
check "-S gives rewritten assembly" eval 'orc-cc -O0 -S one.c && grep -q "%gs:" one.s'
check "-S -o - prints it" eval 'orc-cc -O2 -S one.c -o - | grep -q "^one:"'
check "-S output assembles back" eval 'orc-cc -O2 -S two.c -o two.s && clang-22 -c two.s -o two-again.o && has_symbol two-again.o two'
check "-E preprocesses to standard output" finds 'return x + 2' orc-cc -E two.c
check "-E defines no host C library" eval '! orc-cc -dM -E two.c | grep -q __GLIBC__'
check "-D and -U" eval 'echo "int v = V;" | orc-cc -DV=7 -x c -c - -o v.o && ! echo "int v = V;" | orc-cc -DV=7 -UV -x c -c - -o v.o'
check "-I, separate and attached" eval 'cp two.c sub/two.c && mkdir -p inc && cp two.h inc/ && (cd sub && orc-cc -I ../inc -c two.c -o a.o && orc-cc -I../inc -c two.c -o b.o)'
check "-include" eval 'echo "int v = TWO;" | orc-cc -include two.h -x c -c - -o v.o'
check "standard input with -x c" eval 'echo "int in;" | orc-cc -x c -c - -o in.o && has_symbol in.o in'
refuse "standard input without -x" "-E or -x required" orc-cc -c -
check "@FILE with quoting" eval 'echo "-c one.c -o \"resp onse.o\" -DX=\\\"y\\\"" >args && orc-cc @args && is_file "resp onse.o"'
check "-x c on another extension" eval 'cp one.c one.txt && orc-cc -x c -c one.txt -o txt.o && has_symbol txt.o one'
check "-x none ends it" eval 'orc-cc -x c -c one.txt -x none plain.s && is_file plain.o'
check ".i files" eval 'orc-cc -E two.c -o two.i && orc-cc -c two.i -o i.o && has_symbol i.o two'
check ".s files are rewritten" eval 'orc-cc -c plain.s && llvm-objdump-22 -d plain.o | grep -q "%gs:(%edi)"'
check ".S files are preprocessed and rewritten" eval 'orc-cc -c cpp.S && llvm-objdump-22 -d cpp.o | grep -q "\$0x2, %eax"'
check "-x assembler-with-cpp from standard input" eval 'orc-cc -x assembler-with-cpp -I. -c - -o stdin-asm.o <cpp.S && has_symbol stdin-asm.o cpp'
check "-x assembler from standard input" eval 'orc-cc -x assembler -c - -o stdin-s.o <plain.s && has_symbol stdin-s.o plain'
check "-o /dev/null" eval 'orc-cc -c one.c -o /dev/null && [ -c /dev/null ]'
check "-O0 to -O3, -Os, -Oz, -Og" eval 'for o in 0 1 2 3 s z g; do orc-cc -O$o -c two.c -o o.o || exit 1; done'
check "--version is clang's" finds 'clang version 22' orc-cc --version
check "-dumpmachine" prints x86_64-unknown-linux-musl orc-cc -dumpmachine
check "-print-prog-name=ld is orc-ld" prints "$bin/orc-ld" orc-cc -print-prog-name=ld
check "-print-file-name of an unknown file" prints nothing.a orc-cc -print-file-name=nothing.a
check "-print-libgcc-file-name" finds libbuiltins.a orc-cc -print-libgcc-file-name
check "-print-search-dirs" finds '^programs: =' orc-cc -print-search-dirs
check "-print-resource-dir goes to clang" finds 'lib/clang/22' orc-cc -print-resource-dir
check "-v shows the commands" finds 'orc-sfi' orc-cc -v -c one.c
check "-### shows them and runs nothing" eval 'rm -f one.o; finds orc-sfi orc-cc "-###" -c one.c && [ ! -e one.o ]'
refuse "no input" "no input files" orc-cc
refuse "a missing source" "no such file" orc-cc -c missing.c
refuse "an error in the source names it" "bad.c:1:12: error" orc-cc -c bad.c
check "and leaves no object" eval '[ ! -e bad.o ]'
check "and takes away an old one" eval 'echo old >old.o; ! orc-cc -c bad.c -o old.o && [ ! -e old.o ]'
check "the other sources are still compiled" eval 'rm -f one.o; ! orc-cc -c bad.c one.c && is_file one.o'
refuse "an unknown option" "unknown argument" orc-cc -fno-such-thing -c one.c
refuse "-o without its value" "argument to '-o' is missing" orc-cc -c one.c -o
refuse "errors in inline assembly name the source" "asm.c:1:" eval 'echo "void f(void) { __asm__(\"nonsense %eax\"); }" >asm.c; orc-cc -c asm.c'
refuse "what can't be confined names the source and the rule" "sys.c:1: error: rule 1" eval 'echo "void f(void) { __asm__(\"syscall\"); }" >sys.c; orc-cc -c sys.c'
check "-Werror and warnings work" eval '! orc-cc -Wall -Werror -c -x c - -o w.o <<<"static int unused;"'
printf '#include <sys/socket.h>\nstruct cmsghdr *next(struct msghdr *m, struct cmsghdr *c) { return CMSG_NXTHDR(m, c); }\n' >macros.c
check "macros of system headers are silent" orc-cc -Wall -Wextra -Werror -c macros.c
check "-fsyntax-only" eval 'orc-cc -fsyntax-only one.c && ! orc-cc -fsyntax-only bad.c'

check "-M prints dependencies" finds 'two.o: .*two.h' orc-cc -M two.c
check "-MM -MT" finds '^name: ' orc-cc -MM -MT name two.c
check "-MD -c: two.d with target two.o" eval 'rm -f two.d; orc-cc -MD -c two.c && grep -q "^two.o:.*two.h" two.d'
check "-MMD -c -o: names follow -o" eval 'orc-cc -MMD -c two.c -o sub/x.lo && grep -q "^sub/x.lo:" sub/x.d'
check "-MD -MF -MT" eval 'orc-cc -MD -MF dep.mk -MT tgt -c two.c -o y.o && grep -q "^tgt:" dep.mk'
check "-MD -MP" eval 'orc-cc -MD -MP -c two.c && grep -q "^two.h:" two.d'
check "-MD for .S" eval 'rm -f cpp.d; orc-cc -MD -c cpp.S && grep -q "^cpp.o:.*two.h" cpp.d'
check "a precompiled header" eval 'orc-cc -x c-header two.h -o two.pch && is_file two.pch'
check "-save-temps keeps the rewritten assembly" eval 'rm -f two.s; orc-cc -save-temps -O0 -c two.c && grep -q "%gs:\|%rbp" two.s'
check "-emit-llvm is clang's" eval 'orc-cc -emit-llvm -S two.c -o two.ll && grep -q "^define" two.ll && orc-cc -c two.ll -o ll.o && has_symbol ll.o two'

for option in -m32 -mcmodel=large -mcmodel=medium -fsanitize=address -fsplit-stack -mretpoline; do
    refuse "$option is refused" "isn't possible" orc-cc $option -c one.c
done
for option in -pg -fprofile-arcs -ftest-coverage --coverage -fprofile-generate=dir -fcoverage-mapping; do
    refuse "$option is refused, and what works is told" "isn't possible: .*measure a native build" orc-cc $option -c one.c
done
for option in -fopenmp -fopenmp=libgomp -fopenmp=libomp; do
    refuse "$option is refused, and what works is told" "isn't possible: .*-fopenmp-simd" orc-cc $option -c one.c
done
check "-fopenmp-simd works" orc-cc -fopenmp-simd -Werror -c one.c -o simd.o
refuse "C++ is refused" "only C and assembly" eval 'echo >x.cpp; orc-cc -c x.cpp'
check "-flto is ignored with a warning" eval 'orc-cc -flto -O2 -c one.c -o lto.o 2>err && grep -q "warning: .-flto. is ignored" err && has_symbol lto.o one'
check "-fsanitize=undefined with traps" orc-cc -fsanitize=undefined -fsanitize-trap=undefined -O1 -c one.c -o ub.o
check "-fno-plt, -fno-pic and frame pointers are neutralised" eval \
    'orc-cc -fno-plt -fno-pic -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -O1 -c one.c -o n.o && llvm-readelf-22 -r n.o | grep -q PLT32'
check "-march=x86-64-v4 gives no AVX-512" eval 'echo "void f(float *a) { for (int i = 0; i < 64; i++) a[i] *= 2; }" >v.c; orc-cc -O3 -march=x86-64-v4 -c v.c && ! llvm-objdump-22 -d v.o | grep -q zmm'
check "options that other programs pass" eval '( for o in -fstack-protector-strong -fstack-clash-protection -fzero-call-used-regs=used -ftrivial-auto-var-init=zero -march=native -mapxf -mavx10.2 -mno-red-zone -fcf-protection=none -fcf-protection=full -fexceptions -mstackrealign -gz -gsplit-dwarf -g3 -gdwarf-4 -finstrument-functions -mtls-dialect=gnu2 -pipe -fwrapv -mharden-sls=all; do echo $o; orc-cc -O2 $o -c one.c -o option.o && orc-cc -shared -nostdlib option.o -o option.so && "$build/bin/orc" verify option.so || exit 1; done )'
check "-masm=intel is for the source, not for us" eval 'echo "int f(int x) { __asm__(\"add %0, 5\" : \"+r\"(x)); return x; }" >intel.c; orc-cc -masm=intel -O1 -c intel.c -o intel.o && llvm-objdump-22 -d intel.o | grep -q "addl.*\$0x5"'

check "the same source gives the same bytes" eval 'orc-cc -g -O2 -c one.c -o d1.o && orc-cc -g -O2 -c one.c -o d2.o && cmp d1.o d2.o'
check "no temporary name in the object" eval '! strings -a d1.o | grep -q "orc-[A-Za-z0-9]\{6\}\|\.orc\.s"'
check "debug information names the source and the lines" eval 'llvm-symbolizer-22 --obj=d1.o 0x4 | grep -q "one.c:2"'
check "parallel runs don't disturb each other" eval 'for i in 1 2 3 4 5 6; do orc-cc -O2 -c one.c -o p$i.o & done; wait; for i in 2 3 4 5 6; do cmp p1.o p$i.o || exit 1; done'

refuse "an unwritable directory" "unable to open output file" orc-cc -c one.c -o /proc/none/x.o
if [ -e /dev/full ]; then
    check "a full device" eval '! orc-cc -c one.c -o /dev/full && [ -c /dev/full ]'
fi
check "a missing compiler is named" eval '! ORC_CLANG=/nonexistent/clang orc-cc -c one.c 2>err && grep -q "unable to run ./nonexistent/clang" err'
check "a missing rewriter is named" eval '! ORC_SFI=/nonexistent/orc-sfi orc-cc -c one.c 2>err && grep -q "unable to run ./nonexistent/orc-sfi" err'

# What only the verifier knows is said with the line, too.
for instruction in rdtscp "rdrand %rax" "rdseed %rax" "rdpid %rax" "clflush (%rdi)" monitor "xsavec (%rdi)" "vpaddd %zmm0, %zmm1, %zmm2" "vaddps %xmm20, %xmm1, %xmm2" "vpdpbusd %ymm0, %ymm1, %ymm2" "ptwrite %rax" ".byte 0x0f, 0x01, 0xf9" rdpkru "movq %cr0, %rax" serialize; do
    name=${instruction%% *}
    printf 'void g(void);\nvoid f(void) {\n    g();\n    __asm__ volatile("nop\\n\\t%s");\n}\n' "$(echo "$instruction" | sed 's/%/%%/g;s/%%/%/g')" >late.c
    refuse "$instruction in C names the line" "^late.c:4: error: rule 1: " orc-cc -O2 -c late.c -o late.o
    printf '\t.type f,@function\nf:\n\tnop\n\t%s\n\tret\n' "$instruction" >late.s
    # what programs ask the processor for is left out with a warning, the rest refused; bytes are counted to the line before
    check "... in assembly" eval 'orc-cc -c late.s -o late.o 2>err; grep -Eq "^late.s:[34]: (error: rule 1: |warning: f is left out)" err'
    rm -f late.o
done
printf '#include <x86intrin.h>\n\n__attribute__((target("rdrnd"))) int f(unsigned long long *x) {\n    return _rdrand64_step(x);\n}\n' >intrinsic.c
refuse "an intrinsic" "^intrinsic.c:4: error: rule 1: rdrand" orc-cc -ffreestanding -O2 -c intrinsic.c
refuse "... with -S" "^intrinsic.c:4: error: rule 1: rdrand" orc-cc -ffreestanding -O2 -S intrinsic.c -o intrinsic.s
refuse "... to /dev/null" "^intrinsic.c:4: error: rule 1: rdrand" orc-cc -ffreestanding -O2 -c intrinsic.c -o /dev/null
check "and nothing is left" eval '[ ! -e late.o ] && [ ! -e intrinsic.o ] && [ ! -e intrinsic.s ]'
refuse "from standard input the function is named" "rule 1: f+0x[0-9a-f]*: rdrand" eval "orc-cc -ffreestanding -O2 -x c -c - -o in.o <intrinsic.c"
refuse "a branch into an instruction" "^middle.s:3: error: rule 5" eval 'printf "f:\n nop\n jmp . + 4\n movl \$5, %%eax\n ret\n" >middle.s; orc-cc -c middle.s'
cat >in-place.s <<'S'
	.type f,@function
f:
	endbr64
	movq table(%rip), %rax
	testq %rax, %rax
	je .Lb
	movq table+8(%rip), %rax
.Lb:
	jmp *%rax
.La:
	movl %ebx, (%rcx,%rdx)
	movl %esi, (%rdi,%r8)
	movl %r9d, (%r10,%r11)
	movl %r12d, (%r13,%r14)
	movl %r15d, (%r13,%rax)
	retq
	.data
table:
	.quad .La, .Lb
S
check "a guard in place isn't one" eval 'sed "s/.*/__asm__(\"&\");/" in-place.s >in-place.c && orc-cc -c in-place.c -o in-place.o && llvm-objdump-22 -d in-place.o | grep -q "cmpb.*-0x6, 0x3(%rax)"'
check "target_clones fall back" eval 'echo "__attribute__((target_clones(\"avx512f\",\"default\"))) void f(float *a) { for (int i = 0; i < 64; i++) a[i] *= 2; }" >clones.c; orc-cc -w -O3 -c clones.c'
for code in 1 3; do
    printf '#!/bin/sh\nexit %s\n' $code >silent && chmod +x silent
    refuse "a rewriter that says nothing, exit status $code" "failed without a message" eval "ORC_SFI=$PWD/silent orc-cc -c one.c"
    refuse "and the same for IR" "failed without a message" eval "ORC_SFI=$PWD/silent orc-cc -c two.ll"
done
cat >starved <<'S'
#!/bin/sh
# Stands in for the rewriter: has no register left in code with jump tables, and in code without them.
echo "$*: error: rule 6: no register is free" >&2
exit 3
S
chmod +x starved
refuse "what doesn't go away without jump tables is said" "no register is free" eval 'ORC_SFI=$PWD/starved orc-cc -c one.c'
refuse "for assembly too" "no register is free" eval 'ORC_SFI=$PWD/starved orc-cc -c plain.s'
refuse "and for IR" "no register is free" eval 'ORC_SFI=$PWD/starved orc-cc -c two.ll'

cat >switch.c <<'C'
int one(int), two(int), three(int), four(int);
int f(int x, int y) {
    switch (x) {
    case 0: return one(y) + 1;
    case 1: return two(y) * 3;
    case 2: return three(y) - 8;
    case 3: return four(y) + 1;
    case 4: return one(y) - 9;
    case 5: return two(y) + three(y);
    }
    return 0;
}
C
clang-22 --target=x86_64-linux-gnu -O2 -fno-plt -S -emit-llvm switch.c -o switch.ll
clang-22 --target=x86_64-linux-gnu -O2 -fno-plt -march=skylake-avx512 -mprefer-vector-width=512 -S -emit-llvm v.c -o wide.ll
llvm-as-22 switch.ll -o switch.bc
has_tables() { orc-cc "$@" -S -o - | grep -q jump_tables; }
check "IR: jump tables become ours" eval 'has_tables -O2 switch.ll && has_tables -O2 switch.bc'
check "IR: -fno-jump-tables" eval '! has_tables -O2 -fno-jump-tables switch.ll'
check "IR: no warnings, marked, calls by the PLT" eval \
    'for o in 0 1 2 3 s; do orc-cc -Werror -O$o -c switch.bc -o sw.o 2>err && [ ! -s err ] && llvm-objdump-22 -dr sw.o >dump && grep -q endbr64 dump && grep -q PLT32 dump && ! grep -q GOTPCREL dump || exit 1; done'
check "IR: a processor's AVX-512 is left alone" eval 'orc-cc -O2 -c wide.ll -o wide.o && ! llvm-objdump-22 -d wide.o | grep -q zmm'

cat >noreturn.c <<'C'
__attribute__((noreturn, cold)) void fail(int n);
void other(void);
int f(long *t, int *h) {
    if (__builtin_expect(t[0] >= t[1], 0)) fail(1);
    if (__builtin_expect(*h & 16, 0)) { *h &= ~48; h[1]--; while (h[3]) h[3] >>= h[4]; }
    h[5]++;
    return (int)t[0];
}
void g(int x) { if (x) __builtin_unreachable(); other(); }
void h(void) { __asm__ volatile("callq fail"); __builtin_unreachable(); }
C
clang-22 --target=x86_64-linux-gnu -O2 -S -emit-llvm noreturn.c -o noreturn.ll
clang-22 --target=x86_64-linux-musl -O2 -fPIE -fomit-frame-pointer -fno-asynchronous-unwind-tables -S noreturn.c -o plain-noreturn.s
# Each call of fail has a trap behind it.
trapped() { orc-cc -c "$@" -o trapped.o && llvm-objdump-22 -dr --no-show-raw-insn trapped.o | grep -A1 "PLT32.*fail" | grep -v fail | grep -v -e -- | grep -vc ud2 | grep -qx 0; }
for level in -O0 -O1 -O2 -O3 -Os -Oz; do
    check "a trap behind calls that don't return, $level" trapped $level noreturn.c
    check "... from IR" trapped $level noreturn.ll
done
check "... in assembly, where other ways tell another depth" orc-cc -c plain-noreturn.s

cat >slow <<'S'
#!/bin/sh
# Stands in for clang: writes something to its output and never ends.
for argument; do [ "$last" = -o ] && output=$argument; last=$argument; done
echo partial >"$output"
echo other >"$(dirname "$output")/left-behind"
echo $$ >"$SLOW_PID"
exec sleep 60
S
chmod +x slow
export SLOW_PID=$scratch/slow.pid
for signal in INT TERM HUP; do
    rm -f "$SLOW_PID"
    # A background job ignores SIGINT; env gives it its default back.
    ORC_CLANG=$PWD/slow env --default-signal=INT,HUP orc-cc -c one.c -o signal.o 2>/dev/null &
    pid=$!
    for _ in $(seq 100); do [ -s "$SLOW_PID" ] && break; sleep 0.05; done
    child=$(cat "$SLOW_PID")
    kill -$signal $pid
    wait $pid
    code=$?
    check "SIG$signal ends it, its child and its files" eval \
        '[ $code -eq $((128 + $(kill -l $signal))) ] && ! kill -0 $child 2>/dev/null && no_temporaries && [ ! -e signal.o ]'
done
for order in "" -DFIRST; do
    check "the kernel's headers beside the C library's ${order:+in the other order}" orc-cc -Wall -Werror $order -c "$top/tests/toolchain/kernel_headers.c" -o kernel_headers.o
done
check "no temporary file is left after all this" no_temporaries

finish_tests
