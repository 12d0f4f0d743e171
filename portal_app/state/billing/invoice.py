"""One invoice, and paying it."""

import re
from dataclasses import dataclass, replace

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.billing import AskAgain, Held, PaymentStatus, part_payment
from portal_app.domain.errors import NotFound, Refused
from portal_app.domain.ids import InvoiceId, PaymentId, SourceId, given_id, new_id
from portal_app.domain.money import Money
from portal_app.gateways import gateways
from portal_app.services import billing
from portal_app.services.billing.views import HeldPayment, InvoiceView, PaymentOutcome, SourceView
from portal_app.speech import date_text, mark, money_text, names_text, paid_with_text, say
from portal_app.state.addresses import address
from portal_app.state.base import PortalState, guarded, in_thread, me
from portal_app.state.billing.words import (
    invoice_status,
    invoice_title,
    payment_status,
    source_note,
    why_declined,
)
from portal_app.state.live import watch

NEW_CARD = "new"
_TOKEN = re.compile(r"ctoken_[A-Za-z0-9_]{1,200}")


@dataclass(frozen=True)
class LineItem:
    what: str
    detail: str
    amount: str


@dataclass(frozen=True)
class PaidItem:
    href: str  # of its receipt, "" when there is none
    when: str
    shown: str
    amount: str
    tone: str
    status: str


@dataclass(frozen=True)
class SourceItem:
    id: str
    label: str
    note: str
    first: bool
    expired: bool


