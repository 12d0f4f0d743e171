"""Everything that moved money: searched, paged, posted one by one or selected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import UserError
from portal_app.domain.ids import AccountId, PaymentId, given_id
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
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.paging import page_number
from portal_app.state.staff.labels import (
    KINDS,
    entry_text,
    not_allowed,
    short_moment,
    shown_with,
    transaction_status,
)

PATH = "/staff/transactions"
_LONGEST = 80


@dataclass(frozen=True)
class TransactionItem:
    id: str
    payment: str  # the payment's id where there is one to open
    day: str
    time: str
    kind: str
    who: str
    who_href: str
    invoices: str
    shown: str
    tone: str
    status: str
    more: str
    amount: str
    can_post: bool
    chosen: bool


class TransactionsState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    text: rx.Field[str] = rx.field("")
    kind: rx.Field[str] = rx.field("")
    status: rx.Field[str] = rx.field("")
    first: rx.Field[str] = rx.field("")
    last: rx.Field[str] = rx.field("")
    asked_key: rx.Field[str] = rx.field("")  # a new one draws the search form anew
    person: rx.Field[str] = rx.field("")
    person_off: rx.Field[str] = rx.field("")  # the address without the person
    narrowed: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[TransactionItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    to_post: rx.Field[str] = rx.field("")
    to_post_href: rx.Field[str] = rx.field("")
    pages: rx.Field[int] = rx.field(1)
    newer: rx.Field[str] = rx.field("")
    older: rx.Field[str] = rx.field("")
    where: rx.Field[str] = rx.field("")
    export: rx.Field[str] = rx.field("")
    chosen: rx.Field[list[str]] = rx.field(default_factory=list)
    can_choose: rx.Field[int] = rx.field(0)  # rows of this page that may be posted
    all_words: rx.Field[str] = rx.field("")
    post_words: rx.Field[str] = rx.field("")
    said: rx.Field[str] = rx.field("")
    may_post: rx.Field[bool] = rx.field(False)
    may_take: rx.Field[bool] = rx.field(False)
    may_export: rx.Field[bool] = rx.field(False)
    why_not: rx.Field[str] = rx.field("")
    _page: int = 1
    _account: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("payments", TransactionsState.refresh)
        self._read(self.router.url.query_parameters)
        if self._newly_here():
            self.chosen, self.said = [], ""
        who = me()
        self.may_post, self.may_export = who.may(Permission.POST_TO_LEDGER), who.may(Permission.EXPORT)
        self.may_take = who.may(Permission.TAKE_PAYMENTS)
        self.why_not = await not_allowed(self.language, who, Permission.POST_TO_LEDGER)
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Asked for by the server when money moves."""
        await self._show()

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def search(self, form: dict[str, str]):
        """The filters stand in the address: Back works, and a search can be kept as a bookmark."""
        asked = {
            name: form.get(name, "").strip()[:_LONGEST] for name in ("q", "kind", "status", "from", "to")
        }
        asked["account"] = self._account
        return rx.redirect(self._address(asked))

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def choose(self, payment: str):
        """Select, or not any more."""
        payment = given_id("pay", payment)
        self.chosen = [p for p in self.chosen if p != payment] if payment in self.chosen else [
            *self.chosen, payment,
        ]  # fmt: skip
        self._mark()

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def choose_all(self):
        """All of this page, or none."""
        all_of_it = [row.id for row in self.rows if row.can_post]
        self.chosen = [] if set(all_of_it) == set(self.chosen) else all_of_it
        self._mark()

    @rx.event
    @requires(Permission.POST_TO_LEDGER)
    async def post_chosen(self):
        """All that are selected become ledger entries; says how many did."""
        ids = [PaymentId(given_id("pay", one)) for one in self.chosen]
        if not ids:
            raise UserError("Select the payments to post first.")
        done = await in_thread(post_payments, me(), ids)
        self.chosen = []
        await self._show()
        self.said = plural(self.language, "{n} payment was posted.", "{n} payments were posted.", done)

    async def _show(self) -> None:
        found = await in_thread(search_transactions, me(), self._search(), page=self._page)
        self._show_rows(found)
        self._mark()

    def _show_rows(self, found: TransactionPage) -> None:
        language = self.language
        self.rows = [self._item(row) for row in found.rows]
        still = {row.id for row in self.rows if row.can_post}
        self.chosen = [one for one in self.chosen if one in still]
        self.can_choose = len(still)
        self.person = found.account_name
        self.count = plural(language, "{n} transaction", "{n} transactions", found.count)
        self.to_post = (
            plural(language, "{n} payment to post", "{n} payments to post", found.to_post)
            if found.to_post
            else ""
        )
        self.to_post_href = self._address(
            {"kind": TransactionKind.PAYMENT.value, "status": TransactionFilter.TO_POST.value}
        )
        self.pages, page = found.pages, found.page
        asked = self._asked()
        self.newer = self._address({**asked, "page": str(page - 1)}) if page > 1 else ""
        self.older = self._address({**asked, "page": str(page + 1)}) if page < found.pages else ""
        self.where = translate(language, "Page {page} of {pages}", page=page, pages=found.pages)
        query = urlencode({**{k: v for k, v in asked.items() if v}, "lang": language})
        self.export = f"/staff/export/transactions.csv?{query}"

    def _mark(self) -> None:
        chosen = set(self.chosen)
        self.rows = [
            row if row.chosen == (row.id in chosen) else replace(row, chosen=row.id in chosen)
            for row in self.rows
        ]
        n = len(chosen)
        self.post_words = plural(self.language, "Post {n} payment", "Post {n} payments", n) if n else ""
        all_of_it = n and n == self.can_choose
        self.all_words = translate(self.language, "Select none") if all_of_it else plural(
            self.language, "Select the {n} to post here", "Select all {n} to post here", self.can_choose
        )  # fmt: skip

    def _read(self, query: Mapping[str, str]) -> None:
        """What the address asks for; what it gets wrong is not asked."""
        self.text = strip_unstorable(query.get("q", "")).strip()[:_LONGEST]
        kind, status = query.get("kind", ""), query.get("status", "")
        self.kind = kind if kind in list(TransactionKind) else ""
        self.status = status if status in list(TransactionFilter) else ""
        self.first, self.last = _day(query.get("from", "")), _day(query.get("to", ""))
        account = query.get("account", "")
        self._account = given_id("acc", account) if account else ""
        page = query.get("page", "")
        self._page = page_number(page)
        self.asked_key = urlencode(self._asked())
        self.person_off = self._address({**self._asked(), "account": ""})
        self.narrowed = any(self._asked().values())

    def _asked(self) -> dict[str, str]:
        return {
            "q": self.text,
            "kind": self.kind,
            "status": self.status,
            "from": self.first,
            "to": self.last,
            "account": self._account,
        }

    def _search(self) -> TransactionSearch:
        return TransactionSearch(
            text=self.text,
            kind=TransactionKind(self.kind) if self.kind else None,
            state=TransactionFilter(self.status) if self.status else None,
            account_id=AccountId(self._account) if self._account else None,
            first=date.fromisoformat(self.first) if self.first else None,
            last=date.fromisoformat(self.last) if self.last else None,
        )

    def _address(self, asked: Mapping[str, str]) -> str:
        query = urlencode(
            {key: value for key, value in asked.items() if value and (key, value) != ("page", "1")}
        )
        return address(self.language, PATH) + (f"?{query}" if query else "")

    def _item(self, row: Transaction) -> TransactionItem:
        language = self.language
        day, time = short_moment(language, row.at)
        tone, status, more = transaction_status(language, row)
        return TransactionItem(
            id=row.id,
            payment=row.payment_id or "",
            day=day,
            time=time,
            kind=translate(language, KINDS[row.kind]),
            who=row.who,
            who_href=address(language, f"/staff/patients/{row.patient_id}"),
            invoices=", ".join(row.invoices),
            shown=entry_text(language, row.shown)
            if row.kind is TransactionKind.ADJUSTMENT
            else shown_with(language, row.method, row.shown),
            tone=tone,
            status=status,
            more=more,
            amount=money_text(language, row.amount),
            can_post=row.can_post and self.may_post,
            chosen=row.id in self.chosen,
        )


def _day(text: str) -> str:
    """A day as browsers write it, or none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
