"""A receipt. It has its own address: it can be opened again, and Back never pays twice."""

from dataclasses import dataclass

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PaymentId, parse_id
from portal_app.i18n import date_text, money_text, names_text, paid_with_text, time_text, translate
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.views import ReceiptPart, ReceiptView
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.labels import invoice_title, payment_status
from portal_app.state.feedback import LoadedPage
from portal_app.state.i18n_paths import address, document_address


@dataclass(frozen=True)
class PartItem:
    href: str
    title: str
    about: str
    amount: str
    left: str  # "" when nothing is left to pay


class ReceiptState(LoadedPage, PortalState):
    number: rx.Field[str] = rx.field("")
    amount: rx.Field[str] = rx.field("")
    refunded: rx.Field[str] = rx.field("")
    taken_back: rx.Field[str] = rx.field("")  # by the payer's bank
    tone: rx.Field[str] = rx.field("paid")
    status: rx.Field[str] = rx.field("")
    on: rx.Field[str] = rx.field("")
    shown: rx.Field[str] = rx.field("")
    payer: rx.Field[str] = rx.field("")
    email: rx.Field[str] = rx.field("")
    credit: rx.Field[str] = rx.field("")
    posted: rx.Field[bool] = rx.field(True)
    by_bank: rx.Field[bool] = rx.field(True)
    left: rx.Field[str] = rx.field("")
    parts: rx.Field[list[PartItem]] = rx.field(default_factory=list)
    pdf: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def load(self):
        self.ready = self.missing = False
        try:
            payment = PaymentId(parse_id("pay", self.router.url.query_parameters.get("id")))
            self._show(await in_thread(view_receipt, me(), payment))
            self.ready = True
        except NotFound:
            self.missing = True

    def _show(self, receipt: ReceiptView) -> None:
        day = clock.local_date(receipt.paid_at)
        self.on = f"{date_text(self.language, day)}, {time_text(self.language, receipt.paid_at)}"
        self.number, self.payer = receipt.number, receipt.payer
        self.shown = paid_with_text(self.language, receipt.shown)
        self.amount = money_text(self.language, receipt.amount)
        self.refunded = money_text(self.language, receipt.refunded) if receipt.refunded else ""
        self.taken_back = money_text(self.language, receipt.lost) if receipt.lost else ""
        self.tone, self.status = payment_status(self.language, receipt.status)
        self.email, self.posted, self.by_bank = receipt.email, receipt.posted, receipt.by_bank
        self.credit = money_text(self.language, receipt.credit) if receipt.credit else ""
        self.parts = [self._part(part) for part in receipt.parts]
        self.left = next((part.left for part in self.parts if part.left), "")
        self.pdf = document_address(self.language, f"/documents/receipt/{receipt.payment_id}.pdf")

    def _part(self, part: ReceiptPart) -> PartItem:
        left = (
            translate(self.language, "{amount} left to pay", amount=part.still_due) if part.still_due else ""
        )
        about = (
            translate(self.language, "Invoice {number}", number=part.number),
            names_text(self.language, part.people),
        )
        return PartItem(
            address(self.language, f"/invoices/{part.invoice_id}"),
            invoice_title(self.language, part.title),
            " · ".join(word for word in about if word),
            money_text(self.language, part.amount),
            left,
        )
