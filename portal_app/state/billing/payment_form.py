"""Paying, whatever is paid: with a saved card or a new one, past the bank's question, never twice.

A mixin: `class …State(Paying, PortalState)` says what may be paid (`_show`), what its form asks for
(`_offered`), and by which service it is paid (`_pay`). Paying by a link has the same steps behind
doors of its own (state/billing/pay_link.py).
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import ClassVar

import reflex as rx

from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.errors import DuplicatePaymentWarning, InvoiceHeld
from portal_app.domain.billing.payability import Payability, WhyNot
from portal_app.domain.billing.payments import InFlightPayment
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, PaymentMethodId, given_id, new_id
from portal_app.domain.money import Money
from portal_app.gateways import gateways
from portal_app.i18n import gettext_noop, money_text, paid_with_text, translate
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment
from portal_app.services.billing.views import PaymentMethodView, PaymentOutcome
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.labels import payment_method_note, why_declined
from portal_app.state.i18n_paths import address

NEW_CARD = "new"
_NO_PAY = {WhyNot.OFFLINE: "offline", WhyNot.TOO_SMALL: "small"}  # what the page has words for
_TOKEN = re.compile(r"ctoken_[A-Za-z0-9_]{1,200}")


@dataclass(frozen=True)
class PaymentMethodItem:
    id: str
    label: str
    note: str
    first: bool
    expired: bool


@dataclass(frozen=True)
class PaymentForm:
    """What the payer pressed Pay for, while their card or their bank is asked."""

    payment_id: PaymentId
    amount: Money
    invoice_ids: tuple[InvoiceId, ...] | None = None  # None: whatever is open on the account
    account_id: AccountId | None = None  # None: their only one
    payment_method_id: PaymentMethodId | None = None
    token: str = ""
    save: bool = False


Steps = AsyncIterator[rx.event.EventSpec | None]


class PaymentStepsState(PortalState, mixin=True):
    """What happens at each press. Who may press is said by the handlers, which are not here."""

    ready: rx.Field[bool] = rx.field(False)
    missing: rx.Field[bool] = rx.field(False)
    can_pay: rx.Field[bool] = rx.field(False)
    no_pay: rx.Field[str] = rx.field("")  # "", "offline", "small"
    all_of_it: rx.Field[str] = rx.field("")
    at_least: rx.Field[str] = rx.field("")
    sources: rx.Field[list[PaymentMethodItem]] = rx.field(default_factory=list)
    payment: rx.Field[str] = rx.field("")  # rides in the form: two clicks, one payment
    busy: rx.Field[bool] = rx.field(False)
    trouble: rx.Field[str] = rx.field("")
    amount_wrong: rx.Field[bool] = rx.field(False)  # the trouble is the amount they typed
    again: rx.Field[str] = rx.field("")  # the question before the same amount is paid twice
    held: rx.Field[str] = rx.field("")
    held_id: rx.Field[str] = rx.field("")
    held_by_bank: rx.Field[bool] = rx.field(False)  # it waits for the payer, not for an answer
    held_elsewhere: rx.Field[bool] = rx.field(False)  # somebody else's: they decide

    # What the card form of the processor is told.
    card_key: rx.Field[str] = rx.field("")
    card_script: rx.Field[str] = rx.field("")
    card_amount: rx.Field[int] = rx.field(0)
    card_currency: rx.Field[str] = rx.field("usd")
    card_save: rx.Field[bool] = rx.field(False)
    card_wanted: rx.Field[bool] = rx.field(False)
    card_asked: rx.Field[int] = rx.field(0)  # raised when a token of the card is wanted (ui.js)
    card_attempt: rx.Field[int] = rx.field(0)  # raised with every answer to the card form
    card_released: rx.Field[bool] = rx.field(False)
    bank_secret: rx.Field[str] = rx.field("")  # the payer's bank asks the payer

    _payability: Payability | None = None
    _offer: PaymentForm | None = None
    _receipt_page: ClassVar[str] = "/receipt"

    def _arrive(self) -> bool:
        """What a page that pays begins with. True: it may be drawn.

        A page whose line was cut goes on where it was: a phone changes networks, or its owner was in the app
        of their bank. A question that stands before them stays, the bank's too, and no form is drawn under it.
        """
        if self._newly_here():
            self._clear()
            self.ready = self.missing = self.busy = self.card_wanted = False
            return True
        if self.busy:  # whoever was to answer died
            self._release()
        return not self._is_asked()

    def _is_asked(self) -> bool:
        return bool(self.bank_secret or self.again)

    async def _pressed(self, form: dict[str, str]) -> Steps:
        """The form was sent."""
        self._clear()
        self.busy = True
        yield None
        try:
            offer = self._offered(form)
            if form.get("source") == NEW_CARD:
                self._ask_for_card(offer)
            else:
                yield await self._charge(replace(offer, payment_method_id=_source(form)))
        except UserError as refusal:
            await self._refuse(refusal)
            self.amount_wrong = bool(self.trouble) and form.get("how_much") == "part"

    async def _typed(self, token: str) -> Steps:
        """The processor's form has turned the card into a token: the card itself never comes here."""
        try:
            if self._offer is None or not _TOKEN.fullmatch(token):
                raise NotFound
            yield await self._charge(replace(self._offer, token=token))
        except UserError as refusal:
            await self._refuse(refusal)

    async def _once_more(self) -> Steps:
        """They were asked, and mean it."""
        offer, self.again = self._offer, ""
        if offer is None:
            return
        self.busy = True
        yield None
        try:
            yield await self._charge(replace(offer, payment_id=PaymentId(self.payment)), again=True)
        except UserError as refusal:
            await self._refuse(refusal)

    async def _continued(self) -> Steps:
        self._clear()
        self.busy = True
        yield None
        yield await self._confirm()

    async def _cancelled(self) -> Steps:
        self._clear()
        self.busy = True
        yield None
        try:
            payment = PaymentId(given_id("pay", self.held_id))
            yield await self._came_of(await in_thread(self._give_up, me(), payment))
        except UserError as refusal:
            await self._refuse(refusal)

    async def _confirm(self) -> rx.event.EventSpec | None:
        try:
            payment = PaymentId(given_id("pay", self.held_id))
            return await self._came_of(await in_thread(self._look_up, me(), payment))
        except UserError as refusal:
            return await self._refuse(refusal)

    async def _charge(self, offer: PaymentForm, *, again: bool = False) -> rx.event.EventSpec | None:
        self._offer = offer
        return await self._came_of(await in_thread(self._pay, me(), offer, again))

    async def _came_of(self, outcome: PaymentOutcome) -> rx.event.EventSpec | None:
        """What the page shows next: the receipt, the bank's own question, or why not."""
        if outcome.status is PaymentStatus.SUCCEEDED:
            self._release()
            self._offer = None
            receipt = f"{self._receipt_page}?id={outcome.payment_id}"
            return rx.redirect(address(self.language, receipt), replace=True)
        if outcome.status is PaymentStatus.REQUIRES_ACTION and outcome.client_secret:
            self._ask_bank(outcome)
            return None
        await self._show()
        self._release()
        if outcome.status is PaymentStatus.FAILED:
            self.trouble = why_declined(self.language, outcome.decline_code)
        return None

    async def _refuse(self, refusal: UserError) -> None:
        """Say why by the button, and draw the form anew: another try is another payment."""
        await self._show()
        self._release()
        said = translate(self.language, refusal.message, **refusal.values)
        if isinstance(refusal, DuplicatePaymentWarning):
            self.again = said
        elif not isinstance(refusal, InvoiceHeld):  # the panel that waits says it already
            self.trouble = said

    async def _show(self) -> None:
        """Look again at what may be paid, and draw the form anew with a payment of its own."""
        raise NotImplementedError

    def _offered(self, form: dict[str, str]) -> PaymentForm:
        """What the form asks to pay."""
        raise NotImplementedError

    @staticmethod
    def _pay(principal: Principal, offer: PaymentForm, again: bool) -> PaymentOutcome:
        """By the service that pays such a thing; runs in a thread."""
        raise NotImplementedError

    @staticmethod
    def _look_up(principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        """What the processor says of it; runs in a thread."""
        return confirm_payment(principal, payment_id, processor=gateways().payments)

    @staticmethod
    def _give_up(principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        return cancel_payment(principal, payment_id, processor=gateways().payments)

    def _ask_for_card(self, offer: PaymentForm) -> None:
        """The processor is asked for the card's token; an amount that cannot be charged is refused before."""
        if self._payability is None:
            raise NotFound
        self._payability.accept(offer.amount)
        self._offer, self.card_amount, self.card_save = offer, offer.amount.minor, offer.save
        self.card_wanted, self.card_released, self.busy = True, False, False
        self.card_asked += 1

    def _ask_bank(self, outcome: PaymentOutcome) -> None:
        self.held_id, self.bank_secret = outcome.payment_id, outcome.client_secret
        self.card_wanted, self.card_released = True, False
        self.card_attempt += 1

    def _release(self) -> None:
        """Answered: the buttons are the payer's again, and the bank's question is over."""
        self.busy, self.card_released, self.bank_secret = False, True, ""
        self.card_attempt += 1

    def _clear(self) -> None:
        self.trouble = self.again = self.bank_secret = ""
        self.amount_wrong = False

    def _draw_form(
        self,
        found: Payability,
        sources: tuple[PaymentMethodView, ...],
        chosen: str = "",
    ) -> None:
        """With a payment of its own: two clicks are one, another try is another."""
        amount = found.payable
        processor = gateways().payments
        self.card_key, self.card_script = processor.publishable_key, processor.script_url
        self.card_currency = amount.currency.lower()
        self.payment, self._payability = new_id("pay"), found
        self.card_amount = (found.held.amount if found.held else amount).minor
        self.all_of_it = money_text(self.language, amount)
        first = chosen if chosen in {source.id for source in sources} else ""
        self.sources = [self._payment_method_item(source, first) for source in sources]

    def _show_payability(self, found: Payability, *, elsewhere: bool = False) -> None:
        """May it be paid here and now; or why not."""
        self._show_held(found.held, elsewhere=elsewhere)
        self.can_pay = found.why_not is None
        self.no_pay = _NO_PAY.get(found.why_not, "") if found.why_not else ""
        self.at_least = (
            translate(self.language, "From {least} to {most}", least=found.smallest, most=found.payable)
            if found.smallest < found.payable
            else ""
        )

    def _show_held(self, held: InFlightPayment | None, *, elsewhere: bool = False) -> None:
        self.held, self.held_id, self.held_elsewhere = "", "", elsewhere
        if held is None:
            return
        self.held_id = "" if elsewhere else held.id  # only who began it goes on with it
        self.held_by_bank = held.status is PaymentStatus.REQUIRES_ACTION
        msgid = (
            gettext_noop("Your bank asks you to confirm your payment of {amount}.")
            if self.held_by_bank
            else gettext_noop("We are checking your last payment of {amount} with the bank.")
        )
        self.held = translate(self.language, msgid, amount=held.amount)

    def _payment_method_item(self, source: PaymentMethodView, first: str) -> PaymentMethodItem:
        note = payment_method_note(self.language, source)
        chosen = source.id == first if first else source.is_default
        return PaymentMethodItem(
            source.id, paid_with_text(self.language, source.shown), note, chosen, source.expired
        )


class PaymentFormState(PaymentStepsState, mixin=True):
    """For whoever is signed in."""

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def pay(self, form: dict[str, str]):
        async for step in self._pressed(form):
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def pay_with_card(self, token: str):
        async for step in self._typed(token):
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def want_card(self):
        """A new card is chosen: now its form is worth loading."""
        self.card_wanted = True

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def pay_again(self):
        async for step in self._once_more():
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def not_again(self):
        self.again = ""

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def bank_answered(self, result: dict[str, str]):
        """Whatever the page says of it, the processor is asked."""
        yield await self._confirm()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def continue_held(self):
        async for step in self._continued():
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def cancel_held(self):
        async for step in self._cancelled():
            yield step


def _source(form: dict[str, str]) -> PaymentMethodId:
    if not form.get("source"):
        raise UserError("Choose how you want to pay")
    return PaymentMethodId(given_id("src", form["source"]))
