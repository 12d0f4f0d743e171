"""The page of a patient's agreements: to sign first, then those that wait for others, signed ones, the rest."""

from dataclasses import dataclass, field

import reflex as rx

from portal_app.clock import local_date
from portal_app.domain.access import Everyone, Permission
from portal_app.domain.agreements.types import CopyStatus, RequestStatus, SignerStatus
from portal_app.domain.ids import PatientId
from portal_app.i18n import date_text, full_date_text, gettext_noop, names_text, translate
from portal_app.services.agreements.signing.consent import view_consent, withdraw_consent
from portal_app.services.agreements.signing.lists import AgreementItem, MyAgreements, list_my_agreements
from portal_app.services.agreements.topics import patient_topic, request_topic
from portal_app.state.agreements.labels import STATUSES, signers_text
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address, document_address
from portal_app.state.live import watch


@dataclass(frozen=True)
class AgreementRow:
    """One agreement in the list."""

    key: str
    title: str
    whose: str  # "For Eva Rivera"
    tone: str
    status: str
    facts: list[str] = field(default_factory=list[str])  # lines below the title
    href: str = ""  # where it is signed or read again; "" of a scan without a request
    copy: str = ""  # where the copy is
    is_made: bool = False  # the copy is being made
    is_scan: bool = False


class AgreementsState(LoadedPage, Feedback, PortalState):
    to_sign: rx.Field[list[AgreementRow]] = rx.field(default_factory=list)
    waiting: rx.Field[list[AgreementRow]] = rx.field(default_factory=list)
    signed: rx.Field[list[AgreementRow]] = rx.field(default_factory=list)
    ended: rx.Field[list[AgreementRow]] = rx.field(default_factory=list)
    consented_on: rx.Field[str] = rx.field("")  # to electronic records; "" while they have not

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def load(self):
        self._clear_feedback()
        await self._show()

    @rx.event
    @requires(Permission.MY_RECORDS, activity=False)
    async def refresh(self):
        """Somebody else signed, a copy is there, or something new is asked for."""
        if self.ready and not self.busy:
            await self._show()

    @rx.event
    @requires(Permission.MY_RECORDS)
    async def withdraw_consent(self):
        async for _ in run_busy(self, self._withdraw_consent()):
            yield

    async def _withdraw_consent(self) -> None:
        await in_thread(withdraw_consent, me())
        await self._show()
        self._show_done(
            gettext_noop("Withdrawn. What you signed stays in force; from now on you get paper to sign.")
        )

    async def _show(self) -> None:
        found = await in_thread(list_my_agreements, me())
        consent = await in_thread(view_consent, me())
        self.to_sign = [self._to_sign(item) for item in found.to_sign]
        self.waiting = [self._row(item) for item in found.waiting_for_others]
        self.signed = [self._signed(item) for item in found.signed]
        self.ended = [self._row(item) for item in found.not_in_force]
        self.consented_on = (
            full_date_text(self.language, local_date(consent.given_at)) if consent.given_at else ""
        )
        self.ready = True
        self._watch(found)

    def _watch(self, found: MyAgreements) -> None:
        """Their own and their dependents' lists, and requests of others in which they were named."""
        shown = [*found.to_sign, *found.waiting_for_others, *found.signed]
        patients = me().patients
        mine = frozenset[PatientId]() if isinstance(patients, Everyone) else patients
        for patient in mine:
            watch(patient_topic(patient), AgreementsState.refresh)
        for item in shown:
            if item.request_id is not None and item.patient_id not in mine:
                watch(request_topic(item.request_id), AgreementsState.refresh)

    def _to_sign(self, item: AgreementItem) -> AgreementRow:
        facts: list[str] = []
        if item.expires_on:
            facts.append(
                translate(self.language, "Sign by {day}", day=date_text(self.language, item.expires_on))
            )
        if any(one.status is SignerStatus.SIGNED for one in item.signers):
            facts.append(signers_text(self.language, item.signers, item.patient))
        return self._row(item, facts)

    def _signed(self, item: AgreementItem) -> AgreementRow:
        facts: list[str] = []
        if item.signed_on:
            day = full_date_text(self.language, item.signed_on)
            names = names_text(self.language, item.signed_by)
            facts.append(
                translate(self.language, "Signed on {day} by {names}", day=day, names=names)
                if item.signed_by
                else translate(self.language, "Signed on {day}", day=day)
            )
        return self._row(item, facts)

    def _row(self, item: AgreementItem, facts: list[str] | None = None) -> AgreementRow:
        copy = item.copy
        said = [signers_text(self.language, item.signers, item.patient)] if facts is None else facts
        if item.version:
            said = [*said, translate(self.language, "Version {number}", number=item.version)]
        tone, status = STATUSES[item.status]
        if item.status is RequestStatus.WAITING and facts is None:
            tone, status = "info", gettext_noop("Waiting for others")
        has_copy = copy is not None and copy.status in (CopyStatus.SEALED, CopyStatus.SCAN)
        return AgreementRow(
            key=item.request_id or (copy.id if copy else ""),
            title=item.title,
            whose=translate(self.language, "For {name}", name=item.patient),
            tone=tone,
            status=translate(self.language, status),
            facts=[line for line in said if line],
            href=address(self.language, f"/agreements/{item.request_id}") if item.request_id else "",
            copy=document_address(self.language, f"/documents/agreements/{copy.id}.pdf")
            if copy and has_copy
            else "",
            is_made=copy is not None and not has_copy,
            is_scan=bool(copy and copy.is_scan),
        )
