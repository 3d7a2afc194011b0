#!/bin/bash
# progress.sh LOG COMMAND...: runs a build, keeps all of its output in LOG, and shows how it gets on: the large steps as they
# begin, and every 15 seconds that it's still alive. When it fails, the end of the log and its exit status.
set -u
log=$1
shift
mkdir -p "$(dirname "$log")"
: >"$log"
steps=0
exec 3< <("$@" 2>&1)
build=$!
while true; do
    IFS= read -r -t 15 -u 3 line
    status=$?
    if [ $status -gt 128 ]; then
        echo "  [$SECONDS s] still at it, $steps small steps done"
        continue
    fi
    [ $status = 0 ] || break
    echo "$line" >>"$log"
    case $line in
        '  MUSL '*) echo "  [$SECONDS s] C library: ${line##*/build/}" ;;
        '  PORT '*) echo "  [$SECONDS s] ${line#  PORT } from its Debian source package" ;;
        '  LINK '*) echo "  [$SECONDS s] linked ${line##*/}" ;;
        *) steps=$((steps + 1)) ;;
    esac
done
wait $build
status=$?
if [ $status != 0 ]; then
    tail -n 30 "$log"
    echo "the build failed; the whole log is $log" >&2
fi
exit $status
