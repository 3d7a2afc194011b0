#!/bin/bash
# tests/guest/tap.sh: guests that use threads, signals, shared libraries and the C library at large behave as the same
# sources do natively, with Debian's musl as it is. TAP.
#
# tap.sh BUILD-DIRECTORY
set -uo pipefail
BUILD=${1:-build}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset ORC_SYSROOT LD_PRELOAD LD_LIBRARY_PATH
orc=$BUILD/bin/orc
musl=/usr/lib/x86_64-linux-musl
mkdir -p "$work/guest/lib" "$work/native/lib"
count=0

ok() { count=$((count + 1)) && echo "ok $count - $*"; }
not_ok() { count=$((count + 1)) && echo "not ok $count - $*"; }

# shows FILE: as TAP comments
shows() { head -n "${2:-20}" "$1" | sed 's/^/# /'; }

# same NAME EXPECTED ACTUAL: two files
same() {
    if diff "$2" "$3" >"$work/diff"; then ok "$1"; else not_ok "$1" && shows "$work/diff"; fi
}

# contains NAME FILE TEXT
contains() {
    if grep -qF -e "$3" "$2"; then ok "$1"; else not_ok "$1: no '$3'" && shows "$2"; fi
}

native_cc() {
    clang-22 -nostdlibinc -isystem /usr/include/x86_64-linux-musl -O2 -fPIC -w "$@"
}

# build NAME SOURCE -shared|-pie OPTIONS...
build() {
    local name=$1 source=$2 kind=$3
    shift 3
    local start=()
    [ "$kind" = -shared ] || start=("$musl/Scrt1.o" "$musl/crti.o" "$musl/crtn.o")
    local shared=()
    [ "$kind" = -pie ] || shared=(-shared)
    if ! "$BUILD/bin/orc-cc" -O2 -w "${shared[@]}" -o "$work/guest/$name" "$source" -L"$work/guest/lib" "$@" 2>"$work/errors" ||
        ! native_cc -nostdlib "$kind" -fuse-ld=lld -o "$work/native/$name" "${start[@]}" "$source" -L"$work/native/lib" "$@" \
            -L"$musl" -lc "$(musl-gcc -print-libgcc-file-name)" -Wl,-dynamic-linker,/lib/ld-musl-x86_64.so.1 2>>"$work/errors"; then
        not_ok "build $name" && shows "$work/errors"
        return 1
    fi
}

# run_guest OUTPUT PROGRAM ARGUMENTS...: standard output, standard error and exit status in one file
run_guest() {
    local output=$1 program=$2
    shift 2
    timeout 60 "$orc" run --lib "$work/guest/lib" "${guest_options[@]}" --env ORC_TEST=1 --env TEST_VARIABLE=set "$work/guest/$program" "$@" \
        >"$output" 2>"$output.err" </dev/null
    echo "status $?" >>"$output"
}

run_native() {
    local output=$1 program=$2
    shift 2
    LD_LIBRARY_PATH="$work/native/lib" TEST_VARIABLE=set timeout 60 "$work/native/$program" "$@" >"$output" 2>"$output.err" </dev/null
    echo "status $?" >>"$output"
}

guest_options=()
compare() {
    local name=$1
    shift
    run_native "$work/expected" "$@"
    run_guest "$work/actual" "$@"
    same "$name" "$work/expected" "$work/actual" || shows "$work/actual.err"
}

build lib/libone.so "$here/libraries/one.c" -shared
build lib/libtwo.so "$here/libraries/two.c" -shared -lone
build lib/libplugin.so "$here/libraries/plugin.c" -shared
build lib/libplugin-local.so "$here/libraries/plugin.c" -shared -DWITH_LOCAL
for program in arguments memory jumps library threads signals; do
    build "$program" "$here/programs/$program.c" -pie
done
build libraries "$here/programs/libraries.c" -pie -ltwo -lone
build dlopen "$here/programs/dlopen.c" -pie -Wl,--export-dynamic

