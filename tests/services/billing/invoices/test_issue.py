"""Invoices of staff: create, send, void, write off."""

from datetime import timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.billing import LedgerEntry
from portal_app.domain.access import system_principal
from portal_app.domain.billing.errors import InvoiceClosed
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, Method
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import InvoiceId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import (
    InvoiceHasPaymentOnItsWay,
    InvoiceHasPayments,
)
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.staff.record_payment import record_payment
from portal_app.services.billing.views import NewLine
from tests import people
from tests.payments_helper import (
    balance,
    invoice,
    new_payment,
)
from tests.people import INVOICE, RIVERA, People, add_invoice
from tests.services.billing.billing_helper import PORTAL, draft_invoice, messages, pay


def test_a_draft_is_created_sent_once_and_then_visible(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = InvoiceId(new_id("inv"))
    lines = [
        NewLine(people.MARIA.id, "Filling", Money(40_00), quantity=2),
        NewLine(people.EVA.id, "Sealant", Money(20_00)),
    ]
    due = clock.today() + timedelta(days=30)
    for _ in range(2):
        create_invoice(sample_people.nora, id_, RIVERA, lines, due_date=due)
    with pytest.raises(NotFound):
        view_invoice(sample_people.maria, id_)
    assert balance() == Money(120_00)
    for _ in range(2):
        send_invoice(sample_people.nora, id_)
    assert balance() == Money(220_00)
    assert view_invoice(sample_people.maria, id_).due == Money(100_00)


def test_an_invoice_names_only_people_of_its_account(sample_people: People, processor: FakeProcessor) -> None:
    line, due = NewLine(people.KIM.id, "Filling", Money(40_00)), clock.today()
    with pytest.raises(NotFound):
        create_invoice(sample_people.olga, InvoiceId(new_id("inv")), RIVERA, [line], due_date=due)


def test_part_4_staff_write_off_the_rest(sample_people: People, processor: FakeProcessor) -> None:
    pay(sample_people, processor, 119_70)
    with pytest.raises(PermissionDenied):
        write_off(sample_people.dana, INVOICE)
    write_off(sample_people.nora, INVOICE, reason="thirty cents")
    write_off(sample_people.nora, INVOICE)
    assert (invoice(INVOICE).status, invoice(INVOICE).due, balance()) == (
        InvoiceStatus.WRITTEN_OFF,
        Money(0),
        Money(0),
    )
    assert view_invoice(sample_people.maria, INVOICE).payability.payable == Money(0)


def test_an_invoice_with_money_on_it_or_on_its_way_is_not_voided(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.answers(Outcome.PROCESSING)
    pay(sample_people, processor, 50_00)
    with pytest.raises(InvoiceHasPaymentOnItsWay):
        void_invoice(sample_people.nora, INVOICE)
    pay(sample_people, processor, 20_00)
    reconcile(system_principal("test"), processor=processor)
    other = add_invoice(RIVERA, (people.MARIA, "Visit", 10_00))
    record_payment(
        sample_people.dana, new_payment(), RIVERA, Money(5_00), method=Method.CASH, invoice_ids=[other]
    )
    with pytest.raises(InvoiceHasPayments):
        void_invoice(sample_people.nora, other)


def test_all_14_a_draft_is_sent_charged_and_announced_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = draft_invoice(sample_people)
    with pytest.raises(NotFound):
        view_invoice(sample_people.maria, id_)
    with pytest.raises(NotFound):
        record_payment(
            sample_people.nora, new_payment(), RIVERA, Money(1_00), method=Method.CASH, invoice_ids=[id_]
        )
    assert balance() == Money(120_00)
    send_invoice(sample_people.nora, id_)
    send_invoice(sample_people.nora, id_)
    assert balance() == Money(215_00)
    assert invoice(id_).status is InvoiceStatus.OPEN
    said = messages("invoice_issued")
    assert len({message.channel for message in said}) == len(said) > 0, "once by each of the chosen ways"
    for message in said:
        assert "$95.00" in message.body
        assert "July 15" in message.body
        assert "visit" not in message.body.lower()


def test_all_14_a_void_or_written_off_invoice_takes_no_money(
    sample_people: People, processor: FakeProcessor
) -> None:
    first, second = draft_invoice(sample_people), draft_invoice(sample_people)
    for id_ in (first, second):
        send_invoice(sample_people.nora, id_)
    void_invoice(sample_people.nora, first, reason="Wrong patient")
    with pytest.raises(PermissionDenied):
        write_off(sample_people.dana, second, reason="Small")
    write_off(sample_people.nora, second, reason="Small")
    assert balance() == Money(120_00)
    for id_ in (first, second):
        with pytest.raises(InvoiceClosed):
            record_payment(
                sample_people.nora, new_payment(), RIVERA, Money(1_00), method=Method.CASH, invoice_ids=[id_]
            )
    with reading(PORTAL) as tx:
        kinds = [row.kind for row in tx.exec(select(LedgerEntry).where(LedgerEntry.account_id == RIVERA))]
    assert kinds.count(EntryKind.ADJUSTMENT) == 2
