"""The practice's own words: one kind of message in one language at a time, as the address says."""

from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import Refused
from portal_app.i18n_paths import supported_language
from portal_app.services.messaging.practice_templates import OwnWords, change_wording, view_wording
from portal_app.services.wording_rules import KINDS
from portal_app.settings import settings
from portal_app.speech import mark, say
from portal_app.state.addresses import address
from portal_app.state.base import PortalState, guarded, in_thread, me
from portal_app.state.desk.settings import BY, NEVER
from portal_app.state.messages import KINDS as NAMES
from portal_app.state.messages import FateChip

_LANGUAGES = {"en": mark("In English"), "es": mark("In Spanish")}


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
    @guarded(Permission.MANAGE_SETTINGS)
    async def load(self):
        if self._newly_here():
            self.said = self.trouble = ""
        await self._look()
        self.ready = True

    @rx.event
    @guarded(Permission.MANAGE_SETTINGS)
    async def save(self, form: dict[str, str]):
        """An empty part is said in our words again."""
        self.said = self.trouble = ""
        kind, spoken = self._asked()
        given = {part: form.get(part, "") for part in ("subject", "body", "sms")}
        try:
            await in_thread(change_wording, me(), kind, spoken, **given)
        except Refused as refusal:
            self.trouble = say(self.language, refusal.message, **refusal.values)
            return
        self.said = say(self.language, "Saved.")
        await self._look()

    async def _look(self) -> None:
        kind, spoken = self._asked()
        self._show(await in_thread(view_wording, me(), kind, spoken), kind, spoken)

    def _show(self, seen: OwnWords, kind: str, spoken: str) -> None:
        language = self.language
        self.title, self.spoken = say(language, NAMES[kind]), spoken
        self.own, self.ours = seen.own, seen.ours
        self.places = " ".join(f"{{{place}}}" for place in seen.places)
        change = seen.changed
        self.changed = say(language, BY, who=change.by, when=change.at) if change.at else say(language, NEVER)
        self.kinds = [
            FateChip(say(language, NAMES[one]), self._address(one, spoken), one == kind) for one in KINDS
        ]
        self.languages = [
            FateChip(say(language, _LANGUAGES[one]), self._address(kind, one), one == spoken)
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
