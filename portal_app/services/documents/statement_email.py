"""A statement by email: to the asker's own address, without what a mailbox should not hold."""

from datetime import date
from urllib.parse import urlencode

from sqlmodel import col

from portal_app.clock import now
from portal_app.db.scope import transaction
from portal_app.db.select import columns
from portal_app.db.tables.families import ContactPoint
from portal_app.domain.access import Permission, Principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, PatientId
from portal_app.services.billing.statements import view_statement
from portal_app.services.documents.account_documents import mailed_id
from portal_app.services.documents.document import safe_filename
from portal_app.services.documents.errors import NoEmailOnFile
from portal_app.services.messaging import outbox


def email_statement(
    principal: Principal,
    first: date,
    last: date,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> str:
    """Leaves it in the outbox and says where it goes. The same one goes out once in ten minutes."""
    principal.require(Permission.MY_INVOICES)
    view = view_statement(principal, first, last, account_id=account_id, patient_id=patient_id)
    with transaction(principal) as tx:
        address = tx.exec(
            columns(ContactPoint.value)
            .where(ContactPoint.patient_id == principal.patient_id, ContactPoint.kind == ContactKind.EMAIL)
            .order_by(col(ContactPoint.preferred).desc(), ContactPoint.value)
        ).first()
        if address is None:
            raise NoEmailOnFile
        about = mailed_id(view, patient_id)
        outbox.write_message(
            tx,
            "statement",
            once=f"statement:{about}:{principal.patient_id}:{now():%Y%m%d%H}{now().minute // 10}",
            to_contact=(ContactKind.EMAIL, address),
            account_id=view.account_id,
            language=principal.language,
            about=urlencode(
                {"from": first, "to": last, "account": view.account_id}
                | ({"person": patient_id} if patient_id else {})
            ),
            values={"first": first, "last": last, "amount": view.closing},
            attachments=[
                {
                    "name": f"statement-{safe_filename(f'{first}-{last}')}.pdf",
                    "document": "statement",
                    "id": about,
                }
            ],
        )
        return address
