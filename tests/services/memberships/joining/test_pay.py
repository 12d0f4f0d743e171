"""Paying the first invoice: what is made when, once, whatever is pressed twice, refused, lost or killed between."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account, Invoice, InvoiceLine
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.memberships import Membership, MembershipInvoice
from portal_app.domain.billing.errors import InvoiceHeld
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import new_id
from portal_app.domain.memberships.types import InvoiceKind, JoinStatus, MembershipStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.memberships.joining import errors
from portal_app.services.memberships.joining.contact import request_join_code, verify_join_contact
from portal_app.services.memberships.joining.pay import (
    cancel_join_payment,
    confirm_join_payment,
    pay_first_invoice,
)
from portal_app.services.memberships.joining.view import keep_join_choice, keep_join_owner, view_join
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon
from portal_app.services.memberships.plans.edit import retire_plan
from portal_app.services.memberships.plans.errors import CouponUnknown
from portal_app.services.sign_in.errors import TooManyAttempts
from tests.memberships_helper import BANDS, add_price
from tests.payments_helper import check_ledger, new_payment, payments, tasks
from tests.people import MARIA, People
from tests.services.memberships.joining.helper import (
    PIP,
    SYSTEM,
    TODAY,
    VISITOR,
    ZOE,
    ZOE_MAIL,
    both,
    code_sent,
    count,
    join_settings,
    joined,
    messages,
    offer,
    on,
    pay,
    ready,
    verified,
)
from tests.services.memberships.staff.helper import billed, run
from tests.services.sign_in.code_steps import code_in

FULL = Money(110_00)


@pytest.fixture(autouse=True)
def processor(sample_people: People) -> FakeProcessor:
    """The people of the examples are there, joining is on and needs staff's answer."""
    join_settings()
    return FakeProcessor()


def test_join_1_paid_and_waiting_for_staff(db: str, processor: FakeProcessor):
    plan = offer(enrolment_fee=Money(25_00), contract_months=12)
    code = ready(both(plan))
    assert pay(processor, code, Money(135_00)).status is PaymentStatus.SUCCEEDED
    result = joined()
    assert result.request.status is JoinStatus.WAITING
    row = result.membership
    assert row and (row.status, row.start, row.anchor) == (MembershipStatus.PENDING, TODAY, TODAY)
    assert (row.next_bill_date, row.contract_end) == (date(2026, 7, 15), date(2027, 6, 14))
    assert [(p.full_name, p.status, p.chart_number) for p in result.people] == [
        ("Zoe Quinn", PatientStatus.ACTIVE, None),
        ("Pip Quinn", PatientStatus.ACTIVE, None),
    ]
    assert {p.family_id for p in result.people} == {result.people[0].family_id}
    with reading(SYSTEM) as tx:
        assert tx.get_or_404(Account, row.account_id).guarantor_id == result.people[0].id
        links = tx.exec(select(MembershipInvoice).where(MembershipInvoice.membership_id == row.id)).all()
        invoice = tx.get_or_404(Invoice, links[0].invoice_id)
        lines = tx.exec(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id)).all()
        (point,) = tx.exec(select(ContactPoint).where(ContactPoint.value == ZOE_MAIL)).all()
    assert {link.kind: link.amount for link in links} == {
        InvoiceKind.PERIOD: FULL,
        InvoiceKind.ENROLMENT_FEE: Money(25_00),
    }
    assert (invoice.status, invoice.total, invoice.due_date) == (InvoiceStatus.PAID, Money(135_00), TODAY)
    assert sorted(line.amount for line in lines) == [Money(25_00), Money(30_00), Money(80_00)]
    assert point.verified_at == clock.now()
    assert "join_waiting" in tasks()
    assert [row.to for row in messages("join_waiting") + messages("receipt")] == [ZOE_MAIL, ZOE_MAIL]
    assert result.request.draft == {}
    check_ledger()
    run(date(2026, 7, 15))  # nothing more is billed before staff accept
    assert billed(row.id) == [(TODAY, 135_00)]


