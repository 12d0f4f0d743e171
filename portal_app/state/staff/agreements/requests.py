"""The requests of one agreement: who has not signed, who opened it, whose message came back; and what staff do about it."""

from dataclasses import replace
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, AgreementRequestId, PatientId, parse_id
from portal_app.i18n import gettext_noop, plural, translate
from portal_app.services.agreements.requests.ask import AskForm, AskResult, ask_to_sign, preview_asking
from portal_app.services.agreements.requests.end import withdraw_request
from portal_app.services.agreements.requests.listing import RequestFilter, list_requests
from portal_app.services.agreements.requests.people import Audience
from portal_app.services.agreements.requests.tell import send_again
from portal_app.services.agreements.texts.read import view_agreement
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address, last_part
from portal_app.state.live import watch
from portal_app.state.paging import Page, list_page, page_number
from portal_app.state.staff.agreements.labels import FILTERS, PATH
from portal_app.state.staff.agreements.request_items import RequestItem, SetAsideItem, request_item, set_aside
from portal_app.state.staff.messages import FilterChip

_ASK_WITHDRAW = gettext_noop(
    "Withdraw the request to {person}? Its links end, and nobody can sign it any more."
)
_PAPER_DONE = gettext_noop("The paper of {person} is recorded.")


class AgreementRequestsState(LoadedPage, Feedback, PortalState):
    name: rx.Field[str] = rx.field("")
    editor_href: rx.Field[str] = rx.field("")
    send_href: rx.Field[str] = rx.field("")
    may_send: rx.Field[bool] = rx.field(False)  # a version is published, and it is in use
    filters: rx.Field[list[FilterChip]] = rx.field(default_factory=list)
    rows: rx.Field[list[RequestItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    page: rx.Field[Page] = rx.field(default_factory=Page)
    chosen: rx.Field[str] = rx.field("")  # "Ask 2 patients for version 3"; "" while nobody is chosen
    question: rx.Field[str] = rx.field("")
    aside: rx.Field[list[SetAsideItem]] = rx.field(default_factory=list)  # who cannot be asked
    paper: rx.Field[str] = rx.field("")  # the request whose paper is being recorded
    paper_person: rx.Field[str] = rx.field("")
    _agreement: str = ""
    _newest: int = 0
    _shown: RequestFilter = RequestFilter.ALL
    _chosen: tuple[str, ...] = ()  # patients to ask for the newest version
    _asked: tuple[str, str] = ("", "")  # what was asked about, and of which request

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def load(self):
        watch("agreements", AgreementRequestsState.refresh)
        if self._newly_here():
            self._clear_feedback()
            self._forget()
            self._chosen, self.paper = (), ""
        self.missing = False
        query = self.router.url.query_parameters
        shown = query.get("show", "")
        self._shown = RequestFilter(shown) if shown in set(RequestFilter) else RequestFilter.ALL
        try:
            self._agreement = parse_id("agr", last_part(self.router.url.path))
            await self._show(page_number(query.get("page", "")))
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS, activity=False)
    async def refresh(self):
        """Called by the server when something is signed, asked for, or made."""
        if not self._agreement or self.missing:
            return
        paper, person = self.paper, self.paper_person
        await self._show(self.page.number)
        if paper and not any(row.id == paper and row.waiting for row in self.rows):
            self.paper = ""
            self._show_done(_PAPER_DONE, person=person)

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def send_again(self, request: str, by_link: bool):
        """Tells the signers of one request once more, with a sign link or without."""
        async for step in run_busy(self, self._send_again(request, by_link)):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def ask_withdraw(self, request: str):
        self._clear_feedback()
        self._forget()
        row = self._row(request)
        self._asked = ("withdraw", row.id)
        self.question = translate(self.language, _ASK_WITHDRAW, person=row.patient)

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def toggle_chosen(self, request: str):
        """One who signed an earlier version is asked for the newest, or is not."""
        patient = self._row(request).patient_id
        others = tuple(id_ for id_ in self._chosen if id_ != patient)
        self._chosen = others if patient in self._chosen else (*others, patient)
        self._show_ticks()

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def ask_chosen(self):
        """Says who of the chosen would be asked, and asks once."""
        self._forget()
        async for step in run_busy(self, self._ask_chosen()):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def confirm(self):
        """Does what was asked about."""
        async for step in run_busy(self, self._confirm()):
            yield step
        self._forget()
        await self._show(self.page.number)

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def keep(self):
        """Changes nothing."""
        self._forget()

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def open_paper(self, request: str):
        """Opens the form for the scan of one request; the file goes to a route of its own."""
        self._clear_feedback()
        self._forget()
        row = self._row(request)
        self.paper, self.paper_person = row.id, row.patient

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def close_paper(self):
        self.paper = ""

    def _row(self, request: str) -> RequestItem:
        """The request as the page shows it. Raises NotFound for another one."""
        for row in self.rows:
            if row.id == request:
                return row
        raise NotFound

    async def _send_again(self, request: str, by_link: bool) -> None:
        request_id = AgreementRequestId(parse_id("agq", request))
        written = await in_thread(send_again, me(), request_id, by_link=by_link)
        await self._show(self.page.number)
        self._show_done_text(
            plural(self.language, "{n} message is on its way.", "{n} messages are on their way.", written)
        )

    async def _ask_chosen(self) -> None:
        result = await in_thread(preview_asking, me(), AgreementId(self._agreement), self._chosen_form())
        self._asked = ("ask", "")
        self.aside = set_aside(self.language, result)
        self.question = plural(
            self.language,
            "Ask {n} patient for version {number}?",
            "Ask {n} patients for version {number}?",
            result.asked,
            number=self._newest,
        )

    def _chosen_form(self) -> AskForm:
        return AskForm(Audience(patients=tuple(map(PatientId, self._chosen))))

    async def _confirm(self) -> None:
        (what, request), self._asked = self._asked, ("", "")
        if what == "withdraw":
            await in_thread(withdraw_request, me(), AgreementRequestId(request))
            self._show_done(gettext_noop("The request is withdrawn."))
        elif what == "ask":
            result = await in_thread(ask_to_sign, me(), AgreementId(self._agreement), self._chosen_form())
            self._chosen = ()
            self._show_done_text(asked_text(self.language, result))

    def _forget(self) -> None:
        self.question, self.aside, self._asked = "", [], ("", "")

    async def _show(self, page: int) -> None:
        language, agreement = self.language, AgreementId(self._agreement)
        view = await in_thread(view_agreement, me(), agreement)
        self._newest = view.versions[0].number if view.versions else 0
        self.name, self.editor_href = view.name, address(language, f"{PATH}/{view.id}")
        self.send_href = address(language, f"{PATH}/send/{view.id}")
        self.may_send = view.status == "active"
        found = await in_thread(list_requests, me(), agreement, shown=self._shown, page=page)
        newest = self._newest if self.may_send else 0
        self.rows = [request_item(language, row, newest) for row in found.rows]
        self.count = plural(language, "{n} request", "{n} requests", found.count)
        self.page = list_page(language, found.page, found.pages, self._page_address, exact=True)
        self.filters = [
            FilterChip(translate(language, words), self._filter_address(shown), shown is self._shown)
            for shown, words in FILTERS.items()
        ]
        self._show_ticks()

    def _show_ticks(self) -> None:
        self.rows = [replace(row, chosen=row.patient_id in self._chosen) for row in self.rows]
        self.chosen = (
            plural(
                self.language,
                "Ask {n} patient for version {number}…",
                "Ask {n} patients for version {number}…",
                len(self._chosen),
                number=self._newest,
            )
            if self._chosen
            else ""
        )

    def _page_address(self, page: int) -> str:
        return self._address(show=str(self._shown), page=str(page))

    def _filter_address(self, shown: RequestFilter) -> str:
        return self._address(show=str(shown))

    def _address(self, **query: str) -> str:
        return address(self.language, f"{PATH}/requests/{self._agreement}") + "?" + urlencode(query)


def asked_text(language: str, result: AskResult) -> str:
    """How many are asked; they are told by the job."""
    return plural(
        language,
        "{n} patient is asked. Messages go out by day.",
        "{n} patients are asked. Messages go out by day.",
        result.asked,
    )
