#!/bin/sh
# What `make demo` shows, once everything is built.
set -eu
build=$1
"$build/bin/orc" verify "$build/examples/counter.so"
exec "$build/bin/tenants" "$build/examples/counter.so"
