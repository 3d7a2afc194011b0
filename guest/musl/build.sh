#!/bin/bash
# build.sh bare|shared|native CC OUT: builds musl from Debian's source package into OUT (OUT/include, OUT/lib).
#
#   bare    with orc-cc and the overlays: a static libc.a whose system calls are hostcalls of the bare compartment
#   shared  with orc-cc and the overlays: libmusl.a, all of the shared C library and ld.so but the libOS (guest/rules.mk
#           links it), and the start files
#   native  with plain clang from the same C sources (hand-written string and math assembly left out as well), static and
#           shared, so that benchmarks compare compilers and not C libraries (tests compare with an unaltered one)
#
# A finished build is kept in the user's cache, named by the hash of everything that went into it.
set -euo pipefail

die() {
    echo "musl: $*" >&2
    exit 1
}

[ $# = 3 ] || die "usage: build.sh bare|shared|native CC OUT"
mode=$1
cc=$(command -v "$2") || die "no compiler $2"
out=$3
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/orc
source=$("$top/scripts/fetch-source.sh" musl)

# What decides the code that comes out: orc-cc's own programs stand beside it and in ../lib/orc. Debug information, and the
# build id that is made of it, name the place where they were built, so they don't count.
compiler_hashes() {
    [ "$mode" != native ] || return 0
    local bin
    bin=$(dirname "$cc")
    for file in "$cc" "$bin/orc-sfi" "$bin/../lib/orc/orc-pass.so"; do llvm-strip-22 -R .note.gnu.build-id -o - "$file" | sha256sum; done
}

# What decides everything but our own C files, which are compiled anew each time.
overlays() {
    cd "$here"
    case $mode in
    bare) find overlay overlay-bare confined -type f ;;
    shared) find overlay overlay-shared confined confined-shared edit.py -type f ;;
    esac | sort
}
tree_key=$({
    echo "$mode $source"
    clang-22 --version
    compiler_hashes
    overlays
    cd "$here"
    cat build.sh
    overlays | sed -n '/^overlay.*ldso/d; /\.h$/p; /edit\.py$/p' | xargs -r cat
} | sha256sum | cut -c1-32)
key=$({
    echo "$tree_key"
    cd "$here"
    overlays | xargs -r sha256sum
    [ "$mode" = native ] || cat "$top/include/orc/abi.h"
    [ "$mode" != shared ] || cat "$top"/include/orc/{object,cls,boot}.h "$top/guest/libos/libos_thread.h"
    [ "$mode" = native ] || clang-22 -E -P -dD "$top/include/orc/hostcall.h" | grep -v '^#define __\|^#undef'
    [ "$mode" != native ] || cat "$top"/guest/builtins/*.[ch]
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

# One build of a kind at a time; who waited may find it done.
mkdir -p "$cache/sysroot"
exec 9>"$cache/sysroot/.lock-$mode"
flock 9
if [ -d "$built" ]; then
    install_out
    exit 0
fi
work=$(mktemp -d "$cache/sysroot/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$cache/sysroot/.tree-$mode-$tree_key

prepare() {
    cp -a "$source" "$work/musl"
    cd "$work/musl"
    # The C versions stand in for hand-written assembly that only speeds things up.
    rm -f src/{string,math,ldso}/x86_64/*.s
    if [ "$mode" != native ]; then
        rm -rf src/{fenv,setjmp,signal,thread,process}/x86_64 crt/x86_64/*
        # A crash is an undefined instruction, since `hlt` is a privileged one.
        grep -q '"hlt"' arch/x86_64/atomic_arch.h || die "atomic_arch.h: no hlt to replace"
        sed -i 's/"hlt"/"ud2"/' arch/x86_64/atomic_arch.h
        cp -a "$here/overlay/." "$here/overlay-$mode/." .
    fi
    if [ "$mode" = shared ]; then
        "$here/edit.py" .
        rm src/ldso/dlclose.c src/ldso/dlsym.c
    fi
}

# A tree that was built before needs only our own files compiled again.
if [ -d "$tree" ]; then
    cp -a "$tree" "$work/musl"
    cd "$work/musl"
    for file in $(overlays | grep '^overlay'); do
        cp "$here/$file" "${file#*/}"
        touch "${file#*/}"
    done
    [ "$mode" != shared ] || touch ldso/dynlink.c
else
    prepare
fi

cat >config.mak <<MAK
ARCH = x86_64
srcdir = .
prefix = $cache/sysroot/out
CC = $cc
AR = llvm-ar-22
RANLIB = llvm-ranlib-22
CPPFLAGS = -I$top/include -I$top/guest/libos
CFLAGS_AUTO =
CFLAGS = -O2 -w -fno-strict-aliasing -fomit-frame-pointer -ffunction-sections -fdata-sections -fno-stack-protector \
	-fno-unwind-tables -fno-asynchronous-unwind-tables
LIBCC =
lib/libmusl.a: \$(LOBJS) \$(LDSO_OBJS)
	rm -f \$@ && llvm-ar-22 qcD \$@ \$^ && llvm-ranlib-22 -D \$@
MAK

case $mode in
bare) libraries="lib/libc.a" ;;
shared) libraries="lib/libmusl.a lib/Scrt1.o lib/rcrt1.o" ;;
native)
    # The guest's compiler brings its own helpers (libbuiltins.a); the native twin gets the same ones.
    for file in int128 convert128 power complex; do
        "$cc" -std=gnu17 -O2 -fPIC -ffreestanding -I"$top/include" -c "$top/guest/builtins/$file.c" -o "$work/$file.o"
    done
    llvm-ar-22 rcsD "$work/libbuiltins.a" "$work"/{int128,convert128,power,complex}.o
    cp "$work/libbuiltins.a" .
    echo "LIBCC = libbuiltins.a" >>config.mak
    echo "LDFLAGS = -fuse-ld=lld -Wl,-Bsymbolic,--dynamic-list=dynamic.list,--hash-style=gnu" >>config.mak
    libraries="lib/libc.a lib/libc.so"
    ;;
