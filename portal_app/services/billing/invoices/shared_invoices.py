"""Bills of adults who let the viewer pay for them: amounts and due dates, beside the viewer's own figures."""

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.payments import overdue
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId
from portal_app.services.billing.ledger.entries import in_due_order
from portal_app.services.billing.views import OthersInvoice


def list_shared_invoices(principal: Principal) -> tuple[OthersInvoice, ...]:
    """What is due there, oldest due first. Never part of what the viewer owes."""
    principal.require(Permission.MY_PAYMENTS)
    if not principal.granted_accounts:
        return ()
    names = adults_named(principal)
    with reading(principal.with_granted_accounts()) as tx:
        rows = tx.exec(
            select(Invoice).where(
                col(Invoice.account_id).in_(principal.granted_accounts),
                col(Invoice.status).in_(sorted(PAYABLE)),
            )
        ).all()
    return tuple(
        OthersInvoice(
            id=row.id,
            whose=names[row.account_id],
            number=row.number,
            due_date=row.due_date,
            overdue=overdue(row.status, row.due_date, today()),
            due=row.due,
        )
        for row in in_due_order(rows)
    )


def adults_named(principal: Principal) -> dict[AccountId, str]:
    """Who lets the viewer pay, by their account: they named the viewer, and the viewer knows their name."""
    principal.require(Permission.MY_INVOICES)
    with reading(system_principal("guarantors")) as tx:
        rows = tx.exec(
            columns(Account.id, Patient.given_name, Patient.family_name)
            .join(Patient, col(Patient.id) == Account.guarantor_id)
            .where(col(Account.id).in_(principal.granted_accounts))
        )
        return {id_: full_name(given, family) for id_, given, family in rows}
