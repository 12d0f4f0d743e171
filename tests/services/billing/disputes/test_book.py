"""Disputes and returned bank debits are booked once, whatever order their events come in (DISP cases)."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.disputes import DisputeStatus
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import PaymentId
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import use_credit, view_account
from portal_app.services.billing.disputes.book import settle_dispute
from portal_app.services.billing.errors import NoCredit, PaymentDisputed
from portal_app.services.billing.invoices.issue import write_off
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.billing.payments.pay import pay_account
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.payments.webhooks import EventOutcome
from portal_app.services.billing.staff.record_payment import post_payments
from tests.payments_helper import (
    check_ledger,
    invoice,
    new_payment,
    payment,
    payments,
    set_practice,
    tasks,
)
from tests.people import INVOICE, MARIA, RIVERA, VISA, People, add_invoice
from tests.services.billing.billing_helper import (
    DAY,
    PORTAL,
    lost,
    outbox,
    pay,
    pay_into_credit,
    reconciled,
    refund,
)
from tests.services.billing.disputes.dispute_helper import (
    CLOSED,
    CREATED,
    REINSTATED,
    UPDATED,
    WITHDRAWN,
    Standing,
    disputes,
    hear,
    open_tasks,
    standing,
)

FIFTY = Money(50_00)
AS_PAID = Standing(PaymentStatus.SUCCEEDED, Money(70_00), Money(70_00), ())
HELD = AS_PAID._replace(status=PaymentStatus.DISPUTED)
TAKEN_BACK = Standing(PaymentStatus.LOST, Money(120_00), Money(120_00), (FIFTY,))


def test_disp_1_withdrawn_then_lost(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    due_by = datetime(2026, 6, 22, 23, 0, tzinfo=UTC)
    dispute_id = processor.dispute(row.processor_intent_id or "", evidence_due=due_by)
    assert hear(processor, dispute_id, CREATED, WITHDRAWN) is EventOutcome.SETTLED
    assert standing(row) == HELD
    (task,) = open_tasks()
    assert task.kind == "disputed"
    assert task.values == {"amount": {"minor": 50_00, "currency": "USD"}, "day": {"day": "2026-06-22"}}
    assert outbox("payment_taken_back") == []
    with pytest.raises(PaymentDisputed):
        refund(sample_people, processor, row, 10_00)
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CLOSED)
    assert standing(row) == TAKEN_BACK
    assert [task.kind for task in open_tasks()] == ["dispute_lost"]
    told = outbox("payment_taken_back")
    assert told
    assert all("$50.00 is to pay again" in message.body for message in told)
    check_ledger()


def test_b43_dispute_lost_is_booked_and_reconcile_finds_nothing_more(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CREATED, WITHDRAWN, CLOSED)
    assert standing(row) == TAKEN_BACK
    assert reconciled(processor) == []
    assert standing(row) == TAKEN_BACK


@pytest.mark.parametrize("seed", range(6))
def test_disp_1_events_twice_and_in_any_order(
    sample_people: People, processor: FakeProcessor, seed: int
) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    kinds = [CREATED, WITHDRAWN, UPDATED, CLOSED] * 2
    random.Random(seed).shuffle(kinds)
    hear(processor, dispute_id, *kinds[:4])
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, *kinds[4:])
    assert standing(row) == TAKEN_BACK
    assert len(outbox("payment_taken_back")) == len({m.once for m in outbox("payment_taken_back")})
    check_ledger()


def test_disp_1_the_same_loss_eight_times_at_once(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: hear(processor, dispute_id, CLOSED), range(8)))
    assert standing(row) == TAKEN_BACK
    assert len(disputes()) == 1
    check_ledger()


def test_disp_1_a_dispute_that_overtakes_its_payment(sample_people: People, processor: FakeProcessor) -> None:
    row, intent = lost(sample_people, processor)
    dispute_id = processor.dispute(intent)
    hear(processor, dispute_id, CREATED)
    assert standing(row) == HELD


def test_disp_2_won_after_forty_days(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    hear(processor, dispute_id, CREATED, WITHDRAWN)
    with clock.held_at(clock.now() + 40 * DAY):
        processor.close_dispute(dispute_id, DisputeStatus.WON)
        hear(processor, dispute_id, REINSTATED, CLOSED, REINSTATED)
        assert standing(row) == AS_PAID
        assert open_tasks() == []
        refund(sample_people, processor, row, 10_00)
    check_ledger()


def test_disp_2_an_inquiry_moves_nothing(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "", inquiry=True)
    hear(processor, dispute_id, CREATED)
    assert standing(row) == AS_PAID
    assert [task.kind for task in open_tasks()] == ["dispute_inquiry"]
    refund(sample_people, processor, row, 10_00)
    processor.close_dispute(dispute_id, DisputeStatus.INQUIRY_CLOSED)
    hear(processor, dispute_id, CLOSED)
    assert payment(row.id).status is PaymentStatus.PARTLY_REFUNDED
    assert open_tasks() == []
    check_ledger()


def test_an_inquiry_that_becomes_a_dispute_holds_the_payment(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "", inquiry=True)
    hear(processor, dispute_id, CREATED)
    processor.escalate_dispute(dispute_id)
    hear(processor, dispute_id, UPDATED, WITHDRAWN)
    assert standing(row) == HELD
    assert [task.kind for task in open_tasks()] == ["disputed"]


def test_disp_3_a_returned_debit_is_lost_at_once(sample_people: People, processor: FakeProcessor) -> None:
    processor.answers(Outcome.PROCESSING)
    row = pay(sample_people, processor, 50_00, "pm_card_visa")
    settle(PORTAL, row.id, processor.finish(row.processor_intent_id or ""))
    assert standing(row) == AS_PAID
    with clock.held_at(clock.now() + 4 * DAY):
        dispute_id = processor.return_debit(row.processor_intent_id or "")
        hear(processor, dispute_id, CREATED, WITHDRAWN, CLOSED)
        assert standing(row) == TAKEN_BACK
        assert [task.kind for task in open_tasks()] == ["dispute_lost"]
        assert outbox("payment_taken_back")
    check_ledger()


def test_disp_4_events_that_never_came_are_found_by_reconcile(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    assert reconciled(processor) == ["disputed"]
    assert standing(row) == HELD
    with clock.held_at(clock.now() + 30 * DAY):
        processor.close_dispute(dispute_id, DisputeStatus.LOST)
        assert reconciled(processor) == ["disputed"]
        assert standing(row) == TAKEN_BACK
    check_ledger()


def test_disp_4_an_open_dispute_is_asked_for_however_old(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    long_ago = clock.real_now() - 200 * DAY
    dispute_id = processor.dispute(row.processor_intent_id or "", opened=long_ago)
    hear(processor, dispute_id, CREATED)
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    assert list(processor.disputes_since(clock.real_now() - 190 * DAY)) == []
    assert reconciled(processor) == ["disputed"]
    assert standing(row) == TAKEN_BACK


def test_disp_4_a_payment_that_an_earlier_version_marked_is_settled(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    long_ago = clock.real_now() - 200 * DAY
    dispute_id = processor.dispute(row.processor_intent_id or "", opened=long_ago)
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    mark_as_earlier_version(row.id)
    assert reconciled(processor) == ["disputed"]
    assert standing(row) == TAKEN_BACK
    assert [task.kind for task in open_tasks()] == ["dispute_lost"]


def mark_as_earlier_version(payment_id: PaymentId) -> None:
    with transaction(PORTAL) as tx:
        row = tx.get_or_404(Payment, payment_id, lock=True)
        row.status = PaymentStatus.DISPUTED
        add_staff_task(tx, "disputed", row.id, "The payer disputes it.", row.account_id)


def test_money_that_comes_back_after_it_was_lost_pays_again(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CLOSED)
    processor.reinstate_dispute(dispute_id)
    hear(processor, dispute_id, REINSTATED, CLOSED, REINSTATED)
    assert standing(row) == AS_PAID._replace(reversals=(FIFTY, -FIFTY))
    assert open_tasks() == []
    check_ledger()


def test_money_that_comes_back_when_the_invoice_was_paid_again_is_credit(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 120_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CLOSED)
    pay(sample_people, processor, 100_00)
    processor.reinstate_dispute(dispute_id)
    hear(processor, dispute_id, REINSTATED)
    assert standing(row).due == Money(0)
    assert view_account(sample_people.maria).credit == Money(100_00)
    check_ledger()


def test_a_dispute_of_a_part_takes_the_latest_allocation_first(
    sample_people: People, processor: FakeProcessor
) -> None:
    later = add_invoice(RIVERA, (MARIA, "Cleaning", 80_00), number="INV-1009")
    paid = pay_account(
        sample_people.maria, new_payment(), Money(200_00), processor=processor, payment_method_id=VISA
    )
    row = payment(paid.payment_id)
    dispute_id = processor.dispute(row.processor_intent_id or "", Money(90_00))
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CLOSED)
    assert (invoice(later).due, invoice(INVOICE).due) == (Money(80_00), Money(10_00))
    assert payment(row.id).lost == Money(90_00)
    check_ledger()


def test_a_dispute_of_more_than_is_left_takes_what_is_left_and_says_so(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    refund(sample_people, processor, row, 20_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CLOSED)
    assert (payment(row.id).refunded, payment(row.id).lost) == (Money(20_00), Money(30_00))
    assert standing(row).due == Money(120_00)
    assert [task.kind for task in open_tasks()] == ["dispute_lost", "dispute_too_large"]
    check_ledger()


def test_a_payment_that_waits_to_be_posted_is_posted_with_its_reversal(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CLOSED)
    account = view_account(sample_people.maria)
    assert (account.balance, account.being_posted_total, account.will_owe) == (
        Money(120_00),
        Money(0),
        Money(120_00),
    )
    post_payments(sample_people.nora, [row.id])
    assert standing(row) == TAKEN_BACK
    check_ledger()


def test_credit_of_a_disputed_payment_waits_for_the_bank(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay_into_credit(sample_people, processor, 30_00)
    (row,) = payments()
    dispute_id = processor.dispute(row.processor_intent_id or "")
    hear(processor, dispute_id, CREATED)
    with pytest.raises(NoCredit):
        use_credit(sample_people.maria)


def test_a_lost_payment_of_a_written_off_rest_opens_its_invoice(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    write_off(sample_people.nora, INVOICE)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CLOSED)
    assert (invoice(INVOICE).status, invoice(INVOICE).due) == (InvoiceStatus.OPEN, FIFTY)
    check_ledger()


def test_a_dispute_of_nobody_here_is_not_ours(sample_people: People, processor: FakeProcessor) -> None:
    assert sample_people
    assert hear(processor, "dp_nowhere", CREATED) is EventOutcome.NOT_OURS
    assert tasks() == []


def test_only_the_portal_itself_books_disputes(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    processor.dispute(row.processor_intent_id or "")
    (facts,) = processor.disputes_of(row.processor_intent_id or "")
    for who in (sample_people.maria, sample_people.olga):
        with pytest.raises(PermissionDenied):
            settle_dispute(who, row.id, facts)
