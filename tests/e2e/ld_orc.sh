#!/bin/bash
# Programs that the kernel executes, through ld-orc; what they get, what their parents see of their end. Prints TAP.
build=@BUILD@
. tests/e2e/check.sh
PATH=$build/bin:$PATH
unset ORC_RUN
source=$PWD/tests/e2e/executed.c
compile "$directory/plain" "$source"
compile "$directory/program" "$source" -Wl,--orc-run
ORC_RUN= compile "$directory/by-variable" "$source"
native=$directory/native
cc -o "$native" "$source" || exit 1
cd "$directory" || exit 1
# The other variant's ld-orc leads to that variant's orc.
[ @VARIANT@ = bin ] || { mkdir other && cp "$build/bin/ld-orc" other/ && ln -s "$orc" other/orc && compile program "$source" "-Wl,--orc-run=$directory/other/ld-orc"; }

interpreter() {
    llvm-readelf-22 -lW "$1" | sed -n 's/.*interpreter: \(.*\)\]/\1/p'
}
ok "by default the interpreter is the guests'" "$([ "$(interpreter plain)" = /lib/ld-musl-x86_64.so.1 ] || interpreter plain)"
ok "ORC_RUN at link time names ld-orc" "$([ "$(interpreter by-variable)" = "$build/bin/ld-orc" ] || interpreter by-variable)"
ok "such a program is verified" "$("$build/bin/orc" verify program 2>&1 | grep -v ': ok' | head -n 1)"
check "and runs with orc run" 0 "arguments\|" "^$" "$orc" run ./program arguments
check "a library has no interpreter" 0 "" "^$" sh -c "echo 'int f(void) { return 1; }' >f.c && orc-cc -shared -Wl,--orc-run -o f.so f.c && ! llvm-readelf-22 -lW f.so | grep -i 'requesting'"
check "a static program is refused" 1 "" "orc bare" orc-cc -static -Wl,--orc-run -o s "$source"
check "a path for elsewhere must be absolute" 1 "" "absolute path" orc-cc -Wl,--orc-run=ld-orc -o s "$source"

# --- What execve hands over ---
check "arguments" 0 "arguments\|a b\|\|\*\|" "^$" ./program arguments "a b" "" "*"
check "exit status" 7 "" "^$" ./program exit 7
check "a status that looks like a signal's" 139 "" "^$" ./program exit 139
check "streams" 3 "one\|two\|" "^to stderr\|$" sh -c "printf 'one\ntwo\n' | ./program cat"
check "through a shell's PATH" 0 "arguments\|" "^$" sh -c 'PATH=. program arguments'
# same NAME ARGUMENT...: as the native one has it, in the same place with the same environment.
same() {
    local name=$1
    shift
    cp native here && "$@" >expected 2>&1
    echo "status $?" >>expected
    cp program here && "$@" >found 2>&1
    echo "status $?" >>found
    ok "$name" "$(diff expected found | head -n 3 | tr '\n' ' ')"
}
export ORC_RUN=--native
same "the environment, libraries' included" env -i ORC_RUN=--native ASAN_OPTIONS="$ASAN_OPTIONS" LD_LIBRARY_PATH=/nowhere:/else A= "B=c d" ./here environment
same "name, directory, file, umask, user" sh -c 'umask 027; ./here where'
same "in a directory below" sh -c 'mkdir -p below && cd below && ../here where'
same "by the whole path" "$directory/here" where
same "files are made and read where they are" sh -c './here put made text && ls -l made | cut -c1-10 && cat made && rm made'
same "another name" bash -c 'exec -a other ./here name'
same "a signal that is ignored" sh -c 'trap "" USR1; ./here raise 10'
same "SIGPIPE that is ignored" sh -c 'trap "" PIPE; ./here pipe'
for signal in TERM ABRT SEGV KILL INT PIPE USR2; do
    number=$(kill -l $signal)
    # Whoever runs this test in the background has it ignore some.
    got=$(env --default-signal=INT python3 -c 'import subprocess, sys
print(subprocess.run(["./program", "raise", sys.argv[1]]).returncode)' "$number" 2>/dev/null)
    ok "SIG$signal ends the process" "$([ "$got" = "-$number" ] || echo "status $got")"
done
got=$(python3 -c 'import subprocess; print(subprocess.run(["./program", "fault"], stderr=subprocess.DEVNULL).returncode)')
ok "a fault ends the process by its signal" "$([ "$got" = -11 ] || echo "status $got")"
same "sockets on ports of the kernel's choice" ./here ports
check "a process that make runs" 0 "arguments\|" "" sh -c "printf 'all:\n\t@./program arguments\n' | make -s -f -"

# --- What ORC_RUN grants ---
export ORC_RUN=
check "nothing without options" 0 ".*/bin/program .* / .*" "^$" ./program where
check "no files" 1 "" "No such file" ./program put "$directory/made" text
unset ORC_RUN
check "nor without the variable" 1 "" "No such file" ./program put "$directory/made" text
export ORC_RUN="--mount '$directory:$directory'"
check "a mount at its own place, the working directory too" 0 "\./program $directory/program $directory .*" "^$" ./program where
export ORC_RUN="--mount '$directory:/some where'"
check "a quoted word; a mount at another place" 0 "./program /some where/program /some where .* exists\|" "^$" ./program where
export ORC_RUN="--mount $directory:/w --env \"A=b c\" --user 7:8"
check "a mount elsewhere, a variable, a user" 0 "./program /w/program /w 7 8 .*" "^$" ./program where
check "the variable" 0 ".*A=b c\|.*" "^$" ./program environment
ORC_RUN="program" check "a word that isn't an option" 125 "" "program isn't an option" ./program exit 3
ORC_RUN="'" check "half a quotation" 125 "" "quotation mark" ./program exit 3
ORC_RUN="--nonsense" check "an unknown option" 125 "" "nonsense" ./program exit 3
unset ORC_RUN

# --- Where orc is ---
mkdir empty && cp "$build/bin/ld-orc" empty/
compile lost "$source" "-Wl,--orc-run=$directory/empty/ld-orc"
check "without an orc beside it" 127 "" "^ld-orc: $directory/empty/orc: isn't there" ./lost exit 3
cp lost empty/orc
check "an orc that is such a program itself" 126 "" "runs through ld-orc itself" ./lost exit 3
check "ld-orc by itself" 2 "" "ld-orc\(1\)" "$build/bin/ld-orc"
echo "1..$tests"
