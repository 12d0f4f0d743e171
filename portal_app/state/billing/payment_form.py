"""Paying: with a saved card or a new one, through the bank's own question, never twice.

A mixin: `class …State(PaymentFormState, PortalState)` says what may be paid (`_show`), what its form asks for
(`_read_form`), and by which service it is paid (`_pay`). Paying by an action link has the same steps behind
guards of its own (state/billing/pay_link.py).
"""

import re
from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import ClassVar

import reflex as rx

from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.errors import DuplicatePaymentWarning, InvoiceHeld
from portal_app.domain.billing.payability import Payability, WhyNot
from portal_app.domain.billing.payments import InFlightPayment
from portal_app.domain.billing.processor_limits import to_processor_units
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, PaymentMethodId, new_id, parse_id
from portal_app.domain.money import Money
from portal_app.gateways import gateways
from portal_app.i18n import gettext_noop, money_text, paid_with_text, translate
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment
from portal_app.services.billing.views import PaymentMethodView, PaymentOutcome
from portal_app.state.base import me, requires
from portal_app.state.billing.labels import payment_method_note, why_declined
from portal_app.state.errors import NoPaymentMethodChosen
from portal_app.state.feedback import Feedback, LoadedPage
from portal_app.state.i18n_paths import address
from portal_app.state.processor_threads import in_processor_thread

NEW_CARD = "new"
_WHY_NOT = {
    WhyNot.OFFLINE: "offline",
    WhyNot.TOO_SMALL: "small",
    WhyNot.CREDIT: "credit",
}  # what the page has words for
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
    use_credit: bool = False  # the account's credit pays first, the card the rest (CRED-6)


Steps = AsyncIterator[rx.event.EventSpec | None]


