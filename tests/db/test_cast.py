"""The stage itself: what the other tests may take for granted."""

import socket

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import looking, reading
from portal_app.db.tables.billing import Invoice, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.access import the_portal
from portal_app.services.asking import columns
from tests import cast as people
from tests.cast import EVA, INVOICE, MARIA, RIVERA, TIM, TOM, Cast, add_payment
from tests.conftest import NOON, LeftTheMachine


def test_the_clock_stands_still():
    assert clock.now() == NOON
    assert clock.today().isoformat() == "2026-06-15"


def test_nothing_leaves_the_machine():
    with pytest.raises(LeftTheMachine), socket.socket() as out:
        out.connect(("192.0.2.1", 80))


def test_maria_sees_herself_and_her_children_and_no_luis(cast: Cast):
    with reading(cast.maria) as tx:
        assert {p.id for p in tx.exec(select(Patient))} == {p.id for p in (MARIA, EVA, TIM, TOM)}
        assert [bill.id for bill in tx.exec(select(Invoice))] == [INVOICE]


def test_a_payment_on_stage_keeps_the_books(cast: Cast):
    add_payment(INVOICE, 50_00)
    with reading(the_portal("test")) as tx:
        assert tx.find(Invoice, INVOICE).due.minor == 70_00
        entries = tx.exec(select(LedgerEntry).where(LedgerEntry.account_id == RIVERA))
        assert sum(entry.amount.minor for entry in entries) == 70_00


def test_a_question_that_cannot_be_narrowed_is_refused(cast: Cast):
    """Through a look too: raw tables know no owner."""
    raw = columns(Invoice.__table__.c.id)  # type: ignore[attr-defined]
    mine = columns(Invoice.id)
    with looking(cast.luis) as look:
        assert look.ask(mine) == [(people.LUIS_INVOICE,)]
        with pytest.raises(RuntimeError):
            look.ask(raw)
        nested = mine.where(Invoice.id.in_(raw))  # type: ignore[attr-defined]
        with pytest.raises(RuntimeError):
            look.ask(nested)
