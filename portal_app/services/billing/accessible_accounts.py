"""The billing accounts whose guarantor is the viewer, and the people on them."""

from dataclasses import dataclass

from sqlmodel import bindparam, col

from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, PatientId
from portal_app.services.billing.invoices.read import require_invoice_access

# Module constants, so that the queries are built once and not on every call.
_GUARANTORS_ACCOUNTS = (
    columns(Account.id)
    .where(Account.guarantor_id == bindparam("guarantor"))
    .order_by(col(Account.created_at), col(Account.id))
)
_PEOPLE_OF_ACCOUNT = (
    columns(Patient.id, Patient.given_name)
    .where(Patient.account_id == bindparam("account"))
    .order_by(col(Patient.birth_date), col(Patient.given_name))
)


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """An account to choose, by the people on it."""

    id: AccountId
    people: tuple[str, ...]  # given names of the people on it whom the viewer may see


def list_accounts(principal: Principal) -> tuple[AccountChoice, ...]:
    """The accounts whose guarantor is the viewer, the oldest first."""
    require_invoice_access(principal)
    with reading(principal) as tx:
        ids = tx.exec(_GUARANTORS_ACCOUNTS, params={"guarantor": principal.patient_id}).all()
        return tuple(AccountChoice(id_, tuple(given_names_of(tx, id_).values())) for id_ in ids)


def accessible_account(tx: Tx, account_id: AccountId | None) -> AccountId:
    """The named account, or the viewer's first one when none is named.

    Raises: NotFound when it is not theirs, or they have none.
    """
    if account_id is not None:
        return tx.get_or_404(Account, account_id).id
    found = tx.exec(_GUARANTORS_ACCOUNTS, params={"guarantor": tx.principal.patient_id}).first()
    if found is None:
        raise NotFound
    return found


def given_names_of(tx: Tx, account_id: AccountId) -> dict[PatientId, str]:
    """Given names of the people on the account whom the reader may see, the oldest person first."""
    return dict(tx.exec(_PEOPLE_OF_ACCOUNT, params={"account": account_id}).all())
