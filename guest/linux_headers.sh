#!/bin/sh
# linux_headers.sh DIRECTORY: copies the kernel's headers for user space (linux/, asm/, asm-generic/, mtd/, sound/...) from
# Debian's linux-libc-dev beside the C library's. A file of the C library's own stays.
#
# Where the kernel and a C library define the same things, glibc's headers and the kernel's agree who does, whatever the
# order. musl's agree when they come first, so these kernel headers include musl's before they begin.
set -eu
directory=$1
list=$(dpkg -L linux-libc-dev 2>/dev/null | sed -n 's#^/usr/include/\(.*\.h\)$#\1#p')
[ -n "$list" ] || { echo "linux_headers: linux-libc-dev isn't installed; make deps installs it" >&2; exit 1; }
for file in $list; do
    target=$directory/${file#*-linux-gnu*/}
    [ ! -e "$target" ] || continue
    mkdir -p "${target%/*}"
    cp "/usr/include/$file" "$target"
done

# musl_first KERNEL-HEADER MUSL-HEADER
musl_first() {
    [ -e "$directory/$1" ] || return 0
    { echo "#include <$2>"; cat "$directory/$1"; } >"$directory/$1.new"
    mv "$directory/$1.new" "$directory/$1"
}
musl_first linux/in.h netinet/in.h
musl_first linux/in6.h netinet/in.h
musl_first linux/if.h net/if.h
musl_first linux/xattr.h sys/xattr.h
