#!/bin/sh
# Make .venv and install the pinned packages: `venv.sh run` for the portal, `venv.sh dev` for its tests too.
# A stamp remembers what was installed, so that the next start skips it.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}

say() { printf '  %s\n' "$*"; }
stop() { printf 'portal: %s\n' "$*" >&2; exit 1; }

good() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 && good "$candidate"; then python=$candidate; break; fi
done
[ -n "$python" ] || stop "Python 3.11 or newer is needed and was not found (Debian: apt-get install python3 python3-venv; macOS: python.org)"
[ -w . ] || stop "this folder is not writable: $(pwd)"
"$python" -c 'import venv, ensurepip' 2>/dev/null || stop "Python has no venv module (Debian: apt-get install python3-venv)"

case $kind in
    run) lock="requirements.lock"; label="the portal" ;;
    dev) lock="requirements-dev.lock"; label="the portal and its tests" ;;
    *) stop "scripts/venv.sh run|dev" ;;
esac

want=$(cat requirements.lock requirements-dev.lock scripts/venv.sh | cksum | tr -d ' ')
have() { [ -f ".venv/.installed-$1" ] && [ "$(cat ".venv/.installed-$1")" = "$want" ]; }
[ -x .venv/bin/python ] && good .venv/bin/python || rm -f .venv/.installed-*
if have "$kind" || { [ "$kind" = run ] && have dev; }; then exit 0; fi

if [ ! -x .venv/bin/python ]; then
    say "making a virtual environment with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || stop "the virtual environment could not be made in $(pwd)/.venv"
fi
say "installing packages for $label (a minute or two, once)"
# The lock names every package with its hashes, so pip looks for no others and takes no file that is not one of those.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock" \
    || stop "the packages could not be installed; what pip said stands above"
cat > .venv/bin/portal <<WRAPPER
#!/bin/sh
PYTHONPATH="$(pwd)\${PYTHONPATH:+:\$PYTHONPATH}" exec "$(pwd)/.venv/bin/python" -m portal_app.cli "\$@"
WRAPPER
chmod +x .venv/bin/portal
printf %s "$want" > ".venv/.installed-$kind"
