"""Statements: any period, of the whole account or of one person; on screen, as a PDF, by email."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.billing.statements import PRESETS, preset_period
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, PatientId, parse_id
from portal_app.i18n import full_date_text, gettext_noop, money_text, names_text, paid_with_text, translate
from portal_app.services.billing.document_views import StatementRow, StatementView
from portal_app.services.billing.history import years_with_payments
from portal_app.services.billing.statements import list_people, view_statement
from portal_app.services.documents.account_documents import entry_text
from portal_app.services.documents.statement_email import email_statement
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.account_picker import AccountPicker
from portal_app.state.errors import PeriodIncomplete
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.paging import Page, list_page, page_number

ON_SCREEN = 100  # lines a page; the PDF has them all
_PRESETS = {
    "this_month": gettext_noop("This month"),
    "last_month": gettext_noop("Last month"),
    "this_year": gettext_noop("This year"),
    "last_year": gettext_noop("Last year"),
}


@dataclass(frozen=True)
class ChoiceLink:
    """A period or a person to choose; `on`: the one that is shown."""

    label: str
    href: str
    on: bool


@dataclass(frozen=True)
class EntryItem:
    when: str
    what: str
    who: str
    amount: str
    running: str


@dataclass(frozen=True)
class SumItem:
    label: str
    amount: str


@dataclass(frozen=True)
class PersonSumItem:
    name: str
    charges: str
    payments: str
    together: str


@dataclass(frozen=True)
class YearItem:
    label: str
    href: str


class StatementsState(LoadedPage, Feedback, AccountPicker, PortalState):
    """The page Statements: its address says account, person, period and page."""

    presets: rx.Field[list[ChoiceLink]] = rx.field(default_factory=list)
    people: rx.Field[list[ChoiceLink]] = rx.field(default_factory=list)
    first: rx.Field[str] = rx.field("")  # as typed, for the fields
    last: rx.Field[str] = rx.field("")
    person: rx.Field[str] = rx.field("")
    period: rx.Field[str] = rx.field("")  # in words; "" when the days asked for are no period
    whose: rx.Field[str] = rx.field("")
    opening: rx.Field[str] = rx.field("")
    # The balance above the first line of this page: amount, label, day.
    start: rx.Field[str] = rx.field("")
    start_words: rx.Field[str] = rx.field("")
    start_day: rx.Field[str] = rx.field("")
    closing: rx.Field[str] = rx.field("")
    rows: rx.Field[list[EntryItem]] = rx.field(default_factory=list)
    page: rx.Field[Page] = rx.field(default_factory=Page)
    sums: rx.Field[list[SumItem]] = rx.field(default_factory=list)
    persons: rx.Field[list[PersonSumItem]] = rx.field(default_factory=list)
    posting: rx.Field[list[SumItem]] = rx.field(default_factory=list)
    after_posting: rx.Field[str] = rx.field("")
    pdf: rx.Field[str] = rx.field("")
    itemised: rx.Field[str] = rx.field("")
    years: rx.Field[list[YearItem]] = rx.field(default_factory=list)

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def load(self):
        asked = self.router.url.query_parameters
        self.ready = self.missing = False
        self._clear_feedback()
        self.period = self.pdf = self.itemised = ""
        chosen = _preset(asked)
        self.first, self.last, self.person = (
            asked.get("from", ""),
            asked.get("to", ""),
            asked.get("person", ""),
        )
        if chosen:
            days = preset_period(chosen, clock.today())
            self.first, self.last = days[0].isoformat(), days[1].isoformat()
        try:
            await self._pick_account()
            await self._show_choices(chosen)
            await self._show(asked.get("page", ""))
        except NotFound:
            self.missing = True
        except UserError as refusal:
            self._show_refusal(refusal)
        self.ready = True

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def choose_period(self, form: dict[str, str]):
        """Show the chosen period: its days go into the address, which can be bookmarked."""
        self.busy = True
        yield
        self.busy = False
        yield rx.redirect(
            self._address({"from": form.get("from", ""), "to": form.get("to", "")}, self.person)
        )

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def email_statement(self):
        async for _ in run_busy(self, self._email()):
            yield

    async def _email(self) -> None:
        to = await in_thread(
            email_statement,
            me(),
            *_parse_days(self.first, self.last),
            account_id=self._account_id,
            patient_id=_parse_person(self.person),
        )
        self._show_done(gettext_noop("We sent it to {email}."), email=to)

    async def _show(self, page: str) -> None:
        first, last = _parse_days(self.first, self.last)
        view = await in_thread(
            view_statement,
            me(),
            first,
            last,
            account_id=self._account_id,
            patient_id=_parse_person(self.person),
        )
        self._show_figures(view)
        self._show_rows(view, page_number(page))
        asked = {"from": self.first, "to": self.last, "person": self.person, "lang": self.language}
        asked |= self._account_query
        query = urlencode({name: value for name, value in asked.items() if value})
        self.pdf, self.itemised = f"/documents/statement.pdf?{query}", f"/documents/itemised.pdf?{query}"

    async def _show_choices(self, chosen: str) -> None:
        """Periods, people and years to choose from. Raises NotFound where the viewer has no such account."""
        people = await in_thread(list_people, me(), self._account_id)
        years = await in_thread(years_with_payments, me(), self._account_id)
        period = {"period": chosen} if chosen else {"from": self.first, "to": self.last}
        self.presets = [
            ChoiceLink(
                translate(self.language, _PRESETS[name]),
                self._address({"period": name}, self.person),
                name == chosen,
            )
            for name in PRESETS
        ]
        everyone = ("", translate(self.language, "Whole account"))
        self.people = [
            ChoiceLink(name, self._address(period, id_), id_ == self.person)
            for id_, name in (everyone, *people)
        ] if len(people) > 1 else []  # fmt: skip
        self.years = [
            YearItem(
                translate(self.language, "Payments in {year}", year=str(year)),
                f"/documents/payments/{year}.pdf?{urlencode({**self._account_query, 'lang': self.language})}",
            )
            for year in years[:3]
        ]

    def _show_figures(self, view: StatementView) -> None:
        spoken = self.language
        self.period = translate(
            spoken,
            "{first} to {last}",
            first=full_date_text(spoken, view.first),
            last=full_date_text(spoken, view.last),
        )
        self.whose = translate(spoken, "Only for {name}", name=view.person) if view.person else view.guarantor
        self.opening, self.closing = money_text(spoken, view.opening), money_text(spoken, view.closing)
        sums = (
            (gettext_noop("Charges"), view.charges),
            (gettext_noop("Payments"), view.payments),
            (gettext_noop("Credits and corrections"), view.adjustments),
            (gettext_noop("Refunds"), view.refunds),
        )
        self.sums = [
            SumItem(translate(spoken, label), money_text(spoken, sum_)) for label, sum_ in sums if sum_
        ]
        self.posting = [
            SumItem(
                f"{full_date_text(spoken, paid.on)}, {paid_with_text(spoken, paid.shown)}",
                money_text(spoken, -paid.kept),
            )
            for paid in view.being_posted
        ]
        self.after_posting = money_text(spoken, view.after_posting)

    def _show_rows(self, view: StatementView, page: int) -> None:
        spoken = self.language
        count = max(1, -(-len(view.rows) // ON_SCREEN))
        page = min(max(page, 1), count)
        shown = view.rows[(page - 1) * ON_SCREEN : page * ON_SCREEN]
        self._show_start(view, view.rows[(page - 1) * ON_SCREEN - 1] if page > 1 else None)
        self.page = list_page(spoken, page, count, self._page_address, exact=True)
        self.rows = [
            EntryItem(
                full_date_text(spoken, row.on),
                entry_text(spoken, row),
                names_text(spoken, row.people) if row.people else "",
                money_text(spoken, row.amount),
                money_text(spoken, row.running),
            )
            for row in shown
        ]
        self.persons = [
            PersonSumItem(
                person.name or translate(spoken, "Everything else"),
                money_text(spoken, person.charges),
                money_text(spoken, person.payments),
                money_text(spoken, person.total),
            )
            for person in (view.people if len(view.people) > 1 else ())
        ]

    def _page_address(self, number: int) -> str:
        return self._address({"from": self.first, "to": self.last, "page": str(number)}, self.person)

    def _show_start(self, view: StatementView, before: StatementRow | None) -> None:
        """The balance above the first line: the opening one, or on a later page where the page before ended."""
        spoken = self.language
        opening = gettext_noop("Balance at the start") if view.rows else gettext_noop("Balance forward")
        self.start_words = translate(spoken, "Balance carried over") if before else translate(spoken, opening)
        self.start = money_text(spoken, before.running if before else view.opening)
        self.start_day = full_date_text(spoken, before.on if before else view.first)

    def _account_address(self, account_id: AccountId) -> str:
        """The address of another account with the same period; the person is left out, who may not be on it."""
        asked = self.router.url.query_parameters
        kept = {name: asked.get(name, "") for name in ("period", "from", "to")}
        query = urlencode({name: value for name, value in kept.items() if value} | {"account": account_id})
        return f"{address(self.language, '/statements')}?{query}"

    def _address(self, period: dict[str, str], person: str) -> str:
        asked = {**self._account_query, **period, "person": person}
        query = urlencode({name: value for name, value in asked.items() if value})
        return address(self.language, "/statements") + (f"?{query}" if query else "")


def _preset(asked: Mapping[str, str]) -> str:
    """Which of the presets the address means; "" when it names days."""
    if asked.get("from") or asked.get("to"):
        return ""
    named = asked.get("period", "")
    return named if named in PRESETS else "this_month"


def _parse_days(first: str, last: str) -> tuple[date, date]:
    """First and last day of the chosen period. Raises PeriodIncomplete."""
    try:
        return date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise PeriodIncomplete from None


def _parse_person(given: str) -> PatientId | None:
    return PatientId(parse_id("pat", given)) if given else None
