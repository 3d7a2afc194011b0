#!/bin/bash
# Redis: Debian's own redis-cli and redis-benchmark against a server in a compartment, persistence, what needs fork(), and
# Redis' own tests. REDIS_UNITS=all runs all units that an external server can have (some 5 minutes).
. tests/programs/programs.sh redis
for tool in redis-cli redis-benchmark tclsh; do
    command -v $tool >/dev/null || { echo "Bail out! no $tool: install redis-tools and tcl"; exit 1; }
done

mkdir data
# redis NAME OPTION...: a server on a free port, its files in data/; sets `server` and `number`.
redis() {
    local name=$1
    shift
    number=$(free_port)
    start_server "$name.log" --listen "127.0.0.1:$number" --mount "$PWD/data:/data" --workdir /data "$installed/bin/redis-server" --port "$number" \
        --bind 127.0.0.1 --enable-debug-command yes "$@"
    wait_for cli ping || { cat "$name.log"; return 1; }
}
cli() { redis-cli -p "$number" "$@"; }

check "starts" redis first
redis main || exit 1
commands() {
    [ "$(cli set key value)" = OK ] && [ "$(cli get key)" = value ] && [ "$(cli incrby n 41)" = 41 ] && [ "$(cli incr n)" = 42 ] &&
        [ "$(cli eval 'return redis.call("get", KEYS[1]) .. ARGV[1]' 1 key '!')" = 'value!' ] && [ "$(cli lpush l a b c)" = 3 ] &&
        [ "$(cli lrange l 0 -1 | tr '\n' ' ')" = "c b a " ] && [ "$(cli zadd z 1 one 2 two)" = 2 ] && [ "$(cli zrange z 0 -1 | tr '\n' ' ')" = "one two " ] &&
        [ "$(cli hset h f v g w)" = 2 ] && [ "$(cli xadd s 1-1 a b)" = 1-1 ] && [ "$(cli pfadd p a b c)" = 1 ] && [ "$(cli type s)" = stream ]
}
check "commands of each type" commands
info() { cli info >info && grep -q '^redis_version:7' info && grep -q '^os:Linux' info && grep -q '^mem_allocator:libc' info && grep -q '^multiplexing_api:epoll' info; }
check "info" info
expiry() { cli set short 1 px 30 >/dev/null && wait_for bash -c "[ \"\$(redis-cli -p $number exists short)\" = 0 ]"; }
check "keys expire" expiry
large() { head -c 30000000 /dev/urandom >large && cli -x set large <large >/dev/null && cli --raw get large | head -c 30000000 | cmp - large && [ "$(cli strlen large)" = 30000000 ] && cli unlink large >/dev/null; }
check "a value of 30 MB" large
publish() {
    timeout 5 redis-cli -p "$number" subscribe news >heard &
    local listener=$!
    wait_for bash -c "[ \"\$(redis-cli -p $number publish news hello)\" = 1 ]"
    wait_for grep -q hello heard
    local status=$?
    kill $listener
    return $status
}
check "publish and subscribe" publish
blocking() {
    redis-cli -p "$number" blpop queue 5 >popped &
    sleep 0.2
    cli rpush queue item >/dev/null
    wait $! && grep -q item popped
}
check "a blocking command" blocking
benchmark() { redis-benchmark -p "$number" -n 20000 -c 50 -P 8 -q -t set,get,incr,lpush,zadd,mset >bench && [ "$(grep -c 'requests per second' bench)" -ge 6 ]; }
check "redis-benchmark with 50 clients" benchmark

