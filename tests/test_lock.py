"""The lock files: every package has its hashes, whatever is required is locked, and no registry is named."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = {"requirements.txt": "requirements.lock", "requirements-dev.txt": "requirements-dev.lock"}


def required(name: str) -> dict[str, str]:
    """Name → version of the lines of a requirements file and of those that it includes."""
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            found |= required(line.removeprefix("-r "))
        elif match := re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z0-9,]+\])?==(\S+)", line):
            found[plain(match[1])] = match[2]
        else:
            assert not line or line.startswith("#"), f"{name}: not pinned: {line}"
    return found


def plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def locked(name: str) -> list[tuple[str, str, list[str]]]:
    """Name, version and hashes of each package of a lock file."""
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    found = []
    for entry in entries:
        match = re.match(r"([a-z0-9._-]+)(?:\[[a-z0-9,]+\])?==([^\s;]+)", entry)
        assert match, entry
        found.append((plain(match[1]), match[2], re.findall(r"--hash=sha256:([0-9a-f]{64})(?!\S)", entry)))
    return found


@pytest.mark.parametrize("lock", LOCKS.values())
def test_every_locked_package_has_its_hashes_and_no_registry_is_named(lock: str):
    entries = locked(lock)
    assert len(entries) > 80
    assert [name for name, _, hashes in entries if not hashes] == []
    assert not re.search(r"https?://|--index|--extra|--find|--trusted", (ROOT / lock).read_text())


@pytest.mark.parametrize("requirements", LOCKS)
def test_the_lock_holds_what_is_required(requirements: str):
    have = {name: version for name, version, _ in locked(LOCKS[requirements])}
    wanted = required(requirements)
    assert {name: have.get(name) for name in wanted} == wanted


def test_both_locks_agree():
    dev = {(name, version) for name, version, _ in locked("requirements-dev.lock")}
    assert {(name, version) for name, version, _ in locked("requirements.lock")} <= dev


def test_only_files_of_the_lock_are_installed():
    script = (ROOT / "scripts" / "venv.sh").read_text()
    installs = [line for line in script.splitlines() if "pip install" in line]
    assert len(installs) == 1 and "--require-hashes --no-deps" in installs[0]
