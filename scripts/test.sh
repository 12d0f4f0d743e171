#!/bin/sh
# make test: what this machine needs is installed if it may be, then every test runs.
set -eu
cd "$(dirname "$0")/.."
say() { printf '  %s\n' "$*"; }

sh scripts/venv.sh dev
sh scripts/programs.sh
export PATH="$(pwd)/.venv/bin:$PATH"
workers=${WORKERS:-2}

# The databases of the tests sync every commit to the disk. In memory that costs nothing.
if [ -z "${TMPDIR:-}" ] && [ "$(df --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 4000000 ] 2>/dev/null; then
    TMPDIR=$(mktemp -d /dev/shm/portal-tests-XXXXXX)
    chmod 711 "$TMPDIR"  # PostgreSQL runs as a user of its own
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT INT TERM
fi

say "format, lint; types beside the tests, which end when one is wrong"
ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
ruff check --quiet .
mkdir -p build
export PORTAL_STOP_FILE="$(pwd)/build/types-are-wrong"
rm -f "$PORTAL_STOP_FILE"
{ pyright >build/types.txt 2>&1 || { touch "$PORTAL_STOP_FILE"; exit 1; }; } & types=$!

say "Stripe's own description of its objects"
python scripts/fetch_stripe_spec.py || true

say "rules and services"
export PORTAL_EXAMPLES=100
passed=0
python -m pytest --ignore=tests/e2e --ignore=tests/bench -m "not served" -n "$workers" --dist worksteal || passed=$?
[ ! -e "$PORTAL_STOP_FILE" ] || { cat build/types.txt >&2; exit 1; }
[ "$passed" = 0 ] || exit "$passed"
wait "$types" || { cat build/types.txt >&2; exit 1; }
say "types: $(tail -1 build/types.txt)"

say "building the pages for the browser tests"
PORTAL_MODE=demo python scripts/build.py
say "attacks on the portal as it is served"
python -m pytest tests/attacks tests/commands -m served -n "$workers" --dist loadfile --reruns 1 -rR
# The journeys that must never break. `make browser` walks every page in both languages, which takes longer.
# The two tabs can pay their invoice only once, so they cannot be walked again: `make browser` has them, the services' tests too.
# A browser on two busy cores is sometimes late: a journey that fails is walked once more, and both are reported.
say "the portal in a browser"
journeys=tests/e2e
python -m pytest $journeys/pages/test_weight.py $journeys/billing/test_journey.py $journeys/billing/test_money.py \
    $journeys/billing/test_pay_links.py $journeys/billing/test_crash.py $journeys/sign_in/test_tabs.py \
    $journeys/memberships $journeys/staff/test_memberships.py $journeys/agreements $journeys/staff/test_agreements.py \
    --deselect $journeys/billing/test_journey.py::test_two_tabs_paying_in_full_at_once_are_one_charge \
    -n "$workers" --dist loadfile --reruns 1 -rR
