"""The page Today: today's payments, shown as they arrive."""

from dataclasses import dataclass

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.billing.types import RECEIVED, PaymentStatus
from portal_app.i18n import gettext_noop, money_text, paid_with_text, time_text, translate, weekday_text
from portal_app.services.billing.payments.receipts import todays_payments
from portal_app.services.billing.views import StaffPaymentRow, TodaysPayments
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.labels import payment_status, short_decline
from portal_app.state.live import watch

_RECEIVED_TEXT = gettext_noop("New payment: {amount} from {who}")
_DECLINED_TEXT = gettext_noop("Declined: {amount} from {who}")
_ANNOUNCED = {PaymentStatus.SUCCEEDED, PaymentStatus.FAILED}


@dataclass(frozen=True)
class PaymentItem:
    id: str
    time: str
    payer: str
    invoices: str
    amount: str
    method: str
    tone: str
    status: str
    detail: str  # why it was declined, or "To be posted"


class TodayState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    day: rx.Field[str] = rx.field("")
    received: rx.Field[str] = rx.field("")
    payment_count: rx.Field[int] = rx.field(0)
    declined_count: rx.Field[int] = rx.field(0)
    pending_count: rx.Field[int] = rx.field(0)
    rows: rx.Field[list[PaymentItem]] = rx.field(default_factory=list)
    announcement: rx.Field[str] = rx.field("")
    announcement_tone: rx.Field[str] = rx.field("paid")
    _announced: frozenset[str] = frozenset()  # payment and status: what needs no announcement any more

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("payments", TodayState.refresh)
        today = await in_thread(todays_payments, me())
        self._announced = frozenset(map(_announcement_key, today.rows))
        self.announcement = ""
        self._show(today)
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when a payment changes; it does not count as activity of a person."""
        today = await in_thread(todays_payments, me())
        self._announce_newest(today)
        self._show(today)

    def _announce_newest(self, today: TodaysPayments) -> None:
        """Announces the newest payment that was received or declined since the last look, once."""
        new_rows = [
            row
            for row in today.rows
            if row.status in _ANNOUNCED and _announcement_key(row) not in self._announced
        ]
        self._announced = frozenset(map(_announcement_key, today.rows))
        if new_rows:
            newest = new_rows[0]
            declined = newest.status is PaymentStatus.FAILED
            msgid = _DECLINED_TEXT if declined else _RECEIVED_TEXT
            self.announcement = translate(self.language, msgid, amount=newest.amount, who=newest.who)
            self.announcement_tone = "late" if declined else "paid"

    def _show(self, today: TodaysPayments) -> None:
        self.day = weekday_text(self.language, clock.today())
        self.received = money_text(self.language, today.received)
        self.payment_count, self.declined_count = today.count, today.failed
        self.pending_count = today.waiting
        self.rows = [self._item(row) for row in today.rows]

    def _item(self, row: StaffPaymentRow) -> PaymentItem:
        tone, status = payment_status(self.language, row.status)
        return PaymentItem(
            id=row.id,
            time=time_text(self.language, row.at),
            payer=row.who,
            invoices=row.for_what,
            amount=money_text(self.language, row.amount),
            method=paid_with_text(self.language, row.shown),
            tone=tone,
            status=status,
            detail=self._detail(row),
        )

    def _detail(self, row: StaffPaymentRow) -> str:
        if row.status is PaymentStatus.FAILED:
            return short_decline(self.language, row.decline_code)
        if row.status in RECEIVED and not row.posted:
            return translate(self.language, "To be posted")
        return ""


def _announcement_key(row: StaffPaymentRow) -> str:
    return f"{row.id} {row.status}"
