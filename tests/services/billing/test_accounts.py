"""The account page: LEDG, DEP and CRED cases, overdue invoices offered after a card was added."""

from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Invoice, Payment
from portal_app.domain.billing.types import InvoiceStatus, Method, PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import past_due_offer, use_credit, view_account
from portal_app.services.billing.errors import (
    CreditFitsNoInvoice,
    NoCredit,
)
from portal_app.services.billing.ledger.entries import adjust_allocation, allocations_of
from portal_app.services.billing.payments.receipts import todays_payments
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.staff.patient_billing import (
    view_patient_billing,
)
from portal_app.services.billing.staff.record_payment import record_payment
from portal_app.services.billing.views import PastDueOffer
from tests import people
from tests.payments_helper import (
    balance,
    invoice,
    new_payment,
    set_practice,
)
from tests.people import (
    INVOICE,
    KIM,
    KIM_INVOICE,
    OKAFOR,
    RIVERA,
    People,
    add_invoice,
    add_payment,
)
from tests.services.billing.billing_helper import PORTAL, add_card, paid, pay, pay_into_credit


def test_ledg_1_balance_payments_being_posted_and_balance_after_posting(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    pay(sample_people, processor, 25_00)
    seen = view_account(sample_people.maria)
    assert (seen.balance, seen.being_posted_total, seen.will_owe) == (
        Money(120_00),
        Money(25_00),
        Money(95_00),
    )
    assert seen.payability.payable == seen.will_owe
    assert [row.shown for row in seen.being_posted] == ["Visa ending in 4242"]


def test_dep_4_the_account_names_only_people_the_viewer_may_see(
    sample_people: People, processor: FakeProcessor
) -> None:
    add_invoice(people.PARK, (people.ROSA, "Visit", 30_00), (people.NINA, "Consultation", 70_00))
    seen = view_account(sample_people.rosa)
    assert {(p.name, p.owed.minor) for p in seen.people} == {("Rosa", 30_00), ("", 70_00)}
    assert seen.payability.payable == Money(100_00)


def test_all_15_two_adults_two_accounts(sample_people: People, processor: FakeProcessor) -> None:
    assert view_account(sample_people.luis).balance == Money(60_00)
    with pytest.raises(NotFound):
        view_account(sample_people.luis, RIVERA)
    with pytest.raises(NotFound):  # Nina answers for no account
        view_account(sample_people.nina)


def test_cred_2_credit_is_used_only_on_request_and_moves_no_money(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay_into_credit(sample_people, processor, 30_00)
    assert view_account(sample_people.maria).credit == Money(30_00)
    assert invoice(INVOICE).due == Money(120_00)
    takings, before = todays_payments(sample_people.nora).received, balance()
    assert use_credit(sample_people.maria) == Money(30_00)
    assert (invoice(INVOICE).due, invoice(INVOICE).status) == (Money(90_00), InvoiceStatus.PARTLY_PAID)
    assert view_account(sample_people.maria).credit == Money(0)
    assert todays_payments(sample_people.nora).received == takings
    assert balance() == before
    with pytest.raises(NoCredit):
        use_credit(sample_people.maria)


def test_cred_5_credit_stays_on_its_account(sample_people: People, processor: FakeProcessor) -> None:
    pay_into_credit(sample_people, processor, 40_00)
    with pytest.raises(NoCredit):
        use_credit(sample_people.luis)
    with pytest.raises(NotFound):
        use_credit(sample_people.luis, RIVERA)
    use_credit(sample_people.nora, RIVERA)
    assert invoice(people.LUIS_INVOICE).due == Money(60_00)


def test_credit_does_not_pay_an_invoice_with_a_payment_in_flight(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay_into_credit(sample_people, processor, 30_00)
    processor.answers(Outcome.PROCESSING)
    pay(sample_people, processor, 50_00)
    with pytest.raises(CreditFitsNoInvoice):
        use_credit(sample_people.maria)


def test_src_3_overdue_invoices_are_offered(sample_people: People, processor: FakeProcessor) -> None:
    assert past_due_offer(sample_people.maria).rows == ()
    late = add_invoice(RIVERA, (people.EVA, "Visit", 35_00), due=clock.today() - timedelta(days=1))
    add_card(sample_people, processor)
    offer = past_due_offer(sample_people.maria)
    assert [(row.id, row.payable) for row in offer.rows] == [(late, Money(35_00))]
    assert offer.amount == Money(35_00)


@pytest.mark.parametrize(
    ("minor", "attempt"), [(30, None), (35_00, PaymentStatus.REQUIRES_ACTION)], ids=["too little", "held"]
)
def test_src_3_no_invoice_is_offered_whose_payment_would_be_refused(
    sample_people: People, minor: int, attempt: PaymentStatus | None
) -> None:
    late = add_invoice(RIVERA, (people.EVA, "Visit", minor), due=clock.today() - timedelta(days=1))
    if attempt:
        add_payment(late, 5_00, status=attempt)
    assert past_due_offer(sample_people.maria) == PastDueOffer((), Money(0))


def test_cred_2_staff_use_an_accounts_credit(sample_people: People, processor: FakeProcessor) -> None:
    row = paid(sample_people, processor, 120_00)
    refund_payment(
        sample_people.nora, RefundId(new_id("ref")), row, Money(1_00), processor=processor, void_charge=True
    )
    this_invoice = add_invoice(OKAFOR, (KIM, "X-ray", 50_00))
    receipt = record_payment(
        sample_people.dana, new_payment(), OKAFOR, Money(30_00), method=Method.CASH, invoice_ids=[KIM_INVOICE]
    )
    with transaction(PORTAL) as tx:  # the invoice it paid is taken off it: what it brought is credit
        (part,) = allocations_of(tx, receipt.payment_id)
        old, given = (
            tx.get_or_404(Invoice, KIM_INVOICE, lock=True),
            tx.get_or_404(Payment, receipt.payment_id, lock=True),
        )
        adjust_allocation(part, given, old, -part.amount, clock.now())
    taken = todays_payments(sample_people.nora).received
    assert view_patient_billing(sample_people.dana, KIM.id).credit == Money(30_00)
    assert use_credit(sample_people.dana, OKAFOR, invoice_ids=[this_invoice]) == Money(30_00)
    assert (invoice(this_invoice).status, invoice(this_invoice).due) == (
        InvoiceStatus.PARTLY_PAID,
        Money(20_00),
    )
    assert view_patient_billing(sample_people.dana, KIM.id).credit == Money(0)
    assert todays_payments(sample_people.nora).received == taken
