# Sourced by the tests of this folder: TAP output, a scratch directory, the toolchain in PATH.
set -u
build=$(cd "${BUILD:-build}" && pwd)
top=$(pwd)
# ORC_TEST_BIN=san: the sanitised twins. They end without freeing what the system frees anyway.
bin=$build/${ORC_TEST_BIN:-bin}
PATH=$bin:$build/bin:$PATH
export ASAN_OPTIONS=detect_leaks=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch/tmp
mkdir -p "$TMPDIR" "$scratch/work"
cd "$scratch/work" || exit 1
unset ORC_SYSROOT
tests=0
failures=0

# result CODE NAME: one line of TAP; on failure, what the last `run` printed.
result() {
    tests=$((tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tests - $2"
    else
        echo "not ok $tests - $2"
        failures=$((failures + 1))
        [ ! -f "$scratch/log" ] || sed 's/^/# /' "$scratch/log" | head -30
    fi
}

# check NAME COMMAND...: the command must succeed. It has a shell of its own: `exit` ends the check, not the test.
check() {
    local name=$1
    shift
    ("$@") >"$scratch/log" 2>&1
    result $? "$name"
}

# refuse NAME PATTERN COMMAND...: the command must exit with 1 and say PATTERN.
refuse() {
    local name=$1 pattern=$2 code
    shift 2
    "$@" >"$scratch/log" 2>&1
    code=$?
    if [ $code -eq 1 ] && grep -q -e "$pattern" "$scratch/log"; then
        result 0 "$name"
    else
        echo "exit code $code, expected 1 and: $pattern" >>"$scratch/log"
        result 1 "$name"
    fi
}

finish_tests() {
    echo "1..$tests"
    [ $failures -eq 0 ]
}

# no_temporaries: nothing left in TMPDIR.
no_temporaries() {
    [ -z "$(ls -A "$TMPDIR")" ]
}
