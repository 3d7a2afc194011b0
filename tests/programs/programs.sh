# Sourced by the tests of this folder: a port in a compartment, servers in the background.
. tests/toolchain/tap.sh
port=$1
files=$top/tests/programs/$port
# ORC_TEST_PORTS=relocatable/: those built with -fcls=relocatable.
installed=$build/ports/${ORC_TEST_PORTS:-}$port
servers=

# Unlike the toolchain's tests, these share variables and servers from one check to the next.
check() {
    local name=$1
    shift
    "$@" >"$scratch/log" 2>&1
    result $? "$name"
}

# orc_run OPTION... PROGRAM ARGUMENT...: a program of the port, with its libraries. For the background, where a function
# would be a shell of its own: "${orc_run[@]}" OPTION... &
orc_run=("$build/${ORC_TEST_BIN:-bin}/orc" run --lib "$installed/lib")
orc_run() {
    "${orc_run[@]}" "$@"
}

# free_port: a TCP port of this machine that nobody uses just now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for COMMAND...: until it succeeds, at most 10 seconds.
wait_for() {
    local try
    for try in $(seq 100); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "gave up waiting for: $*"
    return 1
}

can_connect() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start_server LOG OPTION... PROGRAM ARGUMENT...: in the background; sets `server`.
start_server() {
    local log=$1
    shift
    "${orc_run[@]}" "$@" >"$log" 2>&1 </dev/null &
    server=$!
    servers="$servers $server"
}

# stop_server PID [SIGNAL]: and waits; its exit status.
stop_server() {
    kill "-${2:-TERM}" "$1"
    wait "$1"
}

clean_up() {
    exec 2>/dev/null # the shell reports who was killed
    local pid
    for pid in $servers; do kill -KILL "$pid" 2>/dev/null; done
    wait
    rm -rf "$scratch"
}
trap clean_up EXIT

# same FILE TEXT: the file holds exactly these lines.
same() {
    printf '%s\n' "$2" | diff -u - "$1"
}

[ -d "$installed/bin" ] || { echo "Bail out! no port in $installed: run make ${ORC_TEST_PORTS:+relocatable-}port-$port"; exit 1; }
