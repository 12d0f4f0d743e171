"""Automatic payment of a membership: on with a saved card, off, and paying at once what a charge did not take."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PaymentId, PaymentMethodId, new_id, parse_id
from portal_app.domain.money import Money
from portal_app.gateways import gateways
from portal_app.i18n import full_date_text, gettext_noop, money_text, paid_with_text, translate
from portal_app.services.billing.views import PaymentMethodView, PaymentOutcome
from portal_app.services.memberships.autopay.choose import (
    AutopayView,
    replace_and_pay,
    set_autopay,
    stop_autopay,
    view_autopay,
)
from portal_app.services.memberships.autopay.next_charge import NextCharge
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.labels import payment_method_note, why_declined
from portal_app.state.errors import NoPaymentMethodChosen
from portal_app.state.feedback import run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.memberships.labels import owed_words, pay_address
from portal_app.state.memberships.one_membership import OneMembership
from portal_app.state.processor_threads import in_processor_thread


@dataclass(frozen=True)
class MethodItem:
    id: str
    label: str
    note: str  # "will be charged $110.00 on March 15, 2026"
    first: bool


class AutopayState(OneMembership, PortalState):
    plan: rx.Field[str] = rx.field("")
    is_on: rx.Field[bool] = rx.field(False)
    may_be_on: rx.Field[bool] = rx.field(False)
    now: rx.Field[str] = rx.field("")  # "Visa ending in 4242 will be charged $110.00 on March 15, 2026"
    credit: rx.Field[str] = rx.field("")
    methods: rx.Field[list[MethodItem]] = rx.field(default_factory=list)
    owed: rx.Field[str] = rx.field("")
    owed_note: rx.Field[str] = rx.field("")
    pay_now: rx.Field[str] = rx.field("")  # "Save and pay $110.00"
    pay_href: rx.Field[str] = rx.field("")  # paying it without saving a card for it
    payment: rx.Field[str] = rx.field("")  # a hidden field: two clicks, one payment

    _pay_now: Money | None = None
    _account: str = ""
    _leads_to: str = ""

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def load(self):
        if self._newly_here():
            self._forget_visit()
        await self._show_named()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def turn_on(self, form: dict[str, str]):
        async for _ in run_busy(self, self._turn_on(form), "payment_method"):
            yield

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def turn_off(self):
        async for _ in run_busy(self, self._turn_off()):
            yield

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def save_and_pay(self, form: dict[str, str]):
        """Use another card for automatic payment, and charge what is open at once (PAY-8)."""
        self._leads_to = ""
        async for _ in run_busy(self, self._save_and_pay(form), "payment_method"):
            yield
        if self._leads_to:
            yield rx.redirect(self._leads_to, replace=True)

    async def _turn_on(self, form: dict[str, str]) -> None:
        await in_thread(set_autopay, me(), self._membership(), _method(form))
        await self._show()
        self._show_done(gettext_noop("Automatic payment is on."))

    async def _turn_off(self) -> None:
        await in_thread(stop_autopay, me(), self._membership())
        await self._show()
        self._show_done(gettext_noop("Automatic payment is off. You pay each invoice yourself."))

    async def _save_and_pay(self, form: dict[str, str]) -> None:
        if self._pay_now is None:
            raise NotFound
        payment = PaymentId(parse_id("pay", form.get("payment")))
        outcome = await in_processor_thread(
            replace_and_pay,
            me(),
            self._membership(),
            _method(form),
            payment,
            self._pay_now,
            processor=gateways().payments,
        )
        self._leads_to = self._page_after(outcome)
        if not self._leads_to:
            await self._show()
        if outcome.status is PaymentStatus.FAILED:
            self.message, self.tone = why_declined(self.language, outcome.decline_code), "late"

    def _page_after(self, outcome: PaymentOutcome) -> str:
        """The receipt; or the page on which the bank's question is answered, or an unknown outcome followed."""
        if outcome.status is PaymentStatus.SUCCEEDED:
            return address(self.language, f"/receipt?id={outcome.payment_id}")
        if outcome.status in (PaymentStatus.FAILED, PaymentStatus.CANCELLED):
            return ""
        return address(self.language, f"/payments?account={self._account}")

    async def _show(self) -> None:
        view = await in_thread(view_autopay, me(), self._membership())
        self.plan, self._account = view.plan, view.account_id
        self.is_on, self.may_be_on = view.is_on, view.may_be_turned_on
        self.now = self._now_words(view)
        self.credit = money_text(self.language, view.credit) if view.credit else ""
        # Where all is fine, only another one can be chosen.
        offered = [
            one for one in view.methods if not view.standing.is_fine or one.id != view.payment_method_id
        ]
        self.methods = [self._item(method, view) for method in offered]
        self.owed, self.owed_note = owed_words(self.language, view.standing, automatic=view.is_on)
        self.pay_href = pay_address(self.language, view.account_id, self._membership())
        self._show_pay_now(view)
        self.missing, self.ready = False, True

    def _show_pay_now(self, view: AutopayView) -> None:
        self._pay_now = view.pay_now if view.may_be_turned_on and view.pay_now else None
        self.payment, self.pay_now = new_id("pay"), ""
        if self._pay_now is not None:
            self.pay_now = translate(self.language, "Save and pay {amount}", amount=self._pay_now)

    def _item(self, method: PaymentMethodView, view: AutopayView) -> MethodItem:
        charge = view.next_charge
        tells = charge is not None and view.standing.is_fine
        note = self._charge_words("", charge) if tells else payment_method_note(self.language, method)
        first = method.id == view.payment_method_id if view.is_on else method.is_default
        return MethodItem(method.id, paid_with_text(self.language, method.shown), note, first)

    def _now_words(self, view: AutopayView) -> str:
        """What is charged next; where a charge failed, with which card: what follows stands above."""
        if not view.is_on:
            return ""
        if view.standing.is_fine:
            return self._charge_words(view.shown, view.next_charge)
        return translate(
            self.language, "Automatically, with {shown}", shown=paid_with_text(self.language, view.shown)
        )

    def _charge_words(self, shown: str, charge: NextCharge | None) -> str:
        card = paid_with_text(self.language, shown) if shown else ""
        if charge is None:
            return (
                translate(self.language, "{card}: we tell you before each charge", card=card) if card else ""
            )
        day = full_date_text(self.language, charge.day)
        amount = money_text(self.language, charge.amount)
        if not card:
            return translate(self.language, "Will be charged {amount} on {day}", amount=amount, day=day)
        msgid = gettext_noop("{card} will be charged {amount} on {date}")
        return translate(self.language, msgid, card=card, amount=amount, date=day)


def _method(form: dict[str, str]) -> PaymentMethodId:
    if not form.get("payment_method"):
        raise NoPaymentMethodChosen
    return PaymentMethodId(parse_id("src", form["payment_method"]))
