"""Automatic charges (AUTO, PAY-7, BILL-5, MEM-16; setting of CASES.md: 110.00 on 15 March)."""

from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Payment
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership
from portal_app.domain.billing.types import InvoiceStatus, Origin
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.families import PatientStatus
from portal_app.domain.memberships.types import BilledBy, EndReason, Standing
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.invoices.issue import void_invoice
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.memberships.autopay import charge
from portal_app.services.memberships.autopay.announce import announce_charges
from portal_app.services.memberships.autopay.charge import charge_due
from portal_app.services.memberships.autopay.standing import standing_of
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.lifecycle import end_membership
from tests.payments_helper import new_payment, payments, set_practice, tasks
from tests.people import MARIA, VISA, People
from tests.services.billing.billing_helper import pay_into_credit
from tests.services.billing.crashes import CrashingProcessor, Fuse
from tests.services.memberships.autopay.added import add_invoice_of_the_day
from tests.services.memberships.autopay.autopay_helper import (
    MARCH_15,
    SYSTEM,
    charges,
    family,
    invoice_of,
    invoices,
    kinds,
    march,
    noon,
    row_of,
    run_on,
    sent,
    tries,
    use_card,
)

LATER = "insufficient_funds"


def standing_on(membership, day: date):
    with clock.held_at(noon(day)), reading(SYSTEM) as tx:
        return standing_of(tx, tx.get_or_404(Membership, membership))


def pay_by_hand(membership, minor: int, processor: FakeProcessor, day: date) -> None:
    with clock.held_at(noon(day)):
        pay_invoice(
            People.maria,
            new_payment(),
            invoice_of(membership),
            Money(minor),
            processor=processor,
            token=processor.token("pm_card_visa"),
        )


def test_what_is_due_is_charged_from_the_hour_on_and_the_receipt_names_the_next(processor: FakeProcessor):
    membership = family()
    assert run_on(MARCH_15, processor, hour=8).paid == 0
    assert run_on(MARCH_15, processor, hour=9).paid == 1
    assert run_on(MARCH_15, processor).paid == 0
    assert charges() == [110_00]
    (payment,) = [row for row in payments() if row.origin is Origin.AUTOPAY]
    assert payment.payment_method_id == VISA
    assert invoices(membership)[0].status is InvoiceStatus.PAID
    assert "$110.00 on April 15" in sent("autopay_receipt")[0].body
    row = row_of(membership)
    assert (row.announced_for, row.announced_amount) == (date(2026, 4, 15), Money(110_00))
    assert run_on(date(2026, 4, 15), processor).paid == 1
    assert charges() == [110_00, 110_00]


