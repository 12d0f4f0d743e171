"""`portal verify FILE`: what it says of a file, and its exit code."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from portal_app.commands import agreements, audit
from portal_app.db.tables.agreements import SigningKey
from portal_app.domain.errors import UserError
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.audit import chain_entries
from tests.people import People
from tests.services.agreements.copies.helper import PORTAL, all_rows, file_of, sealer, sign
from tests.services.agreements.copies.test_check import change_file


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command("verify")(agreements.verify)
    made.command("replace")(agreements.replace)
    made.command("audit")(audit.verify)
    return made


def run(app: typer.Typer, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, words)
    if isinstance(done.exception, UserError):
        raise done.exception
    return done.exit_code, " ".join(done.output.split())


def test_it_says_genuine_changed_or_not_ours(app: typer.Typer, sample_people: People, tmp_path: Path) -> None:
    assert sample_people
    copy_id = sign()
    make_copies(PORTAL, sealer())
    file = tmp_path / "copy.pdf"
    file.write_bytes(file_of(copy_id))
    assert run(app, "verify", str(file)) == (
        0,
        "Genuine: sealed by this practice on 2026-06-15, and not a byte was changed since.",
    )
    file.write_bytes(file_of(copy_id) + b"\n")
    code, said = run(app, "verify", str(file))
    assert code == 1
    assert said.startswith("Changed: made of a copy that this practice sealed on 2026-06-15.")
    file.write_bytes(b"%PDF-1.7")
    assert run(app, "verify", str(file))[0] == 1


def test_a_new_key_and_a_changed_copy(app: typer.Typer, sample_people: People) -> None:
    assert sample_people
    sign()
    make_copies(PORTAL, sealer())
    assert run(app, "replace")[0] == 0
    assert len(all_rows(SigningKey)) == 2
    chain_entries(PORTAL)
    assert run(app, "audit")[0] == 0
    change_file()
    code, said = run(app, "audit")
    assert code == 1
    assert "Changed behind the portal's back" in said
