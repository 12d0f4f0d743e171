"""The practice's own message templates: the address says which kind of message, in which language."""

from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.i18n import gettext_noop, translate
from portal_app.i18n_paths import supported_language
from portal_app.services.messaging.practice_template_rules import KINDS
from portal_app.services.messaging.practice_templates import (
    PracticeTemplate,
    change_practice_template,
    view_practice_template,
)
from portal_app.settings import settings
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.staff.messages import KINDS as KIND_NAMES
from portal_app.state.staff.messages import FilterChip
from portal_app.state.staff.settings import last_change_text

_LANGUAGE_NAMES = {"en": gettext_noop("In English"), "es": gettext_noop("In Spanish")}


class TemplatesState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    title: rx.Field[str] = rx.field("")
    kinds: rx.Field[list[FilterChip]] = rx.field(default_factory=list)
    languages: rx.Field[list[FilterChip]] = rx.field(default_factory=list)
    template_language: rx.Field[str] = rx.field("en")
    # By part: subject, body, sms.
    practice_texts: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    portal_texts: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    placeholders: rx.Field[str] = rx.field("")
    last_change: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def load(self):
        if self._newly_here():
            self._clear_feedback()
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_template(self, form: dict[str, str]):
        """Saves the three parts; for a part left empty the portal's own text is sent again."""
        async for step in run_busy(self, self._save_template(form), "subject", "body", "sms"):
            yield step

    async def _save_template(self, form: dict[str, str]) -> None:
        kind, language = self._kind_and_language()
        parts = {part: form.get(part, "") for part in ("subject", "body", "sms")}
        await in_thread(change_practice_template, me(), kind, language, **parts)
        self._show_done(gettext_noop("Saved."))
        await self._show()

    async def _show(self) -> None:
        kind, language = self._kind_and_language()
        view = await in_thread(view_practice_template, me(), kind, language)
        self._show_template(view, kind, language)
        self._show_chips(kind, language)

    def _show_template(self, view: PracticeTemplate, kind: str, language: str) -> None:
        self.title, self.template_language = translate(self.language, KIND_NAMES[kind]), language
        self.practice_texts, self.portal_texts = view.own, view.ours
        self.placeholders = " ".join(f"{{{name}}}" for name in view.places)
        self.last_change = last_change_text(self.language, view.changed)

    def _show_chips(self, kind: str, language: str) -> None:
        self.kinds = [
            FilterChip(
                translate(self.language, KIND_NAMES[each]), self._address(each, language), each == kind
            )
            for each in KINDS
        ]
        self.languages = [
            FilterChip(
                translate(self.language, _LANGUAGE_NAMES[each]), self._address(kind, each), each == language
            )
            for each in settings().languages
        ]

    def _kind_and_language(self) -> tuple[str, str]:
        """What the address asks for; the first kind and the default language where it names none of ours."""
        query = self.router.url.query_parameters
        kind = query.get("kind", "")
        return kind if kind in KINDS else KINDS[0], supported_language(query.get("in", ""))

    def _address(self, kind: str, language: str) -> str:
        return address(self.language, "/staff/wording") + "?" + urlencode({"kind": kind, "in": language})
