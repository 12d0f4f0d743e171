"""What was changed behind the portal's back is found: a stored copy, a text, a signature, the end of the trail."""

import pytest
from sqlalchemy import update

from portal_app.db.scope import transaction
from portal_app.db.tables.agreements import AgreementCopyFile
from portal_app.services.agreements.copies.check import check_agreements
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.audit import chain_entries, verify_chain
from tests.people import People
from tests.services.agreements.copies.helper import PORTAL, sealer, sign


@pytest.fixture
def copy_id(sample_people: People) -> str:
    assert sample_people
    made = sign()
    make_copies(PORTAL, sealer())
    chain_entries(PORTAL)
    assert check_agreements(PORTAL) == []
    return made


def behind(sql: str) -> None:
    """Whoever has the database's password."""
    with transaction(PORTAL) as tx:
        assert tx.connection().exec_driver_sql(sql).rowcount


def change_file() -> None:
    with transaction(PORTAL) as tx:
        tx.connection().execute(update(AgreementCopyFile).values(pdf=b"x"))


def found() -> set[str]:
    return {one.what for one in check_agreements(PORTAL)}


def test_a_changed_file_is_found(copy_id: str) -> None:
    change_file()
    assert [(one.subject, one.what) for one in check_agreements(PORTAL)] == [(copy_id, "file")]


def test_a_file_whose_row_was_changed_with_it_is_found_by_the_trail(copy_id: str) -> None:
    """The hash in the row fits the new file; the line in the trail does not."""
    change_file()
    x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    behind(f"UPDATE agreement_copy SET sha256 = '{x}'")
    assert found() == {"row"}
    assert verify_chain(PORTAL).whole


def test_a_copy_that_is_gone_is_found(copy_id: str) -> None:
    behind("DELETE FROM agreement_copy_file")
    assert found() == {"file"}
    behind("DELETE FROM agreement_copy")
    assert [(one.subject, one.what) for one in check_agreements(PORTAL)] == [(copy_id, "missing")]


def test_a_copy_that_was_made_to_wait_again_is_found(copy_id: str) -> None:
    assert copy_id
    behind("UPDATE agreement_copy SET status = 'waiting'")
    assert found() == {"row"}


def test_a_changed_text_is_found_and_the_signature_of_it(copy_id: str) -> None:
    assert copy_id
    behind("UPDATE agreement_text SET markdown = 'Pay more.' WHERE language = 'en'")
    assert found() == {"text", "signature"}


def test_changed_answers_and_values_are_found(copy_id: str) -> None:
    assert copy_id
    behind("""UPDATE signature SET answers = '{"initials-1": "XX"}'""")
    assert found() == {"signature"}


def test_a_signature_taken_away_or_hashed_anew_is_found_by_the_trail(copy_id: str) -> None:
    assert copy_id
    behind("UPDATE signature SET answers_sha256 = 'x'")
    assert found() == {"signature"}
    behind("DELETE FROM signature")
    assert found() == {"signature"}


def test_lines_cut_off_at_the_end_of_the_trail_are_found(sample_people: People) -> None:
    """The chain alone is whole: it only got shorter."""
    assert sample_people
    sign()
    make_copies(PORTAL, sealer())
    behind("DELETE FROM audit_entry WHERE sealed IS NULL OR sealed >= (SELECT max(sealed) FROM audit_entry)")
    assert verify_chain(PORTAL).whole
    assert "trail" in found()
