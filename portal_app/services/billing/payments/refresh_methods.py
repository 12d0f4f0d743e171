"""Facts of a saved card that change at the card processor: networks renew cards, and cards are removed there."""

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Account, PaymentMethod
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import Principal
from portal_app.domain.billing.payment_methods import display_name
from portal_app.domain.ids import AccountId
from portal_app.gateways.payments import CardProcessor, PaymentMethodFacts
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import add_staff_task, announce_account_change
from portal_app.services.memberships.running import running_memberships


def refresh_payment_method(principal: Principal, processor_id: str, processor: CardProcessor) -> bool:
    """Look a saved payment method up at the processor, and show what it says now; one that is gone disappears.

    Returns: False when it is not saved here.

    Raises: NoAnswer; PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:refresh")
    with reading(principal) as tx:
        if _find_saved(tx, processor_id) is None:
            return False
    _store(principal, processor_id, processor.look_up_payment_method(processor_id))
    return True


@retried
def _store(principal: Principal, processor_id: str, facts: PaymentMethodFacts | None) -> None:
    """Store what the processor says of a saved payment method; None, or another customer's: it is gone."""
    with transaction(principal) as tx:
        found = _find_saved(tx, processor_id)
        if found is None:
            return
        account = lock_account(tx, found.account_id)
        method = tx.get_or_404(PaymentMethod, found.id, lock=True)
        if method.removed_at is not None:
            return
        if facts is None or not _belongs_to(facts, account):
            _remove(tx, account, method)
        elif not update_facts(method, facts):
            return
        announce_account_change(tx, account.id, method.id)


def _belongs_to(facts: PaymentMethodFacts, account: Account) -> bool:
    """Whether it is still attached, and to this account's customer where that is known."""
    return bool(facts.customer) and facts.customer == (account.processor_customer_id or facts.customer)


def update_facts(method: PaymentMethod, facts: PaymentMethodFacts) -> bool:
    """Copy brand, last four and expiry from the processor; returns whether something was different."""
    before = (method.brand, method.last4, method.exp_month, method.exp_year)
    after = (facts.brand, facts.last4, facts.exp_month, facts.exp_year)
    method.brand, method.last4, method.exp_month, method.exp_year = after
    return before != after


def update_charged_method(tx: Tx, account_id: AccountId, facts: PaymentMethodFacts) -> None:
    """The same for the saved payment method that a charge names, if it is one of the account's."""
    with tx.no_autoflush:
        method = _find_saved(tx, facts.processor_id)
    if method is not None and method.account_id == account_id:
        update_facts(method, facts)


def _find_saved(tx: Tx, processor_id: str) -> PaymentMethod | None:
    saved = select(PaymentMethod).where(PaymentMethod.processor_id == processor_id)
    return tx.exec(saved.where(col(PaymentMethod.removed_at).is_(None))).first()


def _remove(tx: Tx, account: Account, method: PaymentMethod) -> None:
    """Remove it here; the newest of the others becomes the default. Memberships keep it, and staff are told."""
    was_default, method.is_default, method.removed_at = method.is_default, False, now()
    tx.flush()
    others = (
        select(PaymentMethod)
        .where(PaymentMethod.account_id == account.id, col(PaymentMethod.removed_at).is_(None))
        .order_by(col(PaymentMethod.created_at).desc(), col(PaymentMethod.id))
    )
    if was_default and (successor := tx.exec(others).first()):
        successor.is_default = True
    if tx.exec(running_memberships(Membership).where(Membership.payment_method_id == method.id)).first():
        add_staff_task(
            tx,
            "payment_method_gone",
            method.id,
            "{card} pays a membership and was removed at the card processor. Ask for another card.",
            account.id,
            card=display_name(method.brand, method.last4, method.kind),
        )
