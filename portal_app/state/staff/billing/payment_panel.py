"""One payment opened beside the list: post it, give it back."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing.types import RECEIVED, PaymentStatus, RefundStatus
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PaymentId, RefundId, new_id, parse_id
from portal_app.gateways import gateways
from portal_app.i18n import date_text, gettext_noop, money_text, plural, translate
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.staff.patient_billing import PaymentDetail, view_payment
from portal_app.services.billing.staff.record_payment import post_payments
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.labels import payment_status, short_decline
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.staff.labels import (
    not_allowed,
    plain_amount,
    refund_status,
    shown_with,
    typed_money,
    typed_reason,
)


@dataclass(frozen=True)
class PartItem:
    number: str
    amount: str


@dataclass(frozen=True)
class RefundItem:
    day: str
    amount: str
    tone: str
    status: str


class PaymentPanelState(PortalState):
    turn: rx.Field[int] = rx.field(0)  # raised when it opens: ui.js shows it then
    open: rx.Field[bool] = rx.field(False)
    who: rx.Field[str] = rx.field("")
    who_href: rx.Field[str] = rx.field("")
    amount: rx.Field[str] = rx.field("")
    day: rx.Field[str] = rx.field("")
    shown: rx.Field[str] = rx.field("")
    tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    why: rx.Field[str] = rx.field("")
    receipt: rx.Field[str] = rx.field("")
    receipt_href: rx.Field[str] = rx.field("")
    ledger: rx.Field[str] = rx.field("")
    note: rx.Field[str] = rx.field("")
    parts: rx.Field[list[PartItem]] = rx.field(default_factory=list)
    refunds: rx.Field[list[RefundItem]] = rx.field(default_factory=list)
    can_post: rx.Field[bool] = rx.field(False)
    can_refund: rx.Field[bool] = rx.field(False)
    at_most: rx.Field[str] = rx.field("")
    at_most_plain: rx.Field[str] = rx.field("")
    goes_back: rx.Field[str] = rx.field("")
    no_refund: rx.Field[str] = rx.field("")
    refund_id: rx.Field[str] = rx.field("")  # rides in the form: two presses, one refund (REF-7)
    busy: rx.Field[bool] = rx.field(False)
    trouble: rx.Field[str] = rx.field("")
    done: rx.Field[str] = rx.field("")
    _payment: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def show(self, payment: str):
        watch("payments", PaymentPanelState.refresh)
        self._payment = parse_id("pay", payment)
        self.trouble = self.done = ""
        await self._look(note=True)
        self.open, self.turn = True, self.turn + 1

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def close(self):
        self.open, self._payment = False, ""

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Asked for by the server when money moves."""
        if self.open and self._payment and not self.busy:
            await self._look(note=False)

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def post(self):
        """This one payment becomes a ledger entry."""
        self.trouble = self.done = ""
        try:
            done = await in_thread(post_payments, me(), [PaymentId(parse_id("pay", self._payment))])
            self.done = plural(self.language, "{n} payment was posted.", "{n} payments were posted.", done)
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
        await self._look(note=False)

    @rx.event
    @requires(Permission.REFUND)
    async def refund(self, form: dict[str, str]):
        """ "Refund", or "Refund and void the charge": which button was pressed rides in the form."""
        self.busy, self.trouble, self.done = True, "", ""
        yield
        try:
            await self._refund(form)
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
        await self._look(note=False)
        self.busy = False

    async def _refund(self, form: dict[str, str]) -> None:
        how = form.get("how", "")
        if how not in ("refund", "void"):
            raise UserError("We could not find that.")
        answer = await in_thread(
            refund_payment,
            me(),
            RefundId(parse_id("ref", form.get("refund"))),
            PaymentId(parse_id("pay", self._payment)),
            typed_money(form),
            processor=gateways().payments,
            void_charge=how == "void",
            reason=typed_reason(form),
        )
        msgid = gettext_noop("{amount} was refunded.")
        if answer.status is RefundStatus.PROCESSING:
            msgid = gettext_noop("The refund of {amount} is on its way. We will know soon.")
        self.done = translate(self.language, msgid, amount=answer.amount)

    async def _look(self, *, note: bool) -> None:
        seen = await in_thread(view_payment, me(), PaymentId(self._payment), note=note)
        self._show_facts(seen)
        self._show_parts(seen)
        language, who = self.language, me()
        self.can_post = seen.status in RECEIVED and not seen.posted and who.may(Permission.POST_TO_LEDGER)
        self.at_most, self.at_most_plain = (
            money_text(language, seen.refundable),
            plain_amount(seen.refundable),
        )
        self.no_refund = await not_allowed(language, who, Permission.REFUND)
        if seen.status is PaymentStatus.DISPUTED:
            self.no_refund = translate(
                language,
                "The payer disputes this payment with their bank. Answer it at the card processor.",
            )
        self.can_refund = bool(seen.refundable) and not self.no_refund
        if seen.status not in RECEIVED:
            self.no_refund = ""
        self.goes_back = (
            translate(language, "It goes back to {source}, in up to 5 business days.", source=self.shown)
            if seen.at_processor
            else translate(language, "It was taken at the desk: give it back there. This writes it down.")
        )
        self.refund_id = new_id("ref")

    def _show_facts(self, seen: PaymentDetail) -> None:
        language = self.language
        self.who = seen.who
        self.who_href = address(language, f"/staff/patients/{seen.patient_id}")
        self.amount, self.day = money_text(language, seen.amount), date_text(language, seen.on)
        self.shown = shown_with(language, seen.method, seen.shown)
        self.tone, self.status = payment_status(language, seen.status)
        failed = seen.status is PaymentStatus.FAILED
        self.why = short_decline(language, seen.decline_code) if failed else ""
        self.receipt, self.note = seen.receipt_number, seen.note
        self.receipt_href = f"/documents/receipt/{seen.id}.pdf?lang={language}" if seen.receipt_number else ""
        self.ledger = ""
        if seen.status in RECEIVED:
            self.ledger = (
                translate(language, "Posted") if seen.posted else translate(language, "To be posted")
            )

    def _show_parts(self, seen: PaymentDetail) -> None:
        language = self.language
        self.parts = [PartItem(number, money_text(language, amount)) for _, number, amount in seen.parts]
        self.refunds = [
            RefundItem(
                date_text(language, r.on),
                money_text(language, r.amount),
                *refund_status(language, r.status),
            )
            for r in seen.refunds
        ]
