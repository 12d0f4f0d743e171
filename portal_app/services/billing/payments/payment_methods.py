"""Payment options: add, name, make default, remove (SRC cases)."""

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import PaymentMethod
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing import payment_methods
from portal_app.domain.billing.declines import decline
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, PaymentMethodId
from portal_app.gateways.payments import CardProcessor
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.payments.processor_customers import customer_of
from portal_app.services.billing.payments.saved_methods import payment_method_view, payment_methods_of
from portal_app.services.billing.payments.settle import save_payment_method_row
from portal_app.services.billing.views import PaymentMethodView, SetupStarted
from portal_app.services.memberships.running import running_memberships


def list_payment_methods(
    principal: Principal, account_id: AccountId | None = None
) -> tuple[PaymentMethodView, ...]:
    """The viewer's own saved cards and bank accounts, the default first."""
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
    """What the payer's browser needs to give a card to the processor; `setup_key` is minted with the form."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        whose = accessible_account(tx, account_id)
    customer = customer_of(principal, whose, processor, allowed=lambda tx: accessible_account(tx, whose))
    setup = processor.start_setup(customer, key=setup_key) if customer else None
    if setup is None or not setup.client_secret:
        raise UserError("We cannot reach the card processor. Try again in a few minutes.")
    return SetupStarted(setup.setup_id, setup.client_secret)


def finish_adding_payment_method(
    principal: Principal,
    setup_id: str,
    *,
    processor: CardProcessor,
    account_id: AccountId | None = None,
) -> PaymentMethodView:
    """What the processor says of it, never what the browser says; the first one becomes the default."""
    principal.require(Permission.MY_PAYMENTS)
    setup = processor.look_up_setup(setup_id)
    if setup.payment_method is None:
        if setup.reason:
            raise UserError(decline(setup.reason).payer)
        raise UserError("This was not saved. Try again, or use another card or bank account.")
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
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        source = _on_file(tx, payment_method_id)
        source.name = " ".join(name.split())[:60]
        announce_account_change(tx, source.account_id, source.id)


def make_default(principal: Principal, payment_method_id: PaymentMethodId) -> None:
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        lock_account(tx, _on_file(tx, payment_method_id).account_id)
        chosen = _on_file(tx, payment_method_id)
        for row in _all_on_file(tx, chosen.account_id):
            row.is_default = row.id == chosen.id
        announce_account_change(tx, chosen.account_id, chosen.id)


def remove_payment_method(
    principal: Principal,
    payment_method_id: PaymentMethodId,
    *,
    processor: CardProcessor,
    next_default: PaymentMethodId | None = None,
) -> None:
    """Never the last one (SRC-2). A default that memberships are paid with asks who takes over (SRC-1)."""
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        account = lock_account(tx, _on_file(tx, payment_method_id).account_id)
        gone = _on_file(tx, payment_method_id)
        others = [row for row in _all_on_file(tx, account.id) if row.id != gone.id]
        paid = tx.exec(running_memberships(Membership).where(Membership.payment_method_id == gone.id)).all()
        heir = payment_methods.next_default(
            gone.id, [row.id for row in others], next_default, must_choose=bool(paid)
        )
        if gone.is_default or paid:
            for row in others:
                row.is_default = row.id == heir if gone.is_default else row.is_default
            for membership in paid:
                membership.payment_method_id = heir
        gone.is_default, gone.removed_at = False, now()
        announce_account_change(tx, account.id, gone.id)
    processor.detach_payment_method(gone.processor_id, customer=account.processor_customer_id)


def uses(principal: Principal, account_id: AccountId | None = None) -> dict[PaymentMethodId, tuple[str, ...]]:
    """Names of the memberships that are paid with each source of the account."""
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


def _on_file(tx: Tx, payment_method_id: PaymentMethodId) -> PaymentMethod:
    source = tx.get_or_404(PaymentMethod, payment_method_id, lock=True)
    if source.removed_at is not None:
        raise NotFound
    return source


def _all_on_file(tx: Tx, account_id: AccountId) -> list[PaymentMethod]:
    """Newest first."""
    rows = select(PaymentMethod).where(
        PaymentMethod.account_id == account_id, col(PaymentMethod.removed_at).is_(None)
    )
    return list(tx.exec(rows.order_by(col(PaymentMethod.created_at).desc(), col(PaymentMethod.id))))
