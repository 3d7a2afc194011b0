#!/bin/bash
# orc bare from the outside: exit statuses, streams, arguments, limits, reports. Prints TAP.
set -u
build=@BUILD@
orc=$build/bin/orc
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
tests=0

# check NAME STATUS STDOUT-PATTERN STDERR-PATTERN COMMAND...: extended regular expressions;
# stdout's is for the whole of it; a newline is a bar in both.
check() {
    local name=$1 status=$2 out=$3 err=$4 got bad=
    shift 4
    "$@" >"$directory/out" 2>"$directory/err"
    got=$?
    [ "$got" = "$status" ] || bad="status $got instead of $status"
    [[ $(tr '\n' '|' <"$directory/out") =~ ^($out)$ ]] || bad="$bad stdout"
    [[ $(tr '\n' '|' <"$directory/err") =~ $err ]] || bad="$bad stderr"
    tests=$((tests + 1))
    if [ -z "$bad" ]; then
        echo "ok $tests - $name"
    else
        echo "not ok $tests - $name: $bad"
        sed 's/^/# out: /' "$directory/out" | head -n 5
        sed 's/^/# err: /' "$directory/err" | head -n 5
    fi
}

cat >"$directory/program.c" <<'PROGRAM'
#include "orc/abi.h"
#include "orc/hostcall.h"
static long hostcall(long number, long a, long b, long c) {
    return ((long (*)(long, long, long, long, long, long))ORC_GATES)(number, a, b, c, 0, 0);
}
static volatile int depth;
static char zeros[100000];
static long length(const char *text) {
    long count = 0;
    while (((const volatile char *)text)[count])
        count++;
    return count;
}
static void print(const char *text) {
    hostcall(ORC_WRITE, 1, (long)text, length(text));
}
__attribute__((noinline)) static int recurse(int n) {
    depth += n;
    return recurse(depth) * 3 + n;
}
long _start(long *start_info) {
    char **arguments = (char **)(start_info + 1);
    char line[64];
    volatile int zero = 0;
    if (start_info[0] < 2)
        hostcall(ORC_EXIT, 300, 0, 0);
    switch (arguments[1][0]) {
    case 'a': /* arguments */
        for (int i = 1; arguments[i]; i++)
            print(arguments[i]), print("\n");
        break;
    case 'e': /* environment */
        for (char **variable = arguments + start_info[0] + 1; *variable; variable++)
            print(*variable), print("\n");
        break;
    case 'c': /* copies its input */
        for (long got; (got = hostcall(ORC_READ, 0, (long)line, sizeof line)) > 0;)
            hostcall(ORC_WRITE, 1, (long)line, got);
        break;
    case 'n':
        *(volatile int *)(long)zero = 1;
        break;
    case 'd':
        zero = 100 / zero;
        break;
    case 'r':
        recurse(zero + 1);
        break;
    case 'l':
        for (;;)
            zero++;
    case 'z':
        for (int i = 0; i < (int)sizeof zeros; i++)
            zero |= zeros[i];
        hostcall(ORC_EXIT, zero, 0, 0);
    case 'x':
        __builtin_trap();
    }
    return 0;
}
PROGRAM
if ! "$build/bin/orc-cc" -O1 -pie -fPIE -nostdlib -Iinclude -o "$directory/program" "$directory/program.c"; then
    echo "1..1"
    echo "not ok 1 - orc-cc compiles the program"
    exit 1
fi
head -c 3000 "$directory/program" >"$directory/truncated"
printf 'hello' >"$directory/input"
program=$directory/program

check "exit status" 44 "" "^$" "$orc" bare "$program"
check "the entry returns" 0 "arguments\|b c\|\|" "^$" "$orc" bare "$program" arguments "b c" ""
check "environment" 0 "A=1\|B=two\|" "^$" env -i A=1 B=two "$orc" bare "$program" e
check "input and output" 0 "hello" "^$" sh -c "'$orc' bare '$program' c <'$directory/input'"
check "zeroed data" 0 "" "^$" "$orc" bare "$program" z
check "null pointer" 139 "" "Segmentation fault: bad access to address 0x0, by the code at 0x[0-9a-f]+ \(.*program\+0x[0-9a-f]+\).*rax" "$orc" bare "$program" n
check "division by zero" 136 "" "Floating point exception" "$orc" bare "$program" d
check "trap" 132 "" "Illegal instruction" "$orc" bare "$program" x
check "endless recursion" 139 "" "calls nested too deep" "$orc" bare "$program" r
check "endless recursion, small stack" 139 "" "calls nested too deep" "$orc" bare --stack 64k "$program" r
check "time limit" 124 "" "the time is up" "$orc" bare --time 0.2 "$program" l
check "time limit in a hostcall" 124 "" "the time is up" sh -c "sleep 5 | '$orc' bare --time 0.2 '$program' c & wait \$!"
check "interrupt" 130 "" "" timeout -s INT --preserve-status 0.3 "$orc" bare "$program" l
check "output that nobody reads" 0 "" "" sh -c "'$orc' bare '$program' e | true"
check "truncated object" 125 "" "truncated" "$orc" bare "$directory/truncated"
check "empty object" 125 "" ".+" "$orc" bare /dev/null
check "missing object" 125 "" "No such file" "$orc" bare "$directory/missing"
check "not an object" 125 "" ".+" "$orc" bare /bin/true
check "no object" 125 "" "^usage" "$orc" bare
check "bad size" 125 "" "not a size" "$orc" bare --stack -1 "$program"
check "size out of range" 125 "" "a control stack has [0-9]* to [0-9]* bytes" "$orc" bare --stack 100M "$program"
check "bad time" 125 "" "not a number of seconds" "$orc" bare --time never "$program"
check "help" 0 "usage.*" "^$" "$orc" bare --help
echo "1..$tests"
