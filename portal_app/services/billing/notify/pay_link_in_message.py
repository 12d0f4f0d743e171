"""The pay link that a message about one bill carries, where the practice wants it so."""

from datetime import datetime, time

from sqlmodel import col, select

from portal_app.clock import today, zone
from portal_app.db.scope import Tx
from portal_app.db.tables.credentials import ActionLink
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import UserError
from portal_app.domain.ids import InvoiceId
from portal_app.services.links import action_links

_BY = "portal:message"


def link_for_message(tx: Tx, invoice_id: InvoiceId) -> str:
    """Its address; "" where nobody could open it.

    The one of today's message that is written anew before it went out opens nothing any more.
    """
    of_today = select(ActionLink).where(
        col(ActionLink.subject_id) == invoice_id,
        col(ActionLink.made_by) == _BY,
        col(ActionLink.created_at) >= datetime.combine(today(), time(), zone()),
        col(ActionLink.revoked_at).is_(None),
    )
    for row in tx.exec(of_today).all():
        action_links.revoke(tx, row)
    try:
        return action_links.create_link(tx, Purpose.PAY, invoice_id, made_by=_BY).address
    except UserError:
        return ""
