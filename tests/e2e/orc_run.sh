#!/bin/bash
# orc run from the outside. Prints TAP.
build=@BUILD@
. tests/e2e/check.sh
compile "$directory/guest" tests/e2e/guest.c
guest=$directory/guest
run="$orc run"

# --- Streams, arguments, status ---
check "hello" 0 "hello\|" "^$" $run "$guest"
check "arguments" 0 ".*guest\|arguments\|a b\|\|" "^$" $run "$guest" arguments "a b" ""
check "options of the program are its own" 0 ".*guest\|arguments\|--help\|-n\|" "^$" $run "$guest" arguments --help -n
check "exit status" 7 "" "^$" $run "$guest" exit 7
check "standard errors" 0 "" "^to stderr\|$" $run "$guest" errors
check "standard input" 0 "one\|two\|" "^$" sh -c "printf 'one\ntwo\n' | $run '$guest' cat"
head -c 3000000 /dev/urandom >"$directory/random"
$run "$guest" cat <"$directory/random" >"$directory/copied"
ok "large input and output" "$(cmp "$directory/random" "$directory/copied" 2>&1)"
check "a pipe between two cells" 0 "hello\|" "^$" sh -c "$run '$guest' | $run '$guest' cat"
check "closed standard streams" 5 "" "" sh -c "$run '$guest' exit 5 <&- >&- 2>&-"
check "output that nobody reads" 0 "" "" sh -c "$run '$guest' arguments | true"

# --- Environment ---
check "nothing of this machine's environment" 0 "PATH=[a-z/:]*\|HOME=/root\|" "^$" env -i ASAN_OPTIONS="$ASAN_OPTIONS" SECRET=1 $run "$guest" environment
check "variables" 0 "A=1\|B=from outside\|HOME=/nowhere\|PATH=[^|]*\|" "^$" env -i ASAN_OPTIONS="$ASAN_OPTIONS" B="from outside" HOME=/nowhere "$orc" run --env A=1 --env B --env NOT_SET --env HOME "$guest" environment
compile "$directory/executed" tests/e2e/executed.c
executed=$directory/executed
check "time zones" 0 "23:13 CET\|" "^$" $run --env TZ=Europe/Berlin "$executed" time
check "another" 0 "14:13 PST\|" "^$" $run --env TZ=America/Los_Angeles "$executed" time
check "without one it's UTC" 0 "22:13 UTC\|" "^$" $run "$executed" time
check "host name and working directory" 0 "box /tmp\|" "^$" $run --hostname box --workdir /tmp "$guest" where
check "default host name" 0 "guest /\|" "^$" $run "$guest" where

# --- Its name and its user ---
mkdir -p "$directory/app/bin" "$directory/named/bin" "$directory/named/etc" && cp "$executed" "$directory/app/bin/" && cp "$executed" "$directory/named/bin/"
echo "me:x:70:71::/home/me:/bin/sh" >"$directory/named/etc/passwd"
echo "ours:x:72:" >"$directory/named/etc/group"
check "argv[0] exists inside" 0 "/bin/executed /bin/executed / 0 0 022 exists\|" "^$" $run "$executed" where
check "by a relative path too" 0 "/bin/executed .* exists\|" "^$" sh -c "cd '$directory' && $run ./executed where"
check "a mount shows the program at its place" 0 "/opt/app/bin/executed /opt/app/bin/executed .* exists\|" "^$" $run --mount "$directory/app:/opt/app:ro" "$directory/app/bin/executed" where
check "unless another mount lies over it" 0 "/bin/executed /bin/executed .* exists\|" "^$" $run --mount "$directory/app:/opt/app:ro" --mount "$directory/named:/opt/app/bin" "$directory/app/bin/executed" where
check "in a root" 0 "/bin/executed /bin/executed .* exists\|" "^$" $run --root "$directory/named" executed where
check "another name" 0 "some thing\|" "^$" $run --argv0 "some thing" "$executed" name
check "a number in it" 0 "n0\|n1\||n1\|n0\|" "^$" $run -n 2 --argv0 "n{i}" "$executed" name
check "a user" 0 ".* 65534 65534 022 exists\|" "^$" $run --user nobody "$executed" where
check "a user and a group" 0 ".* 12 65534 022 exists\|" "^$" $run --user 12:nogroup "$executed" where
check "a user's own group" 0 ".* 70 71 022 exists\|" "^$" $run --root "$directory/named" --user me executed where
check "a group by name" 0 ".* 70 72 022 exists\|" "^$" $run --root "$directory/named" --user 70:ours executed where
check "HOME is the user's" 0 "(.*\|)?HOME=/home/me\|.*" "^$" env -i ASAN_OPTIONS="$ASAN_OPTIONS" $run --root "$directory/named" --user me executed environment
check "a user who isn't in the tables gets a line" 0 "root:.*user:x:1234:5678::/:/bin/sh\|" "^$" $run --user 1234:5678 "$guest" show /etc/passwd
check "and so does a group" 0 "root:.*user:x:5678:\|" "^$" $run --user 1234:5678 "$guest" show /etc/group
for user in nosuch 0:nosuch "" : 1: :1 -1 4294967295 1:4294967295; do
    check "no user: $user" 125 "" "no such (user|group)" $run --user "$user" "$executed" where
