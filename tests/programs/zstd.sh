#!/bin/bash
# zstd: round trips at many levels, with threads, with a dictionary, by pipes and by files; damaged input.
. tests/programs/programs.sh zstd
zstd() { orc_run --mount "$PWD:/work" --workdir /work "$installed/bin/zstd" -q "$@"; }

# Text that repeats itself in places, and noise.
python3 - <<'PY'
import random
random.seed(1)
words = [bytes(random.choices(b"abcdefghijklmnopqrstuvwxyz", k=random.randint(2, 9))) for _ in range(3000)]
open("text", "wb").write(b" ".join(random.choices(words, k=500000)))
open("noise", "wb").write(random.randbytes(1 << 20))
open("empty", "wb")
open("zeros", "wb").write(bytes(5 << 20))
for i in range(300):
    open(f"sample{i}", "wb").write(b"{\"id\": %d, \"name\": \"" % i + random.choice(words) + b"\", \"tags\": [\"" + b"\", \"".join(random.choices(words, k=5)) + b"\"]}")
PY
for level in 1 3 9 --fast=3; do
    pipes() { zstd "${level/#[0-9]/-$level}" -c <text | zstd -dc | cmp - text; }
    check "level $level, through pipes" pipes
done
high() { head -c 700000 text | zstd -19 -c >t.zst && zstd -dc t.zst | cmp - <(head -c 700000 text) && [ "$(stat -c %s t.zst)" -lt 300000 ]; }
check "level 19 is small" high
files() {
    zstd -f text noise empty zeros && zstd -t text.zst noise.zst empty.zst zeros.zst || return 1
    for name in text noise empty zeros; do
        zstd -d -f -o back "$name.zst" && cmp back "$name" || return 1
    done
    [ "$(stat -c %s zeros.zst)" -lt 2000 ] && [ "$(stat -c %s noise.zst)" -gt 1000000 ]
}
check "files of all kinds" files
threaded() { zstd -T3 -B256K -c text >t.zst && zstd -dc t.zst | cmp - text && [ "$(stat -c %s t.zst)" -lt 2500000 ]; }
check "compresses with three threads" threaded
long() { cat text noise text >long && zstd --long=25 -c long >l.zst && zstd -d --long=25 -c l.zst | cmp - long; }
check "a long window" long
dictionary() {
    zstd --train sample* -o dictionary --maxdict=8K && zstd -D dictionary -c sample7 >s.zst && zstd -D dictionary -dc s.zst | cmp - sample7 &&
        zstd -c sample7 >plain.zst && [ "$(stat -c %s s.zst)" -lt "$(stat -c %s plain.zst)" ]
}
check "a trained dictionary" dictionary
keeps() { touch -d '2001-02-03 04:05:06' sample1 && chmod 640 sample1 && zstd -f sample1 && [ "$(stat -c '%Y %a' sample1.zst)" = "$(stat -c '%Y %a' sample1)" ]; }
check "keeps a file's time and mode" keeps
removes() { cp sample2 gone && zstd --rm gone && [ ! -e gone ] && zstd -d --rm gone.zst && cmp gone sample2 && [ ! -e gone.zst ]; }
check "--rm" removes
damaged() {
    zstd -c text >d.zst && printf 'XXXX' | dd of=d.zst bs=1 seek=50000 conv=notrunc status=none
    ! zstd -t d.zst 2>errors && grep -qi 'corrupt\|checksum\|error' errors
}
check "damage is found" damaged
lists() { zstd -f text && zstd -l text.zst | grep -q 'XXH64'; }
check "lists" lists
benchmark() { zstd -b1 -i0 sample3 2>&1 | grep -q 'MB/s'; }
check "its own benchmark runs" benchmark
finish_tests
