"""What one adult shares with another: granted and taken back one by one."""

from dataclasses import dataclass
from datetime import date

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.families import GrantKind, full_name
from portal_app.i18n import gettext_noop, translate
from portal_app.services.patients import grants
from portal_app.state.base import in_thread, me, requires
from portal_app.state.errors import NothingToShareChosen
from portal_app.state.family.labels import LETS_ME, SHARED, born_words
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.reauth import ReauthState
from portal_app.state.typed_fields import birth_date


@dataclass(frozen=True)
class ShareItem:
    id: str
    who: str
    about: str
    what: str


@dataclass(frozen=True)
class LetItem:
    who: str
    what: str


@dataclass(frozen=True)
class Wanted:
    kinds: tuple[GrantKind, ...]
    given_name: str
    family_name: str
    born: date


class GrantsState(ReauthState):
    ready: rx.Field[bool] = rx.field(False)
    mine: rx.Field[list[ShareItem]] = rx.field(default_factory=list)
    born_error: rx.Field[str] = rx.field("")
    lets_me: rx.Field[list[LetItem]] = rx.field(default_factory=list)
    _wanted: Wanted | None = None

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        """Who comes back from reading their code finds the form where they left it."""
        if self._newly_here():
            self._calm()
            self.ready, self.born_error, self._wanted = False, "", None
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def share(self, form: dict[str, str]):
        self._calm()
        self.born_error = ""
        async for shown in run_busy(self, self._share(form)):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def stop_sharing(self, wish: str):
        self._calm()
        async for shown in run_busy(self, self._stop(wish)):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def prove(self, form: dict[str, str]):
        async for shown in run_busy(self, self._proven(form.get("code", ""))):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def proven(self):
        """By a passkey, over its own route."""
        async for shown in run_busy(self, self._go_on()):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def stop(self):
        self._calm()
        self._wanted = None

    async def _share(self, form: dict[str, str]) -> None:
        kinds = tuple(kind for kind in GrantKind if f"share_{kind}" in form)
        if not kinds:
            raise NothingToShareChosen
        given, family = form.get("given_name", ""), form.get("family_name", "")
        try:
            born = birth_date(form)
        except UserError as wrong:
            self.born_error = translate(self.language, wrong.message, **wrong.values)
            return
        self._wanted = Wanted(kinds, given, family, born)
        await self._go_on()

    async def _go_on(self) -> None:
        wanted = self._wanted
        if wanted is None:
            raise NotFound
        for kind in wanted.kinds:
            if not await self._reauth_first(
                grants.share, kind, wanted.given_name, wanted.family_name, wanted.born
            ):
                return
        self._calm()
        self._wanted = None
        await self._show()
        self.news = translate(
            self.language, gettext_noop("Shared. If we know this person, they see it at once.")
        )

    async def _stop(self, wish: str) -> None:
        await in_thread(grants.stop_sharing, me(), wish)
        await self._show()
        self.news = translate(self.language, gettext_noop("No longer shared."))

    async def _show(self) -> None:
        mine = await in_thread(grants.list_sharing, me())
        mine = sorted(
            mine, key=lambda row: (row.family_name, row.given_name, list(GrantKind).index(row.kind))
        )
        theirs = await in_thread(grants.shared_with_me, me())
        self.mine = [
            ShareItem(
                row.id,
                full_name(row.given_name, row.family_name),
                born_words(self.language, row.birth_date),
                translate(self.language, SHARED[row.kind]),
            )
            for row in mine
        ]
        self.lets_me = [LetItem(row.name, translate(self.language, LETS_ME[row.kind])) for row in theirs]
