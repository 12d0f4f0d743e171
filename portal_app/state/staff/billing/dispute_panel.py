"""The disputes of a payment, in its panel: what the payer's bank does, and what staff do after it was lost."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing.disputes import DisputeStatus
from portal_app.domain.ids import DisputeId, PaymentId, parse_id
from portal_app.domain.money import total
from portal_app.i18n import date_text, gettext_noop, money_text, names_text, plural, translate
from portal_app.services.billing.disputes import decide
from portal_app.services.billing.disputes.decide import DisputeView
from portal_app.services.billing.staff.patient_billing import view_payment
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.live import watch

_STATUSES = {
    DisputeStatus.INQUIRY: ("info", gettext_noop("The bank asks")),
    DisputeStatus.INQUIRY_CLOSED: ("quiet", gettext_noop("Closed")),
    DisputeStatus.NEEDS_RESPONSE: ("late", gettext_noop("To be answered")),
    DisputeStatus.UNDER_REVIEW: ("due", gettext_noop("The bank decides")),
    DisputeStatus.WON: ("paid", gettext_noop("Won")),
    DisputeStatus.LOST: ("late", gettext_noop("Lost")),
}
# What the card processor calls it → what staff read; any other reason is "General".
_REASONS = {
    "credit_not_processed": gettext_noop("A refund is missing"),
    "debit_not_authorized": gettext_noop("Debit not authorized"),
    "duplicate": gettext_noop("Charged twice"),
    "fraudulent": gettext_noop("The payer says it was not them"),
    "insufficient_funds": gettext_noop("Not enough money"),
    "product_not_received": gettext_noop("Service not received"),
    "product_unacceptable": gettext_noop("Not satisfied"),
    "unrecognized": gettext_noop("Payment not recognized"),
}


@dataclass(frozen=True)
class DisputeItem:
    id: str
    tone: str
    status: str
    amount: str
    fee: str  # "" without
    reason: str
    opened: str
    answer_by: str  # "" when it cannot be answered
    due_again: str  # "INV-1001 and INV-1002, $120.00 together"; "" when nothing is
    undecided: bool


class PaymentDisputesState(Feedback, PortalState):
    disputes: rx.Field[list[DisputeItem]] = rx.field(default_factory=list)
    question: rx.Field[str] = rx.field("")  # asked before a write-off, with amount and person
    asked_about: rx.Field[str] = rx.field("")  # the dispute of the question
    may_decide: rx.Field[bool] = rx.field(False)
    may_write_off: rx.Field[bool] = rx.field(False)
    _payment: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load_disputes(self, payment: str):
        """Another payment is shown: nothing of the last one stays."""
        watch("payments", PaymentDisputesState.refresh)
        self._payment = parse_id("pay", payment)
        self._clear_feedback()
        self.question = self.asked_about = ""
        await self._show()

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when money moves."""
        if self._payment and not self.busy:
            await self._show()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def send_again(self, dispute: str):
        async for step in run_busy(self, self._send_again(dispute)):
            yield step
        await self._show()

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def ask_write_off(self, dispute: str):
        """Asks once, naming amount and person (REF-8)."""
        self._clear_feedback()
        payment = await in_thread(view_payment, me(), PaymentId(self._payment), note=False)
        views = await in_thread(decide.view_disputes, me(), PaymentId(self._payment))
        for view in views:
            if view.id == parse_id("dsp", dispute) and view.undecided:
                amount = total((one.due for one in view.due_again), view.amount.currency)
                self.asked_about = view.id
                self.question = translate(
                    self.language, "Write off {amount} of {who}?", amount=amount, who=payment.who
                )

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def cancel_write_off(self):
        self.question = self.asked_about = ""

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def write_off(self):
        async for step in run_busy(self, self._write_off()):
            yield step
        self.question = self.asked_about = ""
        await self._show()

    async def _send_again(self, dispute: str) -> None:
        count = await in_thread(decide.send_again, me(), DisputeId(parse_id("dsp", dispute)))
        self._show_done_text(
            plural(self.language, "{n} invoice was sent again.", "{n} invoices were sent again.", count)
        )

    async def _write_off(self) -> None:
        dispute = DisputeId(parse_id("dsp", self.asked_about))
        count = await in_thread(decide.write_off_loss, me(), dispute)
        self._show_done_text(
            plural(self.language, "{n} invoice was written off.", "{n} invoices were written off.", count)
        )

    async def _show(self) -> None:
        principal = me()
        views = await in_thread(decide.view_disputes, principal, PaymentId(self._payment))
        self.disputes = [self._item(view) for view in views]
        self.may_decide = principal.may(Permission.TAKE_PAYMENTS)
        self.may_write_off = self.may_decide and principal.may(Permission.POST_TO_LEDGER)

    def _item(self, view: DisputeView) -> DisputeItem:
        language = self.language
        tone, status = _STATUSES[view.status]
        return DisputeItem(
            id=view.id,
            tone=tone,
            status=translate(language, status),
            amount=money_text(language, view.amount),
            fee=money_text(language, view.fee) if view.fee else "",
            reason=translate(language, _REASONS.get(view.reason, gettext_noop("General"))),
            opened=date_text(language, view.on),
            answer_by=date_text(language, view.evidence_due) if view.evidence_due else "",
            due_again=self._due_again(view),
            undecided=view.undecided,
        )

    def _due_again(self, view: DisputeView) -> str:
        if not view.due_again:
            return ""
        amount = total((one.due for one in view.due_again), view.amount.currency)
        numbers = names_text(self.language, tuple(one.number for one in view.due_again))
        return translate(self.language, "{amount} is due: invoice {numbers}", amount=amount, numbers=numbers)
