"""Automatic payment on and off, another card, and paying at once with it (SRC-1, SRC-3, PAY-8)."""

from datetime import date

import pytest

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Payment, PaymentMethod
from portal_app.db.tables.memberships import Membership
from portal_app.domain.billing.disputes import DisputeStatus
from portal_app.domain.billing.errors import OnlinePaymentsOff
from portal_app.domain.billing.types import InvoiceStatus, Method, PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.memberships.types import BilledBy, MembershipStatus, Standing
from portal_app.domain.money import Money
from portal_app.gateways.disputes.types import DisputeFacts
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import past_due_offer
from portal_app.services.billing.disputes.book import settle_dispute
from portal_app.services.billing.payments.payment_methods import remove_payment_method
from portal_app.services.billing.payments.settle import settle
from portal_app.services.memberships.autopay.choose import (
    replace_and_pay,
    set_autopay,
    stop_autopay,
    view_autopay,
)
from portal_app.services.memberships.autopay.errors import (
    AutopayMembershipEnded,
    AutopayMethodExpired,
    AutopayMethodUnsuitable,
    AutopayNotBilledHere,
    AutopayNothingOverdue,
)
from portal_app.services.memberships.autopay.next_charge import NextCharge
from portal_app.services.memberships.autopay.standing import autopay_standing
from tests.payments_helper import new_payment, payment, payments, set_practice
from tests.people import VISA, People
from tests.services.memberships.autopay.autopay_helper import (
    MARCH_15,
    SYSTEM,
    charges,
    family,
    invoices,
    march,
    noon,
    row_of,
    run_on,
    save_card,
    sent,
    tries,
    use_card,
)

POOR = "pm_card_visa_chargeDeclinedInsufficientFunds"
APRIL_15 = date(2026, 4, 15)


def in_retry(processor: FakeProcessor):
    membership = family()
    use_card(processor, POOR)
    run_on(MARCH_15, processor)
    return membership


def test_turning_it_on_records_the_agreement_and_announces_amount_and_day(processor: FakeProcessor):
    membership = family(on=False)
    assert view_autopay(People.maria, membership).next_charge == NextCharge(MARCH_15, Money(110_00))
    assert set_autopay(People.maria, membership, VISA) == NextCharge(MARCH_15, Money(110_00))
    row = row_of(membership)
    assert (row.payment_method_id, row.autopay_agreed_at) == (VISA, clock.now())
    assert (row.announced_for, row.announced_amount) == (MARCH_15, Money(110_00))
    body = sent("autopay_on")[0].body
    assert "Visa ending in 4242 will be charged $110.00 on March 15" in body
    assert "Credit on your account is used first" in body


def test_turning_it_off_lets_the_scheduled_try_fall_away(processor: FakeProcessor):
    membership = in_retry(processor)
    with clock.held_at(noon(MARCH_15)):
        stop_autopay(People.maria, membership)
    use_card(processor, "pm_card_visa")
    for day in range(16, 30):
        run_on(march(day), processor)
    assert charges() == []
    assert tries(membership) == [(MARCH_15, 0, "dropped")]
    assert not view_autopay(People.maria, membership).is_on
    assert len(sent("autopay_off")) >= 1


def test_staff_who_manage_plans_turn_it_off_too(processor: FakeProcessor):
    membership = family()
    stop_autopay(People.nora, membership)
    assert row_of(membership).payment_method_id is None


def test_src_3_what_was_due_before_it_was_turned_on_is_offered_and_never_charged_by_itself(
    processor: FakeProcessor,
):
    membership = family(on=False)
    run_on(MARCH_15, processor)
    with clock.held_at(noon(march(20))):
        charge = set_autopay(People.maria, membership, VISA)
        assert charge == NextCharge(APRIL_15, Money(110_00))
        assert past_due_offer(People.maria).amount >= Money(110_00)
    for day in range(20, 32):
        run_on(march(day), processor)
    assert charges() == []
    run_on(APRIL_15, processor)
    assert charges() == [110_00]


def test_src_3_what_a_scheduled_try_will_pay_is_not_offered(processor: FakeProcessor):
    in_retry(processor)
    with clock.held_at(noon(march(16))):
        assert past_due_offer(People.maria).rows == ()
    for day in (16, 18, 22):
        run_on(march(day), processor)
    with clock.held_at(noon(march(23))):
        assert past_due_offer(People.maria).amount == Money(110_00)


