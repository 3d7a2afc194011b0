#!/bin/sh
# Installs the Debian packages that building and testing need; does nothing when all are there.
# As root, or through sudo.
set -eu
packages="
  make git ca-certificates python3 dpkg-dev xz-utils perl
  gcc clang-22 lld-22 llvm-22-dev llvm-22 libclang-rt-22-dev nasm
  libzydis-dev libzycore-dev libsodium-dev libcmocka-dev libcapstone-dev
  redis-tools mosquitto-clients curl bzip2
  csmith libcsmith-dev tcl gdb libc6-dev musl-tools gnuplot-nox linux-libc-dev tzdata
"
missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "deps: these packages are missing and there is no sudo; as root, run: apt-get install$missing" >&2; exit 1; }
    root=sudo
fi
echo "deps: installing$missing"
$root apt-get update -qq
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
