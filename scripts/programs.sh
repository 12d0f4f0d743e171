#!/bin/sh
# What tests need besides Python: Chromium, PostgreSQL, Redis, poppler (to read PDFs), axe-core and Lighthouse.
# Debian packages come by apt-get where that is allowed; what is missing is said, and its tests are skipped.
set -eu
cd "$(dirname "$0")/.."
say() { printf '  %s\n' "$*"; }
mkdir -p build

missing=
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
if [ -n "$missing" ]; then
    as_root=
    if [ "$(id -u)" != 0 ]; then as_root="sudo -n"; fi
    if command -v apt-get >/dev/null 2>&1 && $as_root true 2>/dev/null; then
        say "installing$missing"
        # shellcheck disable=SC2086
        { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing; } >build/apt.log 2>&1 \
            || say "apt-get could not install$missing (build/apt.log); their tests are skipped"
    else
        say "not installed here, their tests are skipped:$missing"
    fi
fi

if [ ! -f build/npm/.installed ] || ! cmp -s tests/e2e/package.json build/npm/package.json; then
    say "installing axe-core and lighthouse"
    mkdir -p build/npm
    cp tests/e2e/package.json build/npm/package.json
    if PATH="$(pwd)/.venv/bin:$PATH" npm install --prefix build/npm --no-audit --no-fund --silent >build/npm.log 2>&1; then
        touch build/npm/.installed
    else
        say "npm could not install them (build/npm.log); their tests are skipped"
    fi
fi
