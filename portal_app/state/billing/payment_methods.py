"""Payment options: the cards and bank accounts on file and what each pays; adding, renaming, removing."""

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, PaymentMethodId, new_id, parse_id
from portal_app.gateways import gateways
from portal_app.i18n import gettext_noop, money_text, names_text, paid_with_text, translate
from portal_app.services.billing.accounts import past_due_offer
from portal_app.services.billing.payments.payment_methods import (
    finish_adding_payment_method,
    list_payment_methods,
    make_default,
    memberships_by_payment_method,
    remove_payment_method,
    rename_payment_method,
    start_adding_payment_method,
)
from portal_app.services.billing.views import PastDueOffer, PaymentMethodView
from portal_app.services.memberships.autopay.upcoming import UpcomingCharge, upcoming_charges
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.account_picker import AccountPicker
from portal_app.state.billing.labels import due_status, invoice_title, payment_method_note
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.processor_threads import in_processor_thread

TURN_OFF = "off"  # instead of a successor: automatic payment is turned off (SRC-1)
_CHARGED = gettext_noop("{card} will be charged {amount} on {date}")
_TRIED_AGAIN = gettext_noop("The charge of {amount} failed. We try {card} again on {date}")


@dataclass(frozen=True)
class PaymentMethodCard:
    id: str
    shown: str
    name: str
    kind: str
    note: str  # when it expires
    tone: str  # "late" expired, "due" expiring, "" fine
    is_default: bool
    pays: str  # "Pays: Juniper Care"


@dataclass(frozen=True)
class SuccessorItem:
    id: str
    label: str
    first: bool


@dataclass(frozen=True)
class OfferItem:
    title: str
    status: str
    amount: str


@dataclass(frozen=True)
class UpcomingItem:
    title: str  # the plan
    text: str  # "Visa ending in 4242 will be charged $110.00 on March 15, 2026"