refuses() {
    cli bgsave | grep -q 'needs fork()' && cli bgrewriteaof | grep -q 'needs fork()' && cli config set save '60 1' | grep -q 'needs\? background saving' &&
        cli config set appendonly yes | grep -qi err && [ "$(cli set still writes)" = OK ]
}
check "what needs fork() says so, and writing goes on" refuses
saves() {
    [ "$(cli save)" = OK ] && [ -s data/dump.rdb ] && stop_server "$server" && redis again && [ "$(cli get key)" = value ] && [ "$(cli zscore z two)" = 2 ] &&
        [ "$(cli xlen s)" = 1 ] && stop_server "$server"
}
check "SAVE, stop, start: the data are there" saves
append_only() {
    redis aof --appendonly yes --appendfsync always --dbfilename other.rdb || return 1
    for i in $(seq 20); do echo "set a$i $i"; done | cli >/dev/null
    kill -KILL "$server"
    wait "$server"
    redis aof2 --appendonly yes --dbfilename other.rdb && [ "$(cli get a20)" = 20 ] && [ "$(cli dbsize)" = 20 ] && stop_server "$server"
}
check "an append-only file survives a kill" append_only
shutdown() {
    redis down --dbfilename down.rdb && cli set x 1 >/dev/null && { cli shutdown save; wait "$server"; } && [ -s data/down.rdb ] && grep -q 'bye bye' down.log
}
check "SHUTDOWN SAVE ends with status 0" shutdown
background_threads() { redis io --io-threads 3 --io-threads-do-reads yes --dbfilename io.rdb && redis-benchmark -p "$number" -n 20000 -c 20 -q -t set,get >/dev/null && [ "$(cli ping)" = PONG ] && stop_server "$server"; }
check "I/O threads" background_threads
memory() {
    redis limited --maxmemory 20mb --maxmemory-policy allkeys-lru --dbfilename limited.rdb && redis-benchmark -p "$number" -n 60000 -r 1000000 -d 1000 -P 16 -q -t set >/dev/null &&
        [ "$(cli info stats | tr -d '\r' | sed -n 's/^evicted_keys://p')" -gt 1000 ] && [ "$(cli info memory | tr -d '\r' | sed -n 's/^used_memory://p')" -lt 25000000 ] && stop_server "$server"
}
check "a memory limit evicts" memory
own_cli() {
    redis inner --dbfilename inner.rdb && [ "$(orc_run --connect "127.0.0.1:$number" "$installed/bin/redis-cli" -h 127.0.0.1 -p "$number" ping)" = PONG ] && stop_server "$server"
}
check "redis-cli in a compartment of its own" own_cli
bad_configuration() { orc_run "$installed/bin/redis-server" --no-such-option 1 >out 2>&1; [ $? = 1 ] && grep -q 'Bad directive' out; }
check "a bad option is an error" bad_configuration
daemon() { orc_run --listen "127.0.0.1:$number" "$installed/bin/redis-server" --daemonize yes --port "$number" >out 2>&1; [ $? = 1 ] && grep -q 'needs fork()' out; }
check "daemonize says why not" daemon

# Redis' own tests, against two servers at once. What needs a replica or a stand-in for one needs a background save.
cp -a "$installed/share/redis" own
mkdir own/src results
ln -s "$(command -v redis-cli)" "$(command -v redis-benchmark)" own/src/
cp -a own own2
units="scripting multi type/hash type/string keyspace functions bitops bitfield pubsub type/incr"
[ -z "${ORC_TEST_PORTS:-}" ] || units="scripting type/hash" # the second time: programs.sh
[ "${REDIS_UNITS:-}" != all ] || units="$units type/zset type/set type/list type/stream sort scan tracking hyperloglog geo"
redis tests1 --dbfilename t1.rdb
first=$number
redis tests2 --dbfilename t2.rdb
second=$number
# run_units PORT HALF DIRECTORY BASEPORT: every second unit.
run_units() {
    local unit
    echo "$units" | tr -s ' \n' '\n\n' | awk -v half="$2" 'NR % 2 == half' | while read -r unit; do
        (cd "$3" && timeout 300 ./runtest --host 127.0.0.1 --port "$1" --baseport "$4" --single "unit/$unit" --tags "-slow -needs:repl") >"results/${unit##*/}" 2>&1
        echo "status $?" >>"results/${unit##*/}"
    done
}
run_units "$first" 0 own 22111 &
run_units "$second" 1 own2 24111
wait $!
for unit in $units; do
    passes() { tail -n 25 "results/${unit##*/}"; [ "$(tail -n 1 "results/${unit##*/}")" = "status 0" ] && grep -q '\[.*ok.*\]' "results/${unit##*/}"; }
    check "Redis' own unit/$unit: $(grep -c '\[.*ok.*\]:' "results/${unit##*/}") tests" passes
done
finish_tests
