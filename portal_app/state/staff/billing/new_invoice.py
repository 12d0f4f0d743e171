"""The page New invoice: a draft with its lines, which survives a reload and the end of a session."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import reflex as rx

from portal_app.clock import today
from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, new_id, parse_id
from portal_app.services import drafts
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice
from portal_app.services.billing.staff.patient_billing import view_patient_billing
from portal_app.services.billing.views import NewLine
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.staff.errors import (
    DueDateMissing,
    LineAmountInvalid,
    LineDescriptionMissing,
    LineQuantityInvalid,
)
from portal_app.state.staff.form_values import read_amount, read_date

_MOST_LINES = 30
_DUE_AFTER = timedelta(days=30)
_FORM = "new invoice"  # the name of its drafts
_DRAFT_FIELD = re.compile(r"due|note|(?:what|quantity|amount|day|person)_(?:[1-9]|[12]\d|30)")
_LONGEST = 300  # characters of one field


@dataclass(frozen=True)
class PersonItem:
    id: str
    name: str


@dataclass(frozen=True)
class DraftLine:
    """A line of the form, with what was typed into it before the page was left."""

    n: int
    patient: str
    day: str
    description: str = ""
    quantity: str = "1"
    amount: str = ""


class NewInvoiceState(Feedback, LoadedPage, PortalState):
    guarantor: rx.Field[str] = rx.field("")
    patient_href: rx.Field[str] = rx.field("")
    people: rx.Field[list[PersonItem]] = rx.field(default_factory=list)
    patient: rx.Field[str] = rx.field("")  # whom a new line is for
    lines: rx.Field[list[DraftLine]] = rx.field(default_factory=list)
    due: rx.Field[str] = rx.field("")
    note: rx.Field[str] = rx.field("")
    day: rx.Field[str] = rx.field("")
    restored: rx.Field[bool] = rx.field(False)  # the form begins with a draft that was not sent
    invoice: rx.Field[str] = rx.field("")  # a hidden field: pressing twice makes one invoice
    _account: str = ""
    _saved: bool = False

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def load(self):
        """Keeps what is on the screen when only the connection was lost."""
        self.busy = False
        if self._newly_here() or not self.ready:
            await self._draw_form()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def save_draft_field(self, field: str, value: str):
        """Saves a field when it is left (decision 0015)."""
        if self._account and _DRAFT_FIELD.fullmatch(field):
            await in_thread(drafts.keep_field, me(), _FORM, self.patient, field, value[:_LONGEST])

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def start_over(self):
        """Drops the draft and shows an empty form."""
        await in_thread(drafts.drop_draft, me(), _FORM, self.patient)
        await self._draw_form()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def add_line(self):
        if len(self.lines) < _MOST_LINES:
            self.lines = [*self.lines, DraftLine(len(self.lines) + 1, self.patient, self.day)]

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def save_invoice(self, form: dict[str, str]):
        """Saves a draft, or sends it at once: the field `how` says which button was pressed."""
        self._saved = False
        async for step in run_busy(self, self._save_invoice(form)):
            yield step
        if self._saved:
            yield rx.redirect(self.patient_href)

    async def _draw_form(self) -> None:
        self._clear_feedback()
        self.missing, self._account = False, ""
        try:
            self.patient = parse_id("pat", self.router.url.query_parameters.get("patient"))
            view = await in_thread(view_patient_billing, me(), PatientId(self.patient))
            self._account, self.guarantor = view.account_id, view.guarantor
            self.people = [PersonItem(id_, name) for id_, name in view.people]
            self.patient_href = address(self.language, f"/staff/patients/{self.patient}")
            self.invoice = new_id("inv")
            self._fill_form(await in_thread(drafts.draft_of, me(), _FORM, self.patient))
        except NotFound:
            self.missing = True
        self.ready = True

    def _fill_form(self, draft: Mapping[str, str]) -> None:
        """Fills the form from a draft by field name; without one it has one empty line."""
        typed = ("what_", "amount_", "note")
        self.restored = any(name.startswith(typed) and text for name, text in draft.items())
        self.day = today().isoformat()
        self.due = draft.get("due") or (today() + _DUE_AFTER).isoformat()
        self.note = draft.get("note", "")
        line_numbers = [int(name.rpartition("_")[2]) for name in draft if "_" in name]
        self.lines = [self._draft_line(draft, n) for n in range(1, max(line_numbers, default=1) + 1)]

    def _draft_line(self, draft: Mapping[str, str], n: int) -> DraftLine:
        return DraftLine(
            n,
            patient=draft.get(f"person_{n}", self.patient),
            day=draft.get(f"day_{n}", self.day),
            description=draft.get(f"what_{n}", ""),
            quantity=draft.get(f"quantity_{n}", "1"),
            amount=draft.get(f"amount_{n}", ""),
        )

    async def _save_invoice(self, form: dict[str, str]) -> None:
        invoice_id = InvoiceId(parse_id("inv", form.get("invoice")))
        due = read_date(form, "due")
        if due is None:
            raise DueDateMissing
        note = " ".join(form.get("note", "").split())[:_LONGEST]
        account = AccountId(parse_id("acc", self._account))
        lines = [_read_line(form, n) for n in range(1, _MOST_LINES + 1) if _is_filled(form, n)]
        await in_thread(create_invoice, me(), invoice_id, account, lines, due_date=due, note=note)
        await in_thread(drafts.drop_draft, me(), _FORM, self.patient)
        if form.get("how") == "send":
            await in_thread(send_invoice, me(), invoice_id)
        self._saved = True


def _is_filled(form: Mapping[str, str], n: int) -> bool:
    """Whether line `n` counts: it has a description or an amount."""
    return bool(form.get(f"what_{n}", "").strip() or form.get(f"amount_{n}", "").strip())


def _read_line(form: Mapping[str, str], n: int) -> NewLine:
    """Line `n` of the form.

    Raises:
        LineDescriptionMissing, LineQuantityInvalid, LineAmountInvalid: naming the line and its field.
        InvalidDate: of the date of service.
    """
    description = " ".join(form.get(f"what_{n}", "").split())[:200]
    if not description:
        raise LineDescriptionMissing(field=f"what_{n}", n=n)
    quantity = form.get(f"quantity_{n}", "1").strip()
    if not (quantity.isascii() and quantity.isdecimal() and 1 <= int(quantity[:4]) <= 999):
        raise LineQuantityInvalid(field=f"quantity_{n}", n=n)
    try:
        amount = read_amount(form, f"amount_{n}")
    except UserError as error:
        raise LineAmountInvalid(field=f"amount_{n}", n=n, example=error.values["example"]) from None
    return NewLine(
        PatientId(parse_id("pat", form.get(f"person_{n}"))),
        description,
        amount,
        quantity=int(quantity),
        service_date=read_date(form, f"day_{n}"),
        code=form.get(f"code_{n}", "").strip()[:20],
    )
