"""The log of messages to patients: searched, and sent again where delivery failed for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import ago_text, gettext_noop, translate
from portal_app.services.messaging import log
from portal_app.services.messaging.log import Fate, LoggedMessage
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.paging import Page, list_page, page_number

_STATUSES = {
    "": gettext_noop("All"),
    Fate.WAITING: gettext_noop("Waiting"),
    Fate.SENT: gettext_noop("Sent"),
    Fate.FAILED: gettext_noop("Not delivered"),
}
_TONES = {Fate.SENT: "paid", Fate.WAITING: "info", Fate.FAILED: "late"}
KINDS = {kind: template.name for kind, template in TEMPLATES.items() if template.name}
_OTHER_KIND = gettext_noop("About sign-in or contact details")
_LONGEST_SEARCH = 80  # characters


@dataclass(frozen=True)
class MessageItem:
    id: str
    kind: str
    recipient: str
    sent_to: str  # email or phone, where the recipient has a name
    by_text: bool
    tone: str
    status: str
    failure: str
    age: str
    can_resend: bool


@dataclass(frozen=True)
class FilterChip:
    """A filter that is a link; `active` is the one that the page shows."""

    label: str
    href: str
    active: bool


class Filters(NamedTuple):
    """What the address asks for; "" is everything."""

    status: str = ""
    kind: str = ""
    search: str = ""
    page: int = 1


class MessageLogState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[MessageItem]] = rx.field(default_factory=list)
    statuses: rx.Field[list[FilterChip]] = rx.field(default_factory=list)
    kinds: rx.Field[list[FilterChip]] = rx.field(default_factory=list)
    search: rx.Field[str] = rx.field("")
    page: rx.Field[Page] = rx.field(default_factory=Page)

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("messages", MessageLogState.refresh)
        self._clear_feedback()
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when a message went out; it does not count as activity of a person."""
        await self._show()

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def search_messages(self, form: dict[str, str]):
        """By name or address. The search stands in the address of the page."""
        search = form.get("search", "").strip()[:_LONGEST_SEARCH]
        return rx.redirect(self._address(self._filters()._replace(search=search, page=1)))

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def resend_message(self, message_id: str):
        await in_thread(log.send_again, me(), message_id)
        self._show_done(gettext_noop("The message is on its way again."))
        await self._show()

    async def _show(self) -> None:
        filters = self._filters()
        found = await in_thread(
            log.list_messages,
            me(),
            fate=Fate(filters.status) if filters.status else None,
            kind=filters.kind,
            search=filters.search,
            page=filters.page,
        )
        self.search = filters.search
        self.rows = [self._item(row) for row in found.rows]
        self._show_chips(filters, found.failed)
        self.page = list_page(
            self.language,
            found.page,
            found.pages,
            lambda number: self._address(filters._replace(page=number)),
            exact=True,
        )

    def _show_chips(self, filters: Filters, failed_count: int) -> None:
        """Chips keep the other filters and go back to the first page."""
        first = filters._replace(page=1)
        self.statuses = [
            FilterChip(
                self._status_label(status, failed_count),
                self._address(first._replace(status=status)),
                status == filters.status,
            )
            for status in _STATUSES
        ]
        self.kinds = [
            FilterChip(
                translate(self.language, label),
                self._address(first._replace(kind=kind)),
                kind == filters.kind,
            )
            for kind, label in {"": gettext_noop("Every kind"), **KINDS}.items()
        ]

    def _status_label(self, status: str, failed_count: int) -> str:
        label = translate(self.language, _STATUSES[status])
        return f"{label} ({failed_count})" if status == Fate.FAILED and failed_count else label

    def _filters(self) -> Filters:
        return read_filters(self.router.url.query_parameters)

    def _address(self, filters: Filters) -> str:
        page = filters.page if filters.page > 1 else ""
        given = {"state": filters.status, "kind": filters.kind, "search": filters.search, "page": page}
        query = urlencode({name: value for name, value in given.items() if value})
        return address(self.language, "/staff/messages") + (f"?{query}" if query else "")

    def _item(self, row: LoggedMessage) -> MessageItem:
        return MessageItem(
            id=row.id,
            kind=translate(self.language, KINDS.get(row.kind, _OTHER_KIND)),
            recipient=row.who or row.to,
            sent_to=row.to if row.who else "",
            by_text=row.channel == "phone",
            tone=_TONES[row.fate],
            status=translate(self.language, _STATUSES[row.fate]),
            failure=row.why,
            age=ago_text(self.language, row.at),
            can_resend=row.can_send_again,
        )


def read_filters(query: Mapping[str, str]) -> Filters:
    """The filters of an address. A status or a kind that does not exist is left out."""
    status, kind = query.get("state", ""), query.get("kind", "")
    return Filters(
        status=status if status in _STATUSES else "",
        kind=kind if kind in TEMPLATES else "",
        search=strip_unstorable(query.get("search", ""))[:_LONGEST_SEARCH],
        page=page_number(query.get("page", "")),
    )
