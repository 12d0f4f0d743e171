"""Charging what is due by itself: one charge per membership and due day, however often and from wherever it runs."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlmodel import col, select

from portal_app.clock import now, today, zone
from portal_app.db.scope import reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Payment
from portal_app.db.tables.memberships import AutopayTry, Membership
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, Side
from portal_app.domain.billing.types import IN_FLIGHT, PaymentStatus
from portal_app.domain.errors import PermissionDenied, UserError
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import BilledBy, TryOutcome
from portal_app.domain.practice_settings import SETTINGS
from portal_app.gateways.payments import CardProcessor
from portal_app.services.billing.payments.pay import charge_started
from portal_app.services.billing.payments.processor_customers import get_or_create_customer
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.payments.start import PaymentRequest, StartedPayment, stored_payment
from portal_app.services.memberships.autopay.start_try import start_try

AT_ONCE = 8  # charges that the processor works on at the same time
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class ChargeRun:
    """What a run did: charges that succeeded, that failed, and those whose outcome is not known yet."""

    paid: int = 0
    failed: int = 0
    open: int = 0

    def count(self, status: PaymentStatus) -> None:
        if status is PaymentStatus.SUCCEEDED:
            self.paid += 1
        elif status in IN_FLIGHT:
            self.open += 1
        else:
            self.failed += 1


def charge_due(principal: Principal, *, processor: CardProcessor) -> ChargeRun:
    """Charge every membership whose announced day or next try has come, from the practice's hour on.

    Tries whose process died are asked about first, with the same key (BILL-5): nothing is charged twice. At most
    eight charges run at once, and no transaction is open while the processor is asked.

    Raises: PermissionDenied for anybody but the portal itself; what went wrong with one, after all the others.
    """
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:autopay")
    run = ChargeRun()
    _each(run, _unfinished(principal), lambda id_: _resume(principal, id_, processor))
    if _hour_has_come(principal):
        _each(run, _due(principal), lambda id_: _charge(principal, id_, processor))
    return run


def _each(
    run: ChargeRun, ids: Iterable[MembershipId], work: Callable[[MembershipId], PaymentStatus | None]
) -> None:
    """Do it for each, eight at a time; a refusal of one stops nobody, a bug is raised when all are done."""
    bugs: list[Exception] = []

    def one(membership_id: MembershipId) -> PaymentStatus | None:
        try:
            return work(membership_id)
        except UserError as refusal:
            _log.warning("autopay of %s: %s", membership_id, type(refusal).__name__)
        except Exception as bug:
            bugs.append(bug)
        return None

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="autopay") as threads:
        for status in threads.map(one, ids):
            if status is not None:
                run.count(status)
    if bugs:
        raise bugs[0]


def _unfinished(principal: Principal) -> list[MembershipId]:
    """Memberships with a try whose outcome is not booked."""
    with reading(principal) as tx:
        made = columns(AutopayTry.membership_id).where(AutopayTry.outcome == TryOutcome.MADE)
        return sorted(tx.exec(made))


def _due(principal: Principal) -> list[MembershipId]:
    """Memberships whose announced day has come, or with a try that failed and may be followed by another today."""
    with reading(principal) as tx:
        announced = columns(Membership.id).where(
            col(Membership.payment_method_id).is_not(None),
            Membership.billed_by == BilledBy.PORTAL,
            col(Membership.announced_for) <= today(),
        )
        waiting = columns(AutopayTry.membership_id).where(
            col(AutopayTry.outcome).in_([TryOutcome.RETRY, TryOutcome.CONFIRM]),
            col(AutopayTry.failed_on) < today(),
        )
        return sorted({*tx.exec(announced), *tx.exec(waiting)})


def _hour_has_come(principal: Principal) -> bool:
    with reading(principal) as tx:
        practice = tx.get(Practice, "practice")
        hour = int(SETTINGS["membership_autopay_hour"].read(practice)) if practice else 24
    return now().astimezone(zone()).hour >= hour


def _charge(
    principal: Principal, membership_id: MembershipId, processor: CardProcessor
) -> PaymentStatus | None:
    """Store the next try of a membership and ask the processor; None when nothing is to be charged."""
    started = start_try(principal, membership_id)
    return _ask(principal, started, processor) if started else None


def _resume(
    principal: Principal, membership_id: MembershipId, processor: CardProcessor
) -> PaymentStatus | None:
    """Ask about a try whose process died, with the same key; one that is on its way is left to its answer."""
    with reading(principal) as tx:
        made = select(Payment).join(AutopayTry, col(AutopayTry.payment_id) == Payment.id)
        payment = tx.exec(
            made.where(
                AutopayTry.membership_id == membership_id,
                AutopayTry.outcome == TryOutcome.MADE,
                Payment.status == PaymentStatus.PROCESSING,
                col(Payment.accepted_by_processor).is_(False),
            )
        ).first()
        if payment is None:
            return None
        started = stored_payment(tx, payment, is_new=False)
    return _ask(principal, started, processor)


def _ask(principal: Principal, started: StartedPayment, processor: CardProcessor) -> PaymentStatus:
    payment = started.payment
    customer = get_or_create_customer(principal, payment.account_id, processor, check=lambda tx: None)
    if not customer:
        return payment.status  # the processor does not answer: the next run asks again
    charge = charge_started(principal, started, _request_of(payment), customer, processor)
    return settle(principal, payment.id, charge).status


def _request_of(payment: Payment) -> PaymentRequest:
    """The request that stored this payment."""
    return PaymentRequest(
        payment_id=payment.id,
        account_id=payment.account_id,
        amount=payment.amount,
        invoice_ids=None,
        invoice_id=payment.invoice_id,
        payment_method_id=payment.payment_method_id,
        token="",
        save=False,
        duplicate_confirmed=True,
        off_session=True,
    )
