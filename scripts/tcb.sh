#!/bin/sh
# Counts the trusted code: every line of C, header and assembly under trusted/ and of the public headers that it
# includes, less blank lines and comments. Fails above the limit.
set -eu
cd "$(dirname "$0")/.."
limit=6000
verifier_limit=1500
count() {
    find "$@" -name '*.[chS]' -o -name '*.inc' | sort | xargs cat | clang-22 -fpreprocessed -dD -E -P -x c - 2>/dev/null | grep -c '[^[:space:]]' || true
}
total=0
for part in trusted/*/ include/orc/; do
    lines=$(count "$part")
    printf '%6d  %s\n' "$lines" "$part"
    total=$((total + lines))
done
printf '%6d  trusted lines in all (limit %d)\n' "$total" "$limit"
[ "$total" -le "$limit" ] || { echo "tcb: over the limit" >&2; exit 1; }
raw=$(cat trusted/verifier/*.[ch] trusted/verifier/*.inc 2>/dev/null | wc -l)
printf '%6d  lines of verifier files, comments included (limit %d)\n' "$raw" "$verifier_limit"
[ "$raw" -le "$verifier_limit" ] || { echo "tcb: the verifier is over its limit" >&2; exit 1; }
