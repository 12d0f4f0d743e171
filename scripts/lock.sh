#!/bin/sh
# make lock: write constraints.txt from a fresh environment that holds only the requirements.
set -eu
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" -m venv "$fresh/venv"
"$fresh/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
{
    echo "# Exact versions of everything the requirements bring along. Written by: make lock"
    "$fresh/venv/bin/python" -m pip freeze --exclude pip --exclude setuptools | grep -v '^-e\|@ file' | sort -f
} > constraints.txt
printf '  constraints.txt pins %s packages\n' "$(grep -c == constraints.txt)"
