"""On the page of a patient: their agreements with copies and scans, when staff ask for them."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.agreements.types import CopyStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import date_text, gettext_noop, names_text, translate
from portal_app.services.agreements.signing.lists import AgreementItem, list_agreements_of_patient
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import document_address, last_part
from portal_app.state.staff.agreements.labels import REQUEST_STATUSES

_SIGNED = gettext_noop("Signed on {day} by {who}")
_SCAN = gettext_noop("Scan")
_READABLE = (CopyStatus.SEALED, CopyStatus.SCAN)


@dataclass(frozen=True)
class PatientAgreement:
    key: str
    title: str
    tone: str
    status: str
    details: str
    copy_href: str  # "" while there is none


class PatientAgreementsState(PortalState):
    may_read: rx.Field[bool] = rx.field(False)
    shown: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[PatientAgreement]] = rx.field(default_factory=list)

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        self.may_read, self.shown, self.rows = me().may(Permission.VIEW_PATIENTS), False, []

    @rx.event
    @requires(Permission.VIEW_PATIENTS)
    async def show(self):
        """Reading them is in the audit trail, so they are read only when somebody wants to."""
        try:
            patient = PatientId(parse_id("pat", last_part(self.router.url.path)))
        except NotFound:  # the page says so
            return
        found = await in_thread(list_agreements_of_patient, me(), patient)
        self.rows = [self._row(item) for item in found]
        self.shown = True

    def _row(self, item: AgreementItem) -> PatientAgreement:
        language, copy = self.language, item.copy
        tone, status = REQUEST_STATUSES[item.status]
        details: list[str] = []
        if item.signed_on:
            day, who = date_text(language, item.signed_on), names_text(language, item.signed_by)
            details.append(translate(language, _SIGNED, day=day, who=who))
        if copy and copy.is_scan:
            details.append(translate(language, _SCAN))
        return PatientAgreement(
            key=item.request_id or (copy.id if copy else ""),
            title=item.title,
            tone=tone,
            status=translate(language, status),
            details=" · ".join(details),
            copy_href=document_address(language, f"/documents/agreements/{copy.id}.pdf")
            if copy and copy.status in _READABLE
            else "",
        )
