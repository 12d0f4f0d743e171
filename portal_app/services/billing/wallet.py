"""Payment options: add, name, make default, remove (SRC cases)."""

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import PaymentSource
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing import sources
from portal_app.domain.billing.declines import decline
from portal_app.domain.errors import NotFound, Refused
from portal_app.domain.ids import AccountId, SourceId
from portal_app.gateways.payments import CardProcessor
from portal_app.services.billing.books import lock_account
from portal_app.services.billing.customers import customer_of
from portal_app.services.billing.own import own_account
from portal_app.services.billing.settle import keep_source
from portal_app.services.billing.sources import source_view, sources_of
from portal_app.services.billing.telling import changed
from portal_app.services.billing.views import SetupStarted, SourceView
from portal_app.services.memberships import running_memberships


def list_sources(principal: Principal, account_id: AccountId | None = None) -> tuple[SourceView, ...]:
    """The viewer's own saved cards and bank accounts, the default first."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        return sources_of(tx, own_account(tx, account_id))


def start_adding_source(
    principal: Principal,
    setup_key: str,
    *,
    processor: CardProcessor,
    account_id: AccountId | None = None,
) -> SetupStarted:
    """What the payer's browser needs to give a card to the processor; `setup_key` is minted with the form."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        whose = own_account(tx, account_id)
    customer = customer_of(principal, whose, processor, allowed=lambda tx: own_account(tx, whose))
    setup = processor.start_setup(customer, key=setup_key) if customer else None
    if setup is None or not setup.client_secret:
        raise Refused("We cannot reach the card processor. Try again in a few minutes.")
    return SetupStarted(setup.setup_id, setup.client_secret)


def finish_adding_source(
    principal: Principal,
    setup_id: str,
    *,
    processor: CardProcessor,
    account_id: AccountId | None = None,
) -> SourceView:
    """What the processor says of it, never what the browser says; the first one becomes the default."""
    principal.require(Permission.MY_PAYMENTS)
    setup = processor.look_up_setup(setup_id)
    if setup.source is None:
        if setup.reason:
            raise Refused(decline(setup.reason).payer)
        raise Refused("This was not saved. Try again, or use another card or bank account.")
    with transaction(principal) as tx:
        account = lock_account(tx, own_account(tx, account_id))
        if not account.processor_customer_id or setup.source.customer != account.processor_customer_id:
            raise NotFound
        row = keep_source(tx, account, setup.source)
        changed(tx, account.id, row.id)
        return source_view(row)


def rename_source(principal: Principal, source_id: SourceId, name: str) -> None:
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        source = _on_file(tx, source_id)
        source.name = " ".join(name.split())[:60]
        changed(tx, source.account_id, source.id)


def make_default(principal: Principal, source_id: SourceId) -> None:
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        lock_account(tx, _on_file(tx, source_id).account_id)
        chosen = _on_file(tx, source_id)
        for row in _all_on_file(tx, chosen.account_id):
            row.is_default = row.id == chosen.id
        changed(tx, chosen.account_id, chosen.id)


def remove_source(
    principal: Principal,
    source_id: SourceId,
    *,
    processor: CardProcessor,
    next_default: SourceId | None = None,
) -> None:
    """Never the last one (SRC-2). A default that memberships are paid with asks who takes over (SRC-1)."""
    principal.require(Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        account = lock_account(tx, _on_file(tx, source_id).account_id)
        gone = _on_file(tx, source_id)
        others = [row for row in _all_on_file(tx, account.id) if row.id != gone.id]
        paid = tx.exec(running_memberships(Membership).where(Membership.source_id == gone.id)).all()
        heir = sources.next_default(gone.id, [row.id for row in others], next_default, must_choose=bool(paid))
        if gone.is_default or paid:
            for row in others:
                row.is_default = row.id == heir if gone.is_default else row.is_default
            for membership in paid:
                membership.source_id = heir
        gone.is_default, gone.removed_at = False, now()
        changed(tx, account.id, gone.id)
    processor.forget(gone.processor_id, customer=account.processor_customer_id)


def uses(principal: Principal, account_id: AccountId | None = None) -> dict[SourceId, tuple[str, ...]]:
    """Names of the memberships that are paid with each source of the account."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        found: dict[SourceId, tuple[str, ...]] = {}
        names = (
            running_memberships(Membership.source_id, Plan.name)
            .join(Plan, col(Plan.id) == Membership.plan_id)
            .where(Membership.account_id == own_account(tx, account_id))
        )
        for source_id, name in tx.exec(names.order_by(Plan.name)):
            if source_id:
                found[source_id] = (*found.get(source_id, ()), name)
        return found


def _on_file(tx: Tx, source_id: SourceId) -> PaymentSource:
    source = tx.find(PaymentSource, source_id, lock=True)
    if source.removed_at is not None:
        raise NotFound
    return source


def _all_on_file(tx: Tx, account_id: AccountId) -> list[PaymentSource]:
    """Newest first."""
    rows = select(PaymentSource).where(
        PaymentSource.account_id == account_id, col(PaymentSource.removed_at).is_(None)
    )
    return list(tx.exec(rows.order_by(col(PaymentSource.created_at).desc(), col(PaymentSource.id))))
