"""Staff accept, or refuse and refund in full; what nobody finished is forgotten."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice, Refund
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import JoinRequest, Membership
from portal_app.db.tables.staff import Task
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus, RefundStatus
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.families import PatientStatus
from portal_app.domain.memberships.types import EndReason, EventKind, JoinStatus, MembershipStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.memberships.joining import errors
from portal_app.services.memberships.joining.answer import accept_join, refuse_join
from portal_app.services.memberships.joining.forget import (
    DRAFT_LIFE,
    UNPAID_LIFE,
    forget_unfinished_joins,
)
from portal_app.services.memberships.joining.waiting import count_waiting_joins, list_waiting_joins
from tests.payments_helper import balance, check_ledger, payments, tasks
from tests.people import EVA, People
from tests.services.memberships.joining.helper import (
    SYSTEM,
    TODAY,
    ZOE_MAIL,
    both,
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
from tests.services.memberships.staff.helper import billed, events_of, run

FULL = Money(110_00)


@pytest.fixture(autouse=True)
def processor(sample_people: People) -> FakeProcessor:
    """The people of the examples are there, and joining needs staff's answer."""
    join_settings()
    return FakeProcessor()


def waiting(processor: FakeProcessor, **plan: object) -> str:
    """The id of Zoe's request, paid and not answered."""
    pay(processor, ready(both(offer(**plan))), FULL)  # type: ignore[arg-type]
    return joined().request.id


def refuse(request: str, processor: FakeProcessor, reason: str = "We are full") -> None:
    refuse_join(People.nora, request, reason, processor=processor)


def test_accepted_it_is_active_and_what_became_due_meanwhile_is_billed(db: str, processor: FakeProcessor):
    request = waiting(processor)
    with on(date(2026, 8, 20)):
        for _ in range(2):
            accept_join(People.nora, request)
    row = joined().membership
    assert row and row.status is MembershipStatus.ACTIVE
    assert row.start == TODAY  # whenever staff accept
    assert billed(row.id) == [(TODAY, 110_00), (date(2026, 7, 15), 110_00), (date(2026, 8, 15), 110_00)]
    assert EventKind.ACCEPTED in events_of(row.id)
    assert [message.to for message in messages("join_accepted")] == [ZOE_MAIL]
    assert tasks().count("chart_number_missing") == 2
    assert open_tasks("join_waiting") == 0
    with pytest.raises(errors.JoinAnswered):
        refuse(request, processor)


def open_tasks(kind: str) -> int:
    with reading(SYSTEM) as tx:
        return len([row for row in tx.exec(select(Task).where(Task.kind == kind)) if row.done_at is None])


def test_refused_it_is_refunded_in_full_and_they_are_told(db: str, processor: FakeProcessor):
    request = waiting(processor)
    for _ in range(2):
        refuse(request, processor)
    result = joined()
    assert (result.request.status, result.request.reason) == (JoinStatus.REFUSED, "We are full")
    row = result.membership
    assert row and (row.status, row.end_reason, row.next_bill_date) == (
        MembershipStatus.ENDED,
        EndReason.REFUSED,
        None,
    )
    with reading(SYSTEM) as tx:
        (refund,) = tx.exec(select(Refund)).all()
        invoice = tx.get_or_404(Invoice, result.request.invoice_id or "")
    assert (refund.amount, refund.status) == (FULL, RefundStatus.SUCCEEDED)
    assert (invoice.due, invoice.allocated) == (Money(0), Money(0))
    assert [p.status for p in payments() if p.id == refund.payment_id] == [PaymentStatus.REFUNDED]
    assert balance(row.account_id) == Money(0)
    assert [message.to for message in messages("join_refused")] == [ZOE_MAIL]
    assert "We are full" not in messages("join_refused")[0].body
    assert "110.00" in messages("join_refused")[0].body
    assert {person.status for person in result.people} == {PatientStatus.INACTIVE}
    assert open_tasks("join_waiting") == 0
    run(date(2026, 7, 15))
    assert billed(row.id) == [(TODAY, 110_00)]
    with pytest.raises(errors.JoinAnswered):
        accept_join(People.nora, request)
    check_ledger()


def test_a_crash_after_the_refusal_leaves_a_refund_that_reconciliation_sends(
    db: str, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
):
    request = waiting(processor)
    dead = _Dead()
    with pytest.raises(_Killed):
        refuse_join(People.nora, request, "Full", processor=dead)  # type: ignore[arg-type]
    assert joined().request.status is JoinStatus.REFUSED
    with clock.held_at(clock.now() + timedelta(minutes=10)):
        reconcile(SYSTEM, processor=processor)
        assert reconcile(SYSTEM, processor=processor) == []
    with reading(SYSTEM) as tx:
        (refund,) = tx.exec(select(Refund)).all()
    assert refund.status is RefundStatus.SUCCEEDED
    assert len(list(processor.refunds_since(clock.now() - timedelta(hours=1)))) == 1
    check_ledger()


class _Killed(Exception):
    """The process is gone."""


class _Dead:
    def refund(self, *_: object, **__: object) -> None:
        raise _Killed


