"""Payment options: the cards and bank accounts on file, what each of them pays, adding and removing."""

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, PaymentMethodId, given_id, new_id
from portal_app.gateways import gateways
from portal_app.i18n import money_text, names_text, paid_with_text, translate
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
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.account_picker import PicksAccount
from portal_app.state.billing.labels import due_status, invoice_title, payment_method_note
from portal_app.state.i18n_paths import address


@dataclass(frozen=True)
class PaymentMethodCard:
    id: str
    shown: str
    name: str
    kind: str
    note: str  # when it runs out
    tone: str  # "late" expired, "due" expiring, "" fine
    is_default: bool
    pays: str  # "Pays: Juniper Care"


@dataclass(frozen=True)
class HeirItem:
    id: str
    label: str
    first: bool


@dataclass(frozen=True)
class OfferItem:
    title: str
    status: str
    amount: str


class PaymentMethodsState(PicksAccount, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    missing: rx.Field[bool] = rx.field(False)
    sources: rx.Field[list[PaymentMethodCard]] = rx.field(default_factory=list)
    only_one: rx.Field[bool] = rx.field(False)
    said: rx.Field[str] = rx.field("")
    trouble: rx.Field[str] = rx.field("")
    busy: rx.Field[bool] = rx.field(False)

    adding: rx.Field[bool] = rx.field(False)
    card_key: rx.Field[str] = rx.field("")
    card_script: rx.Field[str] = rx.field("")
    setup_secret: rx.Field[str] = rx.field("")
    card_attempt: rx.Field[int] = rx.field(0)
    card_released: rx.Field[bool] = rx.field(False)

    offer: rx.Field[list[OfferItem]] = rx.field(default_factory=list)  # past due, after one was added
    offer_amount: rx.Field[str] = rx.field("")
    offer_href: rx.Field[str] = rx.field("")

    removing: rx.Field[str] = rx.field("")  # the source asked about
    removing_shown: rx.Field[str] = rx.field("")
    removing_pays: rx.Field[str] = rx.field("")
    heirs: rx.Field[list[HeirItem]] = rx.field(default_factory=list)  # who may become the default

    _setup_id: str = ""

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def load(self):
        if self._newly_here():
            self._clear()
            self.ready = self.missing = self.adding = False
            self.setup_secret, self.offer = "", []
        await self._pick_account()
        await self._show()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def add(self):
        """The processor's form is worth loading only now."""
        self._clear()
        processor = gateways().payments
        self.card_key, self.card_script = processor.publishable_key, processor.script_url
        self.setup_secret, self.adding, self.card_released, self.offer = "", True, False, []

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def stop_adding(self):
        self._clear()
        self.adding = False

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def start_setup(self):
        """What was typed is in order: the processor is asked for a place to put it."""
        self._clear()
        try:
            started = await in_thread(
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
    async def setup_answered(self, result: dict[str, str]):
        """Whatever the page says of it, the processor is asked."""
        try:
            added = await in_thread(
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
        self.said = translate(
            self.language, "{shown} was added.", shown=paid_with_text(self.language, added.shown)
        )
        self._offer_past_due(await in_thread(past_due_offer, me(), self._account_id), added)

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def rename(self, form: dict[str, str]):
        self._clear()
        self.busy = True
        yield
        try:
            await in_thread(rename_payment_method, me(), _source(form.get("source")), form.get("name", ""))
            await self._show()
            self.said = translate(self.language, "The name was changed.")
        finally:
            self.busy = False

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def make_default(self, source: str):
        self._clear()
        await in_thread(make_default, me(), _source(source))
        await self._show()
        shown = next((card.shown for card in self.sources if card.is_default), "")
        self.said = translate(self.language, "{shown} is now your default.", shown=shown)

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def ask_remove(self, source: str):
        """What it pays is said first, and who takes over is asked (SRC-1)."""
        self._clear()
        await self._show()
        gone = next((card for card in self.sources if card.id == source), None)
        if gone is None:
            raise NotFound
        self.removing, self.removing_shown, self.removing_pays = gone.id, gone.shown, gone.pays
        others = [card for card in self.sources if card.id != gone.id]
        others.sort(key=lambda card: card.tone == "late")  # one that has expired is nobody's first choice
        takes_over = gone.is_default or bool(gone.pays)
        self.heirs = [
            HeirItem(card.id, _told_apart(card), card is others[0]) for card in others if takes_over
        ]

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def keep(self):
        self._clear()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def remove(self, form: dict[str, str]):
        self.busy = True
        yield
        try:
            await self._remove(
                _source(form.get("source")), _source(form["heir"]) if form.get("heir") else None
            )
        finally:
            self.busy = False

    async def _remove(self, gone: PaymentMethodId, heir: PaymentMethodId | None) -> None:
        shown = next((card.shown for card in self.sources if card.id == gone), "")
        self._clear()
        try:
            await in_thread(
                remove_payment_method, me(), gone, processor=gateways().payments, next_default=heir
            )
            await self._show()
            self.said = translate(self.language, "{shown} was removed.", shown=shown)
        except UserError as refusal:
            self._refuse(refusal)

    async def _show(self) -> None:
        try:
            found = await in_thread(list_payment_methods, me(), self._account_id)
            pays = await in_thread(memberships_by_payment_method, me(), self._account_id)
        except NotFound:
            self.missing = True
            return
        self.sources = [self._card(source, pays.get(source.id, ())) for source in found]
        self.only_one = len(found) == 1
        self.missing, self.ready = False, True

    def _card(self, source: PaymentMethodView, pays: tuple[str, ...]) -> PaymentMethodCard:
        note = payment_method_note(self.language, source).removeprefix(source.name).removeprefix(" · ")
        return PaymentMethodCard(
            id=source.id,
            shown=paid_with_text(self.language, source.shown),
            name=source.name,
            kind=source.kind,
            note=note,
            tone="late" if source.expired else "due" if source.expiring else "",
            is_default=source.is_default,
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
        asked = urlencode({**self._account_asked, "pay": "past_due", "source": added.id})
        self.offer_href = address(self.language, f"/payments?{asked}")

    def _of_account(self, account_id: AccountId) -> str:
        return address(self.language, f"/payment-options?account={account_id}")

    def _refuse(self, refusal: UserError) -> None:
        self._release()
        self.trouble = translate(self.language, refusal.message, **refusal.values)

    def _release(self) -> None:
        self.busy, self.card_released = False, True
        self.card_attempt += 1

    def _clear(self) -> None:
        self.said = self.trouble = self.removing = self.removing_shown = self.removing_pays = ""
        self.heirs = []


def _told_apart(card: PaymentMethodCard) -> str:
    """Two cards may end in the same digits."""
    return ", ".join(word for word in (card.shown, card.name, card.note) if word)


def _source(given: str | None) -> PaymentMethodId:
    return PaymentMethodId(given_id("src", given))
