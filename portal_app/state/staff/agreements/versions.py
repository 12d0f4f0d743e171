"""The versions of an agreement: one as it reads, and two compared word by word. The address says which."""

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.agreements.comparison import ComparedBlock
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, parse_id
from portal_app.i18n import gettext_noop, moment_text, translate
from portal_app.services.agreements.texts.read import (
    AgreementEditor,
    VersionRow,
    compare_versions,
    view_agreement,
    view_version,
)
from portal_app.services.agreements.texts.versions import in_order
from portal_app.state.agreement_text import TextRow, text_rows
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import LoadedPage
from portal_app.state.i18n_paths import address, last_part
from portal_app.state.paging import page_number
from portal_app.state.staff.agreements.labels import PATH, language_name
from portal_app.state.staff.memberships.labels import ChoiceItem

_VERSION = gettext_noop("Version {number}")
_ABOUT = gettext_noop("{when}, by {who}")
OF_DRAFT = "0"  # in the address, for `after`


@dataclass(frozen=True)
class VersionItem:
    key: str
    name: str
    about: str
    languages: str


@dataclass(frozen=True)
class PieceItem:
    change: str  # "same", "removed", "added"
    text: str


@dataclass(frozen=True)
class ComparedItem:
    key: str
    heading: bool
    changed: bool
    pieces: list[PieceItem]


class AgreementVersionsState(LoadedPage, PortalState):
    name: rx.Field[str] = rx.field("")
    editor_href: rx.Field[str] = rx.field("")
    versions: rx.Field[list[VersionItem]] = rx.field(default_factory=list)
    choices: rx.Field[list[ChoiceItem]] = rx.field(
        default_factory=list
    )  # what may be chosen to read or compare
    languages: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    chosen: rx.Field[dict[str, str]] = rx.field(default_factory=dict)  # before, after, in
    chosen_key: rx.Field[str] = rx.field("")
    title: rx.Field[str] = rx.field("")  # of the one version that is read
    text: rx.Field[list[TextRow]] = rx.field(default_factory=list)
    compared: rx.Field[list[ComparedItem]] = rx.field(default_factory=list)
    same: rx.Field[bool] = rx.field(False)  # two were compared, and they say the same
    unknown: rx.Field[bool] = rx.field(False)  # one of them is not there in this language
    _agreement: str = ""

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def load(self):
        self.missing = False
        try:
            self._agreement = parse_id("agr", last_part(self.router.url.path))
            view = await in_thread(view_agreement, me(), AgreementId(self._agreement))
            self._show_versions(view)
            await self._show_chosen(view)
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def choose(self, form: dict[str, str]):
        """Puts the choice into the address."""
        query = urlencode({name: form.get(name, "") for name in ("before", "after", "in")})
        return rx.redirect(address(self.language, f"{PATH}/versions/{self._agreement}") + f"?{query}")

    def _show_versions(self, view: AgreementEditor) -> None:
        language = self.language
        self.name, self.editor_href = view.name, address(language, f"{PATH}/{view.id}")
        self.versions = [self._version(row) for row in view.versions]
        self.choices = [ChoiceItem(str(row.number), self._named(row.number)) for row in view.versions]
        codes = {code for row in view.versions for code in row.languages} | set(view.texts)
        self.languages = [ChoiceItem(code, language_name(code)) for code in in_order(codes)]

    def _version(self, row: VersionRow) -> VersionItem:
        about = translate(
            self.language, _ABOUT, when=moment_text(self.language, row.published_at), who=row.published_by
        )
        languages = ", ".join(map(language_name, row.languages))
        return VersionItem(str(row.number), self._named(row.number), about, languages)

    def _named(self, number: int) -> str:
        return translate(self.language, _VERSION, number=number)

    async def _show_chosen(self, view: AgreementEditor) -> None:
        """By default the newest version against the draft; the same twice is that one to read."""
        query = self.router.url.query_parameters
        newest = view.versions[0].number if view.versions else 0
        before = page_number(query.get("before", "")) if query.get("before") else newest
        after = query.get("after", OF_DRAFT)
        asked = query.get("in", "")
        known = [item.id for item in self.languages]
        chosen = asked if asked in known else next(iter(known), "")
        number = 0 if after == OF_DRAFT else page_number(after)
        self.chosen = {"before": str(before), "after": str(number), "in": chosen}
        self.chosen_key = urlencode(self.chosen)
        self.title, self.text, self.compared, self.same, self.unknown = "", [], [], False, False
        if not newest:
            return
        try:
            if before == number:
                await self._show_text(view, before, chosen)
            else:
                await self._compare(before, number, chosen)
        except NotFound:
            self.unknown = True

    async def _show_text(self, view: AgreementEditor, number: int, language: str) -> None:
        row = next((row for row in view.versions if row.number == number), None)
        if row is None:
            raise NotFound
        text = await in_thread(view_version, me(), row.id, language)
        self.title, self.text = text.title, text_rows(text.blocks)

    async def _compare(self, before: int, after: int, language: str) -> None:
        agreement = AgreementId(self._agreement)
        blocks = await in_thread(compare_versions, me(), agreement, language, before, after)
        self.compared = [_compared(position, block) for position, block in enumerate(blocks)]
        self.same = not any(block.changed for block in blocks)


def _compared(position: int, block: ComparedBlock) -> ComparedItem:
    pieces = [PieceItem(str(piece.change), piece.text) for piece in block.pieces]
    return ComparedItem(str(position), block.kind == "heading", block.changed, pieces)
