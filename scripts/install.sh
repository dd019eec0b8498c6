#!/bin/sh
# install.sh PYTHON LOCK: installs the locked packages and this project into the environment of PYTHON.
# durable-rules has no wheel: without a C compiler it is left out and the Python backend serves.
set -eu
python=$1
lock=$2
here=$(cd "$(dirname "$0")/.." && pwd)
pip="$python -m pip --disable-pip-version-check --quiet"
$pip install --require-hashes --only-binary ':all:' --no-binary durable-rules -r "$lock" || {
    echo "durable-rules could not be built (no C compiler?): going on without it" >&2
    rest=$(mktemp)
    trap 'rm -f "$rest"' EXIT
    "$python" "$here/scripts/without.py" durable-rules <"$lock" >"$rest"
    $pip install --require-hashes --only-binary ':all:' -r "$rest"
}
$pip install --no-deps --editable "$here"