def test_a_refund_that_the_processor_refuses_is_a_task(db: str, processor: FakeProcessor):
    request = waiting(processor)
    processor.refund_answers(Outcome.DECLINED)
    with pytest.raises(errors.RefundNotSent):
        refuse(request, processor)
    assert joined().request.status is JoinStatus.REFUSED
    assert "join_refund_not_sent" in tasks()


def test_accept_and_refuse_at_once_one_of_them_counts(db: str, processor: FakeProcessor):
    request, moment = waiting(processor), clock.now()

    def press(service: Callable[[], None]) -> str:
        with clock.held_at(moment):
            try:
                service()
            except UserError as refusal:
                return refusal.code
        return "done"

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(
            threads.map(
                press, [lambda: accept_join(People.nora, request), lambda: refuse(request, processor)]
            )
        )
    assert answers == ["done", errors.JoinAnswered.code]
    check_ledger()


def test_who_may_answer(db: str, processor: FakeProcessor):
    request = waiting(processor)
    for who in (People.dana, People.maria):
        for service in (
            lambda who=who: accept_join(who, request),
            lambda who=who: refuse_join(who, request, "No", processor=processor),
            lambda who=who: list_waiting_joins(who),
            lambda who=who: count_waiting_joins(who),
        ):
            with pytest.raises(PermissionDenied):
                service()
    with pytest.raises(errors.RefusalReasonMissing):
        refuse(request, processor, "  ")
    with pytest.raises(NotFound):
        accept_join(People.nora, "jrq_00000000000000000000000000000000")
    draft = verified(both(offer("Other")), "draft@example.org")
    assert draft
    with pytest.raises(NotFound):  # not paid: nothing to answer
        accept_join(People.nora, joined("draft@example.org").request.id)


def test_the_list_shows_who_waits_and_to_whom_they_may_be_alike(db: str, processor: FakeProcessor):
    waiting(processor, name="Care")
    with transaction(SYSTEM) as tx:
        patient = tx.get_or_404(Patient, EVA.id)
        patient.given_name, patient.family_name, patient.birth_date = "Zoe", "Quin", date(1985, 3, 2)
    (seen,) = list_waiting_joins(People.olga)
    assert (seen.plan, seen.contact, seen.paid, seen.paid_on) == ("Care", ZOE_MAIL, FULL, TODAY)
    assert [(one.name, one.is_member) for one in seen.people] == [("Zoe Quinn", True), ("Pip Quinn", True)]
    assert seen.address == "1 Elm St, Springfield NY 10001"
    assert "Zoe Quin" in seen.people[0].alike[0]
    (without_charts,) = list_waiting_joins(People.nora)  # billing sees no charts
    assert without_charts.people[0].alike == ()
    assert count_waiting_joins(People.nora) == 1
    with pytest.raises(PermissionDenied):
        forget_unfinished_joins(People.olga)


def test_who_was_refused_and_joins_again_is_nobody_second(db: str, processor: FakeProcessor):
    refuse(waiting(processor), processor)
    before = count(Patient)
    with on(date(2026, 6, 16)):
        pay(processor, ready(both(offer("Again"))), FULL)
    assert count(Patient) == before
    assert joined().request.status is JoinStatus.WAITING
    assert {person.status for person in joined().people} == {PatientStatus.ACTIVE}
    check_ledger()


def test_an_unpaid_first_invoice_is_taken_back_after_a_day_and_the_next_try_makes_nobody_twice(
    db: str, processor: FakeProcessor
):
    code = ready(both(offer()))
    pay(processor, code, FULL, card="pm_card_visa_chargeDeclined")
    with clock.held_at(clock.now() + UNPAID_LIFE - timedelta(minutes=1)):
        assert forget_unfinished_joins(SYSTEM) == 0
    with clock.held_at(clock.now() + UNPAID_LIFE + timedelta(minutes=1)):
        assert forget_unfinished_joins(SYSTEM) == 1
        assert forget_unfinished_joins(SYSTEM) == 0
        request = joined().request
        assert (request.status, request.draft, request.invoice_id) == (JoinStatus.ABANDONED, {}, None)
        with reading(SYSTEM) as tx:
            theirs = tx.exec(select(Invoice).where(Invoice.account_id == request.account_id)).all()
        assert [row.status for row in theirs] == [InvoiceStatus.VOID]
        assert balance(request.account_id or "") == Money(0)  # type: ignore[arg-type]
        before = count(Patient)
        pay(processor, ready(both(offer("Later"))), FULL)
        assert count(Patient) == before
        assert count(Membership) == 1
    check_ledger()


def test_nothing_of_a_payment_whose_outcome_is_unknown_is_taken_back(db: str, processor: FakeProcessor):
    code = ready(both(offer()))
    processor.no_answer(Outcome.SUCCEEDED)
    pay(processor, code, FULL)
    with clock.held_at(clock.now() + UNPAID_LIFE + timedelta(minutes=1)):
        assert forget_unfinished_joins(SYSTEM) == 0
        reconcile(SYSTEM, processor=processor)
    assert joined().request.status is JoinStatus.WAITING


def test_drafts_are_forgotten_after_a_week(db: str):
    verified(both(offer()))
    with clock.held_at(clock.now() + DRAFT_LIFE + timedelta(minutes=1)):
        assert forget_unfinished_joins(SYSTEM) == 1
    assert count(JoinRequest) == 0
