"""A build counts as the newest only of the sources that it was made of."""

from pathlib import Path
from subprocess import CalledProcessError

import pytest

from scripts import build


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source of a small project of its own."""
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "CLIENT", tmp_path / "client")
    monkeypatch.setattr(build, "STAMP", tmp_path / "stamp")
    (tmp_path / "portal_app").mkdir()
    (tmp_path / "client").mkdir()
    source = tmp_path / "portal_app" / "page.py"
    source.write_text("first")
    return source


class Maker:
    """Makes the pages of what the source says when it begins; while it works, somebody saves another version."""

    def __init__(self, source: Path, *saved_meanwhile: str) -> None:
        self.source, self.saved, self.made = source, list(saved_meanwhile), list[str]()

    def __call__(self) -> None:
        self.made.append(self.source.read_text())
        (build.CLIENT / "index.html").write_text(self.made[-1])
        if self.saved:
            self.source.write_text(self.saved.pop(0))


def test_a_build_is_fresh_until_its_sources_change(page: Path):
    make = Maker(page)
    assert not build.fresh()
    build.build(make)
    assert build.fresh()
    assert make.made == ["first"]
    page.write_text("second")
    assert not build.fresh()


def test_what_changes_during_a_build_is_built_too(page: Path):
    make = Maker(page, "second")
    build.build(make)
    assert make.made == ["first", "second"]
    assert build.fresh()


def test_a_build_older_than_its_sources_is_never_called_fresh(page: Path, capsys: pytest.CaptureFixture[str]):
    make = Maker(page, "second", "third")
    build.build(make)
    assert make.made == ["first", "second"]
    assert not build.fresh()
    assert "the sources changed during the build" in capsys.readouterr().err


def test_a_lock_that_the_build_itself_writes_asks_for_no_second_build(page: Path):
    make = Maker(page)
    (build.ROOT / "reflex.lock").mkdir()

    def make_and_lock() -> None:
        make()
        (build.ROOT / "reflex.lock" / "package-lock.json").write_text("{}")

    build.build(make_and_lock)
    assert make.made == ["first"]
    assert build.fresh()
    (build.ROOT / "reflex.lock" / "package-lock.json").write_text("[]")
    assert not build.fresh()


def test_a_build_that_fails_leaves_no_stamp(page: Path):
    build.build(Maker(page))

    def fail() -> None:
        raise CalledProcessError(1, "reflex")

    with pytest.raises(CalledProcessError):
        build.build(fail)
    assert not build.fresh()
