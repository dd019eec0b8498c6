#!/usr/bin/env bash
# image.sh CACHE: makes the file system of registry.lab/dotmac/platform in CACHE/platform: a small Debian with PostgreSQL, Redis, nginx and Python.
# The Debian mirror and the package index are those this machine uses; DOTMAC_DEBIAN_MIRROR names another mirror.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=$1
root=$cache/platform
image=$cache/images/platform.tar
if [ -s "$image" ] && [ -z "$(find "$here/stack" "$here/image.sh" "$here/mkimage.py" -newer "$image")" ]; then exit 0; fi
mirror=${DOTMAC_DEBIAN_MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v "^#" | grep -oE "https?://[^ ]+/debian/?( |$)" | head -1 | tr -d " ")}
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")

if [ ! -e "$root/.complete" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase --include=postgresql,redis-server,nginx-light,python3,ca-certificates,procps,curl "$suite" "$root" "$mirror"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}
    for tool in postgres initdb pg_ctl psql pg_isready; do
        ln -sf "$(cd "$root" && ls usr/lib/postgresql/*/bin/$tool | head -1 | sed 's|^|/|')" "$root/usr/local/bin/$tool"
    done
    touch "$root/.complete"
fi
version=$(chroot "$root" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if ! cmp -s "$here/stack/requirements.txt" "$root/opt/requirements.txt"; then
    python3 -m pip --disable-pip-version-check --quiet install --upgrade --target "$root/opt/python" \
        --python-version "$version" --only-binary ':all:' -r "$here/stack/requirements.txt"
    cp "$here/stack/requirements.txt" "$root/opt/"
fi

layer=$cache/releases
rm -rf "$layer"
mkdir -p "$layer"/{opt/releases,opt/arm64,usr/local/bin,usr/local/share/dotmac}
cp "$here/stack/postgres-start" "$layer/usr/local/bin/"
cp "$here/stack/schema.sql" "$layer/usr/local/share/dotmac/"
printf '#!/bin/sh\necho billing-agent ready\nexec sleep infinity\n' >"$layer/usr/local/bin/billing-agent" && chmod 644 "$layer/usr/local/bin/billing-agent"
printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\267\000\001\000\000\000%040d' 0 >"$layer/opt/arm64/python3" && chmod 755 "$layer/opt/arm64/python3"
tags=()
image() { # image TAG RELEASE [PATH]
    tags+=("registry.lab/dotmac/platform:$1={\"Env\":[\"PATH=${3:-}/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"PYTHONPATH=/opt/releases/$2:/opt/python\",\"PYTHONUNBUFFERED=1\",\"PYTHONDONTWRITEBYTECODE=1\"],\"WorkingDir\":\"/\"}")
}
cp -r "$here/stack/app" "$layer/opt/releases/1.4.2"
image 1.4.2 1.4.2
image 1.4.2-arm64 1.4.2 /opt/arm64:
for patch in "$here"/stack/releases/*.patch; do
    version=$(basename "$patch" .patch)
    cp -r "$here/stack/app" "$layer/opt/releases/$version"
    patch --quiet -d "$layer/opt/releases/$version" -p1 <"$patch"
    image "$version" "$version"
done
find "$layer" -name __pycache__ -prune -exec rm -rf {} +
mkdir -p "$cache/images"
python3 "$here/mkimage.py" "$image" "$root,$layer" "${tags[@]}"
