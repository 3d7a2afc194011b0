#!/bin/bash
# Every command has a manual page that names each of its options, and no others. Prints TAP.
set -u
build=@BUILD@
tests=0
ok() {
    tests=$((tests + 1))
    if [ -z "$2" ]; then echo "ok $tests - $1"; else echo "not ok $tests - $1: $2"; fi
}
# Options as words: from a help text, and from a page's source (where a dash is \-).
options() {
    grep -oE '(^|[^[:alnum:]-])--?[a-z][a-z-]*' | grep -oE -- '--[a-z][a-z-]+|-[a-z]$' | sort -u
}
"$build/bin/orc" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' >"$build/tests/commands"
for command in $(cat "$build/tests/commands"); do
    page=docs/man/orc-$command.1
    if [ ! -e "$page" ]; then
        ok "$command has a page" "no $page"
        continue
    fi
    # Only options at the beginning of a help line or behind another option are this command's own.
    help=$("$build/bin/orc" "$command" --help | grep -oE '^ +(-[a-z], )?--[a-z-]+|^ +-[a-z] |^  -[a-z], --[a-z-]+' | options)
    described=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' "$page" | sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/p' | grep -A1 '^\.TP' | options)
    missing=$(comm -23 <(echo "$help") <(echo "$described") | tr '\n' ' ')
    surplus=$(comm -13 <(echo "$help") <(echo "$described") | tr '\n' ' ')
    ok "$command: every option has its entry" "$missing"
    ok "$command: every entry is an option" "$surplus"
    ok "$command: the overview names it" "$(grep -q "orc-$command" docs/man/orc.1 || echo "orc.1 doesn't")"
done
for page in docs/man/*.1; do
    if command -v man >/dev/null; then
        ok "$page is well formed" "$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | head -n 1)"
    fi
done
echo "1..$tests"