done
check "--native and --root exclude each other" 125 "" "another one" $run --native --root "$directory/named" executed where
check "a native view" 0 "$executed $executed $PWD $(id -u) $(id -g) $(umask | tail -c 4) exists\|" "^$" $run --native "$executed" where

# --- Files ---
mkdir -p "$directory/data/inner" "$directory/root/bin" "$directory/root/etc" "$directory/root/data"
echo inside >"$directory/data/file"
echo secret >"$directory/secret"
ln -s ../secret "$directory/data/link"
ln -s "$directory/secret" "$directory/data/absolute"
ln -s /etc "$directory/data/inner/etc"
cp "$guest" "$directory/root/bin/guest"
echo "of the root" >"$directory/root/etc/motd"
check "nothing of this machine's files" 1 ".*No such file or directory\|" "^$" $run "$guest" show "$directory/secret"
check "the system root" 0 "root:.*" "^$" $run "$guest" show /etc/passwd
check "/tmp in memory" 0 "text" "^$" $run "$guest" put /tmp/file text
check "the root in memory" 0 "text" "^$" $run "$guest" put /etc/new text
ok "changes of the root don't reach this machine" "$([ -e "$build/lib/orc/root/etc/new" ] && echo "they do")"
check "the program can't be written" 1 "[A-Z].*\|" "^$" $run "$guest" put /bin/guest text
check "a mount" 0 "inside\|" "^$" $run --mount "$directory/data:/data" "$guest" show /data/file
check "a mount of a file" 0 "inside\|" "^$" $run --mount "$directory/data/file:/etc/one:ro" "$guest" show /etc/one
check "listing" 0 "(absolute\||file\||inner\||link\|){4}" "^$" $run --mount "$directory/data:/data" "$guest" list /data
check "writing" 0 "written" "^$" $run --mount "$directory/data:/data" "$guest" put /data/new written
ok "what was written is on this machine" "$([ "$(cat "$directory/data/new" 2>&1)" = written ] || echo "it isn't")"
check "a read-only mount" 1 "Read-only file system\|" "^$" $run --mount "$directory/data:/data:ro" "$guest" put /data/new2 x
check "a directory in a read-only mount" 0 "Read-only file system\|" "^$" $run --mount "$directory/data:/data:ro" "$guest" mkdir /data/sub
check "a link that leads out" 1 "[A-Z].*\|" "^$" $run --mount "$directory/data:/data" "$guest" show /data/link
check "an absolute link that leads out" 1 "[A-Z].*\|" "^$" $run --mount "$directory/data:/data" "$guest" show /data/absolute
check ".. that leads out" 1 "[A-Z].*\|" "^$" $run --mount "$directory/data:/data" "$guest" show /data/../secret
check "a root" 0 "of the root\|" "^$" $run --root "$directory/root" guest show /etc/motd
check "a root, program by path" 0 "of the root\|" "^$" $run --root "$directory/root" /bin/guest show /etc/motd
check "a root, changed in memory" 0 "mine" "^$" $run --root "$directory/root" guest put /etc/motd mine
ok "the root is as it was" "$([ "$(cat "$directory/root/etc/motd")" = "of the root" ] || echo changed)"
check "a mount in a root" 0 "inside\|" "^$" $run --root "$directory/root" --mount "$directory/data:/data:ro" guest show /data/file

