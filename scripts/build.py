"""Build the front end if anything it is made of has changed. One build serves any address and port."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / os.environ.get("REFLEX_WEB_WORKDIR", ".web")
CLIENT = WEB / "build" / "client"
STAMP = WEB / ".portal-build"
SOURCES = ("portal_app", "assets", "rxconfig.py", "requirements.lock")
LOCK = ("reflex.lock",)  # which a build may write
DECIDED_BY = (
    "PORTAL_MODE",
    "PORTAL_DEMO_USES_ENV",
    "PORTAL_SURFACE",
    "PORTAL_LANGUAGES",
    "PORTAL_CURRENCY",
    "PORTAL_LOCALE",
)


def environment() -> dict[str, str]:
    """Reflex shall use the node and npm that came with our packages, and download nothing else."""
    found = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "npm_config_omit_lockfile_registry_resolved": "true",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
        "npm_config_update_notifier": "false",
    }
    if "NPM_CONFIG_REGISTRY" not in found:
        asked = subprocess.run(
            ["npm", "config", "get", "registry"],  # noqa: S607
            env=found,
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0:  # told, so that Reflex does not measure which one is nearest
            found["NPM_CONFIG_REGISTRY"] = asked.stdout.strip()
    return found


def fingerprint(made_of: tuple[str, ...]) -> str:
    """Of these files and folders, and of the settings that decide what is built."""
    told = hashlib.sha256()
    written = dotenv_values(ROOT / ".env")
    for name in DECIDED_BY:
        told.update(f"{name}={os.environ.get(name, written.get(name) or '')}\n".encode())
    for top in made_of:
        place = ROOT / top
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts and "external" not in file.parts:
                told.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return told.hexdigest()


def fresh() -> bool:
    return (
        (CLIENT / "index.html").exists()
        and STAMP.exists()
        and STAMP.read_text() == fingerprint(SOURCES) + fingerprint(LOCK)
    )


def build(make: Callable[[], None]) -> None:
    """Make the pages, and once more where their sources changed meanwhile.

    The stamp says what the sources were before: a build that is older than they are is never taken for the newest.
    """
    for _ in range(2):
        STAMP.unlink(missing_ok=True)
        sources = fingerprint(SOURCES)
        make()
        STAMP.write_text(sources + fingerprint(LOCK))
        if fresh():
            return
    sys.stderr.write("portal: the sources changed during the build; the next start builds again\n")


def make_pages() -> None:
    """Raises CalledProcessError when the build fails; its output has been shown."""
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--env", "prod"]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, stdout=sys.stderr)  # noqa: S603
    _any_address()
    _make_small()
    _settle_lock()


def _settle_lock() -> None:
    """The same packages are always the same lines: sorted, and without download addresses."""
    lock, named = ROOT / "reflex.lock" / "package-lock.json", ROOT / "reflex.lock" / "package.json"
    if lock.exists() and '"resolved"' in lock.read_text():
        lock.write_text(re.sub(r'\n\s*"resolved": "[^"]*",', "", lock.read_text()))
    if named.exists():
        named.write_text(json.dumps(json.loads(named.read_text()), indent=1, sort_keys=True) + "\n")


def _any_address() -> None:
    """Reflex writes the address of the backend into the bundle; ours is always the page's own."""
    own = "(globalThis.location?globalThis.location.origin:`http://localhost`)"
    changed = 0
    for chunk in CLIENT.glob("assets/reflex-env-*.js"):
        text = chunk.read_text()
        text = re.sub(r"`https?://[^/`]+(/[^`]*)`", rf"{own}+`\1`", text)
        text = re.sub(r"`wss?://[^/`]+(/[^`]*)`", rf"{own}.replace(/^http/,`ws`)+`\1`", text)
        chunk.write_text(text)
        _compress_again(chunk)
        changed += text.count(own)
    if not changed:
        raise SystemExit("portal: the built bundle names no backend; has Reflex changed its layout?")


# Our own scripts, which the bundler copies as they are; its own minifier makes them small.
_SMALLER = """
import { minifySync } from "rolldown/utils";
import fs from "node:fs"; import zlib from "node:zlib";
for (const file of process.argv.slice(2)) {
  const made = minifySync(file, fs.readFileSync(file, "utf8"));
  if (made.errors.length) throw new Error(JSON.stringify(made.errors));
  fs.writeFileSync(file, made.code);
  fs.writeFileSync(file + ".gz", zlib.gzipSync(made.code, { level: 9 }));
  fs.writeFileSync(file + ".br", zlib.brotliCompressSync(made.code));
}
"""


def _make_small() -> None:
    tool = WEB / ".make-small.mjs"  # beside node_modules, where node looks for the minifier
    tool.write_text(_SMALLER)
    ours = [str(CLIENT / file.name) for file in (ROOT / "assets").glob("*.js")]
    subprocess.run(["node", str(tool), *ours], env=environment(), check=True)  # noqa: S603, S607
    tool.unlink()


def _compress_again(file: Path) -> None:
    for ending in (".gz", ".br"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


def main() -> None:
    if not shutil.which("npm", path=environment()["PATH"]):
        raise SystemExit(
            "portal: npm is missing from the virtual environment; run `make clean` and try again"
        )
    if fresh() and "--force" not in sys.argv:
        return
    try:
        build(make_pages)
    except subprocess.CalledProcessError:
        raise SystemExit("portal: the pages could not be built; what the build said stands above") from None


if __name__ == "__main__":
    main()
