"""The page Countersign: what waits for the practice's signature, signed many at once after the second factor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.agreements.errors import NameDiffers
from portal_app.domain.agreements.signing import SignatureForm
from portal_app.domain.agreements.types import SignatureWay
from portal_app.domain.ids import AgreementRequestId
from portal_app.i18n import moment_text, plural, translate
from portal_app.services.agreements.signing.countersign import (
    CountersignForm,
    CountersignResult,
    ToCountersign,
    countersign_requests,
    list_to_countersign,
)
from portal_app.services.credentials.errors import ReauthRequired
from portal_app.services.staff.sign_in_settings import reauthenticate_staff, view_account
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.staff.agreements.labels import PATH
from portal_app.state.staff.errors import NothingChosen, PasswordOrCodeMissing

_FIELDS = ("signature", "title", "chosen")
_LONGEST_CODE = 100  # characters that are passed on


@dataclass(frozen=True)
class WaitingItem:
    id: str
    patient: str
    agreement: str
    text_href: str
    details: str
    chosen: bool
    refused: str  # why it was not signed


class CountersignState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[WaitingItem]] = rx.field(default_factory=list)
    me_name: rx.Field[str] = rx.field("")  # as it is on file
    count: rx.Field[int] = rx.field(0)  # how many are chosen
    label: rx.Field[str] = rx.field("")  # of the button
    needs_reauth: rx.Field[bool] = rx.field(False)
    typed: rx.Field[dict[str, str]] = rx.field(
        default_factory=dict
    )  # name and title, while it is proven who signs
    form_key: rx.Field[int] = rx.field(0)  # another one draws the fields anew
    _name_asked: str = ""  # typed, other than on file, and asked about once
    _refused: dict[str, str] = {}

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def load(self):
        """What is chosen stays when only the connection was lost."""
        watch("agreements", CountersignState.refresh)
        if self._newly_here() or not self.ready:
            self._clear_feedback()
            self._start_again()
            self.me_name = (await in_thread(view_account, me())).name
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS, activity=False)
    async def refresh(self):
        """Called by the server when something is signed or asked for."""
        await self._show()

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def toggle(self, request: str):
        self._choose({row.id for row in self.rows if row.chosen} ^ {request})

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def toggle_all(self):
        """All of them, or none where all were chosen."""
        everything = {row.id for row in self.rows}
        self._choose(everything if self.count < len(everything) else set())

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def sign(self, form: dict[str, str]):
        """Signs what is chosen, after password and code where the last ones are too old."""
        self.typed = {name: form.get(name, "") for name in ("signature", "title")}
        async for step in run_busy(self, self._sign(), *_FIELDS):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def reauthenticate(self, form: dict[str, str]):
        """Password and code; then what was chosen is signed."""
        async for step in run_busy(self, self._reauthenticate(form), *_FIELDS):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def cancel(self):
        """Back to the list; nothing is signed."""
        self._clear_feedback()
        self.needs_reauth = False

    async def _sign(self) -> None:
        chosen = [AgreementRequestId(row.id) for row in self.rows if row.chosen]
        if not chosen:
            raise NothingChosen
        name = self.typed["signature"]
        signature = SignatureForm(SignatureWay.TYPED, name, name_confirmed=name == self._name_asked != "")
        form = CountersignForm(signature, self.typed["title"])
        try:
            result = await in_thread(countersign_requests, me(), chosen, form)
        except ReauthRequired:
            self.needs_reauth = True
            return
        except NameDiffers:
            self._name_asked = name
            raise
        await self._finish(result)

    async def _finish(self, result: CountersignResult) -> None:
        language = self.language
        self._start_again()
        self._refused = {
            each.request_id: translate(language, each.error.message, **each.error.values)
            for each in result.refused
        }
        await self._show()
        done = plural(language, "{n} agreement is signed.", "{n} agreements are signed.", len(result.signed))
        if result.refused:
            done += " " + plural(
                language,
                "{n} could not be signed: see the list.",
                "{n} could not be signed: see the list.",
                len(result.refused),
            )
        self._show_done_text(done)

    async def _reauthenticate(self, form: Mapping[str, str]) -> None:
        password, code = form.get("password", ""), form.get("code", "")
        if not (password and code.strip()):
            raise PasswordOrCodeMissing
        await in_thread(reauthenticate_staff, me(), password, code[:_LONGEST_CODE])
        self.needs_reauth = False
        await self._sign()

    def _start_again(self) -> None:
        self.needs_reauth, self._name_asked = False, ""
        self.typed, self._refused = {"signature": "", "title": ""}, {}
        self.form_key += 1
        self._choose(set())

    def _choose(self, ids: set[str]) -> None:
        self.rows = [replace(row, chosen=row.id in ids) for row in self.rows]
        self._show_count()

    def _show_count(self) -> None:
        self.count = sum(row.chosen for row in self.rows)
        self.label = plural(self.language, "Sign {n} agreement", "Sign {n} agreements", self.count)

    async def _show(self) -> None:
        chosen = {row.id for row in self.rows if row.chosen}
        found = await in_thread(list_to_countersign, me())
        self.rows = [self._item(row, chosen=row.request_id in chosen) for row in found]
        self._show_count()

    def _item(self, row: ToCountersign, *, chosen: bool) -> WaitingItem:
        language = self.language
        signed = plural(language, "{n} has signed", "{n} have signed", row.signed)
        version = translate(language, "Version {number}", number=row.version)
        asked = translate(language, "Asked {day}", day=moment_text(language, row.asked_at))
        return WaitingItem(
            id=row.request_id,
            patient=row.patient,
            agreement=row.agreement,
            text_href=address(language, f"{PATH}/versions/{row.agreement_id}")
            + f"?before={row.version}&after={row.version}",
            details=" · ".join((version, asked, signed)),
            chosen=chosen,
            refused=self._refused.get(row.request_id, ""),
        )
