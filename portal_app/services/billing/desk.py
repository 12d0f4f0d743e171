"""What staff do with payments: record what was paid at the desk, post to the ledger."""

from collections.abc import Sequence

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.access import Permission, Principal, the_portal
from portal_app.domain.billing.payability import DESK
from portal_app.domain.billing.paying import allocate
from portal_app.domain.billing.words import RECEIVED, Method, Origin, PaymentStatus
from portal_app.domain.errors import NotFound, Refused
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId
from portal_app.domain.money import Money
from portal_app.services.billing.books import lock_account, post_payment
from portal_app.services.billing.payability import to_pay
from portal_app.services.billing.payments import asked_about, bills_of, keep_parts
from portal_app.services.billing.settle import part_sum, receive
from portal_app.services.billing.telling import changed
from portal_app.services.billing.views import PaymentOutcome

AT_THE_DESK = frozenset({Method.CASH, Method.CHECK, Method.TERMINAL, Method.OTHER})


@retried
def record_payment(
    principal: Principal,
    payment_id: PaymentId,
    account_id: AccountId,
    amount: Money,
    *,
    method: Method,
    invoice_ids: Sequence[InvoiceId] | None = None,
    note: str = "",
) -> PaymentOutcome:
    """Cash, check or terminal: no processor's minimum, oldest due first or the named bills; once per id."""
    principal.require(Permission.TAKE_PAYMENTS)
    if method not in AT_THE_DESK:
        raise Refused("Choose how it was paid.")
    with transaction(principal) as tx:
        lock_account(tx, account_id)  # theirs to touch at all
    with transaction(_on_behalf(principal)) as tx:
        lock_account(tx, account_id)
        before = tx.get(Payment, payment_id)
        if before is None:
            before = _record(tx, principal, payment_id, account_id, amount, method, invoice_ids, note)
        elif (before.account_id, part_sum(tx, before), before.method) != (account_id, amount, method):
            raise Refused("This payment was already sent with another amount. Check your payments.")
        return PaymentOutcome(before.id, before.status, before.amount)


def _on_behalf(principal: Principal) -> Principal:
    """The portal's errand for this person: receipts and settings are the portal's own rows."""
    return the_portal(f"desk for {principal.name}")


def _record(
    tx: Tx,
    principal: Principal,
    payment_id: PaymentId,
    account_id: AccountId,
    amount: Money,
    method: Method,
    invoice_ids: Sequence[InvoiceId] | None,
    note: str,
) -> Payment:
    found = asked_about(tx, account_id, invoice_ids, lock=True)
    answer = to_pay(tx, found, channel=DESK)
    if amount <= amount.zero():
        raise Refused("Enter an amount, like {example}", example=Money(40_00, amount.currency))
    answer.payability.accept(amount)
    chosen = tuple(invoice_ids or ())
    payment = tx.keep(
        Payment(
            id=payment_id,
            account_id=account_id,
            amount=amount,
            refunded=amount.zero(),
            allocated=amount.zero(),
            status=PaymentStatus.PROCESSING,
            method=method,
            origin=Origin.STAFF,
            paid_by=principal.name,
            invoice_id=chosen[0] if len(chosen) == 1 else None,
            source_shown=method.value.title(),
            note=note,
            created_at=now(),
        )
    )
    tx.flush()
    keep_parts(tx, payment, allocate(amount, bills_of(found, answer)))
    receive(tx, payment)
    changed(tx, account_id, payment.id)
    return payment


@retried
def post_payments(principal: Principal, payment_ids: Sequence[PaymentId]) -> int:
    """Payments become ledger entries; how many were not posted before. Refused for one without money."""
    principal.require(Permission.POST_TO_LEDGER)
    wanted = set(payment_ids)
    with transaction(principal) as tx:
        rows = tx.exec(select(Payment).where(col(Payment.id).in_(wanted))).all()
        if len(rows) != len(wanted):
            raise NotFound
        for account_id in sorted({row.account_id for row in rows}):
            lock_account(tx, account_id)
        done = 0
        for row in rows:
            payment = tx.find(Payment, row.id, lock=True)
            if payment.status not in RECEIVED:
                raise Refused("Only payments that were received can be posted.")
            if post_payment(tx, payment):
                done += 1
                changed(tx, payment.account_id, payment.id)
        return done
