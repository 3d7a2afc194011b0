#!/bin/bash
# The transcoding service: files, loops, clients over TCP, several instances in a cell, and what it refuses.
. tests/programs/programs.sh transcode
media=$build/ports/ffmpeg
client=$installed/share/transcode/client
# Its libraries are those of FFmpeg's port.
orc_run=("$build/${ORC_TEST_BIN:-bin}/orc" run --lib "$media/lib")
ffmpeg() { orc_run --mount "$PWD:/work" --workdir /work "$media/bin/ffmpeg" -nostdin -v error -y "$@"; }
probe() { orc_run --mount "$PWD:/work" --workdir /work "$media/bin/ffprobe" -v error -count_frames -of csv=p=0 -show_entries "stream=$1" "$2"; }
transcode() { orc_run --mount "$PWD:/work" --workdir /work "$installed/bin/transcode" "$@"; }

# segment NAME SIZE OPTION...: two seconds of pictures and a tone.
segment() { ffmpeg -f lavfi -i "testsrc2=size=$2:rate=25:duration=2" -f lavfi -i sine=duration=2 "${@:3}" "$1"; }
segments() {
    segment h264.ts 320x240 -c:v libx264 -preset veryfast -c:a mp2 && segment mpeg4.mkv 352x288 -c:v mpeg4 -c:a aac &&
        segment mpeg2.ts 320x240 -c:v mpeg2video -c:a mp2 && segment mjpeg.mov 160x120 -c:v mjpeg -c:a pcm_s16le &&
        segment h264.mp4 640x360 -c:v libx264 -preset veryfast -c:a aac
}
check "segments of several codecs and sizes" segments

# becomes CODEC WIDTH HEIGHT FRAMES FILE: what its video stream is.
becomes() { probe codec_name,width,height,nb_read_frames "$5" | grep -qx "$1,$2,$3,$4"; }
files() {
    local name
    for name in h264.ts mpeg4.mkv mpeg2.ts mjpeg.mov h264.mp4; do
        transcode --input "$name" --output out.mkv --codec "$1" --size 176x144 "${@:3}" | grep '^done: 50 frames in' && becomes "$2" 176 144 50 out.mkv &&
            probe codec_type out.mkv | grep -q audio || { echo "$name"; return 1; }
    done
}
check "any of them to H.264, smaller" files libx264 h264 --set preset=ultrafast
check "any of them to MPEG-4, smaller" files mpeg4 mpeg4 --set b=500000
check "any of them to Motion JPEG, smaller" files mjpeg mjpeg
threads() { transcode --input h264.mp4 --output out.mkv --threads 3 --set preset=ultrafast && becomes h264 640 360 50 out.mkv; }
check "with three threads each" threads
pipe() { orc_run "$installed/bin/transcode" --input - --output - --codec mpeg4 --format mpegts <h264.ts 2>log >out.ts && grep -q '^done: 50' log && becomes mpeg4 320 240 50 out.ts; }
check "from a pipe to a pipe" pipe
loops() {
    transcode --loop h264.ts --segments 3 --codec mpeg4 --size 160x120 --report - >lines 2>log || return 1
    [ "$(grep -c '^done: 50 frames' log)" -eq 3 ] && [ "$(head -n 1 lines | cut -d, -f2)" = 0 ] && [ "$(sed -n 2p lines | cut -d, -f2)" = 1 ] &&
        [ "$(tail -n 1 lines | cut -d, -f2)" = 150 ]
}
check "a loop, reported" loops
rate() {
    transcode --loop h264.ts --segments 1 --codec mpeg4 --size 160x120 --rate 20 --report rate >log || return 1
    python3 - <<'PY'
lines = [tuple(map(int, line.split(","))) for line in open("rate")]
assert lines[-1][1] == 50 and lines[-1][0] - lines[0][0] >= 2400, lines
assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in zip(lines, lines[1:])) and len(lines) >= 4, lines
PY
}
check "no faster than a rate" rate

waits() {
    mkfifo start && exec 4<>start
    start_server waiting --mount "$PWD:/work" --stdin "$PWD/start" "$installed/bin/transcode" --loop /work/h264.ts --wait --segments 1 --codec mpeg4
    wait_for grep -q '^ready$' waiting && sleep 1 && ! grep -q done waiting && echo >&4 && wait "$server" && grep -q '^done: 50' waiting
}
check "waits to be told, when all is open" waits

serve() {
    port=$(free_port)
    start_server service --listen "$port" "$installed/bin/transcode" --listen "$port" --codec libx264 --set preset=ultrafast --size 160x120
    wait_for grep -qs . "/proc/$server/stat" && sleep 1
}
over_tcp() {
    "$client" "127.0.0.1:$port" h264.ts out.mkv && becomes h264 160 120 50 out.mkv && "$client" "127.0.0.1:$port" mpeg4.mkv out.mkv &&
        becomes h264 160 120 50 out.mkv && [ "$(grep -c '^done: 50 frames' service)" -eq 2 ]
}
serve
check "clients over TCP" over_tcp
bad_clients() {
    head -c 100000 /dev/urandom >noise && : >empty
    ! "$client" "127.0.0.1:$port" noise out.mkv && ! "$client" "127.0.0.1:$port" empty out.mkv || return 1
    printf 'ffconcat version 1.0\nfile root\n' >list && ! "$client" "127.0.0.1:$port" list out.mkv || return 1
    head -c 30000 h264.ts >cut.ts && "$client" "127.0.0.1:$port" cut.ts out.mkv || true
    "$client" "127.0.0.1:$port" h264.ts out.mkv && becomes h264 160 120 50 out.mkv
}
check "noise, nothing, a playlist: refused, and the next is served" bad_clients
check "no segment may name files" grep -q 'not on whitelist' service
instances() {
    local first=$((port + 1)) i
    orc_run -n 4 --listen "{i+$first}" "$installed/bin/transcode" --listen "{i+$first}" --segments 1 --codec mpeg4 --format mpegts --size 160x120 >four &
    servers="$servers $!"
    sleep 1
    for i in 0 1 2 3; do
        wait_for "$client" "127.0.0.1:$((first + i))" mpeg2.ts "out$i.ts" && becomes mpeg4 160 120 50 "out$i.ts" || return 1
    done
    wait $! && cmp out0.ts out3.ts && [ "$(grep -c '^done: 50' four)" -eq 4 ]
}
check "four instances in a cell, a port each" instances
refuses() { transcode "${@:2}" >log 2>&1; [ $? -eq "$1" ] && cat log; }
check "refuses a codec that isn't there" refuses 1 --input h264.ts --codec nonesuch
check "refuses an encoder's option that isn't there" refuses 1 --input h264.ts --set nonesuch=1
check "refuses a segment that isn't there" refuses 1 --input nonesuch
check "refuses a size that is none" refuses 2 --input h264.ts --size 12
check "refuses to do nothing" refuses 2 --codec mpeg4
finish_tests
