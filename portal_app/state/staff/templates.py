"""The practice's own words: one kind of message in one language at a time, as the address says."""

from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import UserError
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
from portal_app.state.i18n_paths import address
from portal_app.state.staff.messages import KINDS as NAMES
from portal_app.state.staff.messages import FateChip
from portal_app.state.staff.settings import BY, NEVER

_LANGUAGES = {"en": gettext_noop("In English"), "es": gettext_noop("In Spanish")}


class WordingState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    title: rx.Field[str] = rx.field("")
    kinds: rx.Field[list[FateChip]] = rx.field(default_factory=list)
    languages: rx.Field[list[FateChip]] = rx.field(default_factory=list)
    spoken: rx.Field[str] = rx.field("en")  # the language of the words
    own: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    ours: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    places: rx.Field[str] = rx.field("")
    changed: rx.Field[str] = rx.field("")
    said: rx.Field[str] = rx.field("")
    trouble: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def load(self):
        if self._newly_here():
            self.said = self.trouble = ""
        await self._look()
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save(self, form: dict[str, str]):
        """An empty part is said in our words again."""
        self.said = self.trouble = ""
        kind, spoken = self._asked()
        given = {part: form.get(part, "") for part in ("subject", "body", "sms")}
        try:
            await in_thread(change_practice_template, me(), kind, spoken, **given)
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
            return
        self.said = translate(self.language, "Saved.")
        await self._look()

    async def _look(self) -> None:
        kind, spoken = self._asked()
        self._show(await in_thread(view_practice_template, me(), kind, spoken), kind, spoken)

    def _show(self, seen: PracticeTemplate, kind: str, spoken: str) -> None:
        language = self.language
        self.title, self.spoken = translate(language, NAMES[kind]), spoken
        self.own, self.ours = seen.own, seen.ours
        self.places = " ".join(f"{{{place}}}" for place in seen.places)
        change = seen.changed
        self.changed = (
            translate(language, BY, who=change.by, when=change.at)
            if change.at
            else translate(language, NEVER)
        )
        self.kinds = [
            FateChip(translate(language, NAMES[one]), self._address(one, spoken), one == kind)
            for one in KINDS
        ]
        self.languages = [
            FateChip(translate(language, _LANGUAGES[one]), self._address(kind, one), one == spoken)
            for one in settings().languages
        ]

    def _asked(self) -> tuple[str, str]:
        asked = self.router.url.query_parameters
        kind, spoken = asked.get("kind", ""), asked.get("in", "")
        return (
            kind if kind in KINDS else KINDS[0],
            supported_language(spoken),
        )

    def _address(self, kind: str, spoken: str) -> str:
        return address(self.language, "/staff/wording") + "?" + urlencode({"kind": kind, "in": spoken})
