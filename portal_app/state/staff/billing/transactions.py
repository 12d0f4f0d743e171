"""The page Transactions: all that moved money, searched by the filters of the address, posted to the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.ids import AccountId, PaymentId, parse_id
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import money_text, plural, translate
from portal_app.services.billing.staff.record_payment import post_payments
from portal_app.services.billing.staff.transaction_rows import Transaction, TransactionKind
from portal_app.services.billing.staff.transactions import (
    TransactionFilter,
    TransactionPage,
    TransactionSearch,
    search_transactions,
)
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.paging import Page, list_page, page_number
from portal_app.state.staff.errors import NoPaymentSelected
from portal_app.state.staff.labels import (
    KINDS,
    adjustment_text,
    payment_method_text,
    short_day_and_time,
    transaction_status,
)

PATH = "/staff/transactions"
_LONGEST = 80  # characters of one filter


@dataclass(frozen=True)
class TransactionItem:
    id: str
    payment: str  # id of the payment that opens in the panel; "" for none
    day: str
    time: str
    kind: str
    person: str
    person_href: str
    invoices: str
    method: str  # or what an adjustment was
    tone: str
    status: str
    detail: str
    amount: str
    can_post: bool
    selected: bool


class Filters(NamedTuple):
    """The filters of the address; "" is everything."""

    text: str = ""
    kind: str = ""
    status: str = ""
    first: str = ""
    last: str = ""
    account: str = ""

    def query(self) -> dict[str, str]:
        """The filters that are set, by their names in the address."""
        names = ("q", "kind", "status", "from", "to", "account")
        return {name: value for name, value in zip(names, self, strict=True) if value}


class TransactionsState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    text: rx.Field[str] = rx.field("")
    kind: rx.Field[str] = rx.field("")
    status: rx.Field[str] = rx.field("")
    first: rx.Field[str] = rx.field("")
    last: rx.Field[str] = rx.field("")
    filters_key: rx.Field[str] = rx.field("")  # another one draws the search form again
    person: rx.Field[str] = rx.field("")  # whose account the list is narrowed to; "" is everybody's
    everybody_href: rx.Field[str] = rx.field("")
    filtered: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[TransactionItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    to_post: rx.Field[str] = rx.field("")
    to_post_href: rx.Field[str] = rx.field("")
    page: rx.Field[Page] = rx.field(default_factory=Page)
    export_href: rx.Field[str] = rx.field("")
    selected: rx.Field[list[str]] = rx.field(default_factory=list)
    selectable_count: rx.Field[int] = rx.field(0)  # rows of this page that may be posted
    select_all_label: rx.Field[str] = rx.field("")
    post_label: rx.Field[str] = rx.field("")  # "" when nothing is selected
    may_post: rx.Field[bool] = rx.field(False)
    may_take: rx.Field[bool] = rx.field(False)
    may_export: rx.Field[bool] = rx.field(False)
    _page_number: int = 1
    _account: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("payments", TransactionsState.refresh)
        self._read_address(self.router.url.query_parameters)
        if self._newly_here():
            self.selected = []
            self._clear_feedback()
        principal = me()
        self.may_post = principal.may(Permission.POST_TO_LEDGER)
        self.may_export = principal.may(Permission.EXPORT)
        self.may_take = principal.may(Permission.TAKE_PAYMENTS)
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when money moves."""
        await self._show()

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def search_transactions(self, form: dict[str, str]):
        """Puts the filters into the address: Back works, and a search can be kept as a bookmark."""
        names = ("q", "kind", "status", "from", "to")
        typed = (form.get(name, "").strip()[:_LONGEST] for name in names)
        return rx.redirect(self._address(Filters(*typed, account=self._account)))

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def toggle_payment(self, payment: str):
        """Selects a payment to post, or takes it out of the selection."""
        payment = parse_id("pay", payment)
        if payment in self.selected:
            self.selected = [id_ for id_ in self.selected if id_ != payment]
        else:
            self.selected = [*self.selected, payment]
        self._show_selection()

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def toggle_all_payments(self):
        """Selects all payments of this page that may be posted, or none when all are selected."""
        selectable = [row.id for row in self.rows if row.can_post]
        self.selected = [] if set(selectable) == set(self.selected) else selectable
        self._show_selection()

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def post_selected(self):
        """Posts the selected payments to the ledger, and says how many were posted."""
        ids = [PaymentId(parse_id("pay", id_)) for id_ in self.selected]
        if not ids:
            raise NoPaymentSelected
        count = await in_thread(post_payments, me(), ids)
        self.selected = []
        await self._show()
        self._show_done_text(
            plural(self.language, "{n} payment was posted.", "{n} payments were posted.", count)
        )

    async def _show(self) -> None:
        found = await in_thread(search_transactions, me(), self._search(), page=self._page_number)
        self._show_rows(found)
        self._show_page(found)
        self._show_selection()

    def _show_rows(self, found: TransactionPage) -> None:
        """Rows that are no longer there, or no longer to post, leave the selection."""
        self.rows = [self._item(row) for row in found.rows]
        selectable = {row.id for row in self.rows if row.can_post}
        self.selected = [id_ for id_ in self.selected if id_ in selectable]
        self.selectable_count = len(selectable)

    def _show_page(self, found: TransactionPage) -> None:
        language, filters = self.language, self._filters()
        self.person = found.account_name
        self.count = plural(language, "{n} transaction", "{n} transactions", found.count)
        self.to_post = (
            plural(language, "{n} payment to post", "{n} payments to post", found.to_post)
            if found.to_post
            else ""
        )
        self.to_post_href = self._address(
            Filters(kind=TransactionKind.PAYMENT.value, status=TransactionFilter.TO_POST.value)
        )
        self.page = list_page(
            language, found.page, found.pages, lambda number: self._address(filters, number), exact=True
        )
        query = urlencode(filters.query() | {"lang": language})
        self.export_href = f"/staff/export/transactions.csv?{query}"

    def _show_selection(self) -> None:
        """Marks the selected rows and words the two buttons above the list."""
        selected = set(self.selected)
        self.rows = [
            row if row.selected == (row.id in selected) else replace(row, selected=row.id in selected)
            for row in self.rows
        ]
        n = len(selected)
        self.post_label = plural(self.language, "Post {n} payment", "Post {n} payments", n) if n else ""
        if n and n == self.selectable_count:
            self.select_all_label = translate(self.language, "Select none")
        else:
            self.select_all_label = plural(
                self.language,
                "Select the {n} to post here",
                "Select all {n} to post here",
                self.selectable_count,
            )

    def _read_address(self, query: Mapping[str, str]) -> None:
        """Takes the filters from the address; a filter with a value that does not exist is left out."""
        kind, status = query.get("kind", ""), query.get("status", "")
        account = query.get("account", "")
        self.text = strip_unstorable(query.get("q", "")).strip()[:_LONGEST]
        self.kind = kind if kind in list(TransactionKind) else ""
        self.status = status if status in list(TransactionFilter) else ""
        self.first, self.last = _date_or_none(query.get("from", "")), _date_or_none(query.get("to", ""))
        self._account = parse_id("acc", account) if account else ""
        self._page_number = page_number(query.get("page", ""))
        filters = self._filters()
        self.filters_key = urlencode(filters._asdict())
        self.everybody_href = self._address(filters._replace(account=""))
        self.filtered = any(filters)

    def _filters(self) -> Filters:
        return Filters(self.text, self.kind, self.status, self.first, self.last, self._account)

    def _search(self) -> TransactionSearch:
        return TransactionSearch(
            text=self.text,
            kind=TransactionKind(self.kind) if self.kind else None,
            state=TransactionFilter(self.status) if self.status else None,
            account_id=AccountId(self._account) if self._account else None,
            first=date.fromisoformat(self.first) if self.first else None,
            last=date.fromisoformat(self.last) if self.last else None,
        )

    def _address(self, filters: Filters, page: int = 1) -> str:
        query = urlencode(filters.query() | ({"page": str(page)} if page > 1 else {}))
        return address(self.language, PATH) + (f"?{query}" if query else "")

    def _item(self, row: Transaction) -> TransactionItem:
        language = self.language
        day, time = short_day_and_time(language, row.at)
        tone, status, detail = transaction_status(language, row)
        is_adjustment = row.kind is TransactionKind.ADJUSTMENT
        return TransactionItem(
            id=row.id,
            payment=row.payment_id or "",
            day=day,
            time=time,
            kind=translate(language, KINDS[row.kind]),
            person=row.who,
            person_href=address(language, f"/staff/patients/{row.patient_id}"),
            invoices=", ".join(row.invoices),
            method=adjustment_text(language, row.shown)
            if is_adjustment
            else payment_method_text(language, row.method, row.shown),
            tone=tone,
            status=status,
            detail=detail,
            amount=money_text(language, row.amount),
            can_post=row.can_post and self.may_post,
            selected=row.id in self.selected,
        )


def _date_or_none(text: str) -> str:
    """A date as browsers write it (ISO 8601); "" for anything else."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
