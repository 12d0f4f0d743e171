"""Saved payment methods: add, name, make default, remove (SRC cases)."""

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import PaymentMethod
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing import payment_methods
from portal_app.domain.billing.declines import decline_texts
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, PaymentMethodId
from portal_app.gateways.payments import CardProcessor
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.errors import (
    PaymentMethodDeclined,
    PaymentMethodNotSaved,
    ProcessorUnreachable,
)
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.payments.processor_customers import (
    get_or_create_customer,
    refuse_online_payments,
    renew_customer,
)
from portal_app.services.billing.payments.saved_methods import payment_method_view, payment_methods_of
from portal_app.services.billing.payments.settle import save_payment_method_row
from portal_app.services.billing.views import PaymentMethodView, SetupStarted
from portal_app.services.memberships.autopay.choose import move_autopay, turn_off
from portal_app.services.memberships.running import running_memberships


def list_payment_methods(
    principal: Principal, account_id: AccountId | None = None
) -> tuple[PaymentMethodView, ...]:
    """The saved cards and bank accounts of the viewer's account, the default first."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        return payment_methods_of(tx, accessible_account(tx, account_id))


def start_adding_payment_method(
    principal: Principal,
    setup_key: str,
    *,
    processor: CardProcessor,
    account_id: AccountId | None = None,
) -> SetupStarted:
    """Start a set-up at the processor; the payer's browser gives it the card there.

    `setup_key` is made with the form: the same form sent twice is one set-up.

    Raises: ProcessorUnreachable, OnlinePaymentsBroken.
    """
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        found_id = accessible_account(tx, account_id)
    customer = get_or_create_customer(
        principal, found_id, processor, check=lambda tx: accessible_account(tx, found_id)
    )
    setup = processor.start_setup(customer, key=setup_key) if customer else None
    if setup is not None and setup.reason == "resource_missing":
        customer = renew_customer(principal, found_id, customer, processor)
        setup = processor.start_setup(customer, key=f"{setup_key}-{customer}") if customer else None
    if setup is None or (not setup.client_secret and setup.reason in ("", "no_answer")):
        raise ProcessorUnreachable
    if not setup.client_secret:
        raise refuse_online_payments(principal, setup.reason)
    return SetupStarted(setup.setup_id, setup.client_secret)


def finish_adding_payment_method(
    principal: Principal,
    setup_id: str,
    *,
    processor: CardProcessor,
    account_id: AccountId | None = None,
) -> PaymentMethodView:
    """Save the payment method of a finished set-up, as the processor reports it; the first becomes the default.

    Raises: PaymentMethodDeclined, PaymentMethodNotSaved; NotFound for a set-up of another account.
    """
    principal.require(Permission.MY_PAYMENTS)
    setup = processor.look_up_setup(setup_id)
    if setup.payment_method is None:
        if setup.reason:
            raise PaymentMethodDeclined(decline_texts(setup.reason).for_payer)
        raise PaymentMethodNotSaved
    with transaction(principal) as tx:
        account = lock_account(tx, accessible_account(tx, account_id))
        if (
            not account.processor_customer_id
            or setup.payment_method.customer != account.processor_customer_id
        ):
            raise NotFound
        row = save_payment_method_row(tx, account, setup.payment_method)
        announce_account_change(tx, account.id, row.id)
        return payment_method_view(row)


def rename_payment_method(principal: Principal, payment_method_id: PaymentMethodId, name: str) -> None:
    """Give it a name of the payer's own, at most 60 characters."""
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        method = _lock_payment_method(tx, payment_method_id)
        method.name = " ".join(name.split())[:60]
        announce_account_change(tx, method.account_id, method.id)


def make_default(principal: Principal, payment_method_id: PaymentMethodId) -> None:
    """Make it the account's default; the account has exactly one."""
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        lock_account(tx, _lock_payment_method(tx, payment_method_id).account_id)
        chosen = _lock_payment_method(tx, payment_method_id)
        for row in _list_on_file(tx, chosen.account_id):
            row.is_default = row.id == chosen.id
        announce_account_change(tx, chosen.account_id, chosen.id)


def remove_payment_method(
    principal: Principal,
    payment_method_id: PaymentMethodId,
    *,
    processor: CardProcessor,
    next_default: PaymentMethodId | None = None,
    stop_autopay: bool = False,
) -> None:
    """Remove a payment method, here and at the processor. Memberships paid with it move to its successor.

    Args:
        next_default: its successor, needed when memberships are paid with it (SRC-1).
        stop_autopay: no successor pays them: their automatic payment is turned off instead.

    Raises: OnlyPaymentMethod (SRC-2), NextDefaultNeeded (SRC-1), AutopayMethodUnsuitable, AutopayMethodExpired.
    """
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        account = lock_account(tx, _lock_payment_method(tx, payment_method_id).account_id)
        removed = _lock_payment_method(tx, payment_method_id)
        others = [row for row in _list_on_file(tx, account.id) if row.id != removed.id]
        memberships = tx.exec(
            running_memberships(Membership).where(Membership.payment_method_id == removed.id)
        ).all()
        must_choose = bool(memberships) and not stop_autopay
        successor = payment_methods.next_default(
            removed.id, [row.id for row in others], next_default, must_choose=must_choose
        )
        if removed.is_default:
            for row in others:
                row.is_default = row.id == successor
        for membership in memberships:
            if stop_autopay:
                turn_off(tx, membership)
            else:
                move_autopay(tx, membership, successor)
        removed.is_default, removed.removed_at = False, now()
        announce_account_change(tx, account.id, removed.id)
    processor.detach_payment_method(removed.processor_id, customer=account.processor_customer_id)


def memberships_by_payment_method(
    principal: Principal, account_id: AccountId | None = None
) -> dict[PaymentMethodId, tuple[str, ...]]:
    """Names of the running memberships that are paid with each payment method of the account."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        found: dict[PaymentMethodId, tuple[str, ...]] = {}
        names = (
            running_memberships(Membership.payment_method_id, Plan.name)
            .join(Plan, col(Plan.id) == Membership.plan_id)
            .where(Membership.account_id == accessible_account(tx, account_id))
        )
        for payment_method_id, name in tx.exec(names.order_by(Plan.name)):
            if payment_method_id:
                found[payment_method_id] = (*found.get(payment_method_id, ()), name)
        return found


def _lock_payment_method(tx: Tx, payment_method_id: PaymentMethodId) -> PaymentMethod:
    """The saved payment method, locked. NotFound when it was removed."""
    method = tx.get_or_404(PaymentMethod, payment_method_id, lock=True)
    if method.removed_at is not None:
        raise NotFound
    return method


def _list_on_file(tx: Tx, account_id: AccountId) -> list[PaymentMethod]:
    """The account's saved payment methods, newest first."""
    rows = select(PaymentMethod).where(
        PaymentMethod.account_id == account_id, col(PaymentMethod.removed_at).is_(None)
    )
    return list(tx.exec(rows.order_by(col(PaymentMethod.created_at).desc(), col(PaymentMethod.id))))