def test_join_1_active_at_once_where_the_practice_does_not_answer(db: str, processor: FakeProcessor):
    join_settings(join_needs_acceptance=False)
    pay(processor, ready(both(offer())), FULL)
    result = joined()
    assert result.request.status is JoinStatus.ACCEPTED
    assert result.membership and result.membership.status is MembershipStatus.ACTIVE
    assert [row.to for row in messages("joined")] == [ZOE_MAIL]
    assert tasks().count("chart_number_missing") == 2
    run(date(2026, 7, 15))
    assert billed(result.membership.id) == [(TODAY, 110_00), (date(2026, 7, 15), 110_00)]


def test_join_2_the_contact_of_who_joined_is_known_from_then_on(db: str, processor: FakeProcessor):
    pay(processor, ready(both(offer())), FULL)
    asked = request_join_code(VISITOR, ZOE_MAIL)
    assert verify_join_contact(VISITOR, asked.id, code_in(code_sent(asked.id)), ZOE_MAIL).known


def test_join_2_a_contact_that_became_a_patients_meanwhile_is_not_charged(db: str, processor: FakeProcessor):
    code = ready(both(offer()))
    with transaction(SYSTEM) as tx:
        tx.add(
            ContactPoint(id=new_id("con"), patient_id=MARIA.id, kind="email", value=ZOE_MAIL, shown=ZOE_MAIL)
        )
    before = count(Patient)
    with pytest.raises(errors.ContactKnown):
        pay(processor, code, FULL)
    assert (count(Patient), payments(), processor.attempts) == (before, payments(), 0)


def test_nothing_is_made_before_pay_is_pressed_and_nobody_is_a_patient_before_it_is_paid(
    db: str, processor: FakeProcessor
):
    before = count(Patient), count(Account), count(Invoice)
    code = ready(both(offer()))
    assert (count(Patient), count(Account), count(Invoice)) == before
    outcome = pay(processor, code, FULL, card="pm_card_visa_chargeDeclined")
    assert outcome.status is PaymentStatus.FAILED
    assert {person.status for person in joined().people} == {PatientStatus.INACTIVE}
    assert count(Membership) == 0
    assert messages("invoice_issued") == []
    assert pay(processor, code, FULL).status is PaymentStatus.SUCCEEDED  # another card: another payment
    assert {person.status for person in joined().people} == {PatientStatus.ACTIVE}
    assert count(Patient) == before[0] + 2
    assert count(Invoice) == before[2] + 1
    check_ledger()


def test_pressed_twice_and_in_two_tabs_it_is_one_charge(db: str, processor: FakeProcessor):
    code, payment = ready(both(offer())), new_payment()
    other = verified(None)

    def press(tab: str, id_: str, token: str) -> object:
        try:
            return pay_first_invoice(VISITOR, tab, id_, FULL, token=token, processor=processor).status  # type: ignore[arg-type]
        except UserError as refusal:
            return refusal.code

    tabs = [(code, payment), (code, payment), (other, new_payment()), (other, new_payment())]
    with ThreadPoolExecutor(4) as threads:
        moment = clock.now()

        def at_noon(tab: tuple[str, str]) -> object:
            with clock.held_at(moment):
                return press(*tab, processor.token())

        answers = list(threads.map(at_noon, tabs))
    assert PaymentStatus.SUCCEEDED in answers
    assert set(answers) <= {
        PaymentStatus.SUCCEEDED,
        PaymentStatus.PROCESSING,
        errors.AlreadyJoined.code,
        InvoiceHeld.code,
    } | {"invoice.already_paid", "payment.duplicate"}
    received = [row for row in payments() if row.status is PaymentStatus.SUCCEEDED and row.amount == FULL]
    assert len(received) == 1
    assert count(Membership) == 1
    assert len(joined().people) == 2
    with pytest.raises(errors.AlreadyJoined):
        pay(processor, code, FULL)
    check_ledger()


