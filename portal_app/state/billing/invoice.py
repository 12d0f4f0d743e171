"""One invoice, and paying it."""

from dataclasses import dataclass, replace
from datetime import date

import reflex as rx

from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payability import Payability
from portal_app.domain.billing.types import RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import InvoiceId, parse_id
from portal_app.gateways import gateways
from portal_app.i18n import date_text, money_text, names_text, paid_with_text, translate
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.views import InvoiceView, PaymentOutcome
from portal_app.state.base import PortalState, came_back, in_thread, me, requires
from portal_app.state.billing.labels import invoice_status, invoice_title, payment_status
from portal_app.state.billing.payment_form import PaymentForm, PaymentFormState
from portal_app.state.billing.refunds import RefundItem, refund_item
from portal_app.state.i18n_paths import address, document_address, last_part
from portal_app.state.live import watch


@dataclass(frozen=True)
class LineItem:
    what: str
    detail: str
    amount: str


@dataclass(frozen=True)
class PaidItem:
    href: str  # of its receipt, "" when there is none
    when: str
    shown: str
    amount: str
    tone: str
    status: str


class InvoiceState(PaymentFormState, PortalState):
    invoice: rx.Field[str] = rx.field("")
    number: rx.Field[str] = rx.field("")
    title: rx.Field[str] = rx.field("")
    figure: rx.Field[str] = rx.field("")
    status_tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    people: rx.Field[str] = rx.field("")
    provider: rx.Field[str] = rx.field("")
    issued: rx.Field[str] = rx.field("")
    due_day: rx.Field[str] = rx.field("")
    whose: rx.Field[str] = rx.field("")  # name of another adult who lets the viewer pay, else ""
    lines: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    total: rx.Field[str] = rx.field("")
    adjusted: rx.Field[str] = rx.field("")  # "" when there is nothing to adjust
    paid: rx.Field[str] = rx.field("")
    due: rx.Field[str] = rx.field("")
    payments: rx.Field[list[PaidItem]] = rx.field(default_factory=list)
    refunds: rx.Field[list[RefundItem]] = rx.field(default_factory=list)
    pdf: rx.Field[str] = rx.field("")
    itemised: rx.Field[str] = rx.field("")

    _account: str = ""

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def load(self):
        if self._start_visit():
            await self._show()
            wanted = self.card_wanted or not self.payment_methods or came_back(self)
            self.card_wanted = self.can_pay and wanted
        if self._account:
            watch(f"account:{self._account}", InvoiceState.refresh)
            watch("settings", InvoiceState.refresh)

    @rx.event
    @requires(Permission.MY_INVOICES, activity=False)
    async def refresh(self):
        """Show the invoice again: it was paid in another tab, or the bank decided; not while the payer is paying here."""
        if self.router.url.path.endswith(f"/{self.invoice}") and not (self.busy or self._has_question()):
            await self._show()

    def _read_form(self, form: dict[str, str]) -> PaymentForm:
        read = self._read_amount(form)
        whole = form.get("how_much", "all") == "all"
        return replace(
            read,
            invoice_ids=(self._invoice_id(),),
            save="save" in form,
            use_credit=whole and self._uses_credit(self._payability),
        )

    def _uses_credit(self, found: Payability | None) -> bool:
        return bool(found and found.credit) and not self.whose

    def _pay(self, principal: Principal, offer: PaymentForm, again: bool) -> PaymentOutcome:
        (invoice,) = offer.invoice_ids or (InvoiceId(""),)
        return pay_invoice(
            principal,
            offer.payment_id,
            invoice,
            offer.amount,
            processor=gateways().payments,
            payment_method_id=offer.payment_method_id,
            token=offer.token,
            save=offer.save,
            duplicate_confirmed=again,
            use_credit=offer.use_credit,
        )

    def _invoice_id(self) -> InvoiceId:
        return InvoiceId(parse_id("inv", last_part(self.router.url.path)))

    async def _show(self) -> None:
        try:
            shown = await in_thread(view_invoice, me(), self._invoice_id())
        except NotFound:
            self.missing, self.invoice, self._payability = True, "", None
            return
        self._show_facts(shown)
        self._show_lines(shown)
        self._draw_form(shown.payability, shown.payment_methods)
        self._show_payability(shown.payability)
        self.missing, self.ready = False, True

    def _show_facts(self, shown: InvoiceView) -> None:
        self.invoice, self.number, self._account = shown.id, shown.number, shown.account_id
        self.title = invoice_title(self.language, shown.title)
        self.status_tone, self.status = invoice_status(self.language, shown)
        self.figure = money_text(self.language, shown.due if shown.due else shown.total)
        self.people, self.provider = names_text(self.language, shown.people), shown.provider
        self.issued = date_text(self.language, shown.issue_date)
        self.due_day, self.whose = date_text(self.language, shown.due_date), shown.shared_by
        self.pdf = document_address(self.language, f"/documents/invoice/{shown.id}.pdf")
        self.itemised = document_address(self.language, f"/documents/itemised/{shown.id}.pdf")

    def _show_lines(self, shown: InvoiceView) -> None:
        self.lines = [
            LineItem(
                line.description or translate(self.language, "Services"),
                _detail(self.language, line.person, line.service_date, line.quantity),
                money_text(self.language, line.amount),
            )
            for line in shown.lines
        ]
        self.total, self.due = money_text(self.language, shown.total), money_text(self.language, shown.due)
        self.adjusted = money_text(self.language, shown.adjusted) if shown.adjusted else ""
        self.paid = money_text(self.language, -shown.paid) if shown.paid else ""
        self.payments = [
            PaidItem(
                address(self.language, f"/receipt?id={paid.id}") if paid.receipt_number else "",
                date_text(self.language, paid.on),
                paid_with_text(self.language, paid.shown or paid.method.value.title()),
                money_text(self.language, paid.amount),
                *payment_status(self.language, paid.status),
            )
            for paid in shown.payments
        ]
        self.refunds = [
            refund_item(self.language, refund)
            for refund in shown.refunds
            if refund.status is not RefundStatus.FAILED
        ]


def _detail(language: str, person: str, day: date | None, quantity: int) -> str:
    """ "November 3 · Eva · × 2"."""
    parts = [date_text(language, day) if day else "", person]
    if quantity != 1:
        parts.append(f"× {quantity}")
    return " · ".join(part for part in parts if part)
