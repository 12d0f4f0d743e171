"""What a sign link opens: one agreement, for one signature, and nothing else (SIGN-2)."""

from collections.abc import Sequence

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.ids import AgreementRequestId
from portal_app.services.agreements.signing.lists import AgreementItem
from portal_app.state.agreements.signing_steps import SigningSteps
from portal_app.state.base import PortalState, requires
from portal_app.state.feedback import run_busy
from portal_app.state.live import watch


class SignLinkState(SigningSteps, PortalState):
    @rx.event
    @requires(Permission.ACTION_LINK)
    async def load(self):
        await self._open_page()

    @rx.event
    @requires(Permission.ACTION_LINK, activity=False)
    async def refresh(self):
        await self._refresh()

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def save_draft_field(self, field: str, value: str):
        """Saves a field when it is left (decision 0015)."""
        await self._keep_field(field, value)

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def choose_language(self, code: str):
        async for _ in run_busy(self, self._choose_language(code)):
            yield

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def continue_to_check(self, form: dict[str, str]):
        async for _ in run_busy(self, self._continue(form), *self._shown_at()):
            yield

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def back_to_form(self):
        self._go("sign")

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def sign(self, form: dict[str, str]):
        async for _ in run_busy(self, self._sign(form), "intent"):
            yield

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def start_declining(self):
        self._go("decline")

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def decline(self, form: dict[str, str]):
        async for _ in run_busy(self, self._decline(form.get("reason", "")), "reason"):
            yield

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def ask_for_paper(self):
        async for _ in run_busy(self, self._ask_for_paper()):
            yield

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def withdraw_consent(self):
        async for _ in run_busy(self, self._withdraw_consent()):
            yield

    def _wanted(self) -> AgreementRequestId | None:
        return None

    def _document(self, path: str) -> str:
        return f"/links{path}"  # with the link's own cookie

    async def _to_sign_next(self) -> Sequence[AgreementItem]:
        return ()

    def _watch(self, topic: str) -> None:
        watch(topic, SignLinkState.refresh)
