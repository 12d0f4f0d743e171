"""A card pays at most what the account's credit leaves; credit first, the card for the rest, in one step (CRED-6)."""

import pytest

from portal_app.domain.billing.errors import CreditComesFirst, CreditCoversAll
from portal_app.domain.billing.payability import WhyNot
from portal_app.domain.billing.types import InvoiceStatus, Method
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import use_credit, view_account
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import pay_account, pay_invoice
from portal_app.services.billing.staff.record_payment import record_payment
from tests.payments_helper import invoice, new_payment, payments
from tests.people import INVOICE, MARIA, RIVERA, VISA, People, add_invoice


def deposit(sample_people: People, minor: int) -> None:
    """Money at the desk beyond what is owed is credit: the invoice is paid, and so much is left."""
    amount = Money(minor) + invoice(INVOICE).due
    record_payment(
        sample_people.nora, new_payment(), RIVERA, amount, method=Method.CASH, deposit_confirmed=True
    )


def test_cred_6_credit_first_and_the_card_for_the_rest_in_one_step(
    sample_people: People, processor: FakeProcessor
) -> None:
    deposit(sample_people, 10_00)
    owed = add_invoice(RIVERA, (MARIA, "Cleaning", 25_00))
    assert view_account(sample_people.maria).will_owe == Money(15_00)
    assert view_account(sample_people.maria).payability.payable == Money(15_00)
    assert view_invoice(sample_people.maria, owed).payability.payable == Money(15_00)
    paid = pay_invoice(
        sample_people.maria,
        new_payment(),
        owed,
        Money(15_00),
        processor=processor,
        payment_method_id=VISA,
        use_credit=True,
    )
    assert paid.amount == Money(15_00)
    assert processor.attempts == 1
    assert (invoice(owed).status, view_account(sample_people.maria).credit) == (
        InvoiceStatus.PAID,
        Money(0),
    )


def test_cred_6_on_the_account(sample_people: People, processor: FakeProcessor) -> None:
    deposit(sample_people, 10_00)
    first, second = (add_invoice(RIVERA, (MARIA, "Visit", minor)) for minor in (8_00, 17_00))
    with pytest.raises(CreditComesFirst):
        pay_account(
            sample_people.maria, new_payment(), Money(25_00), processor=processor, payment_method_id=VISA
        )
    pay_account(
        sample_people.maria,
        new_payment(),
        Money(15_00),
        processor=processor,
        payment_method_id=VISA,
        use_credit=True,
    )
    assert [invoice(one).due for one in (first, second)] == [Money(0), Money(0)]


def test_a_card_payment_leaves_the_credit_its_part(sample_people: People, processor: FakeProcessor) -> None:
    deposit(sample_people, 10_00)
    owed = add_invoice(RIVERA, (MARIA, "Cleaning", 25_00))
    with pytest.raises(CreditComesFirst) as refused:
        pay_invoice(
            sample_people.maria,
            new_payment(),
            owed,
            Money(15_01),
            processor=processor,
            payment_method_id=VISA,
        )
    assert refused.value.values == {"credit": Money(10_00), "amount": Money(15_00)}
    pay_invoice(
        sample_people.maria, new_payment(), owed, Money(15_00), processor=processor, payment_method_id=VISA
    )
    assert use_credit(sample_people.maria) == Money(10_00)
    assert invoice(owed).status is InvoiceStatus.PAID


def test_where_the_credit_covers_everything_a_card_is_refused(
    sample_people: People, processor: FakeProcessor
) -> None:
    deposit(sample_people, 200_00)
    owed = add_invoice(RIVERA, (MARIA, "Crown", 180_00))
    before = len(payments())
    assert view_account(sample_people.maria).payability.why_not is WhyNot.CREDIT
    for amount in (50_00, 180_00):
        with pytest.raises(CreditCoversAll):
            pay_account(
                sample_people.maria,
                new_payment(),
                Money(amount),
                processor=processor,
                payment_method_id=VISA,
            )
        with pytest.raises(CreditCoversAll):
            pay_invoice(
                sample_people.maria,
                new_payment(),
                owed,
                Money(amount),
                processor=processor,
                payment_method_id=VISA,
            )
    assert (len(payments()), processor.attempts) == (before, 0)
    assert use_credit(sample_people.maria) == Money(180_00)
    assert view_account(sample_people.maria).credit == Money(20_00)


def test_one_invoice_of_several_is_paid_whole_where_the_credit_fits_another(
    sample_people: People, processor: FakeProcessor
) -> None:
    deposit(sample_people, 10_00)
    one = add_invoice(RIVERA, (MARIA, "Cleaning", 25_00))
    add_invoice(RIVERA, (MARIA, "X-ray", 50_00))
    pay_invoice(
        sample_people.maria, new_payment(), one, Money(25_00), processor=processor, payment_method_id=VISA
    )
    assert view_account(sample_people.maria).payability.payable == Money(40_00)
