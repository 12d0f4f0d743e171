"""Invoices of other adults who let the viewer pay them: amounts and due dates only."""

from sqlmodel import col, select

from portal_app.db.scope import reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId
from portal_app.services.billing.invoices.overdue import overdue_invoices
from portal_app.services.billing.ledger.entries import in_due_order
from portal_app.services.billing.views import SharedInvoice


def list_shared_invoices(principal: Principal) -> tuple[SharedInvoice, ...]:
    """The open invoices of those adults, oldest due first. They are never part of what the viewer owes."""
    principal.require(Permission.MY_PAYMENTS)
    if not principal.granted_accounts:
        return ()
    names = names_of_sharing_adults(principal)
    with reading(principal.with_granted_accounts()) as tx:
        rows = tx.exec(
            select(Invoice).where(
                col(Invoice.account_id).in_(principal.granted_accounts),
                col(Invoice.status).in_(sorted(PAYABLE)),
            )
        ).all()
        late = overdue_invoices(tx, rows)
    return tuple(
        SharedInvoice(
            id=row.id,
            shared_by=names[row.account_id],
            number=row.number,
            due_date=row.due_date,
            overdue=row.id in late,
            due=row.due,
        )
        for row in in_due_order(rows)
    )


def names_of_sharing_adults(principal: Principal) -> dict[AccountId, str]:
    """Full names of the adults who let the viewer pay, by account.

    Read as the system: they shared with the viewer, who therefore knows their name.
    """
    principal.require(Permission.MY_INVOICES)
    with reading(system_principal("guarantors")) as tx:
        rows = tx.exec(
            columns(Account.id, *NAME_COLUMNS)
            .join(Patient, col(Patient.id) == Account.guarantor_id)
            .where(col(Account.id).in_(principal.granted_accounts))
        )
        return {id_: full_name(*names) for id_, *names in rows}