def test_turned_on_on_the_due_day_that_days_invoice_is_charged(processor: FakeProcessor):
    membership = family(on=False)
    run_on(MARCH_15, processor)
    with clock.held_at(noon(MARCH_15)):
        assert set_autopay(People.maria, membership, VISA) == NextCharge(MARCH_15, Money(110_00))
    run_on(MARCH_15, processor, hour=13)
    assert charges() == [110_00]


def test_pay_8_replaced_while_in_retry_it_is_charged_once_at_once(processor: FakeProcessor):
    membership = in_retry(processor)
    card = save_card(processor)
    with clock.held_at(noon(march(17))):
        assert view_autopay(People.maria, membership).pay_now == Money(110_00)
        id_ = new_payment()
        for _ in range(2):
            paid = replace_and_pay(People.maria, membership, card, id_, Money(110_00), processor=processor)
            assert paid.status is PaymentStatus.SUCCEEDED
    for day in range(17, 31):
        run_on(march(day), processor)
    assert charges() == []
    assert payment(id_).payment_method_id == card
    assert [row.status for row in invoices(membership)] == [InvoiceStatus.PAID]
    assert tries(membership) == [(MARCH_15, 0, "dropped")]
    assert len([row for row in payments() if row.status is PaymentStatus.SUCCEEDED]) == 1
    run_on(APRIL_15, processor)
    assert charges() == [110_00]
    assert row_of(membership).payment_method_id == card


def test_pay_8_replaced_while_past_due(processor: FakeProcessor):
    membership = in_retry(processor)
    for day in range(16, 25):
        run_on(march(day), processor)
    card = save_card(processor)
    with clock.held_at(noon(march(26))):
        assert autopay_standing(People.maria, membership).standing is Standing.PAST_DUE
        replace_and_pay(People.maria, membership, card, new_payment(), Money(110_00), processor=processor)
        assert autopay_standing(People.maria, membership).is_fine


def test_pay_8_declined_at_once_the_scheduled_try_is_gone_and_it_is_past_due(processor: FakeProcessor):
    membership = in_retry(processor)
    card = save_card(processor, POOR)
    with clock.held_at(noon(march(16))):
        paid = replace_and_pay(
            People.maria, membership, card, new_payment(), Money(110_00), processor=processor
        )
        assert paid.status is PaymentStatus.FAILED
    attempts = processor.attempts
    for day in range(16, 31):
        run_on(march(day), processor)
    assert processor.attempts == attempts
    with clock.held_at(noon(march(17))):
        assert autopay_standing(People.maria, membership).standing is Standing.PAST_DUE


def test_pay_8_is_refused_where_nothing_is_to_be_paid(processor: FakeProcessor):
    membership = family()
    with pytest.raises(AutopayNothingOverdue):
        replace_and_pay(People.maria, membership, VISA, new_payment(), Money(110_00), processor=processor)
    assert row_of(membership).payment_method_id == VISA


def test_src_1_a_removed_card_hands_the_membership_over_to_its_successor(processor: FakeProcessor):
    family()
    card = save_card(processor)
    remove_payment_method(People.maria, VISA, processor=processor, next_default=card)
    run_on(MARCH_15, processor)
    assert charges() == [110_00]
    assert [row.payment_method_id for row in payments() if row.paid_by == "portal:autopay"] == [card]


def test_src_1_a_removed_card_turns_automatic_payment_off_where_that_is_chosen(processor: FakeProcessor):
    membership = family()
    save_card(processor)
    remove_payment_method(People.maria, VISA, processor=processor, stop_autopay=True)
    assert row_of(membership).payment_method_id is None
    assert len(sent("autopay_off")) >= 1
    run_on(MARCH_15, processor)
    assert charges() == []


def test_src_1_what_cannot_be_charged_by_itself_takes_nothing_over(processor: FakeProcessor):
    membership = family()
    link = save_card(processor, kind="link")
    with pytest.raises(AutopayMethodUnsuitable):
        remove_payment_method(People.maria, VISA, processor=processor, next_default=link)
    assert row_of(membership).payment_method_id == VISA