class PaymentStepsState(LoadedPage, Feedback, mixin=True):
    """The steps of a payment. The handlers, each with its guard, are in the classes that inherit it."""

    can_pay: rx.Field[bool] = rx.field(False)
    why_not: rx.Field[str] = rx.field("")  # "", "offline", "small", "credit"
    full_amount: rx.Field[str] = rx.field("")
    all_words: rx.Field[str] = rx.field("")  # "All, $25.00", or "Use $10.00 credit and pay $15.00"
    at_least: rx.Field[str] = rx.field("")
    payment_methods: rx.Field[list[PaymentMethodItem]] = rx.field(default_factory=list)
    payment: rx.Field[str] = rx.field("")  # its id, sent with the form: two clicks, one payment
    duplicate_warning: rx.Field[str] = rx.field("")  # asked before the same amount is paid a second time
    held: rx.Field[str] = rx.field("")
    held_by_bank: rx.Field[bool] = rx.field(False)  # the bank waits for the payer

    # What the card form of the processor is told.
    card_key: rx.Field[str] = rx.field("")
    card_script: rx.Field[str] = rx.field("")
    card_amount: rx.Field[int] = rx.field(0)
    card_currency: rx.Field[str] = rx.field("usd")
    card_save: rx.Field[bool] = rx.field(False)
    card_wanted: rx.Field[bool] = rx.field(False)
    card_asked: rx.Field[int] = rx.field(0)  # raised to ask the card form for a token (ui.js)
    card_attempt: rx.Field[int] = rx.field(0)  # raised with every answer to the card form
    card_released: rx.Field[bool] = rx.field(False)
    bank_secret: rx.Field[str] = rx.field("")  # for the question of the payer's bank

    _held_id: str = ""  # "" where somebody else has to go on with it
    _payability: Payability | None = None
    _offer: PaymentForm | None = None
    _receipt_page: ClassVar[str] = "/receipt"

    def _start_visit(self) -> bool:
        """Begin a page that pays; returns whether its form may be drawn.

        After a lost connection the page goes on where it was: a phone changes networks, or its owner was in the
        app of their bank. An open question, the bank's too, stays, and no form is drawn under it.
        """
        if self._newly_here():
            self._clear_question()
            self.ready = self.missing = self.busy = self.card_wanted = False
            return True
        if self.busy:  # the handler that was to answer is gone
            self._release()
        return not self._has_question()

    def _has_question(self) -> bool:
        """Whether the bank or the portal waits for the payer's answer."""
        return bool(self.bank_secret or self.duplicate_warning)

    async def _start_payment(self, form: dict[str, str]) -> Steps:
        """Charge the saved card that was chosen, or ask the processor for a new card's token."""
        self._clear_question()
        self.busy = True
        yield None
        try:
            offer = self._read_form(form)
            if form.get("source") == NEW_CARD:
                self._ask_for_card(offer)
            else:
                yield await self._charge(replace(offer, payment_method_id=_payment_method(form)))
        except UserError as refusal:
            await self._refuse(refusal)
            if form.get("how_much") == "part":
                self._mark_amount()

    async def _pay_with_token(self, token: str) -> Steps:
        """The processor's form has turned the card into a token: the card's number never comes here."""
        try:
            if self._offer is None or not _TOKEN.fullmatch(token):
                raise NotFound
            yield await self._charge(replace(self._offer, token=token))
        except UserError as refusal:
            await self._refuse(refusal)

    async def _pay_second_time(self) -> Steps:
        """They confirmed the duplicate warning."""
        offer, self.duplicate_warning = self._offer, ""
        if offer is None:
            return
        self.busy = True
        yield None
        try:
            yield await self._charge(replace(offer, payment_id=PaymentId(self.payment)), again=True)
        except UserError as refusal:
            await self._refuse(refusal)

    async def _continue_payment(self) -> Steps:
        self._clear_question()
        self.busy = True
        yield None
        yield await self._confirm()

    async def _cancel_payment(self) -> Steps:
        self._clear_question()
        self.busy = True
        yield None
        try:
            payment = PaymentId(parse_id("pay", self._held_id))
            yield await self._show_outcome(await in_processor_thread(self._cancel, me(), payment))
        except UserError as refusal:
            await self._refuse(refusal)

    async def _confirm(self) -> rx.event.EventSpec | None:
        try:
            payment = PaymentId(parse_id("pay", self._held_id))
            return await self._show_outcome(await in_processor_thread(self._refetch, me(), payment))
        except UserError as refusal:
            return await self._refuse(refusal)

    async def _charge(self, offer: PaymentForm, *, again: bool = False) -> rx.event.EventSpec | None:
        self._offer = offer
        return await self._show_outcome(await in_processor_thread(self._pay, me(), offer, again))

    async def _show_outcome(self, outcome: PaymentOutcome) -> rx.event.EventSpec | None:
        """Lead to the receipt, show the bank's own question, or say why nothing was charged."""
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
        if outcome.status is PaymentStatus.FAILED or outcome.decline_code:
            self.message, self.tone = why_declined(self.language, outcome.decline_code), "late"
        return None

    async def _refuse(self, refusal: UserError) -> None:
        """Say why, and draw the form again with a new payment id: another try is another payment."""
        await self._show()
        self._release()
        if isinstance(refusal, DuplicatePaymentWarning):
            self.duplicate_warning = translate(self.language, refusal.message, **refusal.values)
        elif not isinstance(refusal, InvoiceHeld):  # the panel of the payment in flight says it already
            self._show_refusal(refusal)

    def _mark_amount(self) -> None:
        """The refusal is about the amount that was typed: its field is marked, the words stay in the message."""
        if self.message and self.tone == "late":
            self.field_errors = {"amount": self.message}

    @abstractmethod
    async def _show(self) -> None:
        """Read again what may be paid, and draw the form with a new payment id."""

    @abstractmethod
    def _read_form(self, form: dict[str, str]) -> PaymentForm:
        """What the form asks to pay."""

    def _read_amount(self, form: dict[str, str]) -> PaymentForm:
        """All that is payable, or the amount that was typed. Raises NotFound where nothing is."""
        if self._payability is None:
            raise NotFound
        payable = self._payability.payable
        whole = form.get("how_much", "all") == "all"
        amount = payable if whole else Money.parse(form.get("amount", ""), payable.currency)
        return PaymentForm(PaymentId(parse_id("pay", form.get("payment"))), amount)

    @abstractmethod
    def _pay(self, principal: Principal, offer: PaymentForm, again: bool) -> PaymentOutcome:
        """Call the service that pays it; runs in a thread."""

    def _refetch(self, principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        """Ask the processor what came of it; runs in a thread."""
        return confirm_payment(principal, payment_id, processor=gateways().payments)

    def _cancel(self, principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        return cancel_payment(principal, payment_id, processor=gateways().payments)

    def _ask_for_card(self, offer: PaymentForm) -> None:
        """The processor is asked for the card's token; an amount that cannot be charged is refused before."""
        if self._payability is None:
            raise NotFound
        self._payability.accept(offer.amount)
        self._offer, self.card_amount, self.card_save = offer, to_processor_units(offer.amount), offer.save
        self.card_wanted, self.card_released, self.busy = True, False, False
        self.card_asked += 1

    def _ask_bank(self, outcome: PaymentOutcome) -> None:
        self._held_id, self.bank_secret = outcome.payment_id, outcome.client_secret
        self._prepare_card_form(outcome.amount)  # a page that is opened again has drawn no form yet
        self.card_wanted, self.card_released = True, False
        self.card_attempt += 1

    def _release(self) -> None:
        """Enable the buttons again; the bank's question is over."""
        self.busy, self.card_released, self.bank_secret = False, True, ""
        self.card_attempt += 1

    def _clear_question(self) -> None:
        self._clear_feedback()
        self.duplicate_warning = self.bank_secret = ""

    def _draw_form(
        self,
        found: Payability,
        methods: tuple[PaymentMethodView, ...],
        chosen: str = "",
    ) -> None:
        """Draw the payment form with a new payment id: two clicks are one payment, another try is another."""
        amount = found.payable
        self._prepare_card_form(found.held.amount if found.held else amount)
        self.payment, self._payability = new_id("pay"), found
        self.full_amount = money_text(self.language, amount)
        self.all_words = self._all_words(found)
        first = chosen if chosen in {method.id for method in methods} else ""
        self.payment_methods = [self._payment_method_item(method, first) for method in methods]

    def _prepare_card_form(self, amount: Money) -> None:
        processor = gateways().payments
        self.card_key, self.card_script = processor.publishable_key, processor.script_url
        self.card_amount, self.card_currency = to_processor_units(amount), amount.currency.lower()

    def _all_words(self, found: Payability) -> str:
        if self._uses_credit(found):
            msgid = gettext_noop("Use {credit} credit and pay {amount}")
            return translate(self.language, msgid, credit=found.credit, amount=found.payable)
        return translate(self.language, "All, {amount}", amount=found.payable)

    def _uses_credit(self, found: Payability | None) -> bool:
        """Whether paying all of it uses the account's credit first: for those whose credit it is."""
        return False

    def _show_payability(self, found: Payability, *, elsewhere: bool = False) -> None:
        """Whether it may be paid here and now, or why not."""
        self._show_held(found.held, elsewhere=elsewhere)
        self.can_pay = found.why_not is None
        self.why_not = _WHY_NOT.get(found.why_not, "") if found.why_not else ""
        self.at_least = (
            translate(self.language, "From {least} to {most}", least=found.smallest, most=found.largest)
            if found.smallest < found.largest
            else ""
        )

    def _show_held(self, held: InFlightPayment | None, *, elsewhere: bool = False) -> None:
        self.held = self._held_id = ""
        if held is None:
            return
        self._held_id = "" if elsewhere else held.id  # only who started it goes on with it
        self.held_by_bank = held.status is PaymentStatus.REQUIRES_ACTION
        msgid = (
            gettext_noop("Your bank asks you to confirm your payment of {amount}.")
            if self.held_by_bank
            else gettext_noop("We are checking your last payment of {amount} with the bank.")
        )
        self.held = translate(self.language, msgid, amount=held.amount)

    def _payment_method_item(self, method: PaymentMethodView, first: str) -> PaymentMethodItem:
        note = payment_method_note(self.language, method)
        chosen = method.id == first if first else method.is_default
        return PaymentMethodItem(
            method.id, paid_with_text(self.language, method.shown), note, chosen, method.expired
        )


class PaymentFormState(PaymentStepsState, mixin=True):
    """For whoever is signed in."""

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def pay(self, form: dict[str, str]):
        async for step in self._start_payment(form):
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def pay_with_card(self, token: str):
        async for step in self._pay_with_token(token):
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def load_card_form(self):
        """A new card is chosen: only now the processor's form is loaded."""
        self.card_wanted = True

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def confirm_duplicate(self):
        async for step in self._pay_second_time():
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def cancel_duplicate(self):
        self.duplicate_warning = ""

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def check_bank_answer(self, result: dict[str, str]):
        """The page's word for it is not enough: the processor is asked."""
        yield await self._confirm()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def continue_payment(self):
        async for step in self._continue_payment():
            yield step

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def cancel_payment(self):
        async for step in self._cancel_payment():
            yield step


def _payment_method(form: dict[str, str]) -> PaymentMethodId:
    if not form.get("source"):
        raise NoPaymentMethodChosen
    return PaymentMethodId(parse_id("src", form["source"]))
