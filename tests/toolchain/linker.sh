#!/bin/bash
# orc-ld: the layout of an object, its stubs, thread-local sequences, note, and what it refuses.
. tests/toolchain/tap.sh

cat >start.h <<'C'
#define GATE ((long (*)(long, long, long, long, long, long)) 0x10000)
#define EXIT(status) GATE(0, status, 0, 0, 0, 0)
C
cat >program.c <<'C'
#include "start.h"
int initialised = 5, zeroed[100];
const int constant[] = {1, 2, 3};
static int add(int x) { return x + 1; }
int (*const table[])(int) = {add};
int *address = &initialised;
int __attribute__((noinline)) work(int x) { return table[x & 0](x) + *address + zeroed[x] + constant[x]; }
void _start(long *info) { (void) info; EXIT(work(1) == 9 ? 0 : 1); }
C
cat >library.c <<'C'
extern int imported(int), imported_data;
extern __thread int imported_tls;
int counter;
__thread int public_tls = 4;
static __thread int private_tls = 7, private_other;
int exported(int x) {
    counter++;
    public_tls++;
    private_tls += x;
    private_other++;
    return imported(x) + imported_data + imported_tls + private_tls + private_other;
}
int (*const own[])(int) = {exported};
int (*const foreign[])(int) = {exported, imported};
int call(int i) { return own[i](1) + foreign[i](2); }
C
cat >tls.c <<'C'
#include "start.h"
extern __thread int other;                                        /* general-dynamic, to local-exec here */
__thread int mine = 3;                                            /* general-dynamic of a definition */
static __thread int local = 4, second = 5;                        /* local-dynamic */
extern __thread int initial __attribute__((tls_model("initial-exec")));
static _Alignas(16) char block[1 << 18];
__thread int *nothing;
int __attribute__((noinline)) sum(void) { return other + mine + local + second + initial; }
int *__attribute__((noinline)) address(void) { return &initial; }
extern char tls_image[], tls_image_end[];
void _start(long *info) {
    (void) info;
    char *pointer = block + (1 << 17);
    *(void **) pointer = pointer;
    GATE(2, (long) pointer, 0, 0, 0, 0);
    other = 1, mine = 3, local = 4, second = 5, initial = 6;
    int total = sum();
    *address() += total;
    EXIT(sum() == 19 + 19 ? 0 : sum());
}
C
echo '__thread int other; __thread int initial;' >tls-other.c
cat >imported-tls.c <<'C'
extern __thread int public_tls;
int get(void) { return public_tls; }
void _start(long *info) { (void) info; get(); }
C

orc-cc -O2 -g -nostdlib program.c -o program || exit 1
orc-cc -O2 -g -shared -nostdlib library.c -o library.so || exit 1