def test_a_crash_between_charge_and_booking_is_put_right_by_reconciliation(db: str, processor: FakeProcessor):
    code = ready(both(offer()))
    processor.no_answer(Outcome.SUCCEEDED)  # charged, and nobody here learns of it
    assert pay(processor, code, FULL).status is PaymentStatus.PROCESSING
    assert joined().membership is None
    held = view_join(VISITOR, code).payability
    assert held and held.held
    with pytest.raises(InvoiceHeld):
        pay(processor, code, FULL)
    with clock.held_at(clock.now() + timedelta(minutes=10)):
        reconcile(SYSTEM, processor=processor)
        assert reconcile(SYSTEM, processor=processor) == []
    assert joined().request.status is JoinStatus.WAITING
    assert count(Membership) == 1
    check_ledger()


def test_a_charge_that_never_arrived_is_cancelled_and_tried_again(db: str, processor: FakeProcessor):
    code, payment = ready(both(offer())), new_payment()
    processor.no_answer()
    token = processor.token()
    pay_first_invoice(VISITOR, code, payment, FULL, token=token, processor=processor)
    with clock.held_at(clock.now() + timedelta(minutes=20)):
        assert cancel_join_payment(VISITOR, code, payment, processor=processor).status is (
            PaymentStatus.CANCELLED
        )
        assert pay(processor, code, FULL).status is PaymentStatus.SUCCEEDED
    assert count(Membership) == 1


def test_the_banks_question_answered_after_midnight_begins_the_membership_that_day(
    db: str, processor: FakeProcessor
):
    plan = offer(contract_months=12)
    with on(TODAY, 23):
        code = ready(both(plan))
        outcome = pay(processor, code, FULL, card="pm_card_authenticationRequired")
    assert outcome.status is PaymentStatus.REQUIRES_ACTION
    (payment,) = [row for row in payments() if row.id == outcome.payment_id]
    with on(date(2026, 6, 16), 0):
        processor.finish(payment.processor_intent_id or "")
        assert confirm_join_payment(VISITOR, code, outcome.payment_id, processor=processor).status is (
            PaymentStatus.SUCCEEDED
        )
    row = joined().membership
    assert row and (row.start, row.next_bill_date) == (date(2026, 6, 16), date(2026, 7, 16))
    assert row.contract_end == date(2027, 6, 15)
    with reading(SYSTEM) as tx:
        (link,) = tx.exec(select(MembershipInvoice)).all()
        days = {
            line.service_date
            for line in tx.exec(select(InvoiceLine)).all()
            if line.invoice_id == link.invoice_id
        }
    assert (link.period_start, link.period_end) == (date(2026, 6, 16), date(2026, 7, 15))
    assert days == {date(2026, 6, 16)}


def test_on_another_day_the_invoice_is_made_anew_at_that_days_price(db: str, processor: FakeProcessor):
    plan = offer()
    code = ready(both(plan))
    pay(processor, code, FULL, card="pm_card_visa_chargeDeclined")
    dearer = [{**band, "minor": band["minor"] + 10_00} for band in BANDS]
    add_price(plan, date(2026, 6, 16), dearer)
    with on(date(2026, 6, 16), 1):
        code = verified(None)
        with pytest.raises(errors.JoinPriceChanged) as refusal:
            pay(processor, code, FULL)
        assert refusal.value.values["amount"] == Money(130_00)
        assert pay(processor, code, Money(130_00)).status is PaymentStatus.SUCCEEDED
    with reading(SYSTEM) as tx:
        quinns = tx.exec(select(Invoice).where(Invoice.account_id == joined().request.account_id)).all()
    assert sorted((row.status, row.total) for row in quinns) == [
        (InvoiceStatus.PAID, Money(130_00)),
        (InvoiceStatus.VOID, FULL),
    ]
    assert len(joined().people) == 2
    check_ledger()


def test_a_plan_retired_or_a_price_changed_between_the_steps_is_refused_uncharged(
    db: str, processor: FakeProcessor
):
    plan = offer()
    code = ready(both(plan))
    with pytest.raises(errors.JoinPriceChanged):
        pay(processor, code, Money(100_00))
    retire_plan(People.nora, plan)
    with pytest.raises(errors.PlanNotOffered):
        pay(processor, code, FULL)
    assert (processor.attempts, joined().people) == (0, [])


