"""The account: what is owed, by whom and when, what is being posted, and paying it after one has seen where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, given_id
from portal_app.domain.money import Money, total
from portal_app.gateways import gateways
from portal_app.i18n import date_text, money_text, paid_with_text, plural, translate
from portal_app.services.billing.accounts import past_due_offer, use_credit, view_account
from portal_app.services.billing.history import list_payments
from portal_app.services.billing.payments.pay import pay_account, preview_account
from portal_app.services.billing.views import (
    AccountView,
    OpenInvoice,
    PastPayment,
    PaymentHistory,
    PaymentOutcome,
    RecentPayment,
)
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.account_picker import PicksAccount
from portal_app.state.billing.labels import due_status, invoice_title, page_of_pages, payment_status
from portal_app.state.billing.payment_form import PaymentForm, PaymentFormState
from portal_app.state.billing.refunds import RefundItem, refund_item
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.paging import page_number


@dataclass(frozen=True)
class PostingItem:
    what: str
    amount: str


@dataclass(frozen=True)
class PersonItem:
    name: str
    amount: str


@dataclass(frozen=True)
class DueItem:
    id: str
    href: str
    title: str
    number: str
    tone: str
    status: str
    amount: str
    payable: bool


@dataclass(frozen=True)
class PartItem:
    title: str
    about: str
    amount: str


@dataclass(frozen=True)
class PastItem:
    href: str  # of its receipt, "" when there is none
    when: str
    shown: str
    amount: str
    tone: str
    status: str
    refunds: list[RefundItem]


class PaymentsState(PaymentFormState, PicksAccount, PortalState):
    owes: rx.Field[bool] = rx.field(False)
    figure: rx.Field[str] = rx.field("")
    balance: rx.Field[str] = rx.field("")
    posting: rx.Field[list[PostingItem]] = rx.field(default_factory=list)
    in_favor: rx.Field[bool] = rx.field(False)
    credit: rx.Field[str] = rx.field("")
    credit_for: rx.Field[str] = rx.field("")  # the bill that a credit would pay first
    people: rx.Field[list[PersonItem]] = rx.field(default_factory=list)
    together: rx.Field[str] = rx.field("")
    due: rx.Field[list[DueItem]] = rx.field(default_factory=list)
    due_words: rx.Field[str] = rx.field("")
    history: rx.Field[list[PastItem]] = rx.field(default_factory=list)
    pages: rx.Field[int] = rx.field(1)
    newer: rx.Field[str] = rx.field("")
    older: rx.Field[str] = rx.field("")
    where: rx.Field[str] = rx.field("")
    said: rx.Field[str] = rx.field("")
    reviewing: rx.Field[bool] = rx.field(False)
    parts: rx.Field[list[PartItem]] = rx.field(default_factory=list)
    to_pay: rx.Field[str] = rx.field("")  # all that is payable

    _account: AccountView | None = None
    _amount: Money | None = None  # what was asked for and shown, bill by bill
    _ids: tuple[InvoiceId, ...] = ()
    _first_payment_method: str = ""  # to be offered first

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def load(self):
        may_be_drawn = self._arrive()
        if begins := not self.ready:
            self.reviewing = False
            self.said, self._amount, self._ids, self._first_payment_method = "", None, (), ""
        if may_be_drawn:
            await self._pick_account()
            await self._show()
        if self._account is not None:
            watch(f"account:{self._account.account_id}", PaymentsState.refresh)
            watch("settings", PaymentsState.refresh)
        if self._account is not None and begins:
            await self._begin(self.router.url.query_parameters)

    @rx.event
    @requires(Permission.MY_INVOICES, activity=False)
    async def refresh(self):
        """Something happened to the account elsewhere: the figures follow, a form at hand stays."""
        if self.ready and not (self.busy or self._is_asked()):
            await self._look()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def review(self, form: dict[str, str]):
        """How much and for which bills: shown before it is confirmed."""
        self._clear()
        self.busy = True
        yield
        try:
            self._amount, self._ids = self._chosen(form)
            await self._preview()
        except UserError as refusal:
            self.reviewing, self.trouble = False, translate(self.language, refusal.message, **refusal.values)
            self.amount_wrong = form.get("how") == "part"
        self.busy = False

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def change(self):
        self._clear()
        self.reviewing = False

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def use_credit(self):
        used = await in_thread(use_credit, me(), self._account_id)
        await self._show()
        self.said = translate(
            self.language, "You used {amount} of your credit. No card was charged.", amount=used
        )

    async def _begin(self, asked: Mapping[str, str]) -> None:
        """From a card just added: what is past due is chosen already (SRC-3)."""
        if asked.get("pay") != "past_due" or not self.can_pay:
            return
        offer = await in_thread(past_due_offer, me(), self._account_id)
        if not offer.rows:
            return
        self._first_payment_method = asked.get("source", "")
        self._amount, self._ids = offer.amount, tuple(row.id for row in offer.rows)
        try:
            await self._preview()
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)

    async def _show(self) -> None:
        await self._look()
        if self.reviewing and self.can_pay:
            try:
                await self._preview()
            except UserError:
                self.reviewing = False
        else:
            self.reviewing = False

    async def _look(self) -> None:
        try:
            account = await in_thread(view_account, me(), self._account_id)
        except NotFound:
            self.missing, self._account = True, None
            return
        page = self.router.url.query_parameters.get("page", "")
        number = page_number(page)
        history = await in_thread(list_payments, me(), account_id=self._account_id, page=number)
        self._account = account
        self._show_balance(account)
        self._show_due(account)
        self._show_history(history)
        self._show_paying(account)
        self.missing, self.ready = False, True

    def _show_balance(self, account: AccountView) -> None:
        self.owes, self.in_favor = bool(account.open), account.will_owe < account.will_owe.zero()
        owed = -account.will_owe if self.in_favor else account.will_owe
        self.figure = money_text(self.language, owed)
        self.balance = money_text(self.language, account.balance)
        self.posting = [self._posting(paid) for paid in account.being_posted]
        self.credit = money_text(self.language, account.credit) if account.credit else ""
        free = [invoice for invoice in account.open if invoice.payable == invoice.due]
        self.credit_for = invoice_title(self.language, free[0].title) if free and account.credit else ""

    def _posting(self, paid: RecentPayment) -> PostingItem:
        shown = paid_with_text(self.language, paid.shown)
        what = translate(self.language, "Recent payment, {day}, {shown}", day=paid.on, shown=shown)
        return PostingItem(what, money_text(self.language, paid.refunded - paid.amount))

    def _show_due(self, account: AccountView) -> None:
        owed = total((invoice.due for invoice in account.open), account.balance.currency)
        self.together = money_text(self.language, owed)
        self.people = [
            PersonItem(
                person.name or translate(self.language, "Others you pay for"),
                money_text(self.language, person.owed),
            )
            for person in account.people
        ]
        self.due = [self._due(invoice) for invoice in account.open]
        self.due_words = plural(self.language, "{n} invoice to pay", "{n} invoices to pay", len(account.open))

    def _due(self, invoice: OpenInvoice) -> DueItem:
        tone, status = due_status(self.language, invoice.due_date, overdue=invoice.overdue)
        return DueItem(
            id=invoice.id,
            href=address(self.language, f"/invoices/{invoice.id}"),
            title=invoice_title(self.language, invoice.title),
            number=translate(self.language, "Invoice {number}", number=invoice.number),
            tone=tone,
            status=status,
            amount=money_text(self.language, invoice.due),
            payable=bool(invoice.payable),
        )

    def _show_history(self, found: PaymentHistory) -> None:
        self.history = [self._past(row) for row in found.rows]
        self.pages = found.pages
        here = address(self.language, "/payments")
        newer, older = (urlencode({**self._account_asked, "page": found.page + step}) for step in (-1, 1))
        self.newer = f"{here}?{newer}" if found.page > 1 else ""
        self.older = f"{here}?{older}" if found.page < found.pages else ""
        self.where = page_of_pages(self.language, found.page, found.pages)

    def _past(self, row: PastPayment) -> PastItem:
        paid = row.payment
        return PastItem(
            address(self.language, f"/receipt?id={paid.id}") if paid.receipt_number else "",
            date_text(self.language, paid.on),
            paid_with_text(self.language, paid.shown),
            money_text(self.language, paid.amount),
            *payment_status(self.language, paid.status),
            [refund_item(self.language, refund) for refund in row.refunds],
        )

    def _show_paying(self, account: AccountView) -> None:
        self._show_payability(account.payability)
        self.to_pay = money_text(self.language, account.payability.payable)

    def _chosen(self, form: dict[str, str]) -> tuple[Money, tuple[InvoiceId, ...]]:
        """All of it, an amount that pays the oldest first, or the bills that were ticked."""
        if self._account is None:
            raise NotFound
        account, how = self._account, form.get("how", "all")
        all_of_it = account.payability.payable
        if how == "part":
            return Money.parse(form.get("amount", ""), all_of_it.currency), ()
        if how == "all":
            return all_of_it, ()
        ids = [name.removeprefix("bill-") for name in form if name.startswith("bill-")]
        ticked = {InvoiceId(given_id("inv", id_)) for id_ in ids}
        invoices = [invoice for invoice in account.open if invoice.id in ticked]
        if not invoices:
            raise UserError("Choose at least one invoice.")
        return total((invoice.payable for invoice in invoices), all_of_it.currency), tuple(
            invoice.id for invoice in invoices
        )

    async def _preview(self) -> None:
        """Which bill gets how much. What is shown is what will be paid: those bills and no others."""
        account, amount = self._account, self._amount
        if account is None or amount is None:
            raise NotFound
        parts = await in_thread(
            preview_account,
            me(),
            amount,
            account_id=account.account_id,
            invoice_ids=self._ids or None,
        )
        invoices = {invoice.id: invoice for invoice in account.open}
        self.parts = [self._part(invoices.get(id_), number, part) for id_, number, part in parts]
        self._ids = tuple(id_ for id_, _, _ in parts)
        self._draw_form(
            account.payability.limited_to(amount), account.payment_methods, self._first_payment_method
        )
        self.card_wanted, self.reviewing = not account.payment_methods, True

    def _part(self, invoice: OpenInvoice | None, number: str, part: Money) -> PartItem:
        about = [translate(self.language, "Invoice {number}", number=number)]
        if invoice:
            about.append(due_status(self.language, invoice.due_date, overdue=invoice.overdue)[1])
            if left := invoice.due - part:
                about.append(translate(self.language, "{amount} left to pay", amount=left))
        title = invoice_title(self.language, invoice.title if invoice else "")
        return PartItem(title, " · ".join(about), money_text(self.language, part))

    def _offered(self, form: dict[str, str]) -> PaymentForm:
        if self._amount is None or not self.reviewing:
            raise NotFound
        payment = PaymentId(given_id("pay", form.get("payment")))
        return PaymentForm(payment, self._amount, self._ids, self._account_id, save="save" in form)

    def _of_account(self, account_id: AccountId) -> str:
        return f"{address(self.language, '/payments')}?account={account_id}"

    @staticmethod
    def _pay(principal: Principal, offer: PaymentForm, again: bool) -> PaymentOutcome:
        return pay_account(
            principal,
            offer.payment_id,
            offer.amount,
            processor=gateways().payments,
            account_id=offer.account_id,
            invoice_ids=offer.invoice_ids,
            payment_method_id=offer.payment_method_id,
            token=offer.token,
            save=offer.save,
            duplicate_confirmed=again,
        )