verified() {
    "$build/bin/orc" verify "$@"
}
section() { llvm-readelf-22 -SW "$1" | grep -q " $2 "; }
# address FILE SECTION: its address as a number
address() { llvm-readelf-22 -SW "$1" | awk -v name="$2" '{ for (i = 1; i < NF; i++) if ($i == name) { print $(i + 2); exit } }'; }
in_order() { local last=-1 value name file=$1; shift; for name; do value=$((16#$(address "$file" "$name"))); [ $value -gt $last ] || return 1; last=$value; done; }
page_apart() { local before=$((16#$(address "$1" "$2"))) after=$((16#$(address "$1" "$3"))); [ $((before / 4096)) -lt $((after / 4096)) ] && [ $((after % 4096)) -eq 0 ]; }
prints() { local expected=$1; shift; [ "$("$@" 2>/dev/null)" = "$expected" ]; }
finds() { local pattern=$1; shift; "$@" 2>&1 | grep -q -e "$pattern"; }
last_bytes() { llvm-objcopy-22 -O binary --only-section=.text "$1" text.bin && [ "$(tail -c 16 text.bin | od -An -tx1 | tr -d ' \n')" = cccccccccccccccccccccccccccccccc ]; }

check "a program links and is verified" verified program
check "a library links and is verified" verified library.so
check "the regions are in order" in_order library.so .dynsym .tdata .got.plt .data.rel.ro .got .bss .plt .text
check "relocated constants are shared when they can be" in_order program .rodata .data.rel.ro .data .bss .text
check "the import table has pages of its own" eval 'page_apart library.so .tdata .got.plt && page_apart library.so .got.plt .data.rel.ro'
check "data and text don't share a page" page_apart library.so .bss .plt
check "the program has an entry" eval '[ "$(llvm-readelf-22 -h program | grep -c "Entry point address: *0x0$")" = 0 ]'
check "both are position-independent" eval 'for f in program library.so; do finds "Type:.*DYN" llvm-readelf-22 -h $f || exit 1; done'
check "stubs jump through the import table" eval 'llvm-objdump-22 -d library.so | grep -q "jmpq	\*%gs:.*(%eip)"'
check "the text ends in traps" eval 'last_bytes library.so && last_bytes program'
check "the import table is empty in the file" eval 'llvm-objcopy-22 -O binary --only-section=.got.plt --set-section-flags .got.plt=alloc,contents library.so got && [ -z "$(tr -d "\\0" <got)" ]'
check "the note is there" finds '4f524300\|ORC' llvm-readelf-22 -n library.so
check "no relocation is left in the constants or the text" eval '! llvm-readelf-22 -d library.so | grep -q TEXTREL'
check "dynamic symbols can be read" finds ' exported' llvm-nm-22 -D library.so
check "sections, headers, symbols: readelf has no complaint" eval '! llvm-readelf-22 -aW library.so 2>&1 >/dev/null | grep -q .'
check "GNU_STACK, DYNAMIC, TLS, EH_FRAME, NOTE segments" eval 'for s in GNU_STACK DYNAMIC TLS GNU_EH_FRAME NOTE; do finds " $s " llvm-readelf-22 -lW library.so || exit 1; done'
check "no interpreter without a C library" eval '! llvm-readelf-22 -lW program | grep -q INTERP'
check "addr2line finds function and line" eval 'a=$(llvm-nm-22 program | sed -n "s/ T work//p"); llvm-symbolizer-22 --obj=program 0x$a | grep -q "program.c:7"'
if command -v gdb >/dev/null; then
    check "gdb finds the line" finds 'Line 7 of "program.c"' gdb -batch -nx -ex 'info line work' program
fi

check "two links give the same bytes" eval 'orc-cc -O2 -g -shared -nostdlib library.c -o again.so && cmp library.so again.so'
check "whatever the output is called and wherever" eval 'mkdir -p away && (cd away && orc-cc -O2 -g0 -shared -nostdlib ../library.c -o x.so) && orc-cc -O2 -g0 -shared -nostdlib library.c -o y.so && cmp away/x.so y.so'
check "--strip-all" eval 'orc-cc -O2 -g -s -shared -nostdlib library.c -o s.so && ! section s.so .symtab && ! section s.so .debug_info && verified s.so'
check "orc-strip keeps the note right" eval 'cp library.so t.so && orc-strip t.so && ! section t.so .symtab && verified t.so && orc-ld --orc-finish t.so && cp t.so u.so && orc-strip -g u.so -o v.so && verified v.so'
check "finishing twice changes nothing" eval 'cp library.so f.so && orc-ld --orc-finish f.so && cmp f.so library.so'

check "local-exec, initial-exec, local-dynamic relaxations" eval 'orc-cc -O2 -nostdlib tls.c tls-other.c -o tls && verified tls'
check "the same at -O0" eval 'orc-cc -O0 -nostdlib tls.c tls-other.c -o tls0 && verified tls0'
check "general-dynamic to initial-exec" eval 'orc-cc -O2 -nostdlib imported-tls.c library.so -o ie --allow-shlib-undefined -Wl,--allow-shlib-undefined 2>/dev/null || orc-cc -O2 -nostdlib imported-tls.c library.so -o ie -Wl,--allow-shlib-undefined; verified ie && llvm-readelf-22 -rW ie | grep -q TPOFF64'
check "the program runs in a bare compartment" "$build/bin/orc" bare program
check "the thread-local one does" "$build/bin/orc" bare tls
check "and at -O0" "$build/bin/orc" bare tls0

check "calls and jumps to undefined weak functions" eval 'printf "__attribute__((weak)) extern int maybe(int);\nint f(int x) { return maybe ? maybe(x) + 1 : x; }\nint g(int x) { if (x && maybe) return maybe(x); return x; }\nvoid _start(long *i) { long s = f(0) + g((int) *i * 0); ((long (*)(long, long)) 0x10000)(0, s); }\n" >weak.c; ( for o in 0 1 2 3; do orc-cc -O$o -nostdlib weak.c -o weak && verified weak && "$build/bin/orc" bare weak || exit 1; done )'
cat >ifunc.c <<'C'
static int times;
static int impl(int a, long b, double c) { return times * 100 + a + (int)b + (int)c; }
static void *resolve(void) { times++; return impl; }
int chosen(int a, long b, double c) __attribute__((ifunc("resolve")));
int (*pointer)(int, long, double) = chosen;
void _start(void) {
    long status = chosen(1, 20, 3.0) == 124 && pointer(2, 30, 4.0) == 136 ? 0 : 1;
    ((long (*)(long, long))0x10000)(0, status);
}
C
for level in -O0 -O2; do
    check "indirect functions in IR, $level" eval 'clang-22 --target=x86_64-linux-gnu -fPIE $level -S -emit-llvm ifunc.c -o ifunc.ll && orc-cc $level -nostdlib ifunc.ll -o ifunc && verified ifunc && "$build/bin/orc" bare ifunc'
done
refuse "... in C for musl, which has none" "undefined symbol: chosen" orc-cc -nostdlib ifunc.c -o ifunc
# Initial-exec accesses by every register, in both forms, relaxed in a program and left alone in a library.
for reg in rax rbx rcx rdx rsi rdi r8 r9 r10 r11 r12 r13 r14 r15; do
    printf ' .globl by_%s\n .type by_%s,@function\nby_%s:\n endbr64\n movq %%fs:0, %%%s\n addq other@GOTTPOFF(%%rip), %%%s\n movq other@GOTTPOFF(%%rip), %%%s\n cmpq other@GOTTPOFF(%%rip), %%%s\n retq\n' \
        $reg $reg $reg $reg $reg $reg $reg
done >registers-library.s
grep -v cmpq registers-library.s >registers.s
echo '_Thread_local long other = 5;' >registers-tls.c
check "initial-exec relaxations of every register" eval 'printf "void by_r12(void); void _start(void) { by_r12(); }" >start.c; orc-cc -O2 -nostdlib start.c registers.s registers-tls.c -o registers && verified registers && llvm-objdump-22 -d registers | grep -q "addq.*-0x8, %r12"'
check "and not relaxed, in a library" eval 'orc-cc -fPIC -O2 -shared -nostdlib registers-library.s -o registers.so && verified registers.so'
refuse "a form that no linker relaxes" "must be used in MOVQ or ADDQ" orc-cc -O2 -nostdlib start.c registers-library.s registers-tls.c -o registers
check "static archives" eval 'orc-cc -O2 -c tls-other.c && orc-ar rcs libother.a tls-other.o && orc-ranlib libother.a && orc-cc -O2 -nostdlib tls.c -L. -lother -o ar && verified ar'
check "-static links archives and still makes an object" eval 'orc-cc -O2 -static -nostdlib tls.c -L. -lother -o st && verified st'
check "-r makes a relocatable file" eval 'orc-cc -O2 -r -nostdlib tls.c tls-other.c -o both.o && finds "Type:.*REL" llvm-readelf-22 -h both.o && orc-cc -nostdlib both.o -o fromr && verified fromr'
check "-shared against a library: NEEDED and soname" eval 'orc-cc -shared -nostdlib -Wl,-soname,libx.so.1 library.c -o libx.so && orc-cc -shared -nostdlib -x c /dev/null -x none -L. -lx -Wl,--no-as-needed -o dep.so && finds "SONAME.*libx.so.1" llvm-readelf-22 -d libx.so && finds "NEEDED.*libx.so.1" llvm-readelf-22 -d dep.so'
check "-Wl,-rpath and --version-script" eval 'echo "V1 { global: exported; local: *; };" >map && orc-cc -shared -nostdlib -Wl,-rpath,/lib/x -Wl,--version-script=map library.c -o ver.so && verified ver.so && ! llvm-nm-22 -D ver.so | grep -q " call"'
check "a version script may name what isn't there, as for GNU ld" eval 'echo "V1 { global: exported; gone; local: *; };" >gone && orc-cc -Werror -shared -nostdlib -Wl,--version-script,gone library.c -o gone.so 2>err && [ ! -s err ] && verified gone.so'
refuse "... unless it's forbidden" "symbol not defined" orc-cc -shared -nostdlib -Wl,--version-script,gone -Wl,--no-undefined-version library.c -o gone.so
check "GNU ld's options without effect are taken" eval 'for o in --no-warn-rwx-segments --no-warn-execstack --reduce-memory-overheads --hash-size=1021 -Bgroup --warn-textrel --no-ld-generated-unwind-info; do orc-cc -shared -nostdlib -Wl,$o library.c -o o.so || exit 1; done'
check "GNU ld's symbols of the layout" eval 'echo "extern char etext, _etext, __etext, edata, _edata, end, _end, __bss_start, __executable_start, __ehdr_start; char *all[] = {&etext, &_etext, &__etext, &edata, &_edata, &end, &_end, &__bss_start, &__executable_start, &__ehdr_start}; void _start(void) {}" >layout.c; orc-cc -nostdlib layout.c -o layout && verified layout'
check "-Wl,--gc-sections drops what nobody uses" eval 'echo "int unused_thing(void) { return 1; }" >u.c; orc-cc -O2 -ffunction-sections -nostdlib -Wl,--gc-sections program.c u.c -o gc && ! llvm-nm-22 gc | grep -q unused_thing'
check "-rdynamic exports a program's symbols" eval 'orc-cc -O2 -nostdlib -rdynamic program.c -o rd && finds work llvm-nm-22 -D rd'
check "own definitions bind locally, weak ones don't" eval 'echo "int strong(void){return 1;} __attribute__((weak)) int soft(void){return 2;} int f(void){return strong()+soft();}" >b.c; orc-cc -O0 -shared -nostdlib b.c -o b.so && ! llvm-readelf-22 -rW b.so | grep -q strong && llvm-readelf-22 -rW b.so | grep -q soft'
check "-Wl,-Bno-symbolic gives ELF's interposition" eval 'orc-cc -O0 -shared -nostdlib -Wl,-Bno-symbolic b.c -o nb.so && llvm-readelf-22 -rW nb.so | grep -q strong'
check "constructors keep their priorities" eval 'echo "volatile int n; __attribute__((constructor(200))) static void b(void) { n = 2; } __attribute__((constructor(101))) static void a(void) { n = 1; } __attribute__((constructor)) static void c(void) { n = 3; }" >k.c; orc-cc -O1 -shared -nostdlib k.c -o k.so && section k.so .init_array && verified k.so && [ "$(llvm-readelf-22 -rW k.so | sed -n "s/.*RELATIVE *//p" | head -3 | while read a; do llvm-nm-22 k.so | grep -i "0*$a t" | cut -d" " -f3; done | tr -d "\n")" = abc ]'
check "sections with names of their own" eval 'echo "__attribute__((section(\"mine\"),used)) static int v = 1; extern int __start_mine[]; int *first(void) { return __start_mine; } __attribute__((section(\"mytext\"))) int g(void) { return 1; }" >sec.c; orc-cc -O1 -shared -nostdlib sec.c -o sec.so && verified sec.so && last_bytes sec.so'
check "writable sections of all names, with addresses in them" eval 'printf "struct m { int (*f)(void); const char *n; };\nstatic int one(void) { return 1; }\n__attribute__((section(\"table.a\"), used)) struct m a = {one, \"a\"};\n__attribute__((section(\"table_b\"), used)) struct m b = {one, \"b\"};\nextern struct m __start_table_b[], __stop_table_b[];\nint (*const fixed[])(void) = {one};\nlong count(void) { return __stop_table_b - __start_table_b; }\n" >own.c; for o in "" -fpatchable-function-entry=4 "-g -ftls-model=initial-exec"; do orc-cc -O1 -shared -nostdlib $o own.c -o own.so && verified own.so && in_order own.so .data.rel.ro table_b .text || exit 1; done'
check "support functions stay inside, the dynamic stack is shared" eval 'echo "unsigned __int128 f(unsigned __int128 a, unsigned __int128 b) { return a / b; } void use(char *); void g(int n) { char a[n]; use(a); }" >help.c; orc-cc -O1 -shared -nostdlib help.c -o help.so && verified help.so && ! llvm-nm-22 -D help.so | grep -q udivti3 && llvm-nm-22 -D help.so | grep -q "W __orc_dynamic_stack" && llvm-readelf-22 -rW help.so | grep -q "JUMP_SLOT.*__orc_dynamic_stack"'
check "a program of nothing but text" eval 'echo "void _start(long *i) { (void) i; for (;;) ; }" >t.c; orc-cc -O1 -nostdlib t.c -o t && verified t'
check "an empty library" eval 'orc-cc -shared -nostdlib -x c /dev/null -o empty.so && verified empty.so'
check "a library of nothing but data" eval 'echo "int data[4] = {1}; const char text[] = \"x\"; int more[9999];" >dd.c; orc-cc -shared -nostdlib dd.c -o dd.so && verified dd.so'
check "canonical stubs start with a mark" eval 'orc-cc -O1 -nostdlib -x c - -x none library.so -Wl,--allow-shlib-undefined -o can <<<"int exported(int); void _start(long *i) { int (*volatile p)(int) = exported; p((int) *i); }" && verified can'
check "-o /dev/null" eval 'orc-cc -O1 -nostdlib program.c -o /dev/null && [ -c /dev/null ]'
check "a.out is the default" eval 'rm -f a.out; orc-cc -nostdlib program.c && [ -x a.out ]'
check "the output is executable, the umask counts" eval '(umask 077; orc-cc -nostdlib program.c -o priv) && [ "$(stat -c %a priv)" = 700 ]'
check "orc-ld -v is lld" finds 'LLD.*GNU' orc-ld -v

refuse "an undefined symbol" "undefined symbol: nowhere" eval 'echo "int nowhere(void); void _start(long *i) { (void) i; nowhere(); }" >un.c; orc-cc -nostdlib un.c -o un'
check "and leaves no output" eval '[ ! -e un ]'
refuse "a missing library" "unable to find library -lnothere" orc-cc -nostdlib program.c -lnothere -o x
mkdir -p prefix/bin prefix/lib/orc
cp "$bin/"orc-{cc,sfi,ld} prefix/bin/ && cp "$build/lib/orc/"{orc-pass.so,object.ld} prefix/lib/orc/
check "another prefix works by itself" eval 'prefix/bin/orc-cc -O2 -nostdlib program.c -o moved && verified moved'
refuse "no C library" "no guest C library" prefix/bin/orc-cc program.c -o x
rm prefix/lib/orc/object.ld
refuse "a missing part of the installation is named" "object.ld" prefix/bin/orc-cc -nostdlib program.c -o x
rm prefix/lib/orc/orc-pass.so
refuse "and so is the pass" "orc-pass.so" prefix/bin/orc-cc -c program.c
refuse "a linker script of the user's" "layout of their own" orc-cc -nostdlib program.c -Wl,-Tx.ld -o x
refuse "a relocation in the text names its symbol" "counter" eval 'printf ".text\n.globl f\n.type f,@function\nf:\nendbr64\nmovabsq \$counter,%%rax\nret\n.bss\n.globl counter\ncounter: .quad 0\n" >abs.s; clang-22 -c abs.s -o abs.o; orc-cc -shared -nostdlib abs.o -o abs.so'
refuse "indirect functions" "ifunc" eval 'printf ".text\n.globl i\n.type i,@gnu_indirect_function\ni:\nendbr64\nret\n.globl f\n.type f,@function\nf:\nendbr64\njmp i@PLT\n" >ifunc.s; orc-cc -nostdlib -Wl,-e,f ifunc.s -o ifunc'
refuse "an alignment above the page" "alignment of 65536" eval 'echo "_Alignas(65536) int big[4] = {1};" >al.c; orc-cc -shared -nostdlib al.c -o al.so'
refuse "an unwritable directory" "cannot open output file" orc-cc -nostdlib program.c -o /proc/none
if [ -e /dev/full ]; then
    refuse "a full device" "cannot write output file" orc-cc -nostdlib program.c -o /dev/full
fi
check "a missing linker is named" eval '! ORC_LLD=/nonexistent/lld orc-cc -nostdlib program.c -o x 2>err && grep -q "nonexistent/lld" err'

cat >slow <<'S'
#!/bin/sh
# Stands in for lld: writes something to its output and never ends.
for argument; do [ "$last" = -o ] && echo partial >"$argument"; last=$argument; done
echo $$ >"$SLOW_PID"
exec sleep 60
S
chmod +x slow
export SLOW_PID=$scratch/slow.pid
ORC_LLD=$PWD/slow orc-cc -nostdlib program.c -o signal 2>/dev/null &
pid=$!
for _ in $(seq 200); do [ -s "$SLOW_PID" ] && break; sleep 0.05; done
kill -TERM $pid
wait $pid
code=$?
sleep 0.2
check "SIGTERM during the link ends everything" eval '[ $code -eq 143 ] && ! kill -0 $(cat "$SLOW_PID") 2>/dev/null && no_temporaries && [ ! -e signal ]'
check "no temporary file is left after all this" no_temporaries

finish_tests
