"""The account of one patient: balance, credit, invoices, and payments recorded by staff."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing.errors import DepositWarning
from portal_app.domain.billing.types import PAYABLE, Method
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, PaymentId, new_id, parse_id
from portal_app.i18n import (
    date_text,
    gettext_noop,
    money_text,
    paid_with_text,
    plural,
    short_date_text,
    translate,
)
from portal_app.services.billing import accounts
from portal_app.services.billing.errors import DeskMethodMissing
from portal_app.services.billing.staff.patient_billing import (
    BilledInvoice,
    PatientBilling,
    view_patient_billing,
)
from portal_app.services.billing.staff.record_payment import record_payment
from portal_app.services.billing.views import RecentPayment
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address, last_part
from portal_app.state.live import watch
from portal_app.state.staff.form_values import read_amount
from portal_app.state.staff.labels import invoice_status, missing_permission_text

_METHODS = {method.value: method for method in (Method.CASH, Method.CHECK, Method.TERMINAL)}
_LONGEST_NOTE = 200  # characters


@dataclass(frozen=True)
class InvoiceItem:
    id: str
    number: str
    issued: str
    due_day: str
    tone: str
    status: str
    total: str
    due: str  # "" when nothing is due
    payable: bool


@dataclass(frozen=True)
class PendingPostingItem:
    """A payment that was received and is not in the ledger yet."""

    id: str
    day: str
    amount: str
    method: str


class PatientState(Feedback, LoadedPage, PortalState):
    name: rx.Field[str] = rx.field("")
    chart_number: rx.Field[str] = rx.field("")
    guarantor: rx.Field[str] = rx.field("")  # "" when the patient is their own guarantor
    guarantor_href: rx.Field[str] = rx.field("")
    other_people: rx.Field[str] = rx.field("")  # of the account, without the guarantor
    balance: rx.Field[str] = rx.field("")
    owed: rx.Field[str] = rx.field("")
    owed_for_input: rx.Field[str] = rx.field("")
    pending_postings: rx.Field[list[PendingPostingItem]] = rx.field(default_factory=list)
    balance_after_posting: rx.Field[str] = rx.field("")
    credit: rx.Field[str] = rx.field("")  # "" without
    invoices: rx.Field[list[InvoiceItem]] = rx.field(default_factory=list)
    open_invoices: rx.Field[list[InvoiceItem]] = rx.field(default_factory=list)
    older_invoices: rx.Field[str] = rx.field("")
    transactions_href: rx.Field[str] = rx.field("")
    new_invoice_href: rx.Field[str] = rx.field("")
    memberships_href: rx.Field[str] = rx.field("")
    enrol_href: rx.Field[str] = rx.field("")
    may_enrol: rx.Field[bool] = rx.field(False)
    may_take: rx.Field[bool] = rx.field(False)
    missing_permission: rx.Field[str] = rx.field("")
    payment: rx.Field[str] = rx.field("")  # a hidden field: pressing twice records one payment
    deposit_question: rx.Field[str] = rx.field("")  # asked when more is recorded than is owed
    deposit_for: rx.Field[str] = rx.field("")  # the amount that was asked about
    recording: rx.Field[bool] = rx.field(False)  # the panel that records a payment is open
    times_opened: rx.Field[int] = rx.field(0)  # raised when it opens: ui.js shows the panel then
    _patient: str = ""
    _account: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("payments", PatientState.refresh)
        if self._newly_here():
            self.recording = False
            self._clear_feedback()
        self.missing = False
        try:
            self._patient = parse_id("pat", last_part(self.router.url.path))
            await self._show(audited=True)
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when money moves."""
        if self._patient and not self.missing:
            await self._show()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def open_payment_form(self):
        """Opens the panel that records a payment, with a new form and a new payment id."""
        self._clear_feedback()
        self.payment = new_id("pay")
        self.deposit_question = self.deposit_for = ""
        self.recording, self.times_opened = True, self.times_opened + 1

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def close_payment_form(self):
        self.recording = False

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def record_payment(self, form: dict[str, str]):
        """Records cash, a check or a payment at the card terminal."""
        self.deposit_question = ""
        async for step in run_busy(self, self._record_or_ask(form)):
            yield step
        if self.recording:  # refused: another try is another payment
            self.payment = new_id("pay")
        await self._show()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def use_credit(self):
        """Pays open invoices from the credit, oldest due first (CRED-2)."""
        used = await in_thread(accounts.use_credit, me(), AccountId(parse_id("acc", self._account)))
        await self._show()
        self._show_done(gettext_noop("{amount} of the credit was used."), amount=used)

    async def _record_or_ask(self, form: dict[str, str]) -> None:
        """Records the payment; more than is owed is recorded once staff have confirmed that amount."""
        try:
            await self._record_payment(form)
        except DepositWarning as question:
            self.deposit_question = translate(self.language, question.message, **question.values)
            self.deposit_for = read_amount(form).plain()

    async def _record_payment(self, form: dict[str, str]) -> None:
        method = _METHODS.get(form.get("method", ""))
        if method is None:
            raise DeskMethodMissing
        amount = read_amount(form)
        invoice_ids = [InvoiceId(parse_id("inv", name)) for name in form if name.startswith("inv_")]
        await in_thread(
            record_payment,
            me(),
            PaymentId(parse_id("pay", form.get("payment"))),
            AccountId(parse_id("acc", self._account)),
            amount,
            method=method,
            invoice_ids=invoice_ids or None,
            note=" ".join(form.get("note", "").split())[:_LONGEST_NOTE],
            deposit_confirmed=form.get("deposit_for") == amount.plain(),
        )
        self._show_done(gettext_noop("{amount} was recorded."), amount=amount)
        self.recording = False

    async def _show(self, *, audited: bool = False) -> None:
        """Reads the account again. `audited`: a person opened it, which is noted in the audit trail."""
        principal = me()
        view = await in_thread(view_patient_billing, principal, PatientId(self._patient), note=audited)
        self._account = view.account_id
        self.may_take = principal.may(Permission.TAKE_PAYMENTS)
        self.missing_permission = await missing_permission_text(
            self.language, principal, Permission.TAKE_PAYMENTS
        )
        self._show_people(view)
        self._show_money(view)
        self._show_invoices(view)

    def _show_people(self, view: PatientBilling) -> None:
        language = self.language
        self.name, self.chart_number = view.name, view.chart_number
        self.guarantor = "" if view.guarantor_id == view.patient_id else view.guarantor
        self.guarantor_href = address(language, f"/staff/patients/{view.guarantor_id}")
        self.other_people = ", ".join(name for id_, name in view.people if id_ != view.guarantor_id)
        self.transactions_href = address(language, f"/staff/transactions?account={view.account_id}")
        self.memberships_href = address(language, f"/staff/memberships?account={view.account_id}")
        self.enrol_href = address(language, f"/staff/enrol?account={view.account_id}")
        self.may_enrol = me().may(Permission.MANAGE_PLANS)
        self.new_invoice_href = address(language, f"/staff/invoices/new?patient={view.patient_id}")

    def _show_money(self, view: PatientBilling) -> None:
        language = self.language
        self.balance, self.owed = money_text(language, view.balance), money_text(language, view.owed)
        self.owed_for_input = view.owed.plain() if view.owed else ""
        self.pending_postings = [self._pending_posting(payment) for payment in view.being_posted]
        self.balance_after_posting = money_text(language, view.will_owe)
        self.credit = money_text(language, view.credit) if view.credit else ""

    def _show_invoices(self, view: PatientBilling) -> None:
        self.invoices = [self._invoice_item(row) for row in view.invoices]
        self.open_invoices = [row for row in self.invoices if row.payable]
        self.older_invoices = (
            plural(self.language, "{n} older invoice", "{n} older invoices", view.more_invoices)
            if view.more_invoices
            else ""
        )

    def _pending_posting(self, payment: RecentPayment) -> PendingPostingItem:
        return PendingPostingItem(
            payment.id,
            date_text(self.language, payment.on),
            money_text(self.language, -payment.kept),
            paid_with_text(self.language, payment.shown),
        )

    def _invoice_item(self, row: BilledInvoice) -> InvoiceItem:
        language = self.language
        tone, status = invoice_status(language, row.status, overdue=row.overdue)
        return InvoiceItem(
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
