"""The editor of an agreement: its draft in each language, kept while it is typed, with preview, checks and publishing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.agreements.errors import PointsOpen
from portal_app.domain.agreements.points import open_points
from portal_app.domain.agreements.types import AgreementKind, AgreementStatus, SignatureRules
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, PatientId, parse_id
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import gettext_noop, moment_text, translate
from portal_app.services.agreements.errors import DraftChanged
from portal_app.services.agreements.texts.draft import (
    DraftForm,
    WrittenText,
    rename_agreement,
    retire_agreement,
    save_draft,
)
from portal_app.services.agreements.texts.publish import check_draft, publish_draft
from portal_app.services.agreements.texts.read import AgreementEditor, preview_facts, view_agreement
from portal_app.settings import settings
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address, last_part
from portal_app.state.staff.agreements.items import (
    NamedItem,
    PreviewItem,
    TextItem,
    TickItem,
    placeholder_items,
    point_items,
    preview_items,
    problem_items,
    rule_items,
    text_items,
)
from portal_app.state.staff.agreements.labels import KINDS, PATH, STATUSES, language_name
from portal_app.state.staff.agreements.people import FoundPerson, find_people
from portal_app.state.staff.errors import NotPublishable
from portal_app.state.staff.memberships.labels import ChoiceItem

_PARTS = ("title", "markdown")
_VERSION = gettext_noop("Version {number}")
_SAVED = gettext_noop("Draft saved {when}")
_ASK_PUBLISH = gettext_noop(
    "Publish version {number}? It can never be changed. Requests that nobody has signed ask for it from now on; "
    "who signed before is asked again only if you ask."
)
_ASK_RETIRE = gettext_noop(
    "Retire {name}? Nobody is asked for it any more. What waits and what is signed stays."
)
_ASK_ACTIVE = gettext_noop("Use {name} again?")
_ASK_REMOVE = gettext_noop("Remove the text in {name} from the draft? Published versions keep it.")
_PUBLISHED = gettext_noop("Version {number} is published.")


class AgreementEditorState(LoadedPage, Feedback, PortalState):
    name: rx.Field[str] = rx.field("")
    kind: rx.Field[str] = rx.field("")
    status_tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    version: rx.Field[str] = rx.field("")  # the newest; "" before the first one
    retired: rx.Field[bool] = rx.field(False)
    requests_href: rx.Field[str] = rx.field("")
    versions_href: rx.Field[str] = rx.field("")
    saved: rx.Field[str] = rx.field("")  # when the draft was saved last
    outdated: rx.Field[bool] = rx.field(False)  # somebody else has saved it since
    texts: rx.Field[list[TextItem]] = rx.field(default_factory=list)
    form_key: rx.Field[int] = rx.field(0)  # another one draws the fields anew
    more_languages: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    rules: rx.Field[list[TickItem]] = rx.field(default_factory=list)
    points: rx.Field[list[TickItem]] = rx.field(default_factory=list)
    placeholders: rx.Field[list[NamedItem]] = rx.field(default_factory=list)
    problems: rx.Field[list[NamedItem]] = rx.field(default_factory=list)
    previews: rx.Field[list[PreviewItem]] = rx.field(default_factory=list)
    patient: rx.Field[str] = rx.field("")  # whose values the preview has; "" for nobody's
    without_plan: rx.Field[bool] = rx.field(False)  # that patient has no membership to name
    found: rx.Field[list[FoundPerson]] = rx.field(default_factory=list)
    searched: rx.Field[str] = rx.field("")
    question: rx.Field[str] = rx.field("")
    _agreement: str = ""
    _kind: AgreementKind = AgreementKind.OTHER
    _newest: int = 0
    _changed: int = 0
    _typed: dict[str, WrittenText] = {}
    _facts: dict[str, str] = {}
    _asked: tuple[str, str] = ("", "")  # what was asked about, and of which language

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def load(self):
        """Keeps what is typed when only the connection was lost."""
        if not (self._newly_here() or not self.ready):
            return
        self._clear_feedback()
        self.missing, self.question, self.patient, self.found, self._facts = False, "", "", [], {}
        self.searched, self.without_plan = "", False
        try:
            self._agreement = parse_id("agr", last_part(self.router.url.path))
            await self._load_draft()
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def load_again(self):
        """Takes the draft as somebody else has saved it."""
        self._clear_feedback()
        await self._load_draft()

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def save_text(self, language: str, part: str, value: str):
        """A field was left, or its typing rests: the draft is saved, and the preview follows."""
        before = self._typed.get(language)
        if before is None or part not in _PARTS or getattr(before, part) == value:
            return
        self._typed = {**self._typed, language: replace(before, **{part: value})}
        async for step in run_busy(self, self._save(), *_PARTS):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def toggle_rule(self, name: str):
        """Another one signs, or no more; drawn only, or typed too."""
        self.rules = _toggled(self.rules, name)
        async for step in run_busy(self, self._save()):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def toggle_point(self, name: str):
        self.points = _toggled(self.points, name)
        async for step in run_busy(self, self._save()):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def add_language(self, form: dict[str, str]):
        """One more text beside the others, empty."""
        code = form.get("language", "")
        if code not in settings().languages or code in self._typed:
            raise NotFound
        self._typed = {**self._typed, code: WrittenText("", "")}
        async for step in run_busy(self, self._save()):
            yield step
        self._draw_fields()

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def ask_remove(self, language: str):
        """Asks before the text of a language is taken out of the draft."""
        self._ask("remove", _ASK_REMOVE, part=language, name=language_name(language))

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def ask_retire(self):
        self._ask("retire", _ASK_ACTIVE if self.retired else _ASK_RETIRE, name=self.name)

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def ask_publish(self):
        """Asks once, or says what is missing."""
        async for step in run_busy(self, self._ask_publish(), "points"):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def confirm(self):
        """Does what was asked about."""
        async for step in run_busy(self, self._confirm()):
            yield step
        self.question = ""

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def keep(self):
        """Changes nothing."""
        self.question, self._asked = "", ("", "")

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def rename(self, form: dict[str, str]):
        async for step in run_busy(self, self._rename(form), "name"):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def find_patient(self, form: dict[str, str]):
        """Patients whose values the preview may have."""
        self.searched = strip_unstorable(form.get("q", "")).strip()
        self.found = await find_people(self.language, self.searched)

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def choose_patient(self, patient: str):
        async for step in run_busy(self, self._choose_patient(patient)):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def forget_patient(self):
        """The preview shows the placeholders again."""
        self._facts, self.patient, self.without_plan = {}, "", False
        await self._show_preview()

    async def _load_draft(self) -> None:
        view = await in_thread(view_agreement, me(), AgreementId(self._agreement))
        self._typed, self._changed, self.outdated = dict(view.texts), view.changed, False
        self._show_facts(view)
        self.rules = rule_items(self.language, view.rules)
        self.points = point_items(self.language, view.points)
        self.placeholders = placeholder_items(self.language, view.kind)
        await self._show_checked()
        self._draw_fields()

    def _show_facts(self, view: AgreementEditor) -> None:
        language = self.language
        self.name, self._kind = view.name, view.kind
        self.kind = translate(language, KINDS[view.kind])
        self.status_tone, status = STATUSES[view.status]
        self.status, self.retired = translate(language, status), view.status is AgreementStatus.RETIRED
        self._newest = view.versions[0].number if view.versions else 0
        self.version = translate(language, _VERSION, number=self._newest) if self._newest else ""
        self.saved = translate(language, _SAVED, when=moment_text(language, view.changed_at))
        self.requests_href = address(language, f"{PATH}/requests/{view.id}")
        self.versions_href = address(language, f"{PATH}/versions/{view.id}")

    def _draw_fields(self) -> None:
        self.texts = text_items(self._typed)
        self.form_key += 1
        self.more_languages = [
            ChoiceItem(code, language_name(code)) for code in settings().languages if code not in self._typed
        ]

    async def _save(self) -> None:
        rules = {rule.name: rule.ticked for rule in self.rules}
        ticked = [point.name for point in self.points if point.ticked]
        form = DraftForm(self._changed, self._typed, SignatureRules(**rules), ticked)
        try:
            self._changed = await in_thread(save_draft, me(), AgreementId(self._agreement), form)
        except DraftChanged:
            self.outdated = True
            raise
        view = await in_thread(view_agreement, me(), AgreementId(self._agreement))
        self.saved = translate(self.language, _SAVED, when=moment_text(self.language, view.changed_at))
        await self._show_checked()

    async def _show_checked(self) -> None:
        problems = await in_thread(check_draft, me(), AgreementId(self._agreement))
        self.problems = problem_items(self.language, problems)
        await self._show_preview()

    async def _show_preview(self) -> None:
        self.previews = await in_thread(preview_items, me(), self._typed, self._facts)

    def _ask(self, what: str, msgid: str, *, part: str = "", **values: Any) -> None:
        self._clear_feedback()
        self._asked = (what, part)
        self.question = translate(self.language, msgid, **values)

    async def _ask_publish(self) -> None:
        self.question = ""
        if self.problems:
            raise NotPublishable
        if open_points(self._kind, [point.name for point in self.points if point.ticked]):
            raise PointsOpen
        self._ask("publish", _ASK_PUBLISH, number=self._newest + 1)

    async def _confirm(self) -> None:
        (what, language), agreement = self._asked, AgreementId(self._agreement)
        self._asked = ("", "")
        if what == "remove":
            self._typed = {code: text for code, text in self._typed.items() if code != language}
            await self._save()
            self._draw_fields()
        elif what == "retire":
            await in_thread(retire_agreement, me(), agreement, retired=not self.retired)
            self._show_done(gettext_noop("Saved."))
        elif what == "publish":
            number = await in_thread(publish_draft, me(), agreement, changed=self._changed)
            self._show_done(_PUBLISHED, number=number)
        self._show_facts(await in_thread(view_agreement, me(), agreement))

    async def _rename(self, form: Mapping[str, str]) -> None:
        agreement = AgreementId(self._agreement)
        await in_thread(rename_agreement, me(), agreement, form.get("name", ""))
        self._show_facts(await in_thread(view_agreement, me(), agreement))
        self._show_done(gettext_noop("Saved."))

    async def _choose_patient(self, patient: str) -> None:
        patient_id = PatientId(parse_id("pat", patient))
        self._facts = await in_thread(preview_facts, me(), patient_id)
        self.patient, self.found, self.searched = self._facts["patient"], [], ""
        self.without_plan = self._kind is AgreementKind.MEMBERSHIP and "plan" not in self._facts
        await self._show_preview()


def _toggled(items: list[TickItem], name: str) -> list[TickItem]:
    return [replace(item, ticked=not item.ticked) if item.name == name else item for item in items]
