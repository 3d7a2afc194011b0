#!/bin/bash
# orc cell, and streams by name: several programs in one cell. Prints TAP.
build=@BUILD@
. tests/e2e/check.sh
cat >"$directory/echo.c" <<'C'
#include <stdio.h>
int main(int argc, char **argv) {
    int c;
    for (int i = 1; i < argc; i++)
        printf("<%s>", argv[i]);
    while ((c = getchar()) != EOF)
        putchar(c);
    puts("");
    return argc > 9;
}
C
compile "$directory/echo" "$directory/echo.c"
cd "$directory" || exit 1
lines() { printf '%s\n' "$@" >cells; }
sorted() { "$orc" cell "$@" | sort; }

lines '# two programs' '' './echo one "two  three" '"'"'four "#5'"'"' \' ' six\ seven # eight' "-n 2 --name 'x-{i}' ./echo '{i+10}' a#b"
check "words, quotation marks, comments, continued lines" 0 '<10><a#b>\|<11><a#b>\|<one><two  three><four "#5><six seven>\|' '' sorted cells
check "from standard input" 0 '<1>\|<2>\|' '' bash -c "printf './echo 1\n./echo 2\n' | $orc cell - | sort"
lines './echo {i}'
check "braces are the program's without -n" 0 '<\{i\}>\|' '' "$orc" cell cells
lines './echo 1' './echo 1 2 3 4 5 6 7 8 9'
check "the highest status" 1 '.*' 'exit status 1' "$orc" cell cells
printf 'in %s' 0 >in-0; printf 'in %s' 1 >in-1
check "streams by name" 0 '' '' "$orc" run -n 2 --stdin 'in-{i}' --stdout 'out-{i}' ./echo '{i}'
check "what they got" 0 '<0>in 0\|<1>in 1\|' '' cat out-0 out-1
check "outputs are appended to" 0 '<0>in 0\|<9>in 0\|' '' bash -c "$orc run --stdin in-0 --stdout out-0 ./echo 9; cat out-0"
check "a missing input" 125 '' 'in-7: No such file' "$orc" run --stdin in-7 ./echo
check "nothing shared, same result" 0 '<1>\|' '' "$orc" run --no-sharing ./echo 1 </dev/null
check "no sharing within a domain" 125 '' 'no-sharing' "$orc" run --no-sharing --domain d ./echo
lines './echo "open'
check "half a quotation" 125 '' 'cells:1: a quotation mark' "$orc" cell cells
lines './echo 1' '--time 3 ./echo'
check "options for the whole cell" 125 '' 'cells:2: this line' "$orc" cell cells
lines './echo 1' './missing'
check "a missing program: nothing starts" 125 '' 'missing: No such file' "$orc" cell cells
lines '# nothing'
check "an empty file" 125 '' 'no command lines' "$orc" cell cells
check "a missing file" 125 '' 'none: No such file' "$orc" cell none
check "no file" 125 '' 'name one file' "$orc" cell
lines '--stdin fifo ./echo'
mkfifo fifo
exec 7<>fifo
check "all end by time" 124 '.*' 'the time is up' "$orc" cell --time 0.5 cells
exec 7>&-
echo "1..$tests"
