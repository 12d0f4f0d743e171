"""The card processor's customer of a billing account."""

from collections.abc import Callable
from typing import NamedTuple

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, PaymentMethod
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, PaymentMethodId
from portal_app.gateways.payments import CardProcessor, NoAnswer, RequestRefused
from portal_app.services.billing.errors import OnlinePaymentsBroken
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import announce_account_change, tell_staff_of_refusal
from portal_app.services.practice.facts import practice


def get_or_create_customer(
    principal: Principal,
    account_id: AccountId,
    processor: CardProcessor,
    *,
    check: Callable[[Tx], object],
) -> str:
    """The processor's customer id (cus_…), created when it is first needed; "" when the processor does not answer.

    Raises: OnlinePaymentsBroken, when the processor refuses us (PROC-1).

    `check` raises when what the customer is needed for is refused: then none is created.
    """
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        account = tx.get_or_404(Account, account_id)
        if account.processor_customer_id:
            return account.processor_customer_id
        check(tx)
    payer = _read_payer(account_id)
    try:
        customer = processor.customer(account_id, payer.name, payer.email)
    except RequestRefused as refusal:
        raise refuse_online_payments(principal, str(refusal)) from refusal
    if customer:
        with transaction(principal) as tx:
            lock_account(tx, account_id).processor_customer_id = customer
    return customer


def renew_customer(principal: Principal, account_id: AccountId, gone: str, processor: CardProcessor) -> str:
    """Make a new customer in place of one whom the processor does not know; "" when it does not answer (PROC-1).

    It was deleted there, or the keys are those of another account. Saved payment methods that went with it are
    marked as removed.
    """
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        present = tx.get_or_404(Account, account_id).processor_customer_id
    if present != gone:
        return present  # somebody else was faster
    payer = _read_payer(account_id)
    try:
        customer = processor.customer(account_id, payer.name, payer.email, gone=gone)
        if not customer:
            return ""
        kept = {facts.processor_id for facts in processor.list_payment_methods(customer)}
    except (NoAnswer, RequestRefused):
        return ""
    with transaction(principal) as tx:
        account = lock_account(tx, account_id)
        if account.processor_customer_id != gone:
            return account.processor_customer_id
        account.processor_customer_id = customer
        for method in tx.exec(
            select(PaymentMethod).where(
                PaymentMethod.account_id == account_id, col(PaymentMethod.removed_at).is_(None)
            )
        ):
            if method.processor_id not in kept:
                method.is_default, method.removed_at = False, now()
        announce_account_change(tx, account_id, account_id)
    return customer


def mark_method_gone(principal: Principal, payment_method_id: PaymentMethodId) -> None:
    """Mark a saved payment method as removed: the processor no longer has it."""
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        method = tx.get_or_404(PaymentMethod, payment_method_id, lock=True)
        method.is_default, method.removed_at = False, method.removed_at or now()
        announce_account_change(tx, method.account_id, method.id)


def online_payments_broken(principal: Principal) -> OnlinePaymentsBroken:
    """The error for a payer when the processor refuses the portal's own requests: it names the practice's phone."""
    with reading(principal) as tx:
        return OnlinePaymentsBroken(practice(tx).phone)


def refuse_online_payments(principal: Principal, reason: str) -> OnlinePaymentsBroken:
    """Tell staff that the processor refuses us, and return the error for the payer."""
    principal.require(Permission.MY_PAYMENTS)
    with transaction(system_principal("customer")) as tx:
        tell_staff_of_refusal(tx, reason)
    return online_payments_broken(principal)


class _Payer(NamedTuple):
    name: str
    email: str


def _read_payer(account_id: AccountId) -> _Payer:
    """Name and email of the account's guarantor, whom the principal may not see."""
    with reading(system_principal("customer")) as tx:
        guarantor = tx.get_or_404(Patient, tx.get_or_404(Account, account_id).guarantor_id)
        mail = columns(ContactPoint.value).where(
            ContactPoint.patient_id == guarantor.id, ContactPoint.kind == ContactKind.EMAIL
        )
        return _Payer(guarantor.full_name, tx.exec(mail).first() or "")
