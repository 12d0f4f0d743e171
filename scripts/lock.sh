#!/bin/sh
# make lock: pin everything that the requirements bring along, with its hashes, for every system and Python from
# 3.11 on. Versions that are locked already stay; make lock ARGS=--upgrade takes the newest.
# A mirror: UV_DEFAULT_INDEX, else pip's index-url. No address of a registry is written.
set -eu
cd "$(dirname "$0")/.."
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
"${PYTHON:-python3}" -m venv "$tool"
"$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9
mirror=$("$tool/bin/python" -m pip config get global.index-url 2>/dev/null || true)
[ -z "$mirror" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$mirror}"

lock() {
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url "$@"
}

lock requirements-dev.txt -o requirements-dev.lock "$@"
lock requirements.txt -c requirements-dev.lock -o requirements.lock
for file in requirements.lock requirements-dev.lock; do
    printf '  %s pins %s packages\n' "$file" "$(grep -c '^[a-z0-9].*==' "$file")"
done
