"""Pay links: who knows the birth date pays one invoice, up to the link's amount (CODE-14, ALL-8, ALL-9)."""

import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account, Invoice, PaymentMethod
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.billing.errors import (
    BelowProcessorMinimum,
    InvoiceAlreadyPaid,
    InvoiceClosed,
    InvoiceHeld,
    OnlinePaymentsOff,
    PaymentTooLarge,
    PaymentTooSmall,
)
from portal_app.domain.billing.payability import WhyNot
from portal_app.domain.billing.types import InvoiceStatus, Origin, PaymentStatus
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, UserError
from portal_app.domain.ids import InvoiceId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import CardCannotBeSaved
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.payments.pay import pay_account, pay_invoice
from portal_app.services.billing.payments.payability import LinkLimit
from portal_app.services.billing.payments.payment_methods import list_payment_methods
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.links import action_links, pay_links
from portal_app.services.links.errors import LinkNeedsBirthDate, LinkOver
from portal_app.services.messaging import log
from tests.payments_helper import check_ledger, fake_processor, new_payment, payment, payments, set_practice
from tests.people import EVA, INVOICE, MARIA, OSCAR, RIVERA, VISA, People, add_invoice, add_payment
from tests.services.credentials_helper import NOBODY, TEST, make_link, recipients_of, sign_in_as

FULL = Money(120_00)


@pytest.fixture
def processor(sample_people: People) -> FakeProcessor:
    return fake_processor()


def open_pay_link(sample_people: People, invoice: InvoiceId = INVOICE) -> Principal:
    """The session of a new pay link made by the front desk."""
    return sign_in_as(
        action_links.open_link(
            NOBODY, token_of(pay_links.make_pay_link(sample_people.dana, invoice).address), MARIA.birth_date
        )
    )


def token_of(address: str) -> str:
    parts = urlsplit(address)
    assert parts.path == "/links" and not parts.query
    return parts.fragment


def pay_by_link(guest: Principal, processor: FakeProcessor, minor: int, **more: object):
    return pay_links.pay_linked_invoice(
        guest,
        new_payment(),
        Money(minor),
        token=processor.token(),
        processor=processor,
        **more,  # type: ignore[arg-type]
    )


def pay_signed_in(sample_people: People, processor: FakeProcessor, minor: int):
    return pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(minor), processor=processor, payment_method_id=VISA
    )


def test_a_link_pays_its_invoice_and_the_guarantor_gets_the_receipt(
    sample_people: People, processor: FakeProcessor
):
    guest = open_pay_link(sample_people)
    assert pay_links.view_linked_invoice(guest).payability.payable == FULL
    outcome = pay_by_link(guest, processor, 120_00)
    assert outcome.status is PaymentStatus.SUCCEEDED
    paid = payment(outcome.payment_id)
    assert (paid.origin, paid.paid_by, paid.payer_id) == (Origin.PAY_LINK, guest.name, None)
    assert recipients_of("receipt") == {"maria@example.com", "+12125550142"}
    shown = pay_links.view_linked_invoice(guest)
    assert (shown.status, shown.payability.payable, shown.paid) == (InvoiceStatus.PAID, Money(0), FULL)
    with pytest.raises(InvoiceAlreadyPaid):
        pay_by_link(guest, processor, 1_00)
    check_ledger()


def test_all_8_a_link_does_not_pay_what_is_charged_later(sample_people: People, processor: FakeProcessor):
    """The same invoice grows by a refund of what was paid before the link was made."""
    earlier = pay_signed_in(sample_people, processor, 50_00).payment_id
    guest = open_pay_link(sample_people)  # for the 70.00 that are left
    refund_payment(sample_people.olga, RefundId(new_id("ref")), earlier, Money(50_00), processor=processor)
    add_invoice(RIVERA, (EVA, "Sealant", 40_00))
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    with pytest.raises(PaymentTooLarge) as refused:
        pay_by_link(guest, processor, 70_01)
    assert refused.value.values["amount"] == Money(70_00)
    assert pay_by_link(guest, processor, 70_00).status is PaymentStatus.SUCCEEDED
    with pytest.raises(InvoiceAlreadyPaid):
        pay_by_link(guest, processor, 1_00)
    check_ledger()


def test_all_9_payments_since_the_link_are_taken_off(sample_people: People, processor: FakeProcessor):
    guest = open_pay_link(sample_people)
    pay_signed_in(sample_people, processor, 50_00)
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    with pytest.raises(PaymentTooLarge):
        pay_by_link(guest, processor, 120_00)
    assert pay_by_link(guest, processor, 70_00).status is PaymentStatus.SUCCEEDED
    check_ledger()


def test_all_9_also_for_a_link_for_a_part_of_the_invoice(sample_people: People, processor: FakeProcessor):
    """A link for 60.00 of 120.00: after a payment of 50.00 it pays 10.00, not 60.00 of the 70.00 still due."""
    made = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(60_00))
    guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
    pay_signed_in(sample_people, processor, 50_00)
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(10_00)
    with pytest.raises(PaymentTooLarge):
        pay_by_link(guest, processor, 10_01)
    assert pay_by_link(guest, processor, 10_00).status is PaymentStatus.SUCCEEDED
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(0)


