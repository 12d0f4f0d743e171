"""The account: what is owed and when, what is being posted, and paying it after a preview of where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payability import Payability
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, MembershipId, PaymentId, parse_id
from portal_app.domain.money import Money, total
from portal_app.gateways import gateways
from portal_app.i18n import date_text, gettext_noop, money_text, paid_with_text, plural, translate
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
from portal_app.services.memberships.autopay.standing import autopay_standing
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.account_picker import AccountPicker
from portal_app.state.billing.labels import due_status, invoice_title, payment_status
from portal_app.state.billing.payment_form import PaymentForm, PaymentFormState
from portal_app.state.billing.refunds import RefundItem, dispute_items, refund_item
from portal_app.state.errors import NoInvoiceChosen
from portal_app.state.feedback import run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.paging import Page, list_page, page_number


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


class PaymentsState(PaymentFormState, AccountPicker, PortalState):
    figure: rx.Field[str] = rx.field("")
    figure_title: rx.Field[str] = rx.field("")  # "You owe", "You will owe", "In your favor"
    balance: rx.Field[str] = rx.field("")
    posting: rx.Field[list[PostingItem]] = rx.field(default_factory=list)
    credit: rx.Field[str] = rx.field("")
    credit_for: rx.Field[str] = rx.field("")  # title of the invoice that the credit would pay first
    people: rx.Field[list[PersonItem]] = rx.field(default_factory=list)
    together: rx.Field[str] = rx.field("")
    due: rx.Field[list[DueItem]] = rx.field(default_factory=list)
    due_words: rx.Field[str] = rx.field("")  # "2 invoices to pay", or ""
    history: rx.Field[list[PastItem]] = rx.field(default_factory=list)
    page: rx.Field[Page] = rx.field(default_factory=Page)
    reviewing: rx.Field[bool] = rx.field(False)
    parts: rx.Field[list[PartItem]] = rx.field(default_factory=list)

    _account: AccountView | None = None
    _amount: Money | None = None  # what was chosen and shown, invoice by invoice
    _ids: tuple[InvoiceId, ...] = ()
    _with_credit: bool = False  # "all": the credit first, the card for the rest
    _first_payment_method: str = ""  # to be offered first

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def load(self):
        may_draw = self._start_visit()
        if is_new := not self.ready:
            self.reviewing = False
            self._amount, self._ids, self._first_payment_method = None, (), ""
        if may_draw:
            await self._pick_account()
            await self._show()
        if self._account is not None:
            watch(f"account:{self._account.account_id}", PaymentsState.refresh)
            watch("settings", PaymentsState.refresh)
        if self._account is not None and is_new:
            await self._choose_asked(self.router.url.query_parameters)

    @rx.event
    @requires(Permission.MY_INVOICES, activity=False)
    async def refresh(self):
        """The account changed elsewhere: the figures follow, an open form stays."""
        if self.ready and not (self.busy or self._has_question()):
            await self._show_account()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def review_payment(self, form: dict[str, str]):
        """How much and for which invoices: shown before it is confirmed."""
        self._clear_question()
        self.reviewing = False
        async for _ in run_busy(self, self._review(form)):
            yield
        if form.get("how") == "part":
            self._mark_amount()

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def change_payment(self):
        self._clear_question()
        self.reviewing = False

    @rx.event
    @requires(Permission.MY_PAYMENTS)
    async def use_credit(self):
        used = await in_thread(use_credit, me(), self._account_id)
        await self._show()
        self._show_done(gettext_noop("You used {amount} of your credit. No card was charged."), amount=used)

    async def _review(self, form: dict[str, str]) -> None:
        self._amount, self._ids = self._parse_choice(form)
        everything = form.get("how", "all") == "all"
        self._with_credit = everything and self._uses_credit(self._account and self._account.payability)
        await self._preview()

    async def _choose_asked(self, asked: Mapping[str, str]) -> None:
        """What the address asks to pay is chosen already: what is past due (SRC-3), or open of a membership."""
        what, ids = asked.get("pay"), None
        if what not in ("past_due", "membership") or not self.can_pay:
            return
        if what == "membership":
            membership = MembershipId(parse_id("mem", asked.get("membership")))
            ids = (await in_thread(autopay_standing, me(), membership)).invoice_ids
        offer = await in_thread(past_due_offer, me(), self._account_id, invoice_ids=ids)
        if not offer.rows:
            return
        self._first_payment_method = asked.get("source", "")
        self._amount, self._ids = offer.amount, tuple(row.id for row in offer.rows)
        self._with_credit = False
        try:
            await self._preview()
        except UserError as refusal:
            self._show_refusal(refusal)

    async def _show(self) -> None:
        await self._show_account()
        if self.reviewing and self.can_pay:
            try:
                await self._preview()
            except UserError:
                self.reviewing = False
        else:
            self.reviewing = False

    async def _show_account(self) -> None:
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
        in_favor = account.will_owe < account.will_owe.zero()
        self.figure = money_text(self.language, -account.will_owe if in_favor else account.will_owe)
        owes = gettext_noop("You will owe") if account.being_posted else gettext_noop("You owe")
        self.figure_title = translate(self.language, "In your favor" if in_favor else owes)
        self.balance = money_text(self.language, account.balance)
        self.posting = [self._posting(paid) for paid in account.being_posted]
        self.credit = money_text(self.language, account.credit) if account.credit else ""
        free = [invoice for invoice in account.open if invoice.payable == invoice.due]
        self.credit_for = invoice_title(self.language, free[0].title) if free and account.credit else ""

    def _posting(self, paid: RecentPayment) -> PostingItem:
        shown = paid_with_text(self.language, paid.shown)
        what = translate(self.language, "Recent payment, {day}, {shown}", day=paid.on, shown=shown)
        return PostingItem(what, money_text(self.language, -paid.kept))

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
        words = plural(self.language, "{n} invoice to pay", "{n} invoices to pay", len(account.open))
        self.due_words = words if account.open else ""

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
        self.page = list_page(self.language, found.page, found.pages, self._page_address)

    def _page_address(self, number: int) -> str:
        query = urlencode({**self._account_query, "page": number})
        return f"{address(self.language, '/payments')}?{query}"

    def _past(self, row: PastPayment) -> PastItem:
        paid = row.payment
        return PastItem(
            address(self.language, f"/receipt?id={paid.id}") if paid.receipt_number else "",
            date_text(self.language, paid.on),
            paid_with_text(self.language, paid.shown),
            money_text(self.language, paid.amount),
            *payment_status(self.language, paid.status),
            [
                *(refund_item(self.language, refund) for refund in row.refunds),
                *dispute_items(self.language, paid),
            ],
        )

    def _show_paying(self, account: AccountView) -> None:
        self._show_payability(account.payability)
        self.all_words = self._all_words(account.payability)

    def _parse_choice(self, form: dict[str, str]) -> tuple[Money, tuple[InvoiceId, ...]]:
        """All of it, an amount that pays the oldest first, or the invoices that were ticked."""
        if self._account is None:
            raise NotFound
        account, how = self._account, form.get("how", "all")
        payable = account.payability.payable
        if how == "part":
            return Money.parse(form.get("amount", ""), payable.currency), ()
        if how == "all":
            return payable, ()
        ids = [name.removeprefix("bill-") for name in form if name.startswith("bill-")]
        ticked = {InvoiceId(parse_id("inv", id_)) for id_ in ids}
        invoices = [invoice for invoice in account.open if invoice.id in ticked]
        if not invoices:
            raise NoInvoiceChosen
        return total((invoice.payable for invoice in invoices), payable.currency), tuple(
            invoice.id for invoice in invoices
        )

    async def _preview(self) -> None:
        """Which invoice gets how much. What is shown is what will be paid: those invoices and no others."""
        account, amount = self._account, self._amount
        if account is None or amount is None:
            raise NotFound
        parts = await in_thread(
            preview_account,
            me(),
            amount,
            account_id=account.account_id,
            invoice_ids=self._ids or None,
            use_credit=self._with_credit,
        )
        invoices = {invoice.id: invoice for invoice in account.open}
        self.parts = [self._part(invoices.get(id_), number, part) for id_, number, part in parts]
        self._ids = () if self._with_credit else tuple(id_ for id_, _, _ in parts)
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

    def _read_form(self, form: dict[str, str]) -> PaymentForm:
        if self._amount is None or not self.reviewing:
            raise NotFound
        payment = PaymentId(parse_id("pay", form.get("payment")))
        return PaymentForm(
            payment,
            self._amount,
            self._ids or None,
            self._account_id,
            save="save" in form,
            use_credit=self._with_credit,
        )

    def _uses_credit(self, found: Payability | None) -> bool:
        return bool(found and found.credit)

    def _account_address(self, account_id: AccountId) -> str:
        return f"{address(self.language, '/payments')}?account={account_id}"

    def _pay(self, principal: Principal, offer: PaymentForm, again: bool) -> PaymentOutcome:
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
            use_credit=offer.use_credit,
        )
