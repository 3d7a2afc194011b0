#!/bin/bash
# A program that uses threads in earnest (ports/threads): what it computes doesn't depend on their scheduling.
. tests/programs/programs.sh threads
cat >expected.4 <<'TEXT'
sort 400000: digest c022f5a013da4485, 0 out of order
queue: 80000 taken, sum 3199960000
barrier: 1000 steps, sum 301206.653654
table: 1252 writes, 0 torn reads
ring: token 2000
locals: 1 key, 4 destroyed, sum 38
cancel: 4 cancelled, 4 cleaned, then a timeout
short: 1000 of 1000 lived
TEXT
cat >expected.32 <<'TEXT'
sort 400000: digest c022f5a013da4485, 0 out of order
queue: 640000 taken, sum 204799680000
barrier: 1000 steps, sum 301206.653654
table: 10016 writes, 0 torn reads
ring: token 16000
locals: 1 key, 32 destroyed, sum 752
cancel: 32 cancelled, 32 cleaned, then a timeout
short: 1000 of 1000 lived
TEXT
threads() { orc_run "${@:2}" "$installed/bin/threads" "$1" >out; }
four() { threads 4 && diff -u expected.4 out; }
check "4 threads" four
many() { threads 32 && diff -u expected.32 out; }
check "32 threads" many
limited() {
    threads 32 --threads 8 2>errors
    [ $? = 1 ] && grep -q 'pthread_create: ' errors
}
check "beyond the thread limit pthread_create fails" limited
two_at_once() {
    orc_run -n 2 "$installed/bin/threads" 4 >both || return 1
    sort expected.4 expected.4 | diff -u - <(sort both)
}
check "two compartments at once" two_at_once
finish_tests