class PaymentMethodsState(LoadedPage, Feedback, AccountPicker, PortalState):
    payment_methods: rx.Field[list[PaymentMethodCard]] = rx.field(default_factory=list)
    only_one: rx.Field[bool] = rx.field(False)
    upcoming: rx.Field[list[UpcomingItem]] = rx.field(default_factory=list)  # the next automatic charges

    adding: rx.Field[bool] = rx.field(False)
    card_key: rx.Field[str] = rx.field("")
    card_script: rx.Field[str] = rx.field("")
    setup_secret: rx.Field[str] = rx.field("")
    card_attempt: rx.Field[int] = rx.field(0)
    card_released: rx.Field[bool] = rx.field(False)

    offer: rx.Field[list[OfferItem]] = rx.field(default_factory=list)  # past due, after one was added
    offer_amount: rx.Field[str] = rx.field("")
    offer_href: rx.Field[str] = rx.field("")

    removing: rx.Field[str] = rx.field("")  # the one whose removal is to be confirmed
    removing_shown: rx.Field[str] = rx.field("")
    removing_pays: rx.Field[str] = rx.field("")
    successors: rx.Field[list[SuccessorItem]] = rx.field(default_factory=list)  # which may become the default

    _setup_id: str = ""

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def load(self):
        if self._newly_here():
            self._close_removal()
            self.ready = self.missing = self.adding = False
            self.setup_secret, self.offer = "", []
        await self._pick_account()
        await self._show()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def start_adding(self):
        """Only now the processor's form is loaded."""
        self._close_removal()
        processor = gateways().payments
        self.card_key, self.card_script = processor.publishable_key, processor.script_url
        self.setup_secret, self.adding, self.card_released, self.offer = "", True, False, []

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def cancel_adding(self):
        self._close_removal()
        self.adding = False

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def start_setup(self):
        """The processor's form is complete: ask the processor for a setup that it can be saved to."""
        self._close_removal()
        try:
            started = await in_processor_thread(
                start_adding_payment_method,
                me(),
                new_id("sup"),
                processor=gateways().payments,
                account_id=self._account_id,
            )
            self._setup_id, self.setup_secret, self.card_released = (
                started.setup_id,
                started.client_secret,
                False,
            )
        except UserError as refusal:
            self._refuse(refusal)

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def finish_setup(self, result: dict[str, str]):
        """The page's word for it is not enough: the processor is asked."""
        try:
            added = await in_processor_thread(
                finish_adding_payment_method,
                me(),
                self._setup_id,
                processor=gateways().payments,
                account_id=self._account_id,
            )
        except UserError as refusal:
            self._refuse(refusal)
            return
        self._release()
        self.adding, self.setup_secret = False, ""
        await self._show()
        self._show_done(gettext_noop("{shown} was added."), shown=paid_with_text(self.language, added.shown))
        self._offer_past_due(await in_thread(past_due_offer, me(), self._account_id), added)

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def rename_method(self, form: dict[str, str]):
        self._close_removal()
        async for _ in run_busy(self, self._rename(form)):
            yield

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def make_default(self, payment_method: str):
        self._close_removal()
        await in_thread(make_default, me(), _parse_id(payment_method))
        await self._show()
        shown = next((card.shown for card in self.payment_methods if card.is_default), "")
        self._show_done(gettext_noop("{shown} is now your default."), shown=shown)

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def start_removal(self, payment_method: str):
        """Say what it pays, and ask which one takes over (SRC-1)."""
        self._close_removal()
        await self._show()
        gone = next((card for card in self.payment_methods if card.id == payment_method), None)
        if gone is None:
            raise NotFound
        self.removing, self.removing_shown, self.removing_pays = gone.id, gone.shown, gone.pays
        others = [card for card in self.payment_methods if card.id != gone.id]
        others.sort(key=lambda card: card.tone == "late")  # an expired one is not suggested
        takes_over = gone.is_default or bool(gone.pays)
        self.successors = [
            SuccessorItem(card.id, _full_label(card), card is others[0]) for card in others if takes_over
        ]

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def cancel_removal(self):
        self._close_removal()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def confirm_removal(self, form: dict[str, str]):
        async for _ in run_busy(self, self._remove(form)):
            yield

    async def _rename(self, form: dict[str, str]) -> None:
        await in_thread(rename_payment_method, me(), _parse_id(form.get("source")), form.get("name", ""))
        await self._show()
        self._show_done(gettext_noop("The name was changed."))

    async def _remove(self, form: dict[str, str]) -> None:
        gone = _parse_id(form.get("source"))
        chosen = form.get("heir", "")
        turns_off = chosen == TURN_OFF
        successor = _parse_id(chosen) if chosen and not turns_off else None
        shown = next((card.shown for card in self.payment_methods if card.id == gone), "")
        self._close_removal()
        processor = gateways().payments
        await in_processor_thread(
            remove_payment_method,
            me(),
            gone,
            processor=processor,
            next_default=successor,
            stop_autopay=turns_off,
        )
        await self._show()
        self._show_done(gettext_noop("{shown} was removed."), shown=shown)

    async def _show(self) -> None:
        try:
            found = await in_thread(list_payment_methods, me(), self._account_id)
            pays = await in_thread(memberships_by_payment_method, me(), self._account_id)
            ahead = await in_thread(upcoming_charges, me(), self._account_id)
        except NotFound:
            self.missing = True
            return
        self.payment_methods = [self._card(method, pays.get(method.id, ())) for method in found]
        self.only_one = len(found) == 1
        self.upcoming = [self._charge(charge) for charge in ahead]
        self.missing, self.ready = False, True

    def _charge(self, charge: UpcomingCharge) -> UpcomingItem:
        text = _TRIED_AGAIN if charge.is_retry else _CHARGED
        said = translate(
            self.language,
            text,
            card=paid_with_text(self.language, charge.shown),
            amount=charge.amount,
            date=charge.day,
        )
        return UpcomingItem(charge.plan, said)

    def _card(self, method: PaymentMethodView, pays: tuple[str, ...]) -> PaymentMethodCard:
        note = payment_method_note(self.language, method).removeprefix(method.name).removeprefix(" · ")
        return PaymentMethodCard(
            id=method.id,
            shown=paid_with_text(self.language, method.shown),
            name=method.name,
            kind=method.kind,
            note=note,
            tone="late" if method.expired else "due" if method.expiring else "",
            is_default=method.is_default,
            pays=translate(self.language, "Pays {what}", what=names_text(self.language, pays))
            if pays
            else "",
        )

    def _offer_past_due(self, found: PastDueOffer, added: PaymentMethodView) -> None:
        self.offer = [
            OfferItem(
                invoice_title(self.language, invoice.title),
                due_status(self.language, invoice.due_date, overdue=True)[1],
                money_text(self.language, invoice.payable),
            )
            for invoice in found.rows
        ]
        self.offer_amount = money_text(self.language, found.amount)
        query = urlencode({**self._account_query, "pay": "past_due", "source": added.id})
        self.offer_href = address(self.language, f"/payments?{query}")

    def _account_address(self, account_id: AccountId) -> str:
        return address(self.language, f"/payment-options?account={account_id}")

    def _refuse(self, refusal: UserError) -> None:
        self._release()
        self._show_refusal(refusal)

    def _release(self) -> None:
        self.busy, self.card_released = False, True
        self.card_attempt += 1

    def _close_removal(self) -> None:
        """Close the dialog, and clear the last message."""
        self._clear_feedback()
        self.removing = self.removing_shown = self.removing_pays = ""
        self.successors = []


def _full_label(card: PaymentMethodCard) -> str:
    """Two cards may end in the same digits."""
    return ", ".join(word for word in (card.shown, card.name, card.note) if word)


def _parse_id(given: str | None) -> PaymentMethodId:
    return PaymentMethodId(parse_id("src", given))
