# For the end-to-end tests: TAP, and a check of a command's exit status, output and messages. Sourced with $build set.
set -u
orc=$build/@VARIANT@/orc
export ASAN_OPTIONS=detect_leaks=0 # looking for leaks needs system calls that a locked-down cell may not make
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export XDG_RUNTIME_DIR=$directory/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
tests=0

ok() { # NAME PROBLEM: an empty problem is none
    tests=$((tests + 1))
    if [ -z "$2" ]; then echo "ok $tests - $1"; else echo "not ok $tests - $1: $2"; fi
}

# check NAME STATUS STDOUT-PATTERN STDERR-PATTERN COMMAND...: extended regular expressions; stdout's is for
# the whole of it; a newline is a bar in both.
check() {
    local name=$1 status=$2 out=$3 err=$4 got bad=
    shift 4
    "$@" >"$directory/out" 2>"$directory/err"
    got=$?
    [[ $got =~ ^($status)$ ]] || bad="status $got instead of $status"
    [[ $(tr '\n' '|' <"$directory/out") =~ ^($out)$ ]] || bad="$bad stdout"
    [[ $(tr '\n' '|' <"$directory/err") =~ $err ]] || bad="$bad stderr"
    ok "$name" "$bad"
    if [ -n "$bad" ]; then
        sed 's/^/# out: /' "$directory/out" | head -n 5
        sed 's/^/# err: /' "$directory/err" | head -n 8
    fi
}

# wait_for COMMAND...: until it succeeds, 10 seconds at most.
wait_for() {
    for _ in $(seq 100); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

compile() { # OUTPUT SOURCE OPTION...
    local output=$1 source=$2
    shift 2
    if ! "$build/bin/orc-cc" -O1 -o "$output" "$source" "$@"; then
        echo "1..1"
        echo "not ok 1 - orc-cc compiles $source"
        exit 1
    fi
}
