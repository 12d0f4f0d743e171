"""One patient's billing: balance, credit, bills, what is paid at the desk."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing.types import PAYABLE, Method
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, PaymentId, new_id, parse_id
from portal_app.i18n import date_text, money_text, paid_with_text, plural, short_date_text, translate
from portal_app.services.billing.accounts import use_credit
from portal_app.services.billing.staff.patient_billing import (
    BilledInvoice,
    PatientBilling,
    view_patient_billing,
)
from portal_app.services.billing.staff.record_payment import record_payment
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.staff.labels import billed_status, not_allowed, plain_amount, typed_money

_METHODS = {method.value: method for method in (Method.CASH, Method.CHECK, Method.TERMINAL)}


@dataclass(frozen=True)
class BilledItem:
    id: str
    number: str
    issued: str
    due_day: str
    tone: str
    status: str
    total: str
    due: str
    payable: bool


@dataclass(frozen=True)
class Waiting:
    id: str
    day: str
    amount: str
    shown: str


class PatientState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    missing: rx.Field[bool] = rx.field(False)
    name: rx.Field[str] = rx.field("")
    chart: rx.Field[str] = rx.field("")
    guarantor: rx.Field[str] = rx.field("")  # "" when it is themself
    guarantor_href: rx.Field[str] = rx.field("")
    people: rx.Field[str] = rx.field("")
    balance: rx.Field[str] = rx.field("")
    owed: rx.Field[str] = rx.field("")
    owed_plain: rx.Field[str] = rx.field("")
    will_owe: rx.Field[str] = rx.field("")
    waiting: rx.Field[list[Waiting]] = rx.field(default_factory=list)
    credit: rx.Field[str] = rx.field("")  # "" without
    invoices: rx.Field[list[BilledItem]] = rx.field(default_factory=list)
    open_invoices: rx.Field[list[BilledItem]] = rx.field(default_factory=list)
    more: rx.Field[str] = rx.field("")
    transactions: rx.Field[str] = rx.field("")
    new_invoice: rx.Field[str] = rx.field("")
    may_take: rx.Field[bool] = rx.field(False)
    why_not: rx.Field[str] = rx.field("")
    payment: rx.Field[str] = rx.field("")  # rides in the form: two presses, one payment
    asking: rx.Field[bool] = rx.field(False)
    turn: rx.Field[int] = rx.field(0)
    busy: rx.Field[bool] = rx.field(False)
    trouble: rx.Field[str] = rx.field("")
    said: rx.Field[str] = rx.field("")
    _patient: str = ""
    _account: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("payments", PatientState.refresh)
        if self._newly_here():
            self.asking, self.said, self.trouble = False, "", ""
        self.missing = False
        try:
            self._patient = parse_id("pat", self.router.url.path.rstrip("/").rpartition("/")[2])
            await self._look(note=True)
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Asked for by the server when money moves."""
        if self._patient and not self.missing:
            await self._look(note=False)

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def ask(self):
        """Opens what records a payment; a new form, a new id."""
        self.payment, self.trouble, self.said = new_id("pay"), "", ""
        self.asking, self.turn = True, self.turn + 1

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def stop_asking(self):
        self.asking = False

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def record(self, form: dict[str, str]):
        """Cash, a check, the card terminal."""
        self.busy, self.trouble = True, ""
        yield
        try:
            method = _METHODS.get(form.get("method", ""))
            if method is None:
                raise UserError("Choose how it was paid.")
            amount = typed_money(form)
            chosen = [InvoiceId(parse_id("inv", key)) for key in form if key.startswith("inv_")]
            await in_thread(
                record_payment,
                me(),
                PaymentId(parse_id("pay", form.get("payment"))),
                AccountId(parse_id("acc", self._account)),
                amount,
                method=method,
                invoice_ids=chosen or None,
                note=" ".join(form.get("note", "").split())[:200],
            )
            self.said = translate(self.language, "{amount} was recorded.", amount=amount)
            self.asking = False
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
            self.payment = new_id("pay")
        await self._look(note=False)
        self.busy = False

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def use_credit(self):
        """Credit pays open bills, oldest due first (CRED-2)."""
        self.said = ""
        used = await in_thread(use_credit, me(), AccountId(parse_id("acc", self._account)))
        self.said = translate(self.language, "{amount} of the credit was used.", amount=used)
        await self._look(note=False)

    async def _look(self, *, note: bool) -> None:
        who = me()
        seen = await in_thread(view_patient_billing, who, PatientId(self._patient), note=note)
        self._account = seen.account_id
        self.may_take = who.may(Permission.TAKE_PAYMENTS)
        self.why_not = await not_allowed(self.language, who, Permission.TAKE_PAYMENTS)
        self._show_person(seen)
        self._show_money(seen)

    def _show_person(self, seen: PatientBilling) -> None:
        language = self.language
        self.name, self.chart = seen.name, seen.chart_number
        own = seen.guarantor_id == seen.patient_id
        self.guarantor = "" if own else seen.guarantor
        self.guarantor_href = address(language, f"/staff/patients/{seen.guarantor_id}")
        others = [name for id_, name in seen.people if id_ != seen.guarantor_id]
        self.people = ", ".join(others)
        self.transactions = address(language, f"/staff/transactions?account={seen.account_id}")
        self.new_invoice = address(language, f"/staff/invoices/new?patient={seen.patient_id}")

    def _show_money(self, seen: PatientBilling) -> None:
        language = self.language
        self.balance, self.owed = money_text(language, seen.balance), money_text(language, seen.owed)
        self.owed_plain = plain_amount(seen.owed) if seen.owed else ""
        self.waiting = [
            Waiting(
                p.id,
                date_text(language, p.on),
                money_text(language, -(p.amount - p.refunded)),
                paid_with_text(language, p.shown),
            )
            for p in seen.being_posted
        ]
        self.will_owe = money_text(language, seen.will_owe)
        self.credit = money_text(language, seen.credit) if seen.credit else ""
        self.invoices = [self._item(row) for row in seen.invoices]
        self.open_invoices = [row for row in self.invoices if row.payable]
        self.more = (
            plural(language, "{n} older invoice", "{n} older invoices", seen.more_invoices)
            if seen.more_invoices
            else ""
        )

    def _item(self, row: BilledInvoice) -> BilledItem:
        language = self.language
        tone, status = billed_status(language, row)
        return BilledItem(
            id=row.id,
            number=row.number,
            issued=short_date_text(language, row.issue_date),
            due_day=short_date_text(language, row.due_date),
            tone=tone,
            status=status,
            total=money_text(language, row.total),
            due=money_text(language, row.due) if row.due else "",
            payable=row.status in PAYABLE,
        )
