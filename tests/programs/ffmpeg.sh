#!/bin/bash
# FFmpeg: codecs there and back, threads, containers, the network, damaged input, and FFmpeg's own tests (FATE): a choice of
# them, all that need no samples with FFMPEG_FATE=all.
. tests/programs/programs.sh ffmpeg
tool() { orc_run --mount "$PWD:/work" --workdir /work "${options[@]}" "$installed/bin/$program" "$@"; }
ffmpeg() { program=ffmpeg tool -nostdin -hide_banner -v error -y "$@"; }
ffprobe() { program=ffprobe tool -v error "$@"; }
options=()

# frames FILE [OPTION...]: the hash of each picture.
frames() { ffmpeg "${@:2}" -i "$1" -map 0:v -f framemd5 - | grep -v '^#' | cut -d, -f6; }

video=(-f lavfi -i 'testsrc2=size=320x240:rate=25:duration=2')
sound=(-f lavfi -i 'sine=frequency=440:duration=2')
prepare() {
    ffmpeg "${video[@]}" -pix_fmt yuv420p original.nut && ffmpeg "${sound[@]}" original.wav &&
        [ "$(frames original.nut | tee original.frames | wc -l)" -eq 50 ]
}
check "makes a test picture and a test sound" prepare

# lossless CODEC CONTAINER: each picture comes back as it was.
lossless() { ffmpeg -i original.nut -c:v "$1" "t.$2" && frames "t.$2" | diff - original.frames; }
for codec in ffv1 ffvhuff rawvideo; do check "$codec loses nothing" lossless $codec mkv; done
lossless_x264() { ffmpeg -i original.nut -c:v libx264 -qp 0 t.mp4 && frames t.mp4 | diff - original.frames; }
check "x264 at -qp 0 loses nothing, with the native H.264 decoder" lossless_x264
lossless_sound() {
    ffmpeg -i original.wav -f md5 - >expected && ffmpeg -i original.wav -c:a "$1" "t.$2" && ffmpeg -i "t.$2" -f md5 - | diff - expected
}
check "flac loses nothing" lossless_sound flac flac
check "alac loses nothing" lossless_sound alac mov

# psnr_above DECIBEL FILE: how far it's from the original.
psnr_above() {
    program=ffmpeg tool -nostdin -hide_banner -i "$2" -i original.nut -lavfi psnr -f null - 2>&1 |
        sed -n 's/.*average:\([0-9.]*\|inf\).*/\1/p' | awk -v least="$1" '{ print; good = ($1 == "inf" || $1 > least) } END { exit !good }'
}
lossy() { ffmpeg -i original.nut -c:v "$1" -b:v 2M "t.$2" && psnr_above "$3" "t.$2"; }
check "x264 at 2 Mbit/s" lossy libx264 mp4 38
check "MPEG-4 at 2 Mbit/s" lossy mpeg4 avi 30
check "MPEG-2 at 2 Mbit/s" lossy mpeg2video ts 28
check "Motion JPEG at 2 Mbit/s" lossy mjpeg mov 25
# The tone is still there: 440 Hz change their sign 880 times in a second from the middle.
lossy_sound() {
    ffmpeg -i original.wav -c:a "$1" "t.$2" && ffmpeg -ss 0.5 -i "t.$2" -t 1 -ac 1 -ar 44100 -f s16le t.raw && python3 - <<'PY'
import array
samples = array.array("h", open("t.raw", "rb").read())
changes = sum((a < 0) != (b < 0) for a, b in zip(samples, samples[1:]))
print(len(samples), max(samples), changes)
assert abs(len(samples) - 44100) < 100 and max(samples) > 2000 and abs(changes - 880) <= 4
PY
}
check "AAC keeps a tone" lossy_sound aac mp4
check "AC-3 keeps a tone" lossy_sound ac3 ac3
check "MPEG layer 2 keeps a tone" lossy_sound mp2 mp2

# With threads by picture and by slice the encoder's output is its own, the decoder's is what one thread makes of it.
threads() {
    ffmpeg -i original.nut -c:v libx264 -threads 4 -x264-params "$1" t.mp4 && frames t.mp4 -threads 1 >one &&
        [ "$(wc -l <one)" -eq 50 ] && frames t.mp4 -threads 3 | diff - one && frames t.mp4 -threads 2 -thread_type slice | diff - one &&
        psnr_above 35 t.mp4
}
check "x264 with four threads by picture; decoding with three and two" threads sliced-threads=0
check "x264 with four threads by slice; decoding with three and two" threads sliced-threads=1:slices=4
threads_mpeg2() { ffmpeg -i original.nut -c:v mpeg2video -threads 3 -slices 3 t.ts && frames t.ts -threads 1 >one && frames t.ts -threads 3 | diff - one; }
check "MPEG-2 with three threads" threads_mpeg2

