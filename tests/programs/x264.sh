#!/bin/bash
# x264, with its assembly.
. tests/programs/programs.sh x264
cd "$scratch" || exit 1
python3 - <<'PY'
import random
random.seed(1)
noise = bytes(random.randrange(16) for _ in range(4096))
with open("in.y4m", "wb") as out:
    out.write(b"YUV4MPEG2 W208 H120 F25:1 Ip A1:1 C420jpeg\n")
    for frame in range(20):
        luma = bytes((x * 3 + y * 2 + frame * 5 + (x * y >> 6) + noise[(x * 7 + y * 13 + frame) & 4095]) & 255 for y in range(120) for x in range(208))
        chroma = [bytes((x + y + frame * (plane + 1)) & 127 for y in range(60) for x in range(104)) for plane in range(2)]
        out.write(b"FRAME\n" + luma + chroma[0] + chroma[1])
PY
x264() { orc_run --mount "$scratch:/work" --workdir /work "$installed/bin/x264" "$@"; }

# What the two encode is the same where no rounding of floating point numbers decides. (Natively as well.)
same_as_c() {
    x264 --threads 1 "${@:2}" -o "$1.264" in.y4m && x264 --threads 1 --no-asm "${@:2}" -o "$1-c.264" in.y4m && [ -s "$1.264" ] && cmp "$1.264" "$1-c.264"
}
capabilities() { x264 --preset ultrafast -o t.264 in.y4m 2>log && grep -q 'cpu capabilities: .*SSSE3' log && ! grep -q AVX512 log; }
check "it uses the processor's abilities, but for those that the verifier doesn't know" capabilities
check "assembly and C encode the same at a constant quantizer" same_as_c quantizer --preset slow --qp 26 --no-mbtree --aq-mode 0 --no-psy --weightp 0
check "assembly and C encode the same without a loss" same_as_c lossless --preset medium --qp 0
check "assembly and C encode the same with CAVLC" same_as_c cavlc --preset slower --qp 30 --no-cabac --no-mbtree --aq-mode 0 --no-psy --weightp 0
placebo() { x264 --preset placebo --frames 6 -o placebo.264 in.y4m && [ -s placebo.264 ]; }
check "the slowest preset" placebo
threads() { x264 --threads 3 --preset medium -o threads.264 in.y4m && [ -s threads.264 ]; }
check "three threads" threads
finish_tests
