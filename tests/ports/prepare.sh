#!/bin/bash
# prepare.sh NAME: fetches the source package of the recipe NAME.recipe and prepares it; prints one line each:
#   root DIRECTORY      where the sources are
#   driver FILE         the test program, beside the recipe
#   flag OPTION         for the compiler, run in the root
#   source FILE         relative to the root
#
# A recipe is a piece of shell that sets package, sources (patterns allowed), without (patterns to leave out), flags and
# driver, and may define prepare(), which runs in a copy of the tree. Prepared trees are kept in the user's cache.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=$1
recipe=$here/$name.recipe
[ -f "$recipe" ] || { echo "ports: no recipe $recipe" >&2; exit 1; }

package='' sources='' without='' flags='' driver=''
# shellcheck disable=SC1090
. "$recipe"
root=$("$here/../../scripts/fetch-source.sh" "$package")

if declare -F prepare >/dev/null; then
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/orc/ports
    prepared=$cache/$(basename "$root")-$(sha256sum <"$recipe" | cut -c1-16)
    if [ ! -d "$prepared" ]; then
        mkdir -p "$cache"
        work=$(mktemp -d "$cache/.work.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        cp -a "$root" "$work/tree"
        if ! (cd "$work/tree" && prepare) >"$work/log" 2>&1; then
            tail -n 30 "$work/log" >&2
            echo "ports: $name: preparing the sources failed" >&2
            exit 1
        fi
        mv -T "$work/tree" "$prepared" 2>/dev/null || [ -d "$prepared" ]
    fi
    root=$prepared
fi

echo "root $root"
echo "driver $here/$driver"
for flag in $flags; do echo "flag $flag"; done
cd "$root"
for source in $sources; do
    [ -f "$source" ] || { echo "ports: $name: no file $source in $root" >&2; exit 1; }
    for pattern in $without; do
        # shellcheck disable=SC2254
        case $source in $pattern) continue 2 ;; esac
    done
    echo "source $source"
done