def test_disp_3_a_returned_bank_debit_is_the_first_failure(processor: FakeProcessor):
    membership = family(on=False)
    set_autopay(People.maria, membership, save_card(processor, kind="bank"))
    processor.answers(Outcome.PROCESSING)
    run_on(MARCH_15, processor)
    assert tries(membership) == [(MARCH_15, 0, "made")]
    with clock.held_at(noon(march(16))):
        assert autopay_standing(People.maria, membership).is_fine
    assert run_on(march(16), processor).open == 0  # nothing is asked again
    (made,) = automatic()
    with clock.held_at(noon(march(17))):
        charge = processor.finish(made.processor_intent_id or "")
        settle(SYSTEM, made.id, charge)
        with transaction(SYSTEM) as tx:
            tx.get_or_404(Payment, made.id).method = Method.BANK  # the fake has cards only
    with clock.held_at(noon(march(19))):
        settle_dispute(SYSTEM, made.id, returned(made))
        found = autopay_standing(People.maria, membership)
        assert (found.standing, found.next_try) == (Standing.IN_RETRY, march(20))
    assert invoices(membership)[0].status is InvoiceStatus.OPEN
    assert run_on(march(20), processor).paid == 1
    assert [row.status for row in invoices(membership)] == [InvoiceStatus.PAID]
    assert [(day.day, number) for day, number, _ in tries(membership)] == [(15, 0), (20, 1)]


def test_a_bank_debit_that_fails_on_its_way_is_the_first_failure_on_that_day(processor: FakeProcessor):
    membership = family(on=False)
    set_autopay(People.maria, membership, save_card(processor, kind="bank"))
    processor.answers(Outcome.PROCESSING)
    run_on(MARCH_15, processor)
    (made,) = automatic()
    with clock.held_at(noon(march(18))):
        charge = processor.finish(made.processor_intent_id or "", Outcome.DECLINED, "insufficient_funds")
        settle(SYSTEM, made.id, charge)
        assert autopay_standing(People.maria, membership).next_try == march(19)
    assert len(sent("autopay_failed")) == len(sent("autopay_on")) > 0


def automatic() -> list[Payment]:
    return [row for row in payments() if row.paid_by == "portal:autopay"]


def returned(made: Payment) -> DisputeFacts:
    """A bank debit that the payer's bank returned: lost at once."""
    zero = made.amount.zero()
    return DisputeFacts(
        "dp_1", made.processor_intent_id or "", made.amount, DisputeStatus.LOST, made.amount, zero, zero
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"billed_by": BilledBy.PRACTICE}, AutopayNotBilledHere),
        ({"status": MembershipStatus.ENDED}, AutopayMembershipEnded),
    ],
)
def test_it_is_refused_where_the_portal_does_not_charge(processor: FakeProcessor, change, error):
    membership = family(on=False, **change)
    with pytest.raises(error):
        set_autopay(People.maria, membership, VISA)
    assert row_of(membership).payment_method_id is None
    assert not view_autopay(People.maria, membership).may_be_turned_on


def test_it_is_refused_while_online_payments_are_off(processor: FakeProcessor):
    membership = family(on=False)
    set_practice(online_payments=False)
    with pytest.raises(OnlinePaymentsOff):
        set_autopay(People.maria, membership, VISA)


def test_an_expired_card_and_a_wallet_are_refused(processor: FakeProcessor):
    membership = family(on=False)
    with transaction(SYSTEM) as tx:
        tx.get_or_404(PaymentMethod, VISA).exp_year = 2025
    with pytest.raises(AutopayMethodExpired):
        set_autopay(People.maria, membership, VISA)
    with pytest.raises(AutopayMethodUnsuitable):
        set_autopay(People.maria, membership, save_card(processor, kind="cashapp"))


def test_it_is_the_owners_alone(processor: FakeProcessor):
    membership = family()
    for ask in (
        lambda: view_autopay(People.kim, membership),
        lambda: set_autopay(People.kim, membership, VISA),
        lambda: stop_autopay(People.kim, membership),
        lambda: autopay_standing(People.kim, membership),
        lambda: replace_and_pay(
            People.kim, membership, VISA, new_payment(), Money(1_00), processor=processor
        ),
    ):
        with pytest.raises(NotFound):
            ask()
    with reading(SYSTEM) as tx:
        assert tx.get_or_404(Membership, membership).payment_method_id == VISA
