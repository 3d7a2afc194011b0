#!/bin/bash
# fetch-source.sh PACKAGE [VERSION]: fetches a Debian source package, unpacks it with Debian's patches applied and
# prints the directory. The newest version that this machine's own Debian sources offer is taken unless one is named.
#
# Works as root and as a normal user: apt runs on a private copy of the machine's configured sources (deb-src in
# place of deb) with its own state and cache; nothing in /etc or /var changes. apt verifies the archive's signature,
# the index and the files. Safe to run in parallel: a tree appears under its name only when complete.
set -euo pipefail

die() {
    echo "fetch-source: $*" >&2
    exit 1
}

[ $# -ge 1 ] && [ $# -le 2 ] || die "usage: fetch-source.sh PACKAGE [VERSION]"
package=$1
version=${2:-}
[[ $package =~ ^[a-z0-9][a-z0-9.+-]+$ ]] || die "not a package name: $package"
[[ $version =~ ^[A-Za-z0-9.+:~-]*$ ]] || die "not a version: $version"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/orc
sources=$cache/src
private=$cache/apt
mkdir -p "$sources" "$private"/{state/lists/partial,cache/archives/partial}

# A tree's name: package and version, without the epoch, whose colon make and PATH can't hold.
tree_of() {
    echo "$sources/$package-${1#*:}"
}

if [ -n "$version" ] && [ -d "$(tree_of "$version")" ]; then
    tree_of "$version"
    exit 0
fi

# The machine's Debian sources as deb-src lines: both formats, and no third party's suites.
debian_sources() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
        sed -nE "s#^deb(-src)?[[:space:]]+((\[[^]]*\][[:space:]]+)?[^[:space:]]+[[:space:]]+($codename|stable|testing|unstable|sid)([-/][^[:space:]]*)?[[:space:]].*)#deb-src \2#p" |
        sort -u >"$1.list"
    local file
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -e "$file" ] || continue
        # shellcheck disable=SC2016
        awk -v codename="$codename" 'BEGIN { RS = ""; FS = "\n" }
            {
                keep = 0; text = ""
                for (i = 1; i <= NF; i++) {
                    if ($i ~ /^#/) continue
                    line = $i
                    if (line ~ /^Types:/) line = "Types: deb-src"
                    if (line ~ "^Suites:[ \t]*(" codename "|stable|testing|unstable|sid)([-/ \t]|$)") keep = 1
                    text = text line "\n"
                }
                if (keep) print text
            }' "$file"
    done >"$1.sources"
}

# Runs an apt tool on the private configuration.
apt_private() {
    local tool=$1
    shift
    "$tool" -c "$private/apt.conf" "$@"
}

configure() {
    mkdir -p "$private/sources"
    debian_sources "$private/sources/debian"
    [ -s "$private/sources/debian.list" ] || [ -s "$private/sources/debian.sources" ] ||
        die "found no Debian source in /etc/apt; add one (deb or deb-src) and try again"
    # The machine's hooks work on its own caches, so none of them runs here.
    cat >"$private/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$private/sources";
Dir::State "$private/state";
Dir::State::Status "/var/lib/dpkg/status";
Dir::Cache "$private/cache";
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
}

# The versions in the index, newest first (they are few, so insertion by pairwise comparison is enough).
known_versions() {
    local candidate sorted=() i
    while read -r candidate; do
        for ((i = ${#sorted[@]}; i > 0; i--)); do
            dpkg --compare-versions "$candidate" gt "${sorted[i - 1]}" || break
            sorted[i]=${sorted[i - 1]}
        done
        sorted[i]=$candidate
    done < <(apt_private apt-cache showsrc --only-source "$package" 2>/dev/null | sed -n 's/^Version: //p' | sort -u)
    echo "${sorted[@]}"
}

# The index is refreshed once a day, or when it doesn't know the package.
resolve() {
    exec 9>"$private/lock"
    flock 9
    if [ ! -e "$private/updated" ] || [ -n "$(find "$private/updated" -mmin +1440)" ]; then refresh; fi
    [ -n "$version" ] || version=$(known_versions)
    if [ -z "$version" ]; then
        refresh
        version=$(known_versions)
    fi
    exec 9>&-
    [ -n "$version" ] || die "$package: this machine's Debian sources have no such source package"
}

refresh() {
    configure
    # An index that can't be fetched just now isn't fatal while an older one is there.
    if apt_private apt-get update -qq >"$private/update.log" 2>&1; then
        touch "$private/updated"
    elif [ ! -e "$private/updated" ]; then
        cat "$private/update.log" >&2
        die "apt-get update failed"
    fi
}

# fetch VERSION: 1 when the download fails.
fetch() {
    local target work description
    target=$(tree_of "$1")
    if [ -d "$target" ]; then
        echo "$target"
        return
    fi
    work=$(mktemp -d "$sources/.$package.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    if ! (cd "$work" && apt_private apt-get source -qq --download-only --only-source "$package=$1") >"$work/log" 2>&1; then
        failures+="$(cat "$work/log")"$'\n'
        rm -rf "$work"
        return 1
    fi
    description=$(find "$work" -maxdepth 1 -name '*.dsc')
    [ -n "$description" ] || die "$package $1: no .dsc file came"
    if ! dpkg-source --no-check --extract "$description" "$work/tree" >"$work/log" 2>&1; then
        cat "$work/log" >&2
        die "$package $1: unpacking failed"
    fi
    # Whoever comes second finds the name taken and drops its own copy.
    mv -T "$work/tree" "$target" 2>/dev/null || [ -d "$target" ] || die "cannot create $target"
    echo "$target"
}

# Unless one version was asked for, an older one will do when the newest is listed but not to be had. What was chosen
# is remembered as long as the index.
failures=
remembered=$sources/.newest-$package
if [ -z "$version" ] && [ -n "$(find "$remembered" -mmin -1440 2>/dev/null)" ] && [ -d "$(cat "$remembered")" ]; then
    cat "$remembered"
    exit 0
fi
asked=$version
resolve
for candidate in $version; do
    fetch "$candidate" || continue
    [ -n "$asked" ] || { tree_of "$candidate" >"$remembered.$$" && mv "$remembered.$$" "$remembered"; }
    exit 0
done
die "$package: download failed"$'\n'"$failures"
