"""The test fixtures: what other tests may rely on."""

import socket

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import prepared_reading, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from tests import people
from tests.conftest import NOON, LeftTheMachine
from tests.people import EVA, INVOICE, MARIA, RIVERA, TIM, TOM, People, add_payment


def test_the_clock_stands_still():
    assert clock.now() == NOON
    assert clock.today().isoformat() == "2026-06-15"


def test_nothing_leaves_the_machine():
    with pytest.raises(LeftTheMachine), socket.socket() as out:
        out.connect(("192.0.2.1", 80))


def test_maria_sees_herself_and_her_children_and_no_luis(sample_people: People):
    with reading(sample_people.maria) as tx:
        assert {p.id for p in tx.exec(select(Patient))} == {p.id for p in (MARIA, EVA, TIM, TOM)}
        assert [invoice.id for invoice in tx.exec(select(Invoice))] == [INVOICE]


def test_add_payment_keeps_invoice_and_ledger_equal(sample_people: People):
    add_payment(INVOICE, 50_00)
    with reading(system_principal("test")) as tx:
        assert tx.get_or_404(Invoice, INVOICE).due.minor == 70_00
        entries = tx.exec(select(LedgerEntry).where(LedgerEntry.account_id == RIVERA))
        assert sum(entry.amount.minor for entry in entries) == 70_00


def test_a_prepared_query_that_cannot_be_narrowed_is_refused(sample_people: People):
    """Tables read past the ORM cannot be narrowed, in a prepared query either."""
    raw = columns(Invoice.__table__.c.id)  # type: ignore[attr-defined]
    mine = columns(Invoice.id)
    with prepared_reading(sample_people.luis) as look:
        assert look.fetch(mine) == [(people.LUIS_INVOICE,)]
        with pytest.raises(RuntimeError):
            look.fetch(raw)
        nested = mine.where(Invoice.id.in_(raw))  # type: ignore[attr-defined]
        with pytest.raises(RuntimeError):
            look.fetch(nested)
