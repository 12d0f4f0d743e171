"""Grants: what one adult shares with another, each thing granted and taken back alone."""

from dataclasses import dataclass
from datetime import date

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.families import GrantKind, full_name
from portal_app.i18n import gettext_noop, translate
from portal_app.services.patients import grants
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.errors import NothingToShareChosen
from portal_app.state.family.labels import LETS_ME, SHARED, born_words
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.reauth import ReauthState
from portal_app.state.typed_fields import birth_date


@dataclass(frozen=True)
class GrantItem:
    id: str
    name: str
    about: str
    what: str


@dataclass(frozen=True)
class GrantToMeItem:
    name: str
    what: str


@dataclass(frozen=True)
class PendingGrant:
    kinds: tuple[GrantKind, ...]
    given_name: str
    family_name: str
    born: date


class GrantsState(ReauthState, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    mine: rx.Field[list[GrantItem]] = rx.field(default_factory=list)
    lets_me: rx.Field[list[GrantToMeItem]] = rx.field(default_factory=list)
    _pending: PendingGrant | None = None

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        """After a lost connection the form stays: people leave the page to read their code."""
        if self._newly_here():
            self._clear_reauth()
            self.ready, self._pending = False, None
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def start_sharing(self, form: dict[str, str]):
        self._clear_reauth()
        async for _ in run_busy(self, self._start_sharing(form), "given_name", "family_name", "born"):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def stop_sharing(self, grant: str):
        self._clear_reauth()
        async for _ in run_busy(self, self._stop_sharing(grant)):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def cancel_change(self):
        self._clear_reauth()
        self._pending = None

    async def _start_sharing(self, form: dict[str, str]) -> None:
        kinds = tuple(kind for kind in GrantKind if f"share_{kind}" in form)
        if not kinds:
            raise NothingToShareChosen
        given, family = form.get("given_name", ""), form.get("family_name", "")
        self._pending = PendingGrant(kinds, given, family, birth_date(form))
        await self._resume_change()

    async def _resume_change(self) -> None:
        pending = self._pending
        if pending is None:
            raise NotFound
        person = (pending.given_name, pending.family_name, pending.born)
        for kind in pending.kinds:
            if not await self._reauth_first(grants.share, kind, *person):
                return
        self._clear_reauth()
        self._pending = None
        await self._show()
        self._show_done(gettext_noop("Shared. If we know this person, they see it at once."))

    async def _stop_sharing(self, grant: str) -> None:
        await in_thread(grants.stop_sharing, me(), grant)
        await self._show()
        self._show_done(gettext_noop("No longer shared."))

    async def _show(self) -> None:
        mine = await in_thread(grants.list_sharing, me())
        mine = sorted(
            mine, key=lambda row: (row.family_name, row.given_name, list(GrantKind).index(row.kind))
        )
        theirs = await in_thread(grants.shared_with_me, me())
        self.mine = [
            GrantItem(
                row.id,
                full_name(row.given_name, row.family_name),
                born_words(self.language, row.birth_date),
                translate(self.language, SHARED[row.kind]),
            )
            for row in mine
        ]
        self.lets_me = [
            GrantToMeItem(row.name, translate(self.language, LETS_ME[row.kind])) for row in theirs
        ]
