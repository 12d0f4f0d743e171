#!/bin/sh
# make run: from a fresh clone to a served portal with a demo practice.
set -eu
cd "$(dirname "$0")/.."
printf 'Patient portal, demo practice\n'
sh scripts/venv.sh run
exec .venv/bin/python scripts/start.py
