"""`portal demo --remove`: takes away what the demo made and nothing else, or nothing at all."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from portal_app.db import audit as trail
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import SignInCode
from portal_app.db.tables.staff import StaffMember
from portal_app.demo.removal import demo_people, remove
from portal_app.demo.staff import STAFF
from portal_app.domain.access import Role, nobody
from portal_app.services import audit
from portal_app.services.sign_in.codes import request_code
from portal_app.services.sign_in.staff import add_staff_member
from tests.attacks.everybody import everything_written
from tests.people import add_payment
from tests.services.practice.demo_practice import (
    FILES,
    TEST,
    US,
    an_invoice,
    balance,
    bring,
    live_in_it,
    load,
    load_over_a_practice,
    take_away,
    without_practice,
)


def test_a_practice_that_loaded_the_demo_over_its_records_gets_them_back_to_the_cent(db: str, tmp_path: Path):
    with transaction(TEST) as tx:
        tx.add(Practice(id="practice", name="Riverside Family Dental", phone="+12125550100"))
    add_staff_member(US, "ruth@riverside.example", "Ruth Ott", Role.OWNER, "a lantern by the lake")
    bring(tmp_path / "own", **FILES)
    before, owed = everything_written(), balance()
    load_over_a_practice(tmp_path)
    live_in_it()
    audit.chain_entries(TEST)
    assert len(everything_written()["patient"]) == 58
    said = take_away()
    assert without_practice(everything_written()) == without_practice(before)
    assert balance() == owed == 144_44
    with reading(TEST) as tx:
        practice = tx.get(Practice, "practice")
        assert practice and (practice.name, practice.phone) == ("Riverside Family Dental", "+12125550100")
    assert not any("Empty now" in line for line in said)


def test_a_practice_that_imported_into_the_demo_keeps_its_own_and_sets_its_name_anew(db: str, tmp_path: Path):
    load(tmp_path)
    live_in_it()
    demos = everything_written()
    bring(tmp_path / "own", **FILES)
    add_payment(an_invoice("R-101").id, 7_00)
    everything = everything_written()
    owns = {table: sorted(set(rows) - set(demos[table])) for table, rows in everything.items()}
    said = take_away()
    history = {"number_series", "setting_change"}  # of invoice numbers and settings, which stays
    left, expected = without_practice(everything_written()), without_practice(owns)
    assert [table for table in expected if table not in history and left[table] != expected[table]] == []
    assert balance() == 144_44 - 7_00
    with reading(TEST) as tx:
        practice = tx.get_or_404(Practice, "practice")
        assert (practice.name, practice.line1, practice.email, practice.opening_hours) == ("", "", "", {})
    assert any(line.startswith("Empty now, to be set by you: the practice's name, phone") for line in said)


def test_it_shows_who_and_how_much_before_it_asks(db: str, tmp_path: Path):
    load(tmp_path)
    before = everything_written()
    said: list[str] = []

    def no(question: str) -> None:
        assert "cannot be undone" in question
        raise SystemExit

    with pytest.raises(SystemExit):
        remove(US, say=said.append, agree=no)
    assert everything_written() == before
    text = "\n".join(said)
    for one in STAFF:
        assert f"  {one.email} (never signed in)\n" in text
    assert "  Maria Alvarez (chart 1001)\n" in text
    assert (
        "57 patients" in text
        and "86 invoices" in text
        and "57 payments" in text
        and "3 staff accounts" in text
    )


def test_it_says_which_accounts_somebody_used(db: str, tmp_path: Path):
    load(tmp_path)
    with transaction(TEST) as tx:
        olga = tx.exec(select(StaffMember).where(col(StaffMember.email) == STAFF[0].email)).one()
        tx.add(trail.entry(replace(US, name=f"staff:{olga.id}"), "change:staff_password", subject=olga.id))
    staff, patients = demo_people()
    assert f"{STAFF[0].email} (signed in, entries in the audit trail: 1)" in staff
    assert f"{STAFF[1].email} (never signed in)" in staff
    assert len(patients) == 57


def test_the_trail_stays_whole_and_says_that_it_was_removed(db: str, tmp_path: Path):
    load(tmp_path)
    live_in_it()
    audit.chain_entries(TEST)
    with reading(TEST) as tx:
        lines = tx.exec(select(func.count()).select_from(AuditEntry)).one()
    take_away()
    audit.chain_entries(TEST)
    found = audit.verify_chain(TEST)
    assert found.whole and found.sealed > lines
    with reading(TEST) as tx:
        entry = tx.exec(select(AuditEntry).where(col(AuditEntry.action) == "demo:removed")).one()
    assert entry.actor == "portal:demo removal" and entry.details["patient"] == 57


def test_a_second_time_there_is_nothing_to_remove(db: str, tmp_path: Path):
    load(tmp_path)
    take_away()
    assert take_away() == ["Nothing of the demo is in this database."]
    assert demo_people() == ((), ())


def test_codes_and_messages_to_the_demos_addresses_go(db: str, tmp_path: Path):
    load(tmp_path)
    request_code(nobody("203.0.113.7"), "maria@example.com")
    request_code(nobody("203.0.113.7"), "somebody@riverside.example")
    take_away()
    with reading(TEST) as tx:
        assert not tx.exec(select(OutboxMessage).where(col(OutboxMessage.to) == "maria@example.com")).all()
        assert len(tx.exec(select(SignInCode)).all()) == 1  # of the unknown address


# --- what stands in the way --------------------------------------------------------------------------
