"""Whom the card processor knows an account as."""

from collections.abc import Callable

from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId
from portal_app.gateways.payments import CardProcessor
from portal_app.services.billing.ledger.entries import lock_account


def customer_of(
    principal: Principal,
    account_id: AccountId,
    processor: CardProcessor,
    *,
    allowed: Callable[[Tx], object],
) -> str:
    """The processor's customer of the account, made when it is first needed; "" when it does not answer.

    `allowed` raises when what the customer is needed for is refused: then none is made.
    """
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        account = tx.get_or_404(Account, account_id)
        if account.processor_customer_id:
            return account.processor_customer_id
        allowed(tx)
    with reading(system_principal("customer")) as tx:
        who = tx.get_or_404(Patient, account.guarantor_id)
        mail = columns(ContactPoint.value).where(
            ContactPoint.patient_id == who.id, ContactPoint.kind == ContactKind.EMAIL
        )
        email = tx.exec(mail).first() or ""
    customer = processor.customer(account_id, who.full_name, email)
    if customer:
        with transaction(principal) as tx:
            lock_account(tx, account_id).processor_customer_id = customer
    return customer
