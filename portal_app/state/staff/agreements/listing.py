"""The page Agreements: every text with its newest version, and a new one from a template."""

from collections.abc import Mapping
from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.agreements.types import AgreementKind
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, new_id
from portal_app.i18n import gettext_noop, plural, translate
from portal_app.services.agreements.signing.countersign import list_to_countersign
from portal_app.services.agreements.texts.draft import create_agreement
from portal_app.services.agreements.texts.read import AgreementRow, list_agreements
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.staff.agreements.labels import KINDS, PATH, STATUSES, language_name

_VERSION = gettext_noop("Version {number}")


@dataclass(frozen=True)
class AgreementItem:
    id: str
    href: str
    requests_href: str
    name: str
    kind: str
    version: str  # "" before the first one
    languages: str
    tone: str
    status: str
    waiting: int
    signed: int


class AgreementListState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[AgreementItem]] = rx.field(default_factory=list)
    countersign: rx.Field[str] = rx.field("")  # "2 wait for the practice's signature"; "" for none
    _new: str = ""  # id of the one that the form makes: pressed twice it is one
    _made: bool = False

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def load(self):
        watch("agreements", AgreementListState.refresh)
        if self._newly_here() or not self._new:
            self._clear_feedback()
            self._new = new_id("agr")
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS, activity=False)
    async def refresh(self):
        """Called by the server when something is signed or asked for."""
        await self._show()

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def create(self, form: dict[str, str]):
        """Makes an agreement whose draft begins with the chosen template, and opens its editor."""
        self._made = False
        async for step in run_busy(self, self._create(form), "name"):
            yield step
        if self._made:
            yield rx.redirect(address(self.language, f"{PATH}/{self._new}"))

    async def _create(self, form: Mapping[str, str]) -> None:
        kind = form.get("kind", "")
        if kind not in set(AgreementKind):
            raise NotFound
        await in_thread(
            create_agreement, me(), form.get("name", ""), AgreementKind(kind), AgreementId(self._new)
        )
        self._made = True

    async def _show(self) -> None:
        self.rows = [self._item(row) for row in await in_thread(list_agreements, me())]
        waiting = len(await in_thread(list_to_countersign, me()))
        self.countersign = (
            plural(
                self.language,
                "{n} waits for the practice’s signature: sign",
                "{n} wait for the practice’s signature: sign",
                waiting,
            )
            if waiting
            else ""
        )

    def _item(self, row: AgreementRow) -> AgreementItem:
        language = self.language
        tone, status = STATUSES[row.status]
        return AgreementItem(
            id=row.id,
            href=address(language, f"{PATH}/{row.id}"),
            requests_href=address(language, f"{PATH}/requests/{row.id}"),
            name=row.name,
            kind=translate(language, KINDS[row.kind]),
            version=translate(language, _VERSION, number=row.version) if row.version else "",
            languages=", ".join(map(language_name, row.languages)),
            tone=tone,
            status=translate(language, status),
            waiting=row.waiting,
            signed=row.signed,
        )
