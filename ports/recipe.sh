# Sourced by ports/build.

# read_recipe PORTS NAME: sets `package`, `needs` and `shares`, and defines build().
read_recipe() {
    package='' needs='' shares=''
    # shellcheck disable=SC1090
    . "$1/$2/recipe"
    declare -F build >/dev/null || die "$2: its recipe defines no build()"
}

# library_interface SYSROOT: prints what programs see of a C library: headers, start files, exported names.
library_interface() {
    (cd "$1" && find include lib -name '*.h' -print0 -o -name 'crt*.o' -print0 | sort -z | xargs -0 sha256sum)
    llvm-nm-22 --dynamic --defined-only --extern-only --format=posix "$1/lib/libc.so" | cut -d' ' -f1,2 | sort
}

# verify_all ORC DIRECTORY: every object that was built.
verify_all() {
    local file count=0
    while IFS= read -r -d '' file; do
        [ "$(head -c 4 "$file" | tail -c 3)" = ELF ] || continue
        case $file in *.o | *.a) continue ;; esac
        "$1" verify "$file" || return 1
        count=$((count + 1))
    done < <(find "$2/bin" "$2/lib" -type f -print0)
    [ "$count" -gt 0 ] || { echo "nothing was built"; return 1; }
}

# compile_all FLAGS SOURCE...: for recipes. Compiles C files, two at a time, to objects beside them, and sets `objects`.
compile_all() {
    local flags=$1 source rules=''
    shift
    objects=''
    for source in "$@"; do
        objects+=" ${source%.c}.o"
    done
    printf -v rules 'all:%s\n%%.o: %%.c\n\t%s %s -c -o $@ $<\n' "$objects" "$CC" "${flags//\$/\$\$}"
    make -j2 --no-builtin-rules -f <(printf '%s' "$rules")
}
