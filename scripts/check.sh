#!/bin/sh
# make check: the quick half of the tests. The types of what has changed in the portal are checked while the rest runs
# (make test checks all types, the tests' too, and counts what strict types still find).
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
export PATH="$(pwd)/$bin:$PATH"
types=$(mktemp)
trap 'rm -f "$types"' EXIT
python scripts/check_types.py >"$types" 2>&1 & checking=$!
ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
ruff check --quiet .
python -m pytest tests/domain tests/architecture --ignore=tests/architecture/types -p no:cacheprovider
wait "$checking" || { cat "$types" >&2; exit 1; }
tail -1 "$types"