def test_two_links_at_once_never_take_more_than_the_invoice(sample_people: People, processor: FakeProcessor):
    guests = [open_pay_link(sample_people), open_pay_link(sample_people)]
    ready, outcomes = threading.Barrier(2), []

    def pay(guest: Principal) -> None:
        ready.wait()
        try:
            outcomes.append(pay_by_link(guest, processor, 120_00).status)
        except UserError as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=pay, args=(guest,)) for guest in guests]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    outcomes.remove(PaymentStatus.SUCCEEDED)
    assert len(outcomes) == 1 and outcomes[0] in ("invoice.already_paid", "invoice.held")
    assert [p.amount for p in payments()] == [FULL]
    check_ledger()


def test_code_14_a_link_uses_no_saved_card_and_saves_none(sample_people: People, processor: FakeProcessor):
    guest = open_pay_link(sample_people)
    narrowed, _ = action_links.link_payer(guest)
    limit = LinkLimit(FULL, clock.now())
    with pytest.raises(NotFound):
        pay_invoice(
            narrowed, new_payment(), INVOICE, FULL, processor=processor, payment_method_id=VISA, limit=limit
        )
    with pytest.raises(CardCannotBeSaved):
        pay_invoice(
            narrowed,
            new_payment(),
            INVOICE,
            FULL,
            processor=processor,
            token="ctoken_x",
            save=True,
            limit=limit,
        )
    assert payments() == []
    pay_by_link(guest, processor, 120_00)
    with reading(TEST) as tx:
        assert [row.id for row in tx.exec(select(PaymentMethod))] == [VISA]
        customer = tx.get_or_404(Account, RIVERA).processor_customer_id
    assert len(processor.list_payment_methods(customer)) == 1


def test_code_14_only_the_session_that_paid_sees_the_receipt(sample_people: People, processor: FakeProcessor):
    made = pay_links.make_pay_link(sample_people.dana, INVOICE)
    guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
    mine = pay_by_link(guest, processor, 50_00).payment_id
    receipt = pay_links.view_linked_receipt(guest, mine)
    assert (receipt.amount, receipt.still_due) == (Money(50_00), Money(70_00))
    hers = pay_signed_in(sample_people, processor, 20_00).payment_id
    with pytest.raises(NotFound):
        pay_links.view_linked_receipt(guest, hers)
    with clock.held_at(clock.now() + timedelta(minutes=1)):  # opened again: another session
        later = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
        with pytest.raises(NotFound):
            pay_links.view_linked_receipt(later, mine)
        with pytest.raises(NotSignedIn):
            pay_links.view_linked_receipt(guest, mine)


def test_a_link_payment_may_be_declined_or_need_authentication(
    sample_people: People, processor: FakeProcessor
):
    guest = open_pay_link(sample_people)
    processor.answers(Outcome.DECLINED, "insufficient_funds")
    assert pay_by_link(guest, processor, 50_00).decline_code == "insufficient_funds"
    processor.answers(Outcome.REQUIRES_ACTION)
    asked = pay_by_link(guest, processor, 50_00)
    assert asked.client_secret
    shown = pay_links.view_linked_invoice(guest)
    assert (shown.payability.held and shown.payability.held.id, shown.held_by_this_link) == (
        asked.payment_id,
        True,
    )
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    done = pay_links.confirm_linked_payment(guest, asked.payment_id, processor=processor)
    assert done.status is PaymentStatus.SUCCEEDED
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)


def test_a_payment_of_another_session_is_neither_continued_nor_cancelled(
    sample_people: People, processor: FakeProcessor
):
    guest = open_pay_link(sample_people)
    processor.answers(Outcome.REQUIRES_ACTION)
    hers = pay_signed_in(sample_people, processor, 50_00)
    shown = pay_links.view_linked_invoice(guest)
    assert (shown.payability.held and shown.payability.held.id, shown.held_by_this_link) == (
        hers.payment_id,
        False,
    )
    for service in (pay_links.confirm_linked_payment, pay_links.cancel_linked_payment):
        with pytest.raises(NotFound):
            service(guest, hers.payment_id, processor=processor)
    with pytest.raises(InvoiceHeld):
        pay_by_link(guest, processor, 20_00)
    with pytest.raises(NotFound):  # nor continued by its id, which would reveal the client secret
        pay_links.pay_linked_invoice(
            guest, hers.payment_id, Money(50_00), processor=processor, token="ctoken_x"
        )
    assert payment(hers.payment_id).status is PaymentStatus.REQUIRES_ACTION


