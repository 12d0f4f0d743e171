"""One agreement of a signed-in patient: signing it, or reading it again with its copy."""

from collections.abc import Sequence

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.ids import AgreementRequestId, parse_id
from portal_app.services.agreements.signing.lists import AgreementItem, list_my_agreements
from portal_app.state.agreements.signing_steps import SigningSteps
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.live import watch


class AgreementState(SigningSteps, PortalState):
    @rx.event
    @requires(Permission.MY_RECORDS)
    async def load(self):
        await self._open_page()

    @rx.event
    @requires(Permission.MY_RECORDS, activity=False)
    async def refresh(self):
        await self._refresh()

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def save_draft_field(self, field: str, value: str):
        """Saves a field when it is left (decision 0015)."""
        await self._keep_field(field, value)

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def choose_language(self, code: str):
        async for _ in run_busy(self, self._choose_language(code)):
            yield

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def continue_to_check(self, form: dict[str, str]):
        async for _ in run_busy(self, self._continue(form), *self._shown_at()):
            yield

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def back_to_form(self):
        self._go("sign")

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def sign(self, form: dict[str, str]):
        async for _ in run_busy(self, self._sign(form), "intent"):
            yield

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def start_declining(self):
        self._go("decline")

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def decline(self, form: dict[str, str]):
        async for _ in run_busy(self, self._decline(form.get("reason", "")), "reason"):
            yield

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def ask_for_paper(self):
        async for _ in run_busy(self, self._ask_for_paper()):
            yield

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def withdraw_consent(self):
        async for _ in run_busy(self, self._withdraw_consent()):
            yield

    def _wanted(self) -> AgreementRequestId | None:
        return AgreementRequestId(parse_id("agq", self.router.url.path.rstrip("/").rpartition("/")[2]))

    def _document(self, path: str) -> str:
        return path

    async def _to_sign_next(self) -> Sequence[AgreementItem]:
        return (await in_thread(list_my_agreements, me())).to_sign

    def _watch(self, topic: str) -> None:
        watch(topic, AgreementState.refresh)
