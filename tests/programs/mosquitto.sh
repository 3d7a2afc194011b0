#!/bin/bash
# Mosquitto: Debian's own mosquitto_pub and mosquitto_sub, and the port's, against a broker in a compartment.
. tests/programs/programs.sh mosquitto
for tool in mosquitto_pub mosquitto_sub; do
    command -v $tool >/dev/null || { echo "Bail out! no $tool: install mosquitto-clients"; exit 1; }
done

number=$(free_port)
mkdir -p etc data
cat >etc/mosquitto.conf <<CONF
listener $number 127.0.0.1
allow_anonymous true
persistence true
persistence_location /data/
sys_interval 1
max_inflight_messages 100
max_queued_messages 10000
log_type all
CONF
broker() {
    start_server "$1" --listen "127.0.0.1:$number" --mount "$PWD/etc:/etc/mosquitto:ro" --mount "$PWD/data:/data" "$installed/bin/mosquitto" -c /etc/mosquitto/mosquitto.conf &&
        wait_for can_connect "$number" || { cat "$1"; return 1; }
}
publish() { mosquitto_pub -p "$number" "$@"; }
subscribe() { timeout 20 mosquitto_sub -p "$number" "$@"; }
broker broker.log || { cat broker.log; echo "Bail out! the broker doesn't start"; exit 1; }

for quality in 0 1 2; do
    delivers() {
        subscribe -t "test/$quality" -q "$quality" -C 3 >heard &
        wait_for grep -q "Sending SUBACK" broker.log
        sleep 0.2
        for i in 1 2 3; do publish -t "test/$quality" -q "$quality" -m "message $i" || return 1; done
        wait $! && same heard "message 1
message 2
message 3"
    }
    check "delivers with quality $quality" delivers
done
wildcards() {
    subscribe -v -t 'house/+/temperature' -t 'garden/#' -C 3 >heard &
    sleep 0.4
    publish -t house/kitchen/light -m 0 && publish -t house/kitchen/temperature -m 21 && publish -t garden -m green && publish -t garden/pond/fish -m 7
    wait $! && same heard "house/kitchen/temperature 21
garden green
garden/pond/fish 7"
}
check "wildcards" wildcards
retained() { publish -r -t kept -m 'for later' && [ "$(subscribe -t kept -C 1)" = 'for later' ]; }
check "a retained message" retained
large() { head -c 5000000 /dev/urandom | base64 -w0 >large && publish -r -t big -f large && subscribe -t big -N -C 1 | cmp - large; }
check "a message of 6 MB" large
will() {
    subscribe -t last/words -C 1 >heard &
    local listener=$!
    mosquitto_sub -p "$number" -t x --will-topic last/words --will-payload 'gone' &
    local dying=$!
    sleep 0.5
    kill -KILL $dying
    wait $listener && same heard gone
}
check "a client's will" will
session() {
    subscribe -i sleeper -c -q 1 -t dreams -E || true
    publish -q 1 -t dreams -m 'while asleep' && [ "$(subscribe -i sleeper -c -q 1 -t dreams -C 1)" = 'while asleep' ]
}
check "a lasting session" session
many() {
    local i listeners=
    for i in $(seq 40); do
        subscribe -t all -C 1 >"heard.$i" &
        listeners="$listeners $!"
    done
    wait_for bash -c "[ \"\$(timeout 3 mosquitto_sub -p $number -t '\$SYS/broker/subscriptions/count' -C 1)\" -ge 40 ]"
    publish -t all -m everyone
    for i in $listeners; do wait "$i" || return 1; done
    [ "$(cat heard.? heard.?? | grep -c everyone)" = 40 ]
}
check "40 subscribers" many
stream() {
    subscribe -q 1 -t flood -C 3000 >flood &
    sleep 0.3
    seq 3000 | publish -q 1 -t flood -l
    wait $! && seq 3000 | cmp - flood
}
check "3,000 messages in order" stream
version5() { publish -V 5 -r -t props -m x -D publish user-property key value -D publish content-type text/plain && subscribe -V 5 -t props -C 1 -F '%P %C %p' | grep -q 'key:value.*text/plain.*x'; }
check "MQTT 5 properties" version5
inside() {
    "${orc_run[@]}" --connect "127.0.0.1:$number" "$installed/bin/mosquitto_sub" -h 127.0.0.1 -p "$number" -t inner -C 1 >heard &
    sleep 0.7
    orc_run --connect "127.0.0.1:$number" "$installed/bin/mosquitto_pub" -h 127.0.0.1 -p "$number" -t inner -m 'from a compartment' && wait $! && same heard 'from a compartment'
}
check "clients in compartments" inside
persistent() {
    stop_server "$server" || { tail -3 broker.log; return 1; }
    [ -s data/mosquitto.db ] && broker broker2.log && [ "$(subscribe -t kept -C 1)" = 'for later' ]
}
check "SIGTERM saves; the next broker has the retained messages" persistent
users() {
    local other
    other=$(free_port)
    printf 'listener %s 127.0.0.1\nallow_anonymous false\n' "$other" >etc/closed.conf
    start_server closed.log --listen "127.0.0.1:$other" --mount "$PWD/etc:/etc/mosquitto:ro" "$installed/bin/mosquitto" -c /etc/mosquitto/closed.conf && wait_for can_connect "$other" || return 1
    mosquitto_pub -p "$other" -t x -m y 2>out
    [ $? != 0 ] && grep -qi 'not authori[sz]ed' out && stop_server "$server"
}
check "refuses who isn't known" users
finish_tests
