"""The panel of one invoice, beside the list: send a draft, void an invoice, write off what is due."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus
from portal_app.domain.ids import InvoiceId, parse_id
from portal_app.i18n import date_text, gettext_noop, money_text, translate
from portal_app.services.billing.invoices.issue import send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.staff.patient_billing import view_staff_invoice
from portal_app.services.billing.views import InvoiceView, LineView
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.live import watch
from portal_app.state.staff.billing.pay_links import InvoicePayLinkState
from portal_app.state.staff.form_values import read_reason
from portal_app.state.staff.labels import invoice_status, missing_permission_text

_SENT = gettext_noop("Invoice {number} was sent.")
_VOIDED = gettext_noop("Invoice {number} was voided.")
_WRITTEN_OFF = gettext_noop("Invoice {number} was written off.")


@dataclass(frozen=True)
class LineItem:
    description: str
    detail: str  # person, date of service, quantity × unit price
    amount: str


class InvoicePanelState(Feedback, PortalState):
    open: rx.Field[bool] = rx.field(False)
    times_opened: rx.Field[int] = rx.field(0)  # raised when it opens: ui.js shows the panel then
    number: rx.Field[str] = rx.field("")
    status_tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    issued: rx.Field[str] = rx.field("")
    due_day: rx.Field[str] = rx.field("")
    total: rx.Field[str] = rx.field("")
    adjusted: rx.Field[str] = rx.field("")
    paid: rx.Field[str] = rx.field("")
    due: rx.Field[str] = rx.field("")
    lines: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    pdf_href: rx.Field[str] = rx.field("")
    can_send: rx.Field[bool] = rx.field(False)
    can_void: rx.Field[bool] = rx.field(False)
    can_write_off: rx.Field[bool] = rx.field(False)
    can_link: rx.Field[bool] = rx.field(False)
    missing_permission: rx.Field[str] = rx.field("")
    _invoice: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def open_panel(self, invoice: str):
        watch("payments", InvoicePanelState.refresh)
        self._invoice = parse_id("inv", invoice)
        self._clear_feedback()
        await self._show(audited=True)
        self.open, self.times_opened = True, self.times_opened + 1
        load_links: Any = InvoicePayLinkState.load_links
        return load_links(self._invoice) if self.can_link else None

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def close_panel(self):
        self.open, self._invoice = False, ""

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when money moves."""
        if self.open and self._invoice and not self.busy:
            await self._show()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def send_draft(self):
        """Issues the draft as an invoice; the guarantor is told."""
        async for step in run_busy(self, self._change(send_invoice, _SENT)):
            yield step
        await self._show()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def discard_draft(self):
        """Voids the draft without a reason: nobody but staff ever saw it."""
        async for step in run_busy(self, self._change(void_invoice, _VOIDED, reason="")):
            yield step
        await self._show()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def void_or_write_off(self, form: dict[str, str]):
        """The field `how` says which button was pressed; both need a reason."""
        async for step in run_busy(self, self._void_or_write_off(form)):
            yield step
        await self._show()

    async def _void_or_write_off(self, form: dict[str, str]) -> None:
        reason = read_reason(form)
        if form.get("how") == "write_off":
            await self._change(write_off, _WRITTEN_OFF, reason=reason)
        elif form.get("how") == "void":
            await self._change(void_invoice, _VOIDED, reason=reason)

    async def _change(self, service: Callable[..., Any], msgid: str, **values: str) -> None:
        """Runs a service on the invoice and says what was done."""
        await in_thread(service, me(), InvoiceId(parse_id("inv", self._invoice)), **values)
        self._show_done(msgid, number=self.number)

    async def _show(self, *, audited: bool = False) -> None:
        """Reads the invoice again. `audited`: a person opened it, which is noted in the audit trail."""
        principal, invoice_id = me(), InvoiceId(self._invoice)
        view = await in_thread(view_staff_invoice if audited else view_invoice, principal, invoice_id)
        self._show_invoice(view)
        self.lines = [self._line_item(line) for line in view.lines]
        may_take = principal.may(Permission.TAKE_PAYMENTS)
        may_post = principal.may(Permission.POST_TO_LEDGER)
        payable = view.status in PAYABLE
        self.can_send = view.status is InvoiceStatus.DRAFT and may_take
        self.can_void = payable and not view.paid and may_take
        self.can_write_off = payable and may_post and may_take
        self.can_link = may_take and view.linkable
        self.missing_permission = (
            await missing_permission_text(self.language, principal, Permission.POST_TO_LEDGER)
            if payable
            else ""
        )

    def _show_invoice(self, view: InvoiceView) -> None:
        language = self.language
        self.status_tone, self.status = invoice_status(language, view.status, overdue=view.overdue)
        self.number = view.number
        self.issued, self.due_day = date_text(language, view.issue_date), date_text(language, view.due_date)
        self.total, self.due = money_text(language, view.total), money_text(language, view.due)
        self.adjusted = money_text(language, view.adjusted) if view.adjusted else ""
        self.paid = money_text(language, -view.paid) if view.paid else ""
        self.pdf_href = f"/documents/invoice/{view.id}.pdf?lang={language}"

    def _line_item(self, line: LineView) -> LineItem:
        language = self.language
        day = date_text(language, line.service_date) if line.service_date else ""
        price = ""
        if line.unit_amount and line.quantity > 1:
            price = f"{line.quantity} × {money_text(language, line.unit_amount)}"
        return LineItem(
            description=line.description or translate(language, "Services"),
            detail=" · ".join(filter(None, (line.person, day, price))),
            amount=money_text(language, line.amount),
        )
