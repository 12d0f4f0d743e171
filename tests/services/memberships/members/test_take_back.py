"""A member taken back before they start: never billed, or credited and refunded (MEM-15)."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.billing import LedgerEntry, Refund
from portal_app.db.tables.memberships import MembershipInvoice
from portal_app.domain.billing.types import EntryKind, Method, RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import InvoiceId, MembershipId
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.memberships.members import errors
from portal_app.services.memberships.members.take_back import take_back_member
from portal_app.services.memberships.staff import ending
from tests.memberships_helper import add_membership, add_plan
from tests.payments_helper import check_ledger, fake_processor, invoice, new_payment
from tests.people import EVA, LUIS, MARIA, RIVERA, VISA, People, add_payment
from tests.services.memberships.members.helper import (
    DAN,
    SYSTEM,
    add,
    bill,
    days_ahead,
    dollars,
    enrolments,
    family,
    history,
    invoices,
    on,
    tasks,
)


@pytest.fixture
def people(sample_people: People) -> People:
    return sample_people


@pytest.fixture
def processor(people: People) -> Iterator[FakeProcessor]:
    yield fake_processor()
    check_ledger()


def newest(membership: MembershipId) -> str:
    return next(one.id for one in enrolments(membership) if one.created_at)


def invoice_ids(membership: MembershipId) -> list[InvoiceId]:
    with reading(SYSTEM) as tx:
        rows = tx.exec(select(MembershipInvoice).where(MembershipInvoice.membership_id == membership)).all()
    return [row.invoice_id for row in sorted(rows, key=lambda row: row.kind != "period")]


def test_mem_15_taken_back_in_time_is_never_billed(db: str, people: People, processor: FakeProcessor):
    membership = family()
    with on(3, 3):
        add(people.maria, membership)
    with on(3, 10):
        take_back_member(people.maria, newest(membership), processor=processor)
    with on(3, 15):
        bill()
    assert invoices(membership) == [("period", date(2026, 3, 15), [80_00, 30_00], 110_00)]
    assert history(membership) == ["member_added", "member_ended"]
    assert len(tasks("member_taken_back")) == 1


def test_mem_15_after_the_invoice_was_made_its_part_is_credited(
    db: str, people: People, processor: FakeProcessor
):
    days_ahead(7)
    membership = family()
    with on(3, 3):
        add(people.maria, membership)
    with on(3, 8):
        bill()
    assert invoices(membership)[0][3] == 140_00
    with on(3, 10):
        take_back_member(people.maria, newest(membership), processor=processor)
    assert invoices(membership) == [("period", date(2026, 3, 15), [80_00, 30_00, 30_00], 110_00)]
    with reading(SYSTEM) as tx:
        credits = tx.exec(select(LedgerEntry).where(LedgerEntry.kind == EntryKind.ADJUSTMENT)).all()
    assert [(entry.amount, entry.patient_id is not None) for entry in credits] == [(dollars(-30), True)]
    with on(3, 11):  # what was credited counts: the next one pays their own price
        add(people.maria, membership, DAN)
    assert invoices(membership)[-1] == ("added_member", date(2026, 3, 15), [30_00], 30_00)


def test_an_added_members_own_invoice_is_credited_whole(db: str, people: People, processor: FakeProcessor):
    days_ahead(7)
    membership = family()
    with on(3, 8):
        bill()
    with on(3, 10):
        add(people.maria, membership)
        take_back_member(people.maria, newest(membership), processor=processor)
    assert [row[3] for row in invoices(membership)] == [110_00, 0]


def test_at_the_family_cap_nothing_is_credited(db: str, people: People, processor: FakeProcessor):
    days_ahead(7)
    plan = add_plan("Capped", family_cap=dollars(190))
    membership = add_membership(RIVERA, plan, [MARIA.id, LUIS.id, EVA.id], start=date(2026, 7, 1))
    with on(6, 20):
        add(people.maria, membership, DAN)
    with on(6, 25):
        bill()
        take_back_member(people.maria, newest(membership), processor=processor)
    assert [row[3] for row in invoices(membership)] == [190_00]


def test_what_staff_credited_for_a_member_who_ended_counts_too(
    db: str, people: People, processor: FakeProcessor
):
    days_ahead(7)
    membership = family()
    with on(3, 8):
        bill()
    eva = next(one.id for one in enrolments(membership) if one.patient_id == EVA.id)
    with on(3, 9):
        unearned = ending.preview_member_end(people.olga, eva, date(2026, 3, 14)).unearned
        ending.end_member(people.olga, eva, ending.End(date(2026, 3, 14), unearned), processor=processor)
        add(people.maria, membership, DAN)
    assert [row[3] for row in invoices(membership)] == [80_00, 30_00]


def paid_ahead(people: People, membership: MembershipId) -> InvoiceId:
    days_ahead(7)
    with on(3, 3):
        add(people.maria, membership)
    with on(3, 8):
        bill()
    return invoice_ids(membership)[0]


def test_what_was_paid_of_it_is_refunded(db: str, people: People, processor: FakeProcessor):
    membership = family()
    paid = paid_ahead(people, membership)
    with on(3, 9):
        whole = dollars(140)
        pay_invoice(people.maria, new_payment(), paid, whole, processor=processor, payment_method_id=VISA)
        take_back_member(people.maria, newest(membership), processor=processor)
    assert (invoice(paid).allocated, invoice(paid).due) == (dollars(110), dollars(0))
    with reading(SYSTEM) as tx:
        refunds = tx.exec(select(Refund)).all()
    assert [(one.amount, one.status) for one in refunds] == [(dollars(30), RefundStatus.SUCCEEDED)]
    assert tasks("member_refund") == []


def test_what_the_processor_does_not_refund_stays_credit_with_a_task(
    db: str, people: People, processor: FakeProcessor
):
    membership = family()
    paid = paid_ahead(people, membership)
    with on(3, 9):
        add_payment(paid, 140_00, method=Method.CASH)
        take_back_member(people.maria, newest(membership), processor=processor)
    assert (invoice(paid).allocated, invoice(paid).due) == (dollars(110), dollars(0))
    assert [task.account_id for task in tasks("member_refund")] == [RIVERA]


def test_who_has_started_is_not_taken_back(db: str, people: People, processor: FakeProcessor):
    membership = family()
    with on(3, 3):
        add(people.maria, membership)
    with on(3, 15), pytest.raises(errors.MemberHasStarted):
        take_back_member(people.maria, newest(membership), processor=processor)
    assert len(enrolments(membership)) == 3


def test_only_the_owner_takes_back(db: str, people: People, processor: FakeProcessor):
    membership = family()
    with on(3, 3):
        add(people.maria, membership)
        for other in (people.luis, people.kim):
            with pytest.raises(NotFound):
                take_back_member(other, newest(membership), processor=processor)