esac
libraries+=$(for name in m rt pthread crypt util xnet resolv dl; do echo " lib/lib$name.a"; done)
# shellcheck disable=SC2086
if ! make -j2 lib/crt1.o lib/crti.o lib/crtn.o $libraries >"$work/log" 2>&1 || ! make install-headers includedir="$work/out/include" >>"$work/log" 2>&1; then
    grep -A6 -m 20 -E 'error: |Error ' "$work/log" >&2 || tail -n 30 "$work/log" >&2
    die "the build failed ($mode)"
fi

[ -d "$tree" ] || cp -a "$work/musl" "$tree" 2>/dev/null || true
ls -dt "$cache/sysroot/.tree-$mode"-* 2>/dev/null | tail -n +3 | xargs -r rm -rf

mkdir -p "$work/out/lib"
cp lib/*.a lib/*crt?.o "$work/out/lib/"
[ "$mode" = native ] && cp lib/libc.so "$work/libbuiltins.a" "$work/out/lib/"
[ "$mode" = shared ] && cp dynamic.list "$work/out/lib/"
# Already in the confined form, so the rewriter has no part in these.
confined() {
    for file in "$@"; do
        clang-22 -I"$top/include" -I"$here/confined" -c "$file" -o "$work/confined-$(basename "$file" .S).o"
    done
}
case $mode in
bare)
    confined "$here"/confined/*.S
    llvm-ar-22 rsD "$work/out/lib/libc.a" "$work"/confined-*.o
    ;;
shared)
    confined "$here"/confined/*.S "$here"/confined-shared/*.S
    llvm-ar-22 qsD "$work/out/lib/libmusl.a" "$work"/confined-*.o
    ;;
esac
echo "$key" >"$work/out/key"
mv -T "$work/out" "$built" 2>/dev/null || [ -d "$built" ] || die "cannot create $built"
install_out
# Old builds go; a few stay, for a few checkouts side by side.
ls -dt "$cache/sysroot/$mode"-* | tail -n +9 | xargs -r rm -rf
