"""`make check` asks the type checker about a module when it, or anything that it imports, has changed.

`make test` checks all of them beside the tests, which end when a type is wrong.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check_types import states

ROOT = Path(__file__).parents[2]
SOURCES = {
    "portal_app/__init__.py": "",
    "portal_app/money.py": "def plain(): ...",
    "portal_app/invoices/__init__.py": "",
    "portal_app/invoices/total.py": "from portal_app.money import plain",
    "portal_app/page.py": "def show():\n    from portal_app.invoices import total",
    "portal_app/clock.py": "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {**SOURCES, "settings.toml": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def changed_after(tree: Path, name: str) -> set[str]:
    before = states(tree, [tree / "settings.toml"])
    (tree / name).write_text((tree / name).read_text() + "\n# changed\n")
    after = states(tree, [tree / "settings.toml"])
    return {path.removeprefix("portal_app/") for path in after if after[path] != before[path]}


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("portal_app/clock.py", {"clock.py"}),
        ("portal_app/page.py", {"page.py"}),
        ("portal_app/money.py", {"money.py", "invoices/total.py", "page.py"}),
        ("portal_app/invoices/__init__.py", {"invoices/__init__.py", "invoices/total.py", "page.py"}),
        ("settings.toml", {name.removeprefix("portal_app/") for name in SOURCES}),
    ],
)
def test_who_imports_what_has_changed_is_asked_too(tree: Path, name: str, asked: set[str]):
    assert changed_after(tree, name) == asked


def test_what_has_not_changed_is_not_asked_again(tree: Path):
    assert states(tree, []) == states(tree, [])


def test_a_new_and_a_missing_import_are_noticed(tree: Path):
    before = states(tree, [])
    (tree / "portal_app/money.py").unlink()
    after = states(tree, [])
    assert after["portal_app/invoices/total.py"] != before["portal_app/invoices/total.py"]
    (tree / "portal_app/clock.py").write_text("import portal_app.page")
    assert states(tree, [])["portal_app/clock.py"] != after["portal_app/clock.py"]


def test_the_tests_end_when_a_type_is_wrong(tmp_path: Path):
    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/domain/test_ip.py"]
        around = os.environ | {"PORTAL_STOP_FILE": str(tmp_path / "wrong")}
        around.pop("PYTEST_XDIST_WORKER", None)
        return subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, check=False)

    assert run().returncode == 0
    (tmp_path / "wrong").touch()
    ended = run()
    assert (ended.returncode, "the types are wrong" in ended.stdout) == (1, True)
