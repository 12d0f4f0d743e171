"""What a member adds to a period is given back in one way, whoever takes them off (decision 0035)."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Enrolment, MembershipInvoice
from portal_app.domain.ids import InvoiceId, MembershipId, PatientId
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.memberships.staff.ending import End, end_member, preview_member_end
from tests.memberships_helper import add_membership, add_plan
from tests.payments_helper import check_ledger, fake_processor, invoice, new_payment
from tests.people import EVA, LUIS, MARIA, RIVERA, TIM, VISA, People
from tests.services.memberships.members.helper import DAN, add, bill, days_ahead, family, invoices, on
from tests.services.memberships.staff.helper import SYSTEM, pay_at_desk, refunds

MARCH_14 = date(2026, 3, 14)


@pytest.fixture
def people(sample_people: People) -> People:
    return sample_people


@pytest.fixture
def processor(people: People) -> Iterator[FakeProcessor]:
    yield fake_processor()
    check_ledger()


def enrolment_of(membership: MembershipId, patient: PatientId) -> str:
    with reading(SYSTEM) as tx:
        wanted = select(Enrolment).where(
            Enrolment.membership_id == membership, Enrolment.patient_id == patient
        )
        return tx.exec(wanted).one().id


def first_invoice(membership: MembershipId) -> InvoiceId:
    with reading(SYSTEM) as tx:
        links = select(MembershipInvoice).where(MembershipInvoice.membership_id == membership)
        return tx.exec(links.order_by(col(MembershipInvoice.kind).desc())).first().invoice_id  # type: ignore[union-attr]


def end(people: People, enrolment: str, last_day: date, processor: FakeProcessor) -> Money:
    """Ends the member as staff see it first; returns what that gives back."""
    seen = preview_member_end(people.olga, enrolment, last_day)
    end_member(people.olga, enrolment, End(last_day, seen.unearned), processor=processor)
    return seen.unearned


def test_at_the_family_price_a_member_ended_by_staff_gives_back_nothing(
    db: str, people: People, processor: FakeProcessor
):
    days_ahead(7)
    plan = add_plan("Capped", family_cap=Money(160_00))
    members = [MARIA.id, LUIS.id, EVA.id, TIM.id]  # 80 + 80 + 30 + 30, at most 160
    membership = add_membership(
        RIVERA, plan, members, start=date(2026, 2, 15), next_bill_date=date(2026, 3, 15)
    )
    with on(3, 8):
        bill()
    with on(3, 9):
        assert end(people, enrolment_of(membership, TIM.id), MARCH_14, processor) == Money(0)
        assert invoice(first_invoice(membership)).due == Money(160_00)  # what the three of them cost
        assert end(people, enrolment_of(membership, LUIS.id), MARCH_14, processor) == Money(50_00)
        assert invoice(first_invoice(membership)).due == Money(110_00)


@pytest.mark.parametrize("how", ["card", "desk"])
def test_after_a_refund_a_member_who_is_added_pays_their_own_price(
    db: str, people: People, processor: FakeProcessor, how: str
):
    days_ahead(7)
    membership = family()
    with on(3, 8):
        bill()
    paid = first_invoice(membership)
    with on(3, 9):
        if how == "card":
            pay_invoice(
                people.maria, new_payment(), paid, Money(110_00), processor=processor, payment_method_id=VISA
            )
        else:
            pay_at_desk(paid, 110_00)
        assert end(people, enrolment_of(membership, EVA.id), MARCH_14, processor) == Money(30_00)
        assert refunds() == [30_00]
        assert (invoice(paid).allocated, invoice(paid).due) == (Money(80_00), Money(0))
        add(people.maria, membership, DAN)
    assert [row[3] for row in invoices(membership)] == [0, 30_00]
    with on(3, 15):
        bill()
    assert [row[3] for row in invoices(membership)] == [0, 30_00]


def test_what_is_half_paid_is_lowered_first_and_the_rest_refunded(
    db: str, people: People, processor: FakeProcessor
):
    days_ahead(7)
    membership = family()
    with on(3, 8):
        bill()
    paid = first_invoice(membership)
    with on(3, 9):
        pay_at_desk(paid, 100_00)
        seen = preview_member_end(people.olga, enrolment_of(membership, EVA.id), MARCH_14)
        assert (seen.credited, seen.refundable, seen.refunded_anyway) == (
            Money(10_00),
            Money(20_00),
            Money(20_00),
        )
        end(people, enrolment_of(membership, EVA.id), MARCH_14, processor)
    assert refunds() == [20_00]
    assert (invoice(paid).allocated, invoice(paid).due) == (Money(80_00), Money(0))
