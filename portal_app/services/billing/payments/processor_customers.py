"""The card processor's customer of a billing account."""

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


def get_or_create_customer(
    principal: Principal,
    account_id: AccountId,
    processor: CardProcessor,
    *,
    check: Callable[[Tx], object],
) -> str:
    """The processor's customer id (cus_…), created when it is first needed; "" when the processor does not answer.

    `check` raises when what the customer is needed for is refused: then none is created.
    """
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        account = tx.get_or_404(Account, account_id)
        if account.processor_customer_id:
            return account.processor_customer_id
        check(tx)
    with reading(system_principal("customer")) as tx:
        guarantor = tx.get_or_404(Patient, account.guarantor_id)
        mail = columns(ContactPoint.value).where(
            ContactPoint.patient_id == guarantor.id, ContactPoint.kind == ContactKind.EMAIL
        )
        email = tx.exec(mail).first() or ""
    customer = processor.customer(account_id, guarantor.full_name, email)
    if customer:
        with transaction(principal) as tx:
            lock_account(tx, account_id).processor_customer_id = customer
    return customer