containers() {
    ffmpeg -i original.nut -i original.wav -c:v libx264 -c:a aac all.mp4 || return 1
    ffmpeg -i all.mp4 -c copy -f framemd5 - | grep -v '^#' | sort | cut -d, -f5,6 | sort >packets
    for name in t.mkv t.mov t.nut; do
        ffmpeg -i all.mp4 -c copy "$name" && ffmpeg -i "$name" -c copy -f framemd5 - | grep -v '^#' | cut -d, -f5,6 | sort | diff - packets || return 1
    done
}
check "the same packets from three containers" containers
probe() {
    ffprobe -of json -show_streams -show_format all.mp4 >all.json && python3 - <<'PY'
import json
found = json.load(open("all.json"))
video, sound = found["streams"]
assert (video["codec_name"], video["width"], video["height"], video["nb_frames"]) == ("h264", 320, 240, "50"), video
assert (sound["codec_name"], sound["sample_rate"]) == ("aac", "44100"), sound
assert abs(float(found["format"]["duration"]) - 2) < 0.1
PY
}
check "ffprobe tells what is in a file" probe
hls() {
    ffmpeg -i all.mp4 -c copy -hls_time 1 -hls_list_size 0 list.m3u8 && grep -q EXT-X-ENDLIST list.m3u8 && [ -s list0.ts ] &&
        [ "$(frames list.m3u8 | wc -l)" -eq 50 ]
}
check "a playlist and its segments" hls
pipes() {
    orc_run "$installed/bin/ffmpeg" -v error "${video[@]}" -c:v mpeg4 -f matroska - | orc_run "$installed/bin/ffmpeg" -v error -i - -f framemd5 - | grep -vc '^#' >count
    same count 50
}
check "one compartment's output is another's input" pipes
network() {
    local port
    port=$(free_port)
    orc_run --listen "$port" "$installed/bin/ffmpeg" -nostdin -v error -i "tcp://0.0.0.0:$port?listen" -f framemd5 - >received &
    local receiver=$!
    servers="$servers $receiver"
    sleep 1
    wait_for sender "$port" && wait "$receiver" && [ "$(grep -vc '^#' received)" -eq 50 ]
}
sender() { orc_run --connect "127.0.0.1:$1" "$installed/bin/ffmpeg" -nostdin -v error "${video[@]}" -c:v mpeg4 -f mpegts "tcp://127.0.0.1:$1"; }
check "from one compartment to another by TCP" network
filters() {
    ffmpeg "${video[@]}" -vf 'split[a][b];[b]hflip,hue=s=0[c];[a][c]hstack,scale=400:-2,fps=10,drawbox=10:10:50:50' -c:v ffv1 t.mkv &&
        [ "$(ffprobe -of csv=p=0 -show_entries stream=width,height,r_frame_rate t.mkv)" = 400,150,10/1 ] && [ "$(frames t.mkv | wc -l)" -eq 20 ]
}
check "a graph of filters" filters
damaged() {
    local copy
    for copy in 1 2 3; do
        python3 - $copy <<'PY'
import random, sys
random.seed(int(sys.argv[1]))
data = bytearray(open("all.mp4", "rb").read())
for _ in range(200):
    data[random.randrange(1000, len(data))] = random.randrange(256)
open("damaged.mp4", "wb").write(data)
PY
        ffmpeg -i damaged.mp4 -f null - 2>errors
        [ $? -lt 124 ] || return 1 # an exit code of its own, no signal
    done
    head -c 40 all.mp4 >short.mp4
    ! ffmpeg -i short.mp4 -f null - 2>errors && grep -qi 'invalid data\|moov' errors
}
check "damaged input ends in an error at worst" damaged
refused() { ! ffmpeg -i /etc/shadow -f null - 2>errors && grep -q 'No such file' errors && ! ffmpeg -i tcp://127.0.0.1:1 -f null - 2>errors && grep -qi 'denied' errors; }
check "no file and no host that wasn't granted" refused

# FATE. Its commands were written down when the port was built; see ports/ffmpeg/recipe.
fate=$scratch/fate
cp -a "$installed/share/ffmpeg/fate" "$fate"
cat >"$scratch/target" <<RUN
#!/bin/bash
# Runs a program of FATE, which it knows by its path in the compartment.
program=$fate/\${1#/fate/}
shift
exec "${orc_run[0]}" run --lib "$installed/lib" --mount "$fate:/fate" --workdir /fate "\$program" "\$@"
RUN
chmod +x "$scratch/target"
rm "$fate"/{ffmpeg,ffprobe}
ln -s "$installed"/bin/{ffmpeg,ffprobe} "$fate/"

# fate_one LINE: a line of `commands`. Lines that aren't tests make what later ones need.
fate_one() {
    local line=$1
    eval "set -- $line"
    cd "$fate" || return 1
    if [ "$1" = exec ]; then
        "$scratch/target" "${@:2}" 2>/dev/null
    else
        bash tests/run-one.sh "$2" "$3" "$scratch/target" "${@:5}"
    fi
}
chosen=$files.fate
ran=0
while IFS= read -r line <&3; do
    name=${line#test fate-}
    name=${name%% *}
    [ "${FFMPEG_FATE:-}" = all ] || grep -qxF -e "$name" "$chosen" || continue
    if [[ $line = exec* ]]; then fate_one "$line"; continue; fi
    check "FATE $name" fate_one "$line"
    ran=$((ran + 1))
done 3<"$fate/commands"
all_there() { echo "$ran of FATE ran"; [ "$ran" -ge "$(wc -l <"$chosen")" ]; }
check "every test of FATE that was chosen is there" all_there
finish_tests
