"""Making a bill, and what is done with one: send, void, write off."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import reflex as rx

from portal_app.clock import today
from portal_app.domain.access import Permission
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, given_id, new_id
from portal_app.i18n import date_text, money_text, translate
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.staff.patient_billing import (
    BilledInvoice,
    view_patient_billing,
    view_staff_invoice,
)
from portal_app.services.billing.views import InvoiceView, NewLine
from portal_app.services.staff import drafts
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.staff.billing.pay_links import PayLinkState
from portal_app.state.staff.labels import billed_status, not_allowed, typed_day, typed_money, typed_reason

_MOST_LINES = 30
_DUE_IN = timedelta(days=30)
_FORM = "new invoice"
_FIELD = re.compile(r"due|note|(?:what|quantity|amount|day|person)_(?:[1-9]|[12]\d|30)")
_LONGEST = 300  # of one field


@dataclass(frozen=True)
class Person:
    id: str
    name: str


@dataclass(frozen=True)
class LineItem:
    what: str
    detail: str
    amount: str


@dataclass(frozen=True)
class DraftLine:
    """A line of the form, with what was typed before the page went away."""

    n: int
    patient: str
    day: str
    what: str = ""
    quantity: str = "1"
    amount: str = ""


class NewInvoiceState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    missing: rx.Field[bool] = rx.field(False)
    name: rx.Field[str] = rx.field("")
    back: rx.Field[str] = rx.field("")
    people: rx.Field[list[Person]] = rx.field(default_factory=list)
    patient: rx.Field[str] = rx.field("")  # who a line is for, unless said
    lines: rx.Field[list[DraftLine]] = rx.field(default_factory=list)
    due: rx.Field[str] = rx.field("")
    note: rx.Field[str] = rx.field("")
    day: rx.Field[str] = rx.field("")
    kept: rx.Field[bool] = rx.field(False)  # it begins with what was left
    invoice: rx.Field[str] = rx.field("")  # rides in the form: two presses, one draft
    busy: rx.Field[bool] = rx.field(False)
    trouble: rx.Field[str] = rx.field("")
    _account: str = ""

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def load(self):
        self.busy = False
        if self._newly_here() or not self.ready:  # else the line was cut in the middle of it
            await self._begin()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def keep(self, field: str, value: str):
        """A field as it was left, so that no reload and no end of a session loses it (decision 0015)."""
        if self._account and _FIELD.fullmatch(field):
            await in_thread(drafts.keep_field, me(), _FORM, self.patient, field, value[:_LONGEST])

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def start_anew(self):
        """What was left is not wanted."""
        await in_thread(drafts.drop_draft, me(), _FORM, self.patient)
        await self._begin()

    async def _begin(self) -> None:
        self.missing, self.trouble, self._account = False, "", ""
        try:
            self.patient = given_id("pat", self.router.url.query_parameters.get("patient"))
            seen = await in_thread(view_patient_billing, me(), PatientId(self.patient))
            self._account, self.name = seen.account_id, seen.guarantor
            self.people = [Person(id_, name) for id_, name in seen.people]
            self.back = address(self.language, f"/staff/patients/{self.patient}")
            self.invoice = new_id("inv")
            self._fill(await in_thread(drafts.draft_of, me(), _FORM, self.patient))
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def add_line(self):
        if len(self.lines) < _MOST_LINES:
            self.lines = [*self.lines, DraftLine(len(self.lines) + 1, self.patient, self.day)]

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def save(self, form: dict[str, str]):
        """A draft, or sent at once: which button was pressed rides in the form."""
        self.busy, self.trouble = True, ""
        yield
        try:
            id_ = InvoiceId(given_id("inv", form.get("invoice")))
            due = typed_day(form, "due")
            if due is None:
                raise UserError("Enter the due date.")
            note = " ".join(form.get("note", "").split())[:300]
            account = AccountId(given_id("acc", self._account))
            lines = [self._line(form, n) for n in range(1, _MOST_LINES + 1) if _typed(form, n)]
            await in_thread(create_invoice, me(), id_, account, lines, due_date=due, note=note)
            await in_thread(drafts.drop_draft, me(), _FORM, self.patient)
            if form.get("how") == "send":
                await in_thread(send_invoice, me(), id_)
            self.busy = False
            yield rx.redirect(self.back)
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
            self.busy = False

    def _fill(self, left: Mapping[str, str]) -> None:
        """With what they left, or with one empty line."""
        self.kept = any(name.startswith(("what_", "amount_", "note")) and text for name, text in left.items())
        self.day = today().isoformat()
        self.due = left.get("due") or (today() + _DUE_IN).isoformat()
        self.note = left.get("note", "")
        named = [int(name.rpartition("_")[2]) for name in left if "_" in name]
        self.lines = [
            DraftLine(
                n,
                patient=left.get(f"person_{n}", self.patient),
                day=left.get(f"day_{n}", self.day),
                what=left.get(f"what_{n}", ""),
                quantity=left.get(f"quantity_{n}", "1"),
                amount=left.get(f"amount_{n}", ""),
            )
            for n in range(1, max(named, default=1) + 1)
        ]

    def _line(self, form: Mapping[str, str], n: int) -> NewLine:
        what = " ".join(form.get(f"what_{n}", "").split())[:200]
        if not what:
            raise UserError("Line {n}: say what it is for.", n=n)
        quantity = form.get(f"quantity_{n}", "1").strip()
        if not (quantity.isascii() and quantity.isdecimal() and 1 <= int(quantity[:4]) <= 999):
            raise UserError("Line {n}: the quantity is a whole number, like 1.", n=n)
        try:
            amount = typed_money(form, f"amount_{n}")
        except UserError as refusal:
            raise UserError(
                "Line {n}: enter an amount, like {example}", n=n, example=refusal.values["example"]
            ) from None
        return NewLine(
            PatientId(given_id("pat", form.get(f"person_{n}"))),
            what,
            amount,
            quantity=int(quantity),
            service_date=typed_day(form, f"day_{n}"),
            code=form.get(f"code_{n}", "").strip()[:20],
        )


def _typed(form: Mapping[str, str], n: int) -> bool:
    """A line that was left empty is none."""
    return bool(form.get(f"what_{n}", "").strip() or form.get(f"amount_{n}", "").strip())


class InvoicePanelState(PortalState):
    turn: rx.Field[int] = rx.field(0)
    open: rx.Field[bool] = rx.field(False)
    number: rx.Field[str] = rx.field("")
    tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    issued: rx.Field[str] = rx.field("")
    due_day: rx.Field[str] = rx.field("")
    total: rx.Field[str] = rx.field("")
    adjusted: rx.Field[str] = rx.field("")
    paid: rx.Field[str] = rx.field("")
    due: rx.Field[str] = rx.field("")
    lines: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    pdf: rx.Field[str] = rx.field("")
    can_send: rx.Field[bool] = rx.field(False)
    can_void: rx.Field[bool] = rx.field(False)
    can_write_off: rx.Field[bool] = rx.field(False)
    can_link: rx.Field[bool] = rx.field(False)
    why_not: rx.Field[str] = rx.field("")
    busy: rx.Field[bool] = rx.field(False)
    trouble: rx.Field[str] = rx.field("")
    done: rx.Field[str] = rx.field("")
    _invoice: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def show(self, invoice: str):
        watch("payments", InvoicePanelState.refresh)
        self._invoice = given_id("inv", invoice)
        self.trouble = self.done = ""
        await self._look(note=True)
        self.open, self.turn = True, self.turn + 1
        return PayLinkState.look(self._invoice) if self.can_link else None

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def close(self):
        self.open, self._invoice = False, ""

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Asked for by the server when money moves."""
        if self.open and self._invoice and not self.busy:
            await self._look(note=False)

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def send(self):
        """The draft becomes a bill, and the guarantor is told."""
        await self._do(send_invoice, "Invoice {number} was sent.")

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def discard(self):
        """A draft that is not wanted: nobody ever saw it."""
        await self._do(void_invoice, "Invoice {number} was voided.", reason="")

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def end(self, form: dict[str, str]):
        """Void, or write off what is due: each has its button, both ask why."""
        self.busy, self.trouble, self.done = True, "", ""
        yield
        try:
            reason = typed_reason(form)
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
        else:
            if form.get("how") == "write_off":
                await self._do(write_off, "Invoice {number} was written off.", reason=reason)
            elif form.get("how") == "void":
                await self._do(void_invoice, "Invoice {number} was voided.", reason=reason)
        self.busy = False

    async def _do(self, service: Callable[..., Any], msgid: str, **given: str) -> None:
        self.trouble = self.done = ""
        try:
            await in_thread(service, me(), InvoiceId(given_id("inv", self._invoice)), **given)
            self.done = translate(self.language, msgid, number=self.number)
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
        await self._look(note=False)

    async def _look(self, *, note: bool) -> None:
        who, id_ = me(), InvoiceId(self._invoice)
        seen = await in_thread(view_staff_invoice if note else view_invoice, who, id_)
        self._show_invoice(seen)
        take, post = who.may(Permission.TAKE_PAYMENTS), who.may(Permission.POST_TO_LEDGER)
        self.can_send = seen.status is InvoiceStatus.DRAFT and take
        self.can_void = seen.status in PAYABLE and not seen.paid and take
        self.can_write_off = seen.status in PAYABLE and post and take
        self.can_link = take and seen.linkable
        self.why_not = (
            await not_allowed(self.language, who, Permission.POST_TO_LEDGER) if seen.status in PAYABLE else ""
        )

    def _show_invoice(self, seen: InvoiceView) -> None:
        language = self.language
        facts = BilledInvoice(
            seen.id,
            seen.number,
            seen.status,
            seen.overdue,
            seen.issue_date,
            seen.due_date,
            seen.total,
            seen.due,
        )
        self.tone, self.status = billed_status(language, facts)
        self.number = seen.number
        self.issued, self.due_day = date_text(language, seen.issue_date), date_text(language, seen.due_date)
        self.total, self.due = money_text(language, seen.total), money_text(language, seen.due)
        self.adjusted = money_text(language, seen.adjusted) if seen.adjusted else ""
        self.paid = money_text(language, -seen.paid) if seen.paid else ""
        self.pdf = f"/documents/invoice/{seen.id}.pdf?lang={language}"
        self.lines = [
            LineItem(
                line.description or translate(language, "Services"),
                " · ".join(
                    part
                    for part in (
                        line.person,
                        date_text(language, line.service_date) if line.service_date else "",
                        f"{line.quantity} × {money_text(language, line.unit_amount)}"
                        if line.unit_amount and line.quantity > 1
                        else "",
                    )
                    if part
                ),
                money_text(language, line.amount),
            )
            for line in seen.lines
        ]
