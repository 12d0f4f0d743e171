"""Which accounts the viewer answers for, and who is on them."""

from dataclasses import dataclass

from sqlmodel import bindparam, col

from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, PatientId
from portal_app.services.billing.invoices.read import may_see_invoices

# Constants of the module, so that they are made ready once and not at every look.
_THEIRS = (
    columns(Account.id)
    .where(Account.guarantor_id == bindparam("guarantor"))
    .order_by(col(Account.created_at), col(Account.id))
)
_ON_IT = (
    columns(Patient.id, Patient.given_name)
    .where(Patient.account_id == bindparam("account"))
    .order_by(col(Patient.birth_date), col(Patient.given_name))
)


@dataclass(frozen=True, slots=True)
class AccountChoice:
    id: AccountId
    people: tuple[str, ...]  # given names of those on it whom the viewer may see


def list_accounts(principal: Principal) -> tuple[AccountChoice, ...]:
    """Those whose guarantor is asking, the oldest first."""
    may_see_invoices(principal)
    with reading(principal) as tx:
        ids = tx.exec(_THEIRS, params={"guarantor": principal.patient_id}).all()
        return tuple(AccountChoice(id_, tuple(names_of(tx, id_).values())) for id_ in ids)


def accessible_account(tx: Tx, account_id: AccountId | None) -> AccountId:
    """The account meant: the named one, or the first of those whose guarantor is asking."""
    if account_id is not None:
        return tx.get_or_404(Account, account_id).id
    found = tx.exec(_THEIRS, params={"guarantor": tx.principal.patient_id}).first()
    if found is None:
        raise NotFound
    return found


def names_of(tx: Tx, account_id: AccountId) -> dict[PatientId, str]:
    """Given names of whom the reader may see, the oldest first."""
    return dict(tx.exec(_ON_IT, params={"account": account_id}).all())
