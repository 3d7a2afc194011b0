#!/bin/bash
# build.sh guest|native CC OUT: builds musl from Debian's source package as a static C library into OUT
# (OUT/include, OUT/lib: libc.a and the start files).
#
#   guest   with orc-cc and the overlay: system calls are hostcalls of the bare compartment
#   native  with plain clang from the same C sources (hand-written string and math assembly left out as well), so that
#           tests and benchmarks compare compilers and not C libraries
#
# A finished build is kept in the user's cache, named by the hash of everything that went into it.
set -euo pipefail

die() {
    echo "musl: $*" >&2
    exit 1
}

[ $# = 3 ] || die "usage: build.sh guest|native CC OUT"
mode=$1
cc=$(command -v "$2") || die "no compiler $2"
out=$3
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/orc
source=$("$top/scripts/fetch-source.sh" musl)

# What decides the code that comes out: orc-cc's own programs stand beside it and in ../lib/orc. Debug information names
# the place where they were built, so it doesn't count.
compiler_hashes() {
    [ "$mode" = guest ] || return 0
    local bin
    bin=$(dirname "$cc")
    for file in "$cc" "$bin/orc-sfi" "$bin/../lib/orc/orc-pass.so"; do llvm-strip-22 -o - "$file" | sha256sum; done
}

key=$({
    echo "$mode $source"
    clang-22 --version
    compiler_hashes
    cd "$here"
    find . -type f -print0 | sort -z | xargs -0 sha256sum
    cat "$top"/include/orc/{abi,bare}.h
    [ "$mode" = guest ] || cat "$top"/guest/builtins/*.[ch]
} | sha256sum | cut -c1-32)
built=$cache/sysroot/$mode-$key

install_out() {
    [ ! -d "$out" ] || [ "$(cat "$out/key" 2>/dev/null)" != "$key" ] || return 0
    rm -rf "$out.new" && mkdir -p "$(dirname "$out")"
    cp -a "$built" "$out.new"
    rm -rf "$out" && mv "$out.new" "$out"
}

if [ -d "$built" ]; then
    install_out
    exit 0
fi

mkdir -p "$cache/sysroot"
work=$(mktemp -d "$cache/sysroot/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp -a "$source" "$work/musl"
cd "$work/musl"

# The C versions stand in for hand-written assembly that only speeds things up or touches the control registers.
rm -f src/{string,math,fenv,ldso}/x86_64/*.s
if [ "$mode" = guest ]; then
    rm -rf src/{setjmp,signal,thread,process}/x86_64 crt/x86_64/*
    # A crash is an undefined instruction, since `hlt` is a privileged one.
    grep -q '"hlt"' arch/x86_64/atomic_arch.h || die "atomic_arch.h: no hlt to replace"
    sed -i 's/"hlt"/"ud2"/' arch/x86_64/atomic_arch.h
    cp -a "$here/overlay/." .
fi

cat >config.mak <<MAK
ARCH = x86_64
srcdir = .
prefix = $work/out
CC = $cc
AR = llvm-ar-22
RANLIB = llvm-ranlib-22
CPPFLAGS = -I$top/include
CFLAGS_AUTO =
CFLAGS = -O2 -w -fno-strict-aliasing -fomit-frame-pointer -ffunction-sections -fdata-sections -fno-stack-protector \
	-fno-unwind-tables -fno-asynchronous-unwind-tables
MAK

libraries=$(for name in m rt pthread crypt util xnet resolv dl; do echo "lib/lib$name.a"; done)
# shellcheck disable=SC2086
if ! make -j2 lib/libc.a lib/crt1.o lib/crti.o lib/crtn.o $libraries >"$work/log" 2>&1 || ! make install-headers >>"$work/log" 2>&1; then
    grep -A6 -m 20 -E 'error: |Error ' "$work/log" >&2 || tail -n 30 "$work/log" >&2
    die "the build failed ($mode)"
fi

mkdir -p "$work/out/lib"
cp lib/*.a lib/crt?.o "$work/out/lib/"
# Already in the confined form, so the rewriter has no part in these.
if [ "$mode" = guest ]; then
    for file in "$here"/confined/*.S; do
        clang-22 -I"$top/include" -c "$file" -o "$work/confined-$(basename "$file" .S).o"
    done
    llvm-ar-22 rsD "$work/out/lib/libc.a" "$work"/confined-*.o
fi
# The guest's compiler brings its own helpers (libbuiltins.a); the native twin gets the same ones.
if [ "$mode" = native ]; then
    for file in int128 convert128 power complex; do
        "$cc" -std=gnu17 -O2 -ffreestanding -I"$top/include" -c "$top/guest/builtins/$file.c" -o "$work/$file.o"
    done
    llvm-ar-22 rcsD "$work/out/lib/libbuiltins.a" "$work"/{int128,convert128,power,complex}.o
fi
echo "$key" >"$work/out/key"
mv -T "$work/out" "$built" 2>/dev/null || [ -d "$built" ] || die "cannot create $built"
install_out
# Old builds go; a few stay, for a few checkouts side by side.
ls -dt "$cache/sysroot/$mode"-* | tail -n +9 | xargs -r rm -rf
