#!/bin/bash
# BusyBox' own test suite, each command in a compartment, and the shell. BUSYBOX_TESTS=all runs the whole suite (some minutes).
. tests/programs/programs.sh busybox

# busybox and its applets by name: what the tests call.
mkdir commands
cp "$installed/share/busybox/.config" commands/
cat >commands/busybox <<WRAPPER
#!/bin/sh
name=\${0##*/}
[ "\$name" = busybox ] && name=
exec "$bin/orc" run --mount "$scratch:$scratch" --workdir "\$PWD" --env PATH=/bin --env TZ --env LC_ALL --env LANG --env HOME "$installed/bin/busybox" \$name "\$@"
WRAPPER
chmod +x commands/busybox
cp -a "$installed/share/busybox/testsuite" suite
box() { "$scratch/work/commands/busybox" "$@"; }

# The suite needs an echo that knows -e and -n.
printf '#!/bin/bash\necho "$@"\n' >suite/echo-ne
chmod +x suite/echo-ne

applets="awk cut diff expr grep od sed sort tr uniq unzip"
[ "${BUSYBOX_TESTS:-}" != all ] || applets=$(box --list)
run_suite() { (cd suite && bindir="$scratch/work/commands" VERBOSE=1 sh ./runtest $applets) >suite.log 2>&1; }
run_suite
# What fails natively with this C library, too, or is about what a compartment doesn't have.
known="$top/tests/programs/busybox.known"
grep -a '^FAIL: ' suite.log | sed 's/^FAIL: //' | grep -vxF -f <(sed 's/#.*//; /^$/d; s/ *$//' "$known") >failed
passes() {
    echo "# passed: $(grep -a -c '^PASS: ' suite.log), skipped: $(grep -a -c '^SKIPPED: \|^UNTESTED: ' suite.log)"
    [ "$(grep -a -c '^PASS: ' suite.log)" -ge 200 ]
}
check "the test suite passes" passes
while read -r name; do
    show() { grep -a -n -B12 "^FAIL: $name" suite.log; false; }
    check "$name" show
done <failed

shell() {
    cat >script <<'SCRIPT'
set -e
total=0
for i in 1 2 3 4 5; do total=$((total + i)); done
f() { local x=$1; while [ $x -gt 0 ]; do x=$((x - 1)); done; echo "f $x"; }
f 10
case abc in a*) echo match;; esac
v=hello; echo ${v#he} ${v%lo} ${#v} ${v:1:3} ${nothing:-default}
mkdir -p a/b && cd a && pwd > ../where && cd ..
echo one > file; echo two >> file
while read line; do echo "<$line>"; done < file
trap 'echo bye' EXIT
test -d a/b && rmdir -p a/b && [ ! -e a ] && echo gone
echo $total
SCRIPT
    box sh script >out 2>&1 && same out "f 0
match
llo hel 5 ell default
<one>
<two>
gone
15
bye"
}
check "the shell runs a script without child processes" shell
says_why() { box sh -c 'echo a | cat' >out 2>&1; [ $? != 0 ] && grep -qi "can't fork" out; }
check "a pipeline says that it can't fork" says_why
archive() {
    mkdir -p tree/deep && echo text >tree/deep/file && ln -s file tree/deep/link && ln tree/deep/file tree/hard && chmod 640 tree/hard &&
        box tar cf tree.tar tree && tar tf tree.tar | grep -qx tree/deep/link && mkdir unpacked && box tar xf tree.tar -C unpacked && diff -r tree unpacked/tree && [ "$(stat -c %a unpacked/tree/hard)" = 640 ]
}
check "tar makes and unpacks an archive" archive
finds() { box find tree -type f -name 'f*' >out.find && same out.find "tree/deep/file" && [ "$(box du -s tree | wc -l)" = 1 ] && box ls -lR tree | grep -q 'link -> file'; }
check "find, du and ls" finds
edits() { printf '1s/b/X/\n2d\nw\nq\n' >commands.ed; printf 'abc\nbbc\n' >ed.txt; box ed ed.txt <commands.ed >/dev/null && same ed.txt aXc; }
check "ed" edits
compresses() { head -c 300000 /dev/urandom | base64 >plain && box gzip -k plain && gzip -dc plain.gz | cmp - plain && box bzip2 -k plain && bzip2 -dc plain.bz2 | cmp - plain && xz -k plain && box xz -dc plain.xz | cmp - plain; }
check "gzip, bzip2, xz" compresses
network() {
    mkdir -p served && echo 'over HTTP' >served/page
    local number
    number=$(free_port)
    (cd served && exec python3 -m http.server --bind 127.0.0.1 "$number" >/dev/null 2>&1) &
    servers="$servers $!"
    wait_for can_connect "$number" || return 1
    "$bin/orc" run --connect "127.0.0.1:$number" "$installed/bin/busybox" wget -q -O - "http://127.0.0.1:$number/page" >page && same page 'over HTTP' &&
        ! "$bin/orc" run "$installed/bin/busybox" wget -q -O - "http://127.0.0.1:$number/page" 2>/dev/null
}
check "wget, with a grant and without" network
finish_tests