def test_members_changed_after_a_declined_card_make_another_invoice(db: str, processor: FakeProcessor):
    plan = offer()
    code = ready(both(plan))
    pay(processor, code, FULL, card="pm_card_visa_chargeDeclined")
    kit = replace(PIP, given_name="Kit")
    keep_join_choice(VISITOR, code, both(plan, members=(kit,)))  # the same amount, another child
    keep_join_owner(VISITOR, code, replace(ZOE, given_name="Zoë"))
    pay(processor, code, FULL)
    people = {person.full_name: person.status for person in joined().people}
    assert people == {
        "Zoë Quinn": PatientStatus.ACTIVE,
        "Kit Quinn": PatientStatus.ACTIVE,
        "Pip Quinn": PatientStatus.INACTIVE,
    }
    check_ledger()


def test_a_first_invoice_of_nothing_is_joined_without_a_card(db: str, processor: FakeProcessor):
    create_coupon(People.nora, new_id("cpn"), NewCoupon("FREE", percent=100, periods=1))
    code = ready(both(offer(), coupon="free"))
    assert pay(processor, code, Money(0)).status is PaymentStatus.SUCCEEDED
    assert processor.attempts == 0
    row = joined().membership
    assert row and billed(row.id) == [(TODAY, 0)]
    check_ledger()


def test_a_first_invoice_below_the_processors_minimum_is_refused(db: str, processor: FakeProcessor):
    plan = offer(bands=[{"name": "all", "below": None, "minor": 10}])
    code = ready(both(plan))
    with pytest.raises(errors.FirstInvoiceTooSmall):
        pay(processor, code, Money(20))
    assert joined().people == []


def test_the_last_use_of_a_coupon_is_one_persons(db: str, processor: FakeProcessor):
    create_coupon(People.nora, new_id("cpn"), NewCoupon("ONE", amount=Money(10_00), uses_at_most=1))
    plan = offer()
    code = ready(both(plan, coupon="ONE"))
    other = ready(both(plan, coupon="ONE"), "other@example.org")
    pay(processor, code, Money(100_00), card="pm_card_visa_chargeDeclined")  # held while it is being paid
    with pytest.raises(CouponUnknown):
        pay(processor, other, Money(100_00))
    assert pay(processor, code, Money(100_00)).status is PaymentStatus.SUCCEEDED
    row = joined().membership
    assert row and billed(row.id) == [(TODAY, 100_00)]


def test_details_are_needed_and_payments_of_others_are_not_found(db: str, processor: FakeProcessor):
    code = verified(both(offer()))
    with pytest.raises(errors.OwnerDetailsMissing):
        pay(processor, code, FULL)
    keep_join_owner(VISITOR, code, ZOE)
    pay(processor, code, FULL, card="pm_card_visa_chargeDeclined")
    for service in (confirm_join_payment, cancel_join_payment):
        with pytest.raises(NotFound):
            service(VISITOR, code, new_payment(), processor=processor)


def test_cards_are_not_to_be_tried_out(db: str, processor: FakeProcessor):
    code = ready(both(offer()))
    for _ in range(12):
        pay(processor, code, FULL, card="pm_card_visa_chargeDeclined")
    with pytest.raises(TooManyAttempts):
        pay(processor, code, FULL)
    assert processor.attempts == 12


def test_a_late_answer_to_a_payment_books_it_once(db: str, processor: FakeProcessor):
    code = ready(both(offer()))
    processor.no_answer(Outcome.SUCCEEDED)
    outcome: PaymentOutcome = pay(processor, code, FULL)
    (charge,) = list(processor.charges_since(clock.now() - timedelta(hours=1)))
    for _ in range(3):  # webhook, reconciliation and the page
        settle(SYSTEM, outcome.payment_id, charge)
    assert count(Membership) == 1
    assert [row.amount for row in payments() if row.id == outcome.payment_id] == [FULL]
    check_ledger()
