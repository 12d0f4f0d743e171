"""The log of messages, for staff: found, and sent again where they failed for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import ago_text, gettext_noop, translate
from portal_app.services.messaging import log
from portal_app.services.messaging.log import Fate, LoggedMessage, MessageLog
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.paging import page_number

FATES = {
    "": gettext_noop("All"),
    Fate.WAITING: gettext_noop("Waiting"),
    Fate.SENT: gettext_noop("Sent"),
    Fate.FAILED: gettext_noop("Not delivered"),
}
_TONES = {Fate.SENT: "paid", Fate.WAITING: "info", Fate.FAILED: "late"}
KINDS = {kind: template.name for kind, template in TEMPLATES.items() if template.name}
_OTHER = gettext_noop("About sign-in or contact details")


@dataclass(frozen=True)
class MessageRow:
    id: str
    kind: str
    who: str
    sent_to: str
    by_text: bool
    tone: str
    fate: str
    why: str
    when: str
    again: bool


@dataclass(frozen=True)
class FateChip:
    label: str
    href: str
    on: bool


class MessageLogState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[MessageRow]] = rx.field(default_factory=list)
    fates: rx.Field[list[FateChip]] = rx.field(default_factory=list)
    kinds: rx.Field[list[FateChip]] = rx.field(default_factory=list)
    search: rx.Field[str] = rx.field("")
    count: rx.Field[int] = rx.field(0)
    pages: rx.Field[int] = rx.field(1)
    newer: rx.Field[str] = rx.field("")
    older: rx.Field[str] = rx.field("")
    where: rx.Field[str] = rx.field("")
    done: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("messages", MessageLogState.refresh)
        self.done = ""
        await self._look()
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Asked for by the server when a message went out: no activity of a person."""
        await self._look()

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def find(self, form: dict[str, str]):
        """By name or address; the address bar keeps it."""
        fate, kind, _words, _page = _asked(self.router.url.query_parameters)
        return rx.redirect(self._address(fate, kind, form.get("search", "").strip()[:80]))

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def send_again(self, message_id: str):
        await in_thread(log.send_again, me(), message_id)
        self.done = translate(self.language, "The message is on its way again.")
        await self._look()

    async def _look(self) -> None:
        fate, kind, words, page = _asked(self.router.url.query_parameters)
        asked = {"fate": Fate(fate) if fate else None, "kind": kind, "search": words, "page": page}
        found = await in_thread(log.list_messages, me(), **asked)
        self.search = words
        self._show(found, fate, kind, words)

    def _show(self, found: MessageLog, fate: str, kind: str, words: str) -> None:
        self.rows = [self._item(row) for row in found.rows]
        self.count, self.pages = found.count, found.pages
        self.fates = [
            FateChip(self._counted(label, key, found.failed), self._address(key, kind, words), key == fate)
            for key, label in FATES.items()
        ]
        everything = {"": gettext_noop("Every kind"), **KINDS}
        self.kinds = [
            FateChip(translate(self.language, label), self._address(fate, key, words), key == kind)
            for key, label in everything.items()
        ]
        self.newer = self._address(fate, kind, words, found.page - 1) if found.page > 1 else ""
        self.older = self._address(fate, kind, words, found.page + 1) if found.page < found.pages else ""
        self.where = translate(self.language, "Page {page} of {pages}", page=found.page, pages=found.pages)

    def _counted(self, label: str, fate: str, failed: int) -> str:
        said = translate(self.language, label)
        return f"{said} ({failed})" if fate == Fate.FAILED and failed else said

    def _address(self, fate: str, kind: str, words: str, page: int = 1) -> str:
        asked = {"state": fate, "kind": kind, "search": words, "page": page if page > 1 else ""}
        query = urlencode({key: value for key, value in asked.items() if value})
        return address(self.language, "/staff/messages") + (f"?{query}" if query else "")

    def _item(self, row: LoggedMessage) -> MessageRow:
        return MessageRow(
            id=row.id,
            kind=translate(self.language, KINDS.get(row.kind, _OTHER)),
            who=row.who or row.to,
            sent_to=row.to if row.who else "",
            by_text=row.channel == "phone",
            tone=_TONES[row.fate],
            fate=translate(self.language, FATES[row.fate]),
            why=row.why,
            when=ago_text(self.language, row.at),
            again=row.can_send_again,
        )


def _asked(query: Mapping[str, str]) -> tuple[str, str, str, int]:
    """State, kind, words and page that the address asks for; what we do not know is everything."""
    fate, kind, page = query.get("state", ""), query.get("kind", ""), query.get("page", "")
    return (
        fate if fate in FATES else "",
        kind if kind in TEMPLATES else "",
        strip_unstorable(query.get("search", ""))[:80],
        page_number(page),
    )
