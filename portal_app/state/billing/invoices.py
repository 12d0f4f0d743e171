"""The first page after signing in: what is owed now, then all invoices, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import gettext_noop, money_text, month_short, plural, time_text, translate, weekday_text
from portal_app.services.billing.invoices.read import list_invoices
from portal_app.services.billing.invoices.shared_invoices import list_shared_invoices
from portal_app.services.billing.views import InvoiceList, InvoiceRow, NextAppointment, OthersInvoice
from portal_app.state.base import PortalState, in_thread, me, prefetched, requires
from portal_app.state.billing.labels import (
    for_whom,
    invoice_about,
    invoice_status,
    invoice_title,
)
from portal_app.state.i18n_paths import address
from portal_app.state.paging import Page, list_page, page_number

SHOWS = {"all": gettext_noop("All"), "to_pay": gettext_noop("To pay"), "paid": gettext_noop("Already paid")}


@dataclass(frozen=True)
class InvoiceItem:
    id: str
    href: str
    title: str
    about: str
    tone: str
    status: str
    amount: str


@dataclass(frozen=True)
class Chip:
    label: str
    href: str
    on: bool


def _read_invoices(page: "InvoicesState", principal: Principal) -> InvoiceList:
    asked = _parse_query(page.router.url.query_parameters)
    show = "settled" if asked.show == "all" else asked.show
    return list_invoices(principal, show=show, patient_id=asked.person, page=asked.page)


class InvoicesState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    owed: rx.Field[str] = rx.field("")
    owed_words: rx.Field[str] = rx.field("")
    owes: rx.Field[bool] = rx.field(False)
    pay_href: rx.Field[str] = rx.field("")
    pay_words: rx.Field[str] = rx.field("")
    pay_for: rx.Field[str] = rx.field("")
    to_pay: rx.Field[list[InvoiceItem]] = rx.field(default_factory=list)
    to_pay_rest: rx.Field[str] = rx.field("")
    for_others: rx.Field[list[InvoiceItem]] = rx.field(default_factory=list)
    show: rx.Field[str] = rx.field("all")
    filtered: rx.Field[bool] = rx.field(False)  # the address asks for fewer than all
    rows: rx.Field[list[InvoiceItem]] = rx.field(default_factory=list)
    shows: rx.Field[list[Chip]] = rx.field(default_factory=list)
    people: rx.Field[list[Chip]] = rx.field(default_factory=list)
    page: rx.Field[Page] = rx.field(default_factory=Page)
    visit_day: rx.Field[str] = rx.field("")
    visit_month: rx.Field[str] = rx.field("")
    visit_when: rx.Field[str] = rx.field("")
    visit_about: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.MY_INVOICES, prefetch=_read_invoices)
    async def load(self):
        """Unfiltered: first what is to be paid, oldest due first, then page by page what is settled."""
        found: InvoiceList = prefetched()
        asked = _parse_query(self.router.url.query_parameters)
        self.show, self.filtered = asked.show, asked.show != "all" or bool(asked.person)
        self._show_rows(found, asked.show, asked.person or "")
        self._show_appointment(found.next_appointment)
        self._show_owed(found, asked.person)
        shared = await in_thread(list_shared_invoices, me()) if me().granted_accounts else ()
        self.for_others = [self._shared_item(row) for row in shared]
        self.ready = True

    def _show_owed(self, found: InvoiceList, person: PatientId | None) -> None:
        self.owes, self.owed = bool(found.owed), money_text(self.language, found.owed)
        self.owed_words = plural(self.language, "{n} invoice to pay", "{n} invoices to pay", found.owed_count)
        self.to_pay = self._items(found.waiting)
        self.to_pay_rest = self.pay_href = ""
        if found.waiting_count > len(found.waiting):
            self.to_pay_rest = translate(self.language, "See all {n} to pay", n=found.waiting_count)
        if found.waiting and person is None and found.online_payments:
            first = self.to_pay[0]
            self.pay_words = translate(self.language, "Pay {amount}", amount=found.waiting[0].due)
            self.pay_href, self.pay_for = first.href, first.title

    def _show_rows(self, found: InvoiceList, show: str, person: str) -> None:
        self.rows = self._items(found.rows)
        self.shows = [
            Chip(translate(self.language, label), self._address(key, person), key == show)
            for key, label in SHOWS.items()
        ]
        everyone = ("", translate(self.language, "Everyone"))
        self.people = [
            Chip(name, self._address(show, id_), id_ == person) for id_, name in (everyone, *found.people)
        ] if len(found.people) > 1 else []  # fmt: skip
        self.page = list_page(
            self.language, found.page, found.pages, lambda number: self._address(show, person, number)
        )

    def _show_appointment(self, visit: NextAppointment | None) -> None:
        self.visit_day = self.visit_when = ""
        if visit is None:
            return
        day = clock.local_date(visit.start)
        self.visit_day, self.visit_month = str(day.day), month_short(self.language, day)
        self.visit_when = f"{weekday_text(self.language, day)}, {time_text(self.language, visit.start)}"
        who_where = (visit.patient_name, visit.provider, visit.location)
        self.visit_about = " · ".join(part for part in who_where if part)

    def _address(self, show: str, person: str, page: int = 1) -> str:
        asked = {
            "show": "" if show == "all" else show,
            "person": person,
            "page": page if page > 1 else "",
        }
        query = urlencode({key: value for key, value in asked.items() if value})
        return address(self.language, "/invoices") + (f"?{query}" if query else "")

    def _shared_item(self, row: OthersInvoice) -> InvoiceItem:
        msgid = "Was due {day}" if row.overdue else "Due {day}"
        return InvoiceItem(
            id=row.id,
            href=address(self.language, f"/invoices/{row.id}"),
            title=invoice_title(self.language, ""),
            about=for_whom(self.language, (row.whose,)),
            tone="late" if row.overdue else "due",
            status=translate(self.language, msgid, day=row.due_date),
            amount=money_text(self.language, row.due),
        )

    def _items(self, rows: Sequence[InvoiceRow]) -> list[InvoiceItem]:
        """Address and year are worked out once for the list, not for each row."""
        language, base, year = self.language, address(self.language, "/invoices"), clock.today().year
        return [
            InvoiceItem(
                id=row.id,
                href=f"{base}/{row.id}",
                title=invoice_title(language, row.title, row.more_lines),
                about=invoice_about(language, row, year),
                tone=tone,
                status=status,
                amount=money_text(language, row.due if row.due else row.total),
            )
            for row in rows
            for tone, status in [invoice_status(language, row, year)]
        ]


class _Query(NamedTuple):
    show: str  # a key of SHOWS
    person: PatientId | None
    page: int


def _parse_query(query: Mapping[str, str]) -> _Query:
    """The filters in the address; one that cannot be read is as if it were not there."""
    show, person = query.get("show", "all"), query.get("person", "")
    return _Query(
        show if show in SHOWS else "all",
        _parse_person(person) if person else None,
        page_number(query.get("page", "")),
    )


def _parse_person(given: str) -> PatientId | None:
    try:
        return PatientId(parse_id("pat", given))
    except NotFound:
        return None