# --- Network ---
port=$((20000 + RANDOM % 20000))
check "no network" 1 "socket: .*\|" "^$" $run "$guest" serve $port
check "a port that isn't granted" 1 "bind: Permission denied\|" "^$" $run --listen $((port + 1)) "$guest" serve $port
$run --listen 127.0.0.1:1-65535 --listen $port "$guest" serve $port >"$directory/served" 2>&1 &
wait_for grep -q listening "$directory/served"
check "no connection without a grant" 1 "(socket|connect): .*\|" "^$" $run "$guest" call 127.0.0.1 $port
check "a connection to elsewhere" 1 "connect: Permission denied\|" "^$" $run --connect 127.0.0.1:$((port + 1)) "$guest" call 127.0.0.1 $port
check "an occupied port" 125 "" "port $port is in use" $run --listen $port "$guest" hello
check "a connection" 0 "hello from port $port\|" "^$" $run --connect localhost:$port "$guest" call 127.0.0.1 $port
wait
check "a reserved port, or free" "$([ "$(id -u)" = 0 ] && echo 0 || echo 125)" ".*" "" $run --listen 991 "$guest"

# --- Signals ---
# start WORD COMMAND...: in the background, until it has printed the word.
start() {
    local word=$1
    shift
    rm -f "$directory/log"
    "$@" >"$directory/log" 2>&1 &
    pid=$!
    wait_for grep -q "$word" "$directory/log" || echo "# no $word: $(head -n 3 "$directory/log")"
}
for signal in INT TERM HUP QUIT USR1; do
    number=$(kill -l $signal)
    start ready $run "$guest" signal
    kill -$signal $pid
    wait $pid
    status=$?
    ok "SIG$signal is handled in the guest" "$([ $status = $((40 + number)) ] && grep -q "signal $number" "$directory/log" || echo "status $status: $(tail -n 1 "$directory/log")")"
done
for signal in INT TERM; do
    for mode in "loop looping" "sleep asleep"; do
        start "${mode#* }" $run "$guest" ${mode% *} 20
        kill -$signal $pid
        wait $pid
        ok "SIG$signal ends a guest that doesn't handle it (${mode% *})" "$([ $? = $((128 + $(kill -l $signal))) ] || echo "another status: $(tail -n 1 "$directory/log")")"
    done
done
start asleep $run "$guest" ignore
kill -INT $pid
sleep 0.2
kill -INT $pid
wait $pid
ok "a second interrupt kills" "$([ $? = 137 ] || echo "another status")"
check "a signal that the guest raises" 143 "" "^$" $run "$guest" raise 15
check "abort" 134 "" "" $run "$guest" abort

# --- Faults ---
check "null pointer" 139 "" "guest: SIGSEGV \(segmentation fault\): bad access to address 0x0 .*at .*guest\+0x[0-9a-f]+ \(write_null\+0x.*called from .*guest\+0x[0-9a-f]+ \((fault_in_a_function|main)\+.*rax" $run "$guest" null
check "division" 136 "" "SIGFPE" $run "$guest" divide
check "endless recursion" 139 "" "(calls nested too deep|bad access).*\(recurse\+.*called from" $run "$guest" recurse
check "a null function" 139 "" "jump to 0x0" $run "$guest" jump

# --- Limits ---
check "time" 124 "looping\|" "the time is up" $run --time 0.3 "$guest" loop
check "time in a hostcall" 124 "asleep\|" "the time is up" $run --time 0.3 "$guest" sleep 20
check "time that isn't needed" 0 "hello\|" "^$" $run --time 20 "$guest"
check "memory" 0 "no more\|" "^$" $run --mem 64M "$guest" memory
check "memory too small to start" 125 "" "guest: .*memory" $run --mem 64k "$guest"
check "threads" 0 "10 threads\|" "^$" $run --threads 10 "$guest" threads

