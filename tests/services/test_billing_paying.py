"""Paying, on both databases: PART and ALL cases, holds, declines, two tabs and lost answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.domain.billing.payability import WhyNot
from portal_app.domain.billing.words import AskAgain, Held, InvoiceStatus, PaymentStatus
from portal_app.domain.errors import NotAllowed, NotFound, Refused
from portal_app.domain.ids import PaymentId, SourceId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.invoices import list_invoices, view_invoice
from portal_app.services.billing.payments import (
    cancel_payment,
    confirm_payment,
    pay_account,
    pay_invoice,
    preview_account,
)
from portal_app.services.billing.receipts import view_receipt
from portal_app.services.billing.settle import settle
from portal_app.services.billing.views import PaymentOutcome as Paid
from tests import cast as people
from tests.cast import INVOICE, RIVERA, VISA, Cast, add_invoice
from tests.services.till import (
    balance,
    books_agree,
    invoice,
    new_payment,
    payment,
    payments,
    set_practice,
    tasks,
    till,
)


@pytest.fixture
def processor(cast: Cast) -> Iterator[FakeProcessor]:
    yield till()
    books_agree()


def pay(cast: Cast, processor: FakeProcessor, minor: int, id_: PaymentId | None = None, **more) -> Paid:
    more = {"source_id": VISA} | more if "token" not in more else more
    return pay_invoice(cast.maria, id_ or new_payment(), INVOICE, Money(minor), processor=processor, **more)


def test_a_full_payment_pays_the_bill_posts_once_and_says_so(cast: Cast, processor: FakeProcessor) -> None:
    outcome = pay(cast, processor, 120_00)
    assert outcome.status is PaymentStatus.SUCCEEDED
    assert invoice(INVOICE).status is InvoiceStatus.PAID
    assert balance() == Money(0)
    row = payment(outcome.payment_id)
    assert row.receipt_number is not None
    assert row.receipt_number.startswith("R-26-")
    assert row.receipt_to == "maria@example.com"
    assert row.source_shown == "Visa ending in 4242"
    with pytest.raises(Refused, match="This bill is already paid"):
        pay(cast, processor, 120_00)


def test_part_1_the_oldest_due_is_paid_first(cast: Cast, processor: FakeProcessor) -> None:
    a = add_invoice(RIVERA, (people.MARIA, "A", 120_00), due=date(2026, 3, 1), number="A")
    b = add_invoice(RIVERA, (people.MARIA, "B", 80_00), due=date(2026, 2, 1), number="B")
    pay_account(cast.maria, new_payment(), Money(100_00), processor=processor, source_id=VISA)
    assert (invoice(b).status, invoice(b).due) == (InvoiceStatus.PAID, Money(0))
    assert (invoice(a).status, invoice(a).due) == (InvoiceStatus.PARTLY_PAID, Money(100_00))
    assert invoice(INVOICE).due == Money(120_00)


def test_part_2_one_can_pay_up_to_what_is_left(cast: Cast, processor: FakeProcessor) -> None:
    pay(cast, processor, 50_00)
    with pytest.raises(Refused) as refusal:
        pay(cast, processor, 70_01)
    assert refusal.value.message == "You can pay up to {amount}"
    assert refusal.value.values == {"amount": Money(70_00)}
    assert len(payments()) == 1


def test_part_3_in_full_in_two_tabs_at_once_is_one_charge(cast: Cast, processor: FakeProcessor) -> None:
    def tab(_: int) -> str:
        try:
            return pay(cast, processor, 120_00).status
        except Refused as refusal:
            return refusal.message

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(tab, range(2)))
    assert answers.count("succeeded") == 1
    assert processor.attempts == 1
    assert set(answers) - {"succeeded"} <= {
        "This bill is already paid.",
        "We are checking your last payment.",
    }


def test_twenty_at_once_are_one_charge(cast: Cast, processor: FakeProcessor) -> None:
    def tab(_: int) -> bool:
        try:
            return pay(cast, processor, 120_00).status is PaymentStatus.SUCCEEDED
        except Refused:
            return False

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(tab, range(20))) == 1
    assert processor.attempts == 1
    assert len(payments()) == 1


def test_part_4_thirty_cents_cannot_be_paid_online(cast: Cast, processor: FakeProcessor) -> None:
    tiny = add_invoice(RIVERA, (people.MARIA, "Rest", 30))
    assert view_invoice(cast.maria, tiny).payability.why_not is WhyNot.TOO_SMALL
    with pytest.raises(Refused, match="at the practice"):
        pay_invoice(cast.maria, new_payment(), tiny, Money(30), processor=processor, source_id=VISA)


def test_all_7_the_rest_goes_to_the_next_bill_in_order(cast: Cast, processor: FakeProcessor) -> None:
    day = clock.today()
    own, child, last = (
        add_invoice(RIVERA, (who, "Visit", minor), issued=day - timedelta(days=ago), due=day)
        for who, minor, ago in ((people.MARIA, 60_00, 3), (people.EVA, 40_00, 2), (people.MARIA, 50_00, 1))
    )
    chosen = [own, child, last]
    outcome = pay_account(
        cast.maria, new_payment(), Money(70_00), processor=processor, source_id=VISA, invoice_ids=chosen
    )
    assert [invoice(i).allocated for i in chosen] == [Money(60_00), Money(10_00), Money(0)]
    receipt = view_receipt(cast.maria, outcome.payment_id)
    assert [(part.people, part.amount) for part in receipt.parts] == [
        (("Maria",), Money(60_00)),
        (("Eva",), Money(10_00)),
    ]


def test_all_2_three_bills_are_paid_in_order(cast: Cast, processor: FakeProcessor) -> None:
    day = clock.today()
    bills = [
        add_invoice(RIVERA, (who, "Visit", minor), issued=day - timedelta(days=ago), due=day)
        for who, minor, ago in ((people.MARIA, 60_00, 3), (people.EVA, 40_00, 2), (people.MARIA, 50_00, 1))
    ]
    shown = preview_account(cast.maria, Money(150_00), invoice_ids=bills)
    assert [part for _, _, part in shown] == [Money(60_00), Money(40_00), Money(50_00)]


@pytest.mark.parametrize(
    ("owed", "offered", "words"),
    [
        (15_00, 10_00, "The smallest payment is {amount}"),
        (15_00, 15_00, ""),
        (100_00, 10_00, "The smallest payment is {amount}"),
        (100_00, 20_00, ""),
        (100_00, 100_01, "You can pay up to {amount}"),
    ],
)
def test_all_10_the_practices_minimum(
    cast: Cast, processor: FakeProcessor, owed: int, offered: int, words: str
) -> None:
    set_practice(minimum_payment=Money(20_00))
    bill = add_invoice(RIVERA, (people.MARIA, "Visit", owed))

    def try_it() -> Paid:
        return pay_invoice(
            cast.maria, new_payment(), bill, Money(offered), processor=processor, source_id=VISA
        )

    if not words:
        assert try_it().status is PaymentStatus.SUCCEEDED
        return
    with pytest.raises(Refused) as refusal:
        try_it()
    assert refusal.value.message == words


@pytest.mark.parametrize("minor", [-5_00, 0, 10**14])
def test_all_11_senseless_amounts_are_refused(cast: Cast, processor: FakeProcessor, minor: int) -> None:
    with pytest.raises(Refused):
        pay(cast, processor, minor)
    with pytest.raises(Refused):
        pay_invoice(
            cast.maria, new_payment(), INVOICE, Money(50_00, "EUR"), processor=processor, source_id=VISA
        )
    assert payments() == []


def test_all_12_one_attempt_sent_many_times_is_one_payment(cast: Cast, processor: FakeProcessor) -> None:
    id_, token = new_payment(), processor.token()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pay(cast, processor, 80_00, id_, token=token), range(8)))
    again = pay(cast, processor, 80_00, id_, token=token)
    assert again.status is PaymentStatus.SUCCEEDED
    assert processor.attempts == 1
    assert len(payments()) == 1
    assert balance() == Money(40_00)


def test_all_12_the_same_id_with_another_amount_or_bill_is_refused(
    cast: Cast, processor: FakeProcessor
) -> None:
    id_ = new_payment()
    pay(cast, processor, 80_00, id_)
    other = add_invoice(RIVERA, (people.MARIA, "Visit", 80_00))
    with pytest.raises(Refused, match="another amount"):
        pay(cast, processor, 20_00, id_)
    with pytest.raises(Refused, match="another amount"):
        pay_invoice(cast.maria, id_, other, Money(80_00), processor=processor, source_id=VISA)
    assert processor.attempts == 1


def test_all_12_somebody_elses_payment_id_opens_nothing(cast: Cast, processor: FakeProcessor) -> None:
    id_ = pay(cast, processor, 80_00).payment_id
    token = processor.token()
    with pytest.raises(NotFound):
        pay_invoice(cast.kim, id_, people.KIM_INVOICE, Money(80_00), processor=processor, token=token)


def test_all_13_an_unknown_outcome_holds_the_bill(cast: Cast, processor: FakeProcessor) -> None:
    processor.no_answer(Outcome.SUCCEEDED)
    first = pay(cast, processor, 50_00)
    assert (first.status, first.known) == (PaymentStatus.PROCESSING, False)
    with pytest.raises(Held, match="We are checking your last payment") as held:
        pay(cast, processor, 20_00)
    assert held.value.payment_id == first.payment_id
    assert not held.value.can_continue
    view = view_invoice(cast.maria, INVOICE)
    assert view.payability.held is not None
    assert (view.payability.payable, view.payability.held.known) == (Money(70_00), False)
    assert confirm_payment(cast.maria, first.payment_id, processor=processor).status == "succeeded"
    assert pay(cast, processor, 20_00).status is PaymentStatus.SUCCEEDED


def test_all_14_what_is_no_open_bill_takes_no_money(cast: Cast, processor: FakeProcessor) -> None:
    for status, wanted in (
        (InvoiceStatus.DRAFT, NotFound),
        (InvoiceStatus.VOID, Refused),
        (InvoiceStatus.WRITTEN_OFF, Refused),
    ):
        bill = add_invoice(people.LUIS_S, (people.LUIS, "Visit", 80_00), status=status)
        token = processor.token()
        with pytest.raises(wanted):
            pay_invoice(cast.luis, new_payment(), bill, Money(80_00), processor=processor, token=token)
    assert payments() == []


def test_all_15_a_pays_and_only_as_bills_are_touched(cast: Cast, processor: FakeProcessor) -> None:
    pay_account(cast.maria, new_payment(), Money(120_00), processor=processor, source_id=VISA)
    assert invoice(people.LUIS_INVOICE).allocated == Money(0)
    with pytest.raises(NotFound):
        pay_invoice(
            cast.maria, new_payment(), people.LUIS_INVOICE, Money(60_00), processor=processor, source_id=VISA
        )
    with pytest.raises(NotFound):
        pay_account(
            cast.maria,
            new_payment(),
            Money(60_00),
            processor=processor,
            source_id=VISA,
            account_id=people.LUIS_S,
        )
    with pytest.raises(NotFound):  # another's card
        pay_invoice(
            cast.luis,
            new_payment(),
            people.LUIS_INVOICE,
            Money(60_00),
            processor=processor,
            source_id=SourceId(VISA),
        )


def test_the_same_amount_within_ten_minutes_asks_first(cast: Cast, processor: FakeProcessor) -> None:
    pay(cast, processor, 50_00)
    with pytest.raises(AskAgain, match="a minute ago"):
        pay(cast, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=7)), pytest.raises(AskAgain) as asked:
        pay(cast, processor, 50_00)
    assert asked.value.values == {"amount": Money(50_00), "minutes": 7}
    assert pay(cast, processor, 50_00, again=True).status is PaymentStatus.SUCCEEDED
    assert processor.attempts == 2


def test_ten_minutes_later_nobody_asks(cast: Cast, processor: FakeProcessor) -> None:
    pay(cast, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=10)):
        assert pay(cast, processor, 50_00).status is PaymentStatus.SUCCEEDED


def test_a_decline_frees_the_bill_and_keeps_its_code(cast: Cast, processor: FakeProcessor) -> None:
    token = processor.token("pm_card_visa_chargeDeclinedInsufficientFunds")
    outcome = pay(cast, processor, 50_00, token=token)
    assert (outcome.status, outcome.decline_code) == (PaymentStatus.FAILED, "insufficient_funds")
    assert view_invoice(cast.maria, INVOICE).payability.payable == Money(120_00)
    assert pay(cast, processor, 50_00).status is PaymentStatus.SUCCEEDED


def test_the_bank_asks_and_the_payer_confirms(cast: Cast, processor: FakeProcessor) -> None:
    token = processor.token("pm_card_authenticationRequired")
    asked = pay(cast, processor, 120_00, token=token)
    assert asked.status is PaymentStatus.REQUIRES_ACTION
    assert asked.client_secret
    with pytest.raises(Held) as held:
        pay(cast, processor, 20_00)
    assert held.value.can_continue
    # The browser says it is done; the processor does not.
    still = confirm_payment(cast.maria, asked.payment_id, processor=processor)
    assert still.status is PaymentStatus.REQUIRES_ACTION
    assert still.client_secret
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    done = confirm_payment(cast.maria, asked.payment_id, processor=processor)
    assert done.status is PaymentStatus.SUCCEEDED


def test_cancelled_at_the_processor_before_it_is_released(cast: Cast, processor: FakeProcessor) -> None:
    asked = pay(cast, processor, 120_00, token=processor.token("pm_card_authenticationRequired"))
    gone = cancel_payment(cast.maria, asked.payment_id, processor=processor)
    assert gone.status is PaymentStatus.CANCELLED
    intent = payment(asked.payment_id).processor_intent_id or ""
    assert processor.look_up(intent).outcome is Outcome.CANCELLED
    assert pay(cast, processor, 120_00).status is PaymentStatus.SUCCEEDED


def test_cancelled_too_late_is_paid(cast: Cast, processor: FakeProcessor) -> None:
    asked = pay(cast, processor, 120_00, token=processor.token("pm_card_authenticationRequired"))
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    late = cancel_payment(cast.maria, asked.payment_id, processor=processor)
    assert late.status is PaymentStatus.SUCCEEDED
    assert invoice(INVOICE).status is InvoiceStatus.PAID


def test_a_refused_confirmation_is_closed_at_the_processor_too(cast: Cast, processor: FakeProcessor) -> None:
    asked = pay(cast, processor, 120_00, token=processor.token("pm_card_authenticationRequired"))
    intent = payment(asked.payment_id).processor_intent_id or ""
    processor.finish(intent, Outcome.DECLINED, "payment_intent_authentication_failure")
    outcome = confirm_payment(cast.maria, asked.payment_id, processor=processor)
    assert outcome.status is PaymentStatus.FAILED
    assert processor.look_up(intent).outcome is Outcome.CANCELLED


def test_a_bank_debit_on_its_way_only_lowers_what_is_payable(cast: Cast, processor: FakeProcessor) -> None:
    processor.answers(Outcome.PROCESSING)
    first = pay(cast, processor, 50_00)
    assert (first.status, first.known) == (PaymentStatus.PROCESSING, True)
    view = view_invoice(cast.maria, INVOICE)
    assert (view.payability.payable, view.payability.held) == (Money(70_00), None)
    assert pay(cast, processor, 70_00).status is PaymentStatus.SUCCEEDED


def test_money_for_a_bill_voided_meanwhile_becomes_credit_and_a_task(
    cast: Cast, processor: FakeProcessor
) -> None:
    asked = pay(cast, processor, 100_00, token=processor.token("pm_card_authenticationRequired"))
    cancel_payment(cast.maria, asked.payment_id, processor=processor)
    pay(cast, processor, 120_00)
    intent = payment(asked.payment_id).processor_intent_id or ""
    charge = processor.finish(intent)  # an old tab paid it all the same
    settle(people.the_portal("test"), asked.payment_id, charge)
    assert payment(asked.payment_id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(-100_00)
    assert tasks() == ["became_credit", "paid_late"]


def test_a_new_card_may_be_saved_and_used_again(cast: Cast, processor: FakeProcessor) -> None:
    pay(cast, processor, 50_00, token=processor.token("pm_card_mastercard"), save=True)
    sources = view_invoice(cast.maria, INVOICE).sources
    assert [s.shown for s in sources] == ["Visa ending in 4242", "Mastercard ending in 4444"]
    assert pay(cast, processor, 20_00, source_id=sources[1].id).status is PaymentStatus.SUCCEEDED


def test_online_payments_off_hides_and_refuses(cast: Cast, processor: FakeProcessor) -> None:
    set_practice(online_payments=False)
    assert not list_invoices(cast.maria).online_payments
    view = view_invoice(cast.maria, INVOICE)
    assert (view.payability.why_not, view.sources) == (WhyNot.OFFLINE, ())
    with pytest.raises(Refused, match="turned off"):
        pay(cast, processor, 50_00)


def test_not_posting_automatically_leaves_the_balance(cast: Cast, processor: FakeProcessor) -> None:
    set_practice(post_automatically=False)
    outcome = pay(cast, processor, 50_00)
    assert balance() == Money(120_00)
    assert not payment(outcome.payment_id).posted
    assert invoice(INVOICE).due == Money(70_00)


def test_only_who_may_pay_pays(cast: Cast, processor: FakeProcessor) -> None:
    with pytest.raises(NotAllowed):
        pay_invoice(cast.nora, new_payment(), INVOICE, Money(50_00), processor=processor, source_id=VISA)
    with pytest.raises(NotAllowed):
        settle(cast.maria, PaymentId(new_id("pay")), processor.look_up(""))
