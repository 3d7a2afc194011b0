#!/bin/bash
# orc ps, top, kill, objects, stats and metrics, with cells that run. Prints TAP.
build=@BUILD@
. tests/e2e/check.sh
compile "$directory/guest" tests/e2e/guest.c
guest=$directory/guest

check "no cells" 0 "[^|]*CELL[^|]*\|" "^$" "$orc" ps
check "no cells, JSON" 0 "\[\|\]\|" "^$" "$orc" ps --json
mkdir -p "$XDG_RUNTIME_DIR/orc"
chmod 700 "$XDG_RUNTIME_DIR/orc"
python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$XDG_RUNTIME_DIR/orc/999999.sock')"
"$orc" ps >/dev/null
ok "a socket without a cell is removed" "$([ -e "$XDG_RUNTIME_DIR/orc/999999.sock" ] && echo "it is there")"

running() { # COUNT NAME: so many compartments of this name run
    [ "$("$orc" ps "$2" | grep -c running)" = "$1" ]
}
"$orc" run -n 5 --name 'many-{i}' "$guest" sleep 60 >"$directory/many" 2>&1 &
many=$!
"$orc" run --metrics "$directory/metrics" "$guest" signal >"$directory/single" 2>&1 &
single=$!
wait_for running 5 'many-*' && wait_for grep -q ready "$directory/single"
ok "five compartments and one in two cells" "$([ "$("$orc" ps | grep -c running)" = 6 ] || head -n 3 "$directory/many" | tr '\n' ' ')"
check "one of them" 0 ".*many-3 +running +1 .*" "^$" "$orc" ps many-3
check "by the cell's number" 0 ".*many-3 +running .*" "^$" "$orc" ps "$many/many-3"
check "a name that isn't there" 1 ".*" "no compartment named nobody" "$orc" ps nobody
json() { # EXPRESSION COMMAND...: a Python expression over the parsed output
    local expression=$1
    shift
    ok "JSON of $*" "$("$@" | python3 -c "import json, sys; cells = json.load(sys.stdin); print('' if $expression else 'false: $(printf %s "$expression" | tr \' ' ')')" 2>&1 | tail -n 1)"
}
json 'sum(len(c["compartments"]) for c in cells) == 6' "$orc" ps --json
json 'all(k["state"] == "running" and k["threads"] == 1 and k["private_bytes"] > 0 and k["hostcalls"] > 0 for c in cells for k in c["compartments"])' "$orc" ps --json
json 'max(o["users"] for c in cells for o in c["objects"]) == 5' "$orc" objects --json
json 'all(o["saved_bytes"] == max(0, o["users"] - 1) * o["shared_bytes"] for c in cells for o in c["objects"])' "$orc" objects --json
json 'any("guest" in o["name"] and len(o["hash"]) == 64 and o["users"] == 5 for c in cells for o in c["objects"])' "$orc" objects --json
check "objects" 0 ".*libc.so +0x[0-9a-f]{8} .*guest.*" "^$" "$orc" objects
check "statistics" 0 "many-2 \(cell $many, running\).*KiB private.*" "^$" "$orc" stats many-2
check "Prometheus" 0 ".*orc_compartment_threads\{cell=\"$many\",compartment=\"many-1\"\} 1\|.*" "^$" "$orc" stats --prometheus
wait_for grep -q 'orc_compartment_private_bytes{cell=' "$directory/metrics"
ok "the metrics' file" "$(grep -q "orc_compartments{cell=\"$single\",program=\"guest\"} 1" "$directory/metrics" || echo "it holds: $(head -n 3 "$directory/metrics")")"
check "top" 0 ".*6 compartments.*many-0.*" "^$" "$orc" top --count 2 --interval 0.2
ok "the socket is its owner's alone" "$([ "$(stat -c %a "$XDG_RUNTIME_DIR/orc")" = 700 ] || stat -c %a "$XDG_RUNTIME_DIR/orc")"
check "nonsense on the socket" 0 "unknown\|" "" python3 -c "
import socket
s = socket.socket(socket.AF_UNIX); s.connect('$XDG_RUNTIME_DIR/orc/$many.sock'); s.send(b'x' * 100 + b'\n'); print(s.recv(100).decode(), end='')"

check "kill one" 0 "" "^$" "$orc" kill many-4
wait_for running 4 'many-*'
ok "four are left" "$(running 4 'many-*' || echo "others")"
check "kill nobody" 1 "" "no compartment named many-4" "$orc" kill many-4
check "kill by a signal's name" 0 "" "^$" "$orc" kill -s SIGKILL many-0
check "kill by a number" 0 "" "^$" "$orc" kill -s 9 "$many/many-1"
check "a signal that isn't one" 2 "" "no signal of that name" "$orc" kill -s NONSENSE many-1
check "a signal is handled" 0 "" "^$" "$orc" kill -s USR1 guest
wait $single
ok "its status" "$([ $? = 50 ] || echo another)"
check "kill by a pattern" 0 "" "^$" "$orc" kill -s KILL 'many-*'
wait $many
ok "the cell's status" "$([ $? = 143 ] || [ $? = 137 ] || echo another)"
ok "no socket is left" "$(ls "$XDG_RUNTIME_DIR/orc")"
ok "no temporary metrics file is left" "$(ls "$directory"/metrics.* 2>/dev/null)"

# Two cells with equal names
"$orc" run --name same "$guest" sleep 60 >/dev/null 2>&1 &
one=$!
"$orc" run --name same "$guest" sleep 60 >/dev/null 2>&1 &
two=$!
wait_for running 2 same
check "an ambiguous name" 1 "" "2 compartments are named same" "$orc" kill same
check "not by the cell's number" 0 "" "" "$orc" kill "$one/same"
kill -9 $two
wait $one
ok "ended by SIGTERM" "$([ $? = 143 ] || echo "another status")"
wait $two 2>/dev/null
check "the socket of a killed cell is removed" 0 "[^|]*CELL[^|]*\|" "" "$orc" ps
ok "it is" "$(ls "$XDG_RUNTIME_DIR/orc")"

chmod 755 "$XDG_RUNTIME_DIR/orc"
check "a directory that others can enter" 0 "hello\|" "warning: no control socket" "$orc" run "$guest"
check "no command" 2 "" "usage" "$orc"
check "an unknown command" 2 "" "no command named nonsense" "$orc" nonsense
check "version" 0 "orc [0-9.]+\|" "^$" "$orc" --version
check "help" 0 "usage: orc COMMAND.*" "^$" "$orc" --help
for command in run ps top kill objects stats verify bare; do
    check "help of $command" 0 "usage: orc $command.*" "^$" "$orc" $command --help
done
echo "1..$tests"