compare "arguments, environment, constructors" arguments "first argument" "" second
compare "setjmp and longjmp" jumps
compare "memory" memory
compare "the C library" library
compare "shared libraries" libraries
compare "threads" threads
compare "signals" signals
exec 3>&2 2>/dev/null # where the shell tells that a signal ended the native program
for end in 15 9 6 13 abort; do compare "ends by signal $end" signals "$end"; done
exec 2>&3 3>&-

# dlclose really closes here, and destructors run then: the expected output is our own.
run_guest "$work/actual" dlopen
same "dlopen" "$here/dlopen.expected" "$work/actual"
shows "$work/actual.err"

# Memory goes back to the Intravisor; limits end nicely.
build returned "$here/programs/returned.c" -pie
guest_options=(--mem 240M)
run_guest "$work/actual" returned
sed 's/^/# /' "$work/actual.err"
if ! grep -q NO "$work/actual" && grep -q "^limit 1" "$work/actual" && grep -q "^status 0" "$work/actual"; then
    ok "memory is given back"
else
    not_ok "memory is given back" && shows "$work/actual"
fi
guest_options=()

# Signals from outside: `orc kill` reaches a guest that sleeps and one that computes.
for state in pause spin; do
    for signal in TERM USR1; do
        : >"$work/actual" # what the last one printed mustn't be taken for this one's
        timeout 60 "$orc" run --name "guest-test-$$" --lib "$work/guest/lib" "$work/guest/signals" "$state" >"$work/actual" 2>/dev/null </dev/null &
        runner=$!
        for _ in $(seq 200); do grep -q before "$work/actual" && break || sleep 0.05; done
        "$orc" kill -s "$signal" "guest-test-$$" >"$work/kill" 2>&1 || shows "$work/kill"
        wait "$runner"
        status=$?
        if [ "$status" = $((128 + $(kill -l "$signal"))) ]; then ok "SIG$signal from outside ($state)"; else not_ok "SIG$signal from outside ($state): status $status"; fi
    done
done

# LD_PRELOAD
build lib/libpreload.so "$here/libraries/preload.c" -shared
guest_options=(--env LD_PRELOAD=libpreload.so)
run_guest "$work/actual" arguments
contains "LD_PRELOAD: a function and malloc are replaced" "$work/actual" "preload: malloc was called"
guest_options=()

# Errors name the file and the reason.
build lib/libmissing.so "$here/libraries/plugin.c" -shared
build needs "$here/programs/needs.c" -pie -lmissing
rm "$work/guest/lib/libmissing.so"
run_guest "$work/actual" needs
contains "a missing library: message" "$work/actual.err" "libmissing.so: No such file"
contains "a missing library: status" "$work/actual" "status 127"
cp "$work/native/lib/libmissing.so" "$work/guest/lib/"
run_guest "$work/actual" needs
contains "a library of another compiler's" "$work/actual.err" "libmissing.so: not an object made by orc-cc"
"$BUILD/bin/orc-cc" -shared -O2 -DPLUGIN "$here/libraries/plugin.c" -o "$work/guest/lib/libmissing.so" &&
    printf '\xff' | dd of="$work/guest/lib/libmissing.so" bs=1 conv=notrunc seek="$(($(stat -c %s "$work/guest/lib/libmissing.so") / 2))" 2>/dev/null
text=$(($(readelf -lW "$work/guest/lib/libmissing.so" | awk '$1 == "LOAD" && /R E/ {print $2}')))
printf '\x0f\x05' | dd of="$work/guest/lib/libmissing.so" bs=1 conv=notrunc seek="$text" 2>/dev/null
run_guest "$work/actual" needs
contains "a library that was changed" "$work/actual.err" "libmissing.so: "
if grep -q '^status 127' "$work/actual"; then ok "a library that was changed isn't run"; else not_ok "a library that was changed isn't run"; fi

echo "1..$count"
