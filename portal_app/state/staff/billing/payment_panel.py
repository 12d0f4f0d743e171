"""The panel of one payment, beside the list: post it to the ledger, refund it."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing.types import RECEIVED, PaymentStatus, RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PaymentId, RefundId, new_id, parse_id
from portal_app.gateways import gateways
from portal_app.i18n import date_text, gettext_noop, money_text, plural, translate
from portal_app.services.billing.payments import refunds
from portal_app.services.billing.staff.patient_billing import PaymentDetail, view_payment
from portal_app.services.billing.staff.record_payment import post_payments
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.labels import payment_status, short_decline
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.processor_threads import in_processor_thread
from portal_app.state.staff.billing.dispute_panel import PaymentDisputesState
from portal_app.state.staff.form_values import read_amount, read_reason
from portal_app.state.staff.labels import missing_permission_text, payment_method_text, refund_status


@dataclass(frozen=True)
class AllocationItem:
    invoice_number: str
    amount: str


@dataclass(frozen=True)
class RefundItem:
    day: str
    amount: str
    tone: str
    status: str


class PaymentPanelState(Feedback, PortalState):
    open: rx.Field[bool] = rx.field(False)
    times_opened: rx.Field[int] = rx.field(0)  # raised when it opens: ui.js shows the panel then
    payer: rx.Field[str] = rx.field("")
    payer_href: rx.Field[str] = rx.field("")
    amount: rx.Field[str] = rx.field("")
    day: rx.Field[str] = rx.field("")
    method: rx.Field[str] = rx.field("")
    status_tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    decline_reason: rx.Field[str] = rx.field("")
    receipt: rx.Field[str] = rx.field("")
    receipt_href: rx.Field[str] = rx.field("")
    ledger: rx.Field[str] = rx.field("")
    note: rx.Field[str] = rx.field("")
    allocations: rx.Field[list[AllocationItem]] = rx.field(default_factory=list)
    refunds: rx.Field[list[RefundItem]] = rx.field(default_factory=list)
    can_post: rx.Field[bool] = rx.field(False)
    can_refund: rx.Field[bool] = rx.field(False)
    refundable: rx.Field[str] = rx.field("")
    refundable_for_input: rx.Field[str] = rx.field("")
    refund_destination: rx.Field[str] = rx.field("")
    refund_obstacle: rx.Field[str] = rx.field("")  # why there is no refund form
    refund_id: rx.Field[str] = rx.field("")  # a hidden field: pressing twice makes one refund (REF-7)
    _payment: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def open_panel(self, payment: str):
        watch("payments", PaymentPanelState.refresh)
        self._payment = parse_id("pay", payment)
        self._clear_feedback()
        await self._show(audited=True)
        self.open, self.times_opened = True, self.times_opened + 1
        load_disputes: Any = PaymentDisputesState.load_disputes
        return load_disputes(self._payment)

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def close_panel(self):
        self.open, self._payment = False, ""

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when money moves."""
        if self.open and self._payment and not self.busy:
            await self._show()

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def post_payment(self):
        """Posts this payment to the ledger."""
        async for step in run_busy(self, self._post_payment()):
            yield step
        await self._show()

    @rx.event
    @requires(Permission.REFUND)
    async def refund_payment(self, form: dict[str, str]):
        """The field `how` says which button was pressed: "Refund", or "Refund and void the charge"."""
        async for step in run_busy(self, self._refund_payment(form)):
            yield step
        await self._show()

    async def _post_payment(self) -> None:
        count = await in_thread(post_payments, me(), [PaymentId(parse_id("pay", self._payment))])
        self._show_done_text(
            plural(self.language, "{n} payment was posted.", "{n} payments were posted.", count)
        )

    async def _refund_payment(self, form: dict[str, str]) -> None:
        how = form.get("how", "")
        if how not in ("refund", "void"):
            raise NotFound
        refund = await in_processor_thread(
            refunds.refund_payment,
            me(),
            RefundId(parse_id("ref", form.get("refund"))),
            PaymentId(parse_id("pay", self._payment)),
            read_amount(form),
            processor=gateways().payments,
            void_charge=how == "void",
            reason=read_reason(form),
        )
        msgid = gettext_noop("{amount} was refunded.")
        if refund.status is RefundStatus.PROCESSING:
            msgid = gettext_noop("The refund of {amount} is on its way. We will know soon.")
        self._show_done(msgid, amount=refund.amount)

    async def _show(self, *, audited: bool = False) -> None:
        """Reads the payment again. `audited`: a person opened it, which is noted in the audit trail."""
        principal = me()
        view = await in_thread(view_payment, principal, PaymentId(self._payment), note=audited)
        self._show_facts(view)
        self._show_status(view)
        self._show_lists(view)
        self.can_post = (
            view.status in RECEIVED and not view.posted and principal.may(Permission.POST_TO_LEDGER)
        )
        missing = await missing_permission_text(self.language, principal, Permission.REFUND)
        self._show_refund_form(view, missing)

    def _show_facts(self, view: PaymentDetail) -> None:
        language = self.language
        self.payer = view.who
        self.payer_href = address(language, f"/staff/patients/{view.patient_id}")
        self.amount, self.day = money_text(language, view.amount), date_text(language, view.on)
        self.method = payment_method_text(language, view.method, view.shown)
        self.receipt, self.note = view.receipt_number, view.note
        self.receipt_href = f"/documents/receipt/{view.id}.pdf?lang={language}" if view.receipt_number else ""

    def _show_status(self, view: PaymentDetail) -> None:
        language = self.language
        self.status_tone, self.status = payment_status(language, view.status)
        declined = view.status is PaymentStatus.FAILED
        self.decline_reason = short_decline(language, view.decline_code) if declined else ""
        self.ledger = ""
        if view.status in RECEIVED:
            self.ledger = (
                translate(language, "Posted") if view.posted else translate(language, "To be posted")
            )

    def _show_lists(self, view: PaymentDetail) -> None:
        language = self.language
        self.allocations = [
            AllocationItem(number, money_text(language, amount)) for _invoice, number, amount in view.parts
        ]
        self.refunds = [
            RefundItem(
                date_text(language, refund.on),
                money_text(language, refund.amount),
                *refund_status(language, refund.status),
            )
            for refund in view.refunds
        ]

    def _show_refund_form(self, view: PaymentDetail, missing_permission: str) -> None:
        """The form, or why there is none; neither for a payment that was never received."""
        language = self.language
        obstacle = missing_permission
        if view.status is PaymentStatus.DISPUTED:
            obstacle = translate(
                language, "The payer disputes this payment with their bank. Answer it at the card processor."
            )
        self.can_refund = bool(view.refundable) and not obstacle
        self.refund_obstacle = obstacle if view.status in RECEIVED else ""
        self.refundable = money_text(language, view.refundable)
        self.refundable_for_input = view.refundable.plain()
        self.refund_destination = (
            translate(language, "It goes back to {source}, in up to 5 business days.", source=self.method)
            if view.at_processor
            else translate(language, "It was taken at the desk: give it back there. This writes it down.")
        )
        self.refund_id = new_id("ref")