def test_a_link_session_may_do_nothing_else(sample_people: People, processor: FakeProcessor):
    guest = open_pay_link(sample_people)
    other = add_invoice(RIVERA, (EVA, "Sealant", 40_00))
    for wrong in (
        lambda: view_invoice(guest, INVOICE),
        lambda: list_invoices(guest),
        lambda: list_payment_methods(guest),
        lambda: pay_account(guest, new_payment(), Money(10_00), processor=processor, token="ctoken_x"),
        lambda: pay_invoice(guest, new_payment(), other, Money(10_00), processor=processor, token="t"),
        lambda: view_receipt(guest, new_payment()),
        lambda: pay_links.make_pay_link(guest, INVOICE),
        lambda: log.list_messages(guest),
    ):
        with pytest.raises(PermissionDenied):
            wrong()
    with reading(guest) as tx:
        assert tx.exec(select(Invoice)).all() == []


def test_a_link_revoked_while_open_pays_nothing_more(sample_people: People, processor: FakeProcessor):
    made = pay_links.make_pay_link(sample_people.nora, INVOICE)
    guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
    assert [link.id for link in pay_links.open_pay_links(sample_people.nora, INVOICE)] == [made.id]
    action_links.revoke_link(sample_people.nora, made.id)
    assert pay_links.open_pay_links(sample_people.nora, INVOICE) == ()
    with pytest.raises(NotSignedIn):
        pay_by_link(guest, processor, 50_00)
    with pytest.raises(LinkOver):
        action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date)
    assert payments() == []
    assert view_invoice(sample_people.maria, INVOICE).due == FULL  # the debt outlives the link


@pytest.mark.parametrize("days", [1, 30])
def test_the_life_of_a_pay_link_is_a_setting(sample_people: People, days: int):
    set_practice(pay_link_days=days)
    made = pay_links.make_pay_link(sample_people.dana, INVOICE)
    life = timedelta(days=days)
    with clock.held_at(clock.now() + life - timedelta(seconds=1)):
        assert action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date)
    with clock.held_at(clock.now() + life), pytest.raises(LinkOver):
        action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date)


def test_payment_settings_apply_to_pay_links(sample_people: People, processor: FakeProcessor):
    guest = open_pay_link(sample_people)
    set_practice(minimum_payment=Money(20_00))
    assert pay_links.view_linked_invoice(guest).payability.smallest == Money(20_00)
    with pytest.raises(PaymentTooSmall):
        pay_by_link(guest, processor, 10_00)
    set_practice(online_payments=False)
    assert pay_links.view_linked_invoice(guest).payability.why_not is WhyNot.OFFLINE
    with pytest.raises(OnlinePaymentsOff):
        pay_by_link(guest, processor, 50_00)


@pytest.mark.parametrize("status", [InvoiceStatus.DRAFT, InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF])
def test_all_14_no_link_for_an_invoice_that_cannot_be_paid(sample_people: People, status: InvoiceStatus):
    invoice = add_invoice(RIVERA, (EVA, "Sealant", 40_00), status=status)
    with pytest.raises(InvoiceClosed):
        pay_links.make_pay_link(sample_people.dana, invoice)


def test_no_link_for_an_invoice_that_cannot_be_paid_online(sample_people: People):
    """Button and service agree: the amount is too small for the processor, or online payments are off."""
    tiny = add_invoice(RIVERA, (EVA, "Rest", 30))
    assert not view_invoice(sample_people.dana, tiny).linkable
    with pytest.raises(BelowProcessorMinimum):
        pay_links.make_pay_link(sample_people.dana, tiny)
    assert view_invoice(sample_people.dana, INVOICE).linkable
    set_practice(online_payments=False)
    assert not view_invoice(sample_people.dana, INVOICE).linkable
    with pytest.raises(OnlinePaymentsOff):
        pay_links.make_pay_link(sample_people.dana, INVOICE)


def test_a_link_may_be_made_while_a_payment_is_in_progress(sample_people: People, processor: FakeProcessor):
    """That may fail, and the link lives for days; until then it says what is left."""
    add_payment(INVOICE, 120_00, status=PaymentStatus.PROCESSING)
    assert view_invoice(sample_people.dana, INVOICE).linkable
    assert pay_links.view_linked_invoice(open_pay_link(sample_people)).payability.payable == Money(0)


def test_a_link_without_an_amount_pays_what_is_due(sample_people: People, processor: FakeProcessor):
    """A link of an early version has no amount: payments since are not taken off twice."""
    guest = open_pay_link(sample_people)
    with transaction(TEST) as tx:
        for row in tx.exec(select(ActionLink)):
            row.at_most = None
    pay_signed_in(sample_people, processor, 50_00)
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    assert pay_by_link(guest, processor, 70_00).status is PaymentStatus.SUCCEEDED


def test_no_link_for_a_guarantor_without_birth_date(sample_people: People):
    with transaction(TEST) as tx:
        tx.get_or_404(Patient, OSCAR.id, lock=True).birth_date = None
    invoice = add_invoice(OSCAR.account, (OSCAR, "Sealant", 40_00))
    with pytest.raises(LinkNeedsBirthDate):
        pay_links.make_pay_link(sample_people.dana, invoice)