# --- Many ---
check "20 at once" 0 "(hello\|){20}" "^$" $run -n 20 "$guest"
check "numbers in arguments" 0 ".*" "^$" $run -n 3 "$guest" arguments "x{i}" "{i+7000}" "{5+i}" "{}" "{a,b}"
missing=
for line in x0 x1 x2 7000 7001 7002 5 6 7 '{}' '{a,b}'; do grep -qxF -- "$line" "$directory/out" || missing="$missing $line"; done
ok "numbers in arguments, values" "${missing:+missing:$missing}"
check "the worst status counts" 2 "" "(many-1: exit status 1\|.*many-2: exit status 2|many-2: exit status 2\|.*many-1: exit status 1).*2 of 3 compartments" $run -n 3 --name 'many-{i}' "$guest" exit '{i}'
check "one fault among many" 139 "" "3 of 3" $run -n 3 "$guest" null
mkdir -p "$directory/d0" "$directory/d1"
check "mounts with numbers" 0 "xx" "^$" $run -n 2 --mount "$directory/d{i}:/data" "$guest" put /data/f x
ok "each wrote to its own" "$([ -e "$directory/d0/f" ] && [ -e "$directory/d1/f" ] || echo "they didn't")"
check "a number that can't be" 125 "" "write \{i\}" $run -n 2 "$guest" arguments '{i*2}'
check "statistics" 0 "hello\|" "guest: [0-9.]+ s of processor time, [0-9]+ KiB mapped" $run --stats "$guest"

# --- What can't be run ---
head -c 3000 "$guest" >"$directory/truncated"
sed 's/hello/hallo/' "$guest" >"$directory/changed"
cp "$guest" "$directory/unsafe"
# A system call in place of the program's first bytes of text; the hash is computed anew.
text=$(llvm-readelf-22 -SW "$guest" | grep -o ' \.text  *PROGBITS.*' | awk '{ print $4 }')
printf '\017\005' | dd of="$directory/unsafe" bs=1 seek=$((16#$text)) conv=notrunc status=none
"$build/bin/orc-ld" --orc-finish "$directory/unsafe"
check "a missing program" 125 "" "missing: No such file.*orc-cc" $run "$directory/missing"
check "a program without a slash" 125 "" "write ./NAME" $run no-such-program
check "a native program" 125 "" "native compiler.*orc-cc" $run /bin/true
check "a script" 125 "" "script" $run tests/e2e/orc_run.sh
check "a text" 125 "" "orc-cc" $run Makefile
check "a directory" 125 "" "not a regular file" $run /tmp
check "a truncated object" 125 "" "truncated" $run "$directory/truncated"
check "an object whose content was changed" 126 "" "changed: .*hash" $run "$directory/changed"
check "an object that the verifier rejects" 126 "" "unsafe: rule 1 at 0x[0-9a-f]+: .*cannot load" $run "$directory/unsafe"
check "no program" 125 "" "no program" $run
check "a missing root" 125 "" "--root .*No such file" $run --root "$directory/nothing" guest
check "a program that isn't in the root" 125 "" "not found in the root" $run --root "$directory/root" nothing
check "a missing mount" 125 "" "nothing: No such file" $run --mount "$directory/nothing:/x" "$guest"
check "a mount of a device" 125 "" "neither a directory" $run --mount "/dev/null:/x" "$guest"
check "a mount without a place" 125 "" "write HOST:GUEST" $run --mount "$directory" "$guest"
check "bad memory" 125 "" "not a size" $run --mem lots "$guest"
check "bad time" 125 "" "not a number of seconds" $run --time -1 "$guest"
check "bad count" 125 "" "not a number" $run -n 0 "$guest"
check "bad port" 125 "" "--listen x: write" $run --listen x "$guest"
check "bad range" 125 "" "--listen 9-5: write" $run --listen 9-5 "$guest"
check "bad host" 125 "" "--connect" $run --connect nothing "$guest"
check "bad option" 125 "" "orc run --help" $run --nonsense "$guest"
check "help" 0 "usage: orc run.*" "^$" $run --help
echo "1..$tests"
