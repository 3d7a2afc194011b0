#!/bin/sh
# usage: run.sh FUZZER. Fuzzes for FUZZ_SECONDS (default 20) from the committed corpus and prints TAP.
# FUZZ_CORPUS=DIRECTORY keeps what the fuzzer finds on its way; what breaks is left in the current directory.
fuzzer=$1
corpus=$(dirname "$0")/corpus
kept=${FUZZ_CORPUS:-$(mktemp -d)}
log=$(mktemp)
trap 'rm -f "$log"; [ -n "$FUZZ_CORPUS" ] || rm -rf "$kept"' EXIT
echo 1..1
if "$fuzzer" -max_total_time="${FUZZ_SECONDS:-20}" -max_len=256 -timeout=10 -print_final_stats=1 \
    -artifact_prefix=fuzz-verifier- "$kept" "$corpus" >"$log" 2>&1; then
    grep '^verifier fuzzer:' "$log" | sed 's/^/# /'
    echo "ok 1 - verifier against LLVM's disassembler"
else
    tail -n 40 "$log" | sed 's/^/# /'
    echo "not ok 1 - verifier against LLVM's disassembler"
    exit 1
fi
