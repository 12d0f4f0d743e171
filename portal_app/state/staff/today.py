"""The practice's side: signing in with a second factor, and today's payments as they happen."""

from dataclasses import dataclass

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.billing.types import RECEIVED, PaymentStatus
from portal_app.domain.errors import UserError
from portal_app.i18n import gettext_noop, money_text, paid_with_text, time_text, translate, weekday_text
from portal_app.services.billing.payments.receipts import todays_payments
from portal_app.services.billing.views import StaffPaymentRow, TodaysPayments
from portal_app.services.sign_in.staff import check_staff_password, check_staff_totp
from portal_app.state.base import PortalState, in_thread, me, public, requires
from portal_app.state.billing.labels import payment_status, short_decline
from portal_app.state.live import watch
from portal_app.state.sign_in.base import SignInBase
from portal_app.state.typed_fields import as_image

ARRIVED = gettext_noop("New payment: {amount} from {who}")
DECLINED = gettext_noop("Declined: {amount} from {who}")
TOLD = RECEIVED | {PaymentStatus.FAILED}


class StaffSignInState(SignInBase):
    step: rx.Field[str] = rx.field("password")  # password, set_up, code, done
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")
    _challenge: str = ""

    @rx.event
    @public
    async def begin(self):
        """Starts anew: what a former visitor typed is nobody's."""
        self._start_afresh()

    @rx.event
    @public
    async def give_password(self, form: dict[str, str]):
        """Whoever works here; the same words whatever is wrong."""
        self._start_afresh()
        self.busy, self.error = True, ""
        yield
        try:
            email, password = form.get("email", "").strip(), form.get("password", "")
            if not (email and password):
                raise UserError("Enter your email and your password")
            challenge = await in_thread(check_staff_password, me(), email, password)
            self._challenge, self.secret = challenge.id, challenge.secret
            self.qr = as_image(challenge.qr_svg)
            self.step = "set_up" if challenge.set_up else "code"
        except UserError as refusal:
            self.error = translate(self.language, refusal.message, **refusal.values)
        self.busy = False

    @rx.event
    @public
    async def give_code(self, form: dict[str, str]):
        """The code of their authenticator app."""
        self.busy, self.error = True, ""
        yield
        try:
            code = "".join(form.get("code", "").split())
            self.ticket = await in_thread(check_staff_totp, me(), self._challenge, code)
            self.step, self.qr, self.secret = "done", "", ""
        except UserError as refusal:
            self.error = translate(self.language, refusal.message, **refusal.values)
        self.busy = False

    @rx.event
    @public
    async def start_over(self):
        """Back to the password."""
        self._start_over()


@dataclass(frozen=True)
class PaymentItem:
    id: str
    at: str
    who: str
    for_what: str
    amount: str
    shown: str
    tone: str
    status: str
    why: str


class TodayState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    day: rx.Field[str] = rx.field("")
    received: rx.Field[str] = rx.field("")
    count: rx.Field[int] = rx.field(0)
    failed: rx.Field[int] = rx.field(0)
    waiting: rx.Field[int] = rx.field(0)
    rows: rx.Field[list[PaymentItem]] = rx.field(default_factory=list)
    news: rx.Field[str] = rx.field("")
    news_tone: rx.Field[str] = rx.field("paid")
    _told: frozenset[str] = frozenset()

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("payments", TodayState.refresh)
        today = await in_thread(todays_payments, me())
        self._told = frozenset(map(_key, today.rows))
        self.news = ""
        self._show(today)
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Asked for by the server when a payment changes: no activity of a person."""
        today = await in_thread(todays_payments, me())
        self._tell(today)
        self._show(today)

    def _tell(self, today: TodaysPayments) -> None:
        fresh = [row for row in today.rows if row.status in TOLD and _key(row) not in self._told]
        self._told = frozenset(map(_key, today.rows))
        if fresh:
            row = fresh[0]
            declined = row.status is PaymentStatus.FAILED
            msgid = DECLINED if declined else ARRIVED
            self.news = translate(self.language, msgid, amount=row.amount, who=row.who)
            self.news_tone = "late" if declined else "paid"

    def _show(self, today: TodaysPayments) -> None:
        self.day = weekday_text(self.language, clock.today())
        self.received = money_text(self.language, today.received)
        self.count, self.failed, self.waiting = today.count, today.failed, today.waiting
        self.rows = [self._item(row) for row in today.rows]

    def _item(self, row: StaffPaymentRow) -> PaymentItem:
        tone, status = payment_status(self.language, row.status)
        return PaymentItem(
            id=row.id,
            at=time_text(self.language, row.at),
            who=row.who,
            for_what=row.for_what,
            amount=money_text(self.language, row.amount),
            shown=paid_with_text(self.language, row.shown),
            tone=tone,
            status=status,
            why=short_decline(self.language, row.decline_code)
            if row.status is PaymentStatus.FAILED
            else (
                "" if row.posted or row.status not in RECEIVED else translate(self.language, "To be posted")
            ),
        )


def _key(row: StaffPaymentRow) -> str:
    return f"{row.id} {row.status}"
