#!/bin/sh
# LLVM's strip, and the note of an object set right again: its hash covers the ELF header, which stripping changes.
tools=$(dirname "$(readlink -f "$0")")
llvm-strip-@LLVM@ "$@" || exit
output=
expect=
for argument; do
    [ "$expect" = output ] && output=$argument
    expect=
    case $argument in
    -o) expect=output ;;
    -o?*) output=${argument#-o} ;;
    esac
done
if [ -n "$output" ]; then
    exec "$tools/orc-ld" --orc-finish "$output"
fi
for argument; do
    case $argument in
    -*) ;;
    *) [ ! -f "$argument" ] || "$tools/orc-ld" --orc-finish "$argument" || exit ;;
    esac
done
