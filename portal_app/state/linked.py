"""What a one-purpose link shows: one bill, no names, no services (CODE-14)."""

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import InvoiceId
from portal_app.services import billing, links
from portal_app.speech import date_text, money_text
from portal_app.state.base import PortalState, guarded, in_thread, me
from portal_app.state.billing.words import invoice_status


class LinkedBillState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    missing: rx.Field[bool] = rx.field(False)
    number: rx.Field[str] = rx.field("")
    figure: rx.Field[str] = rx.field("")
    tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    issued: rx.Field[str] = rx.field("")
    due_day: rx.Field[str] = rx.field("")
    total: rx.Field[str] = rx.field("")
    paid: rx.Field[str] = rx.field("")  # "" when nothing is

    @rx.event
    @guarded(Permission.LINKED)
    async def load(self):
        self.ready = self.missing = False
        try:
            who, this = await in_thread(links.payer, me())
            shown = await in_thread(billing.view_invoice, who, InvoiceId(this.subject_id))
        except NotFound:
            self.missing = True
            return
        asked = min(shown.due, this.at_most) if this.at_most else shown.due  # ALL-8, ALL-9
        self.number, self.figure = shown.number, money_text(self.language, asked)
        self.tone, self.status = invoice_status(self.language, shown)
        self.issued = date_text(self.language, shown.issue_date)
        self.due_day = date_text(self.language, shown.due_date)
        self.total = money_text(self.language, shown.total)
        self.paid = money_text(self.language, shown.paid) if shown.paid.minor else ""
        self.ready = True
