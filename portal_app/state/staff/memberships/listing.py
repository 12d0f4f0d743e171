"""The page Memberships: the list by status, with its sums, and what changed this month."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import money_text, plural, short_date_text, translate
from portal_app.services.memberships.joining.waiting import count_waiting_joins
from portal_app.services.memberships.plans.read import list_plans
from portal_app.services.memberships.staff.listing import (
    LONGEST_TEXT,
    MembershipRow,
    MonthsChanges,
    changes_of_month,
    list_memberships,
    read_membership_search,
    sum_memberships,
)
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.paging import Page, list_page, page_number
from portal_app.state.staff.labels import invoice_status, missing_permission_text
from portal_app.state.staff.memberships.labels import STATUSES, ChoiceItem, event_name

PATH = "/staff/memberships"
ENROL_PATH = "/staff/enrol"
_FILTERS = ("q", "status", "plan", "last", "until", "account")


@dataclass(frozen=True)
class MembershipItem:
    id: str
    href: str
    owner: str
    plan: str
    tone: str
    status: str
    members: str
    next_bill: str
    amount: str
    last: str


@dataclass(frozen=True)
class ChangeItem:
    key: str
    href: str
    day: str
    owner: str
    what: str


class MembershipListState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    filters: rx.Field[dict[str, str]] = rx.field(default_factory=dict)  # as they stand in the address
    filters_key: rx.Field[str] = rx.field("")
    person: rx.Field[str] = rx.field("")  # whose memberships are shown; "" for everybody's
    plans: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    rows: rx.Field[list[MembershipItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    monthly: rx.Field[str] = rx.field("")
    people: rx.Field[str] = rx.field("")
    without_price: rx.Field[str] = rx.field("")
    counts: rx.Field[list[str]] = rx.field(default_factory=list)  # what changed this month, how often
    waiting: rx.Field[str] = rx.field("")  # "2 people joined online: answer", "" for nobody
    changes: rx.Field[list[ChangeItem]] = rx.field(default_factory=list)
    page: rx.Field[Page] = rx.field(default_factory=Page)
    export_href: rx.Field[str] = rx.field("")
    enrol_href: rx.Field[str] = rx.field("")
    may_export: rx.Field[bool] = rx.field(False)
    may_change: rx.Field[bool] = rx.field(False)
    missing_permission: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("memberships", MembershipListState.refresh)
        query = self.router.url.query_parameters
        self._read_filters({name: query.get(name, "") for name in _FILTERS})
        await self._show(page_number(query.get("page", "")))
        plans = await in_thread(list_plans, me())
        self.plans = [ChoiceItem(plan.id, plan.facts.name) for plan in plans]
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when a membership changes."""
        await self._show(self.page.number)

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def search_memberships(self, form: dict[str, str]):
        """Puts the filters into the address."""
        return rx.redirect(self._address({name: (form.get(name) or "").strip() for name in _FILTERS}))

    def _read_filters(self, asked: dict[str, str]) -> None:
        """What the address cannot mean is left out, all of it."""
        known = {
            name: strip_unstorable(value).strip()[:LONGEST_TEXT] for name, value in asked.items() if value
        }
        try:
            read_membership_search(known)
        except (NotFound, ValueError):
            known = {}
        self.filters = {name: known.get(name, "") for name in _FILTERS}
        self.filters_key = urlencode(self.filters)

    async def _show(self, page: int) -> None:
        search = read_membership_search(self.filters)
        found = await in_thread(list_memberships, me(), search, page=page)
        sums = await in_thread(sum_memberships, me(), search)
        self._show_changes(await in_thread(changes_of_month, me()))
        may_answer = me().may(Permission.MANAGE_PLANS)
        waiting = await in_thread(count_waiting_joins, me()) if may_answer else 0
        self.waiting = _waiting_words(self.language, waiting)
        language = self.language
        self.rows = [self._item(row) for row in found.rows]
        self.count = plural(language, "{n} membership", "{n} memberships", found.count)
        self.monthly = money_text(language, sums.monthly)
        self.people = plural(language, "{n} member", "{n} members", sums.people)
        self.without_price = (
            plural(
                language,
                "{n} membership has no price: see To do.",
                "{n} memberships have no price: see To do.",
                sums.without_price,
            )
            if sums.without_price
            else ""
        )
        self.page = list_page(
            language,
            found.page,
            found.pages,
            lambda number: self._address(self.filters, number),
            exact=True,
        )
        self.person = found.person
        await self._show_actions()

    def _show_changes(self, changes: MonthsChanges) -> None:
        language = self.language
        self.changes = [
            ChangeItem(
                f"{position}",
                address(language, f"{PATH}/{change.membership_id}"),
                short_date_text(language, change.day),
                change.owner,
                event_name(language, change.kind),
            )
            for position, change in enumerate(changes.latest)
        ]
        self.counts = [
            f"{event_name(language, kind)}: {count}" for kind, count in sorted(changes.counts.items())
        ]

    async def _show_actions(self) -> None:
        kept = {name: value for name, value in self.filters.items() if value}
        self.export_href = f"/staff/export/memberships.csv?{urlencode(kept | {'lang': self.language})}"
        account = {"account": self.filters["account"]} if self.filters["account"] else {}
        self.enrol_href = address(self.language, ENROL_PATH) + (f"?{urlencode(account)}" if account else "")
        self.may_export = me().may(Permission.EXPORT)
        self.may_change = me().may(Permission.MANAGE_PLANS)
        self.missing_permission = await missing_permission_text(self.language, me(), Permission.MANAGE_PLANS)

    def _address(self, filters: Mapping[str, str], page: int = 1) -> str:
        query = {**filters, "page": str(page) if page > 1 else ""}
        kept = urlencode({name: value[:LONGEST_TEXT] for name, value in query.items() if value})
        return address(self.language, PATH) + (f"?{kept}" if kept else "")

    def _item(self, row: MembershipRow) -> MembershipItem:
        language = self.language
        tone, status = STATUSES[row.status]
        last = ""
        if row.last_billed and row.last_amount:
            last = f"{short_date_text(language, row.last_billed)} · {money_text(language, row.last_amount)}"
        if row.last_status:
            last += f" · {invoice_status(language, row.last_status, overdue=False).word}"
        return MembershipItem(
            id=row.id,
            href=address(language, f"{PATH}/{row.id}"),
            owner=row.owner,
            plan=row.plan,
            tone=tone,
            status=translate(language, status),
            members=plural(language, "{n} member", "{n} members", row.members),
            next_bill=short_date_text(language, row.next_bill_date) if row.next_bill_date else "",
            amount=money_text(language, row.amount) if row.amount else "",
            last=last,
        )


def _waiting_words(language: str, count: int) -> str:
    if not count:
        return ""
    return plural(
        language, "{n} joined online and waits: answer", "{n} joined online and wait: answer", count
    )