@dataclass(frozen=True)
class Offer:
    """What the payer pressed Pay for, while their card or their bank is asked."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    amount: Money
    source_id: SourceId | None = None
    token: str = ""
    save: bool = False


class InvoiceState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    missing: rx.Field[bool] = rx.field(False)
    invoice: rx.Field[str] = rx.field("")
    number: rx.Field[str] = rx.field("")
    title: rx.Field[str] = rx.field("")
    figure: rx.Field[str] = rx.field("")
    tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    people: rx.Field[str] = rx.field("")
    provider: rx.Field[str] = rx.field("")
    issued: rx.Field[str] = rx.field("")
    due_day: rx.Field[str] = rx.field("")
    lines: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    total: rx.Field[str] = rx.field("")
    adjusted: rx.Field[str] = rx.field("")  # "" when there is nothing to adjust
    paid: rx.Field[str] = rx.field("")
    due: rx.Field[str] = rx.field("")
    payments: rx.Field[list[PaidItem]] = rx.field(default_factory=list)
    pdf: rx.Field[str] = rx.field("")

    can_pay: rx.Field[bool] = rx.field(False)
    no_pay: rx.Field[str] = rx.field("")  # "", "offline", "small"
    all_of_it: rx.Field[str] = rx.field("")
    at_least: rx.Field[str] = rx.field("")
    sources: rx.Field[list[SourceItem]] = rx.field(default_factory=list)
    payment: rx.Field[str] = rx.field("")  # rides in the form: two clicks, one payment
    busy: rx.Field[bool] = rx.field(False)
    trouble: rx.Field[str] = rx.field("")
    again: rx.Field[str] = rx.field("")  # the question before the same amount is paid twice
    held: rx.Field[str] = rx.field("")
    held_id: rx.Field[str] = rx.field("")
    held_by_bank: rx.Field[bool] = rx.field(False)  # it waits for the payer, not for an answer

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

    _account: str = ""
    _payable: Money | None = None
    _offer: Offer | None = None

    @rx.event
    @guarded(Permission.MY_BILLS)
    async def load(self):
        self._clear()
        self.ready = self.missing = self.busy = False
        await self._show()
        self.card_wanted = self.can_pay and not self.sources
        if self._account:
            watch(f"account:{self._account}", InvoiceState.refresh)

    @rx.event
    @guarded(Permission.MY_BILLS, activity=False)
    async def refresh(self):
        """Another tab paid, or the bank decided; not while the payer is in the middle of it here."""
        if self.router.url.path.endswith(f"/{self.invoice}") and not (
            self.busy or self.bank_secret or self.again
        ):
            await self._show()

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def pay(self, form: dict[str, str]):
        self._clear()
        self.busy = True
        yield
        try:
            offer = self._offered(form)
            if form.get("source") == NEW_CARD:
                self._ask_for_card(offer)
            else:
                yield await self._charge(replace(offer, source_id=_source(form)))
        except Refused as refusal:
            await self._refuse(refusal)

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def pay_with_card(self, token: str):
        """The processor's form has turned the card into a token: the card itself never comes here."""
        try:
            if self._offer is None or not _TOKEN.fullmatch(token):
                raise NotFound
            yield await self._charge(replace(self._offer, token=token))
        except Refused as refusal:
            await self._refuse(refusal)

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def want_card(self):
        """A new card is chosen: now its form is worth loading."""
        self.card_wanted = True

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def pay_again(self):
        """They were asked, and mean it."""
        offer, self.again = self._offer, ""
        if offer is None:
            return
        self.busy = True
        yield
        try:
            yield await self._charge(replace(offer, payment_id=PaymentId(self.payment)), again=True)
        except Refused as refusal:
            await self._refuse(refusal)

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def not_again(self):
        self.again = ""

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def bank_answered(self, result: dict[str, str]):
        """Whatever the page says of it, the processor is asked."""
        yield await self._confirm()

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def continue_held(self):
        self._clear()
        self.busy = True
        yield
        yield await self._confirm()

    @rx.event
    @guarded(Permission.MY_PAYMENTS)
    async def cancel_held(self):
        self._clear()
        self.busy = True
        yield
        try:
            payment = PaymentId(given_id("pay", self.held_id))
            outcome = await in_thread(billing.cancel_payment, me(), payment, processor=gateways().payments)
            yield await self._came_of(outcome)
        except Refused as refusal:
            await self._refuse(refusal)

    async def _confirm(self) -> rx.event.EventSpec | None:
        try:
            payment = PaymentId(given_id("pay", self.held_id))
            outcome = await in_thread(billing.confirm_payment, me(), payment, processor=gateways().payments)
            return await self._came_of(outcome)
        except Refused as refusal:
            return await self._refuse(refusal)

    async def _charge(self, offer: Offer, *, again: bool = False) -> rx.event.EventSpec | None:
        self._offer = offer
        outcome = await in_thread(
            billing.pay_invoice,
            me(),
            offer.payment_id,
            offer.invoice_id,
            offer.amount,
            processor=gateways().payments,
            source_id=offer.source_id,
            token=offer.token,
            save=offer.save,
            again=again,
        )
        return await self._came_of(outcome)

    async def _came_of(self, outcome: PaymentOutcome) -> rx.event.EventSpec | None:
        """What the page shows next: the receipt, the bank's own question, or why not."""
        if outcome.status is PaymentStatus.SUCCEEDED:
            self._release()
            self._offer = None
            return rx.redirect(address(self.language, f"/receipt?id={outcome.payment_id}"), replace=True)
        if outcome.status is PaymentStatus.REQUIRES_ACTION and outcome.client_secret:
            self._ask_bank(outcome)
            return None
        await self._show()
        self._release()
        if outcome.status is PaymentStatus.FAILED:
            self.trouble = why_declined(self.language, outcome.decline_code)
        return None

    async def _refuse(self, refusal: Refused) -> None:
        """Say why by the button, and draw the form anew: another try is another payment."""
        await self._show()
        self._release()
        said = say(self.language, refusal.message, **refusal.values)
        if isinstance(refusal, AskAgain):
            self.again = said
        elif not isinstance(refusal, Held):  # the panel that waits says it already
            self.trouble = said

    def _offered(self, form: dict[str, str]) -> Offer:
        if self._payable is None:
            raise NotFound
        whole = form.get("how_much", "all") == "all"
        amount = self._payable if whole else Money.parse(form.get("amount", ""), self._payable.currency)
        return Offer(
            payment_id=PaymentId(given_id("pay", form.get("payment"))),
            invoice_id=self._asked_for(),
            amount=amount,
            save="save" in form,
        )

    def _ask_for_card(self, offer: Offer) -> None:
        """The processor is asked for the card's token; an amount that cannot be charged is refused before."""
        part_payment(self._payable or offer.amount.zero(), offer.amount)
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

    def _asked_for(self) -> InvoiceId:
        return InvoiceId(given_id("inv", self.router.url.path.rstrip("/").rpartition("/")[2]))

    async def _show(self) -> None:
        try:
            shown = await in_thread(billing.view_invoice, me(), self._asked_for())
        except NotFound:
            self.missing, self.invoice, self._payable = True, "", None
            return
        self._show_facts(shown)
        self._show_lines(shown)
        self._show_paying(shown)
        self.missing, self.ready = False, True

    def _show_facts(self, shown: InvoiceView) -> None:
        self.invoice, self.number, self._account = shown.id, shown.number, shown.account_id
        self.title = invoice_title(self.language, shown.title)
        self.tone, self.status = invoice_status(self.language, shown)
        self.figure = money_text(self.language, shown.due if shown.due else shown.total)
        self.people, self.provider = names_text(self.language, shown.people), shown.provider
        self.issued = date_text(self.language, shown.issue_date)
        self.due_day = date_text(self.language, shown.due_date)
        self.pdf = f"/documents/invoice/{shown.id}.pdf?lang={self.language}"

    def _show_lines(self, shown: InvoiceView) -> None:
        self.lines = [
            LineItem(
                line.description or say(self.language, "Services"),
                _detail(self.language, line.person, line.service_date, line.quantity),
                money_text(self.language, line.amount),
            )
            for line in shown.lines
        ]
        self.total, self.due = money_text(self.language, shown.total), money_text(self.language, shown.due)
        self.adjusted = money_text(self.language, shown.adjusted) if shown.adjusted else ""
        self.paid = money_text(self.language, -shown.paid) if shown.paid else ""
        self.payments = [
            PaidItem(
                address(self.language, f"/receipt?id={paid.id}") if paid.receipt_number else "",
                date_text(self.language, paid.on),
                paid_with_text(self.language, paid.shown or paid.method.value.title()),
                money_text(self.language, paid.amount),
                *payment_status(self.language, paid.status),
            )
            for paid in shown.payments
        ]

    def _show_paying(self, shown: InvoiceView) -> None:
        """The form, drawn with a payment of its own; or why there is none."""
        processor = gateways().payments
        self.card_key, self.card_script = processor.publishable_key, processor.script_url
        self.card_currency = shown.payable.currency.lower()
        self.payment, self._payable = new_id("pay"), shown.payable
        self.card_amount = (shown.held.amount if shown.held else shown.payable).minor
        self._show_held(shown.held)
        self.can_pay = bool(
            shown.payable and shown.online_payments and not shown.too_small and shown.held is None
        )
        self.no_pay = ""
        if shown.payable and not self.can_pay and shown.held is None:
            self.no_pay = "small" if shown.online_payments else "offline"
        self.all_of_it = money_text(self.language, shown.payable)
        self.at_least = (
            say(self.language, "From {least} to {most}", least=shown.smallest, most=shown.payable)
            if shown.smallest < shown.payable
            else ""
        )
        self.sources = [self._source(source) for source in shown.sources]

    def _show_held(self, held: HeldPayment | None) -> None:
        self.held = self.held_id = ""
        if held is None:
            return
        self.held_id = held.id
        self.held_by_bank = held.status is PaymentStatus.REQUIRES_ACTION
        msgid = (
            mark("Your bank asks you to confirm your payment of {amount}.")
            if self.held_by_bank
            else mark("We are checking your last payment of {amount} with the bank.")
        )
        self.held = say(self.language, msgid, amount=held.amount)

    def _source(self, source: SourceView) -> SourceItem:
        note = source_note(self.language, source)
        return SourceItem(
            source.id, paid_with_text(self.language, source.shown), note, source.is_default, source.expired
        )


def _source(form: dict[str, str]) -> SourceId:
    if not form.get("source"):
        raise Refused("Choose how you want to pay")
    return SourceId(given_id("src", form["source"]))


def _detail(language: str, person: str, day, quantity: int) -> str:
    parts = [date_text(language, day) if day else "", person]
    if quantity != 1:
        parts.append(f"× {quantity}")
    return " · ".join(part for part in parts if part)