def test_auto_1_and_pay_7_tries_on_16_18_and_22_march_then_past_due(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    run_on(MARCH_15, processor)
    assert tries(membership) == [(MARCH_15, 0, "retry")]
    assert "We try again on March 16" in sent("autopay_failed")[0].body
    found = standing_on(membership, MARCH_15)
    assert (found.standing, found.next_try, found.unpaid) == (Standing.IN_RETRY, march(16), Money(110_00))
    for day in range(15, 31):
        run_on(march(day), processor)
    made = [(day.day, number) for day, number, _ in tries(membership)]
    assert made == [(15, 0), (16, 1), (18, 2), (22, 3)]
    assert standing_on(membership, march(17)).standing is Standing.PAST_DUE  # of now: the cycle is over
    assert standing_on(membership, march(23)).standing is Standing.PAST_DUE
    assert kinds() == ["autopay_on", "autopay_failed", "autopay_failed_last"]
    assert tasks() == ["autopay_past_due"]
    assert "/links#" in sent("autopay_failed")[0].body
    assert "/links#" in sent("autopay_failed_last")[0].body
    assert charges() == []


def test_auto_1_between_tries_the_next_ones_day_is_told(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    for day, following in ((15, 16), (16, 18), (17, 18), (18, 22)):
        run_on(march(day), processor)
        assert standing_on(membership, march(day)).next_try == march(following)


def test_pay_7_a_later_try_that_succeeds_ends_it(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    run_on(MARCH_15, processor)
    use_card(processor, "pm_card_visa")
    run_on(march(16), processor)
    assert [outcome for *_, outcome in tries(membership)] == ["superseded", "paid"]
    assert standing_on(membership, march(16)).is_fine
    assert row_of(membership).announced_for == date(2026, 4, 15)


@pytest.mark.parametrize(
    "card", ["pm_card_visa_chargeDeclinedLostCard", "pm_card_visa_chargeDeclinedStolenCard"]
)
def test_auto_2_a_lost_or_stolen_card_is_not_tried_again(processor: FakeProcessor, card: str):
    membership = family()
    use_card(processor, card)
    for day in range(15, 31):
        run_on(march(day), processor)
    assert tries(membership) == [(MARCH_15, 0, "failed")]
    assert kinds() == ["autopay_on", "autopay_card_refused"]
    assert tasks() == ["autopay_past_due"]
    assert standing_on(membership, march(16)).standing is Standing.PAST_DUE


def test_auto_2_nor_is_it_tried_on_the_next_bill_date(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedLostCard")
    run_on(MARCH_15, processor)
    with transaction(SYSTEM) as tx:
        row = tx.get_or_404(Membership, membership)
        row.announced_for, row.announced_amount = date(2026, 4, 15), Money(110_00)
    attempts = processor.attempts
    run_on(date(2026, 4, 15), processor)
    assert processor.attempts == attempts
    assert [outcome for *_, outcome in tries(membership)] == ["failed", "failed"]
    assert len(sent("autopay_card_refused")) == 2 * len(sent("autopay_on"))


def test_auto_3_a_banks_question_goes_to_the_payer_as_a_link(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_authenticationRequired")
    run_on(MARCH_15, processor)
    assert "/links#" in sent("autopay_confirm")[0].body
    found = standing_on(membership, march(20))
    assert (found.standing, found.next_try, found.confirm_by) == (Standing.IN_RETRY, None, march(22))
    pay_by_hand(membership, 110_00, processor, march(20))
    for day in range(20, 31):
        run_on(march(day), processor)
    assert tries(membership) == [(MARCH_15, 0, "dropped")]
    assert invoices(membership)[0].status is InvoiceStatus.PAID
    assert standing_on(membership, march(25)).is_fine
    assert tasks() == []


def test_auto_3_not_answered_within_7_days_is_past_due(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_authenticationRequired")
    attempts = processor.attempts
    for day in range(15, 24):
        run_on(march(day), processor)
    assert processor.attempts == attempts + 1
    assert tries(membership) == [(MARCH_15, 0, "failed")]
    assert standing_on(membership, march(23)).standing is Standing.PAST_DUE
    assert tasks() == ["autopay_past_due"]
    assert kinds()[-1] == "autopay_failed_last"


def test_auto_4_a_part_paid_by_hand_leaves_the_rest_to_the_next_try(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    for day in (15, 16):
        run_on(march(day), processor)
    use_card(processor, "pm_card_visa")
    pay_by_hand(membership, 50_00, processor, march(17))
    run_on(march(17), processor)
    run_on(march(18), processor)
    assert charges() == [60_00]
    assert invoices(membership)[0].status is InvoiceStatus.PAID


def test_auto_4_paid_in_full_by_hand_there_is_no_try(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    for day in (15, 16):
        run_on(march(day), processor)
    pay_by_hand(membership, 110_00, processor, march(17))
    attempts = processor.attempts
    for day in range(17, 31):
        run_on(march(day), processor)
    assert processor.attempts == attempts
    assert standing_on(membership, march(17)).is_fine


@pytest.mark.parametrize("how", ["ended", "void"])
def test_auto_5_ended_or_void_between_tries_there_is_no_further_try(processor: FakeProcessor, how: str):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    run_on(MARCH_15, processor)
    with clock.held_at(noon(MARCH_15)):
        if how == "void":
            void_invoice(People.nora, invoice_of(membership))
        else:
            with transaction(SYSTEM) as tx:
                end_membership(tx, tx.get_or_404(Membership, membership), EndReason.ENDED_BY_PRACTICE)
    attempts = processor.attempts
    for day in range(16, 31):
        run_on(march(day), processor)
    assert processor.attempts == attempts
    assert tries(membership) == [(MARCH_15, 0, "dropped")]


def test_auto_5_one_in_flight_is_not_sent_twice_and_is_booked(processor: FakeProcessor):
    membership = family()
    processor.no_answer(Outcome.SUCCEEDED)
    assert run_on(MARCH_15, processor).open == 1
    with transaction(SYSTEM) as tx:
        end_membership(tx, tx.get_or_404(Membership, membership), EndReason.ENDED_BY_PRACTICE)
    run_on(march(16), processor)
    assert processor.attempts == 1
    assert charges() == [110_00]


def test_auto_6_after_days_without_a_server_there_is_one_try(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    run_on(MARCH_15, processor)
    for _ in range(2):
        run_on(march(20), processor)
    assert standing_on(membership, march(20)).next_try == march(22)
    run_on(march(22), processor)
    assert [(day.day, number) for day, number, _ in tries(membership)] == [(15, 0), (20, 2), (22, 3)]


@pytest.mark.parametrize("steps", range(14))
def test_bill_5_killed_anywhere_there_is_one_charge(sample_people: People, steps: int):
    fuse = Fuse()
    processor = CrashingProcessor()
    processor.fuse = Fuse()
    with clock.held_at(noon(march(3))):
        customer = processor.customer(MARIA.account, "Maria Rivera")
        processor.save_card(customer, processor_id=f"pm_{VISA}")
        membership = family()
    processor.fuse = fuse
    with clock.held_at(noon(MARCH_15)), fuse.at_commits(), fuse.lit(steps):
        run_in_this_thread(processor)
    run_on(MARCH_15, processor)
    run_on(MARCH_15, processor)
    assert charges() == [110_00]
    assert processor.attempts == 1
    assert len(invoices(membership)) == 1


def run_in_this_thread(processor: FakeProcessor) -> None:
    """The run as `charge_due` makes it; a crash in one of its threads would end that thread alone."""
    bill_memberships(SYSTEM)
    for id_ in charge._due(SYSTEM):
        charge._charge(SYSTEM, id_, processor)


def test_mem_16_one_charge_pays_both_invoices_of_the_day(processor: FakeProcessor):
    set_practice(membership_settings={"days_ahead": 7})
    membership = family()
    run_on(march(8), processor)
    add_invoice_of_the_day(membership, Money(30_00))
    assert row_of(membership).announced_amount == Money(140_00)
    run_on(MARCH_15, processor)
    assert charges() == [140_00]
    assert [row.status for row in invoices(membership)] == [InvoiceStatus.PAID] * 2


def test_never_more_than_was_announced_and_the_rest_after_its_own_message(processor: FakeProcessor):
    membership = family()
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Membership, membership).enrolment_fee_due = Money(25_00)
    run_on(MARCH_15, processor)
    assert charges() == [110_00]
    assert "$25.00 on March 25" in sent("autopay_receipt")[0].body
    assert standing_on(membership, march(20)).is_fine
    for day in range(16, 30):
        run_on(march(day), processor)
    assert charges() == [110_00, 25_00]


def test_credit_of_the_account_is_used_first(sample_people: People, processor: FakeProcessor):
    membership = family()
    pay_into_credit(sample_people, processor, 30_00)
    run_on(MARCH_15, processor)
    assert charges() == [80_00]
    assert invoices(membership)[0].status is InvoiceStatus.PAID


def test_an_amount_below_the_processors_minimum_waits_for_the_next_charge(processor: FakeProcessor):
    membership = family()
    run_on(MARCH_15 - timedelta(days=1), processor)
    with clock.held_at(noon(MARCH_15)):
        bill_memberships(SYSTEM)
    pay_by_hand(membership, 109_70, processor, MARCH_15)
    run_on(MARCH_15, processor)
    assert charges() == []
    assert standing_on(membership, march(20)).is_fine
    with clock.held_at(noon(march(16))):
        assert announce_charges(SYSTEM) == 1
    assert row_of(membership).announced_amount == Money(110_30)
    run_on(date(2026, 4, 15), processor)
    assert charges() == [110_30]


def test_online_payments_off_is_a_task_and_nothing_is_charged(processor: FakeProcessor):
    membership = family()
    set_practice(online_payments=False)
    run_on(MARCH_15, processor)
    assert (processor.attempts, tasks()) == (0, ["autopay_offline"])
    assert standing_on(membership, march(16)).standing is Standing.PAST_DUE
    set_practice(online_payments=True)
    run_on(march(17), processor)
    assert processor.attempts == 0
    with clock.held_at(noon(march(17))):
        announce_charges(SYSTEM)
    run_on(march(18), processor)
    assert charges() == []
    run_on(march(28), processor)
    assert charges() == [110_00]


def test_an_owner_who_is_gone_is_not_charged(processor: FakeProcessor):
    family()
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, MARIA.id).status = PatientStatus.DECEASED
    run_on(MARCH_15, processor)
    assert (processor.attempts, tasks()) == (0, ["autopay_owner_gone"])


def test_what_the_practices_system_bills_is_never_charged(processor: FakeProcessor):
    membership = family()
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Membership, membership).billed_by = BilledBy.PRACTICE
    run_on(MARCH_15, processor)
    assert processor.attempts == 0


def test_no_second_try_while_ones_outcome_is_unknown(processor: FakeProcessor):
    membership = family()
    processor.no_answer(Outcome.UNKNOWN)
    run_on(MARCH_15, processor)
    processor.no_answer(Outcome.UNKNOWN)
    run_on(MARCH_15, processor, hour=15)
    assert len(tries(membership)) == 1
    run_on(MARCH_15, processor, hour=16)
    assert (charges(), processor.attempts) == ([110_00], 1)


def test_our_own_trouble_is_not_told_as_the_payers(processor: FakeProcessor):
    family()
    processor.answers(Outcome.REFUSED)
    run_on(MARCH_15, processor)
    assert kinds() == ["autopay_on"]
    run_on(march(16), processor)
    assert charges() == [110_00]


def test_only_the_system_charges(processor: FakeProcessor):
    with pytest.raises(PermissionDenied):
        charge_due(People.nora, processor=processor)


def test_payments_are_stored_before_the_processor_is_asked(processor: FakeProcessor):
    family()
    processor.no_answer(Outcome.UNKNOWN)
    run_on(MARCH_15, processor)
    (payment,) = [row for row in payments() if row.origin is Origin.AUTOPAY]
    assert isinstance(payment, Payment)
    assert payment.paid_by == "portal:autopay"
