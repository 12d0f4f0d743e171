"""Who reads and signs: a signed-in patient, or somebody who came by a sign link for one signature."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.agreements import (
    AgreementRequest,
    AgreementSigner,
    AgreementVersion,
    Signature,
)
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.signers import ADULTS, Wanted, adult_may_sign, part_of
from portal_app.domain.agreements.types import IdentityCheck
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementRequestId, PatientId
from portal_app.services.agreements.errors import RequestSuperseded
from portal_app.services.agreements.requests.open import signers_of, waiting_of
from portal_app.services.as_system import as_system
from portal_app.services.links.action_links import link_session

_CHECKS = {
    "code": IdentityCheck.CODE,
    "password": IdentityCheck.PASSWORD,
    "passkey": IdentityCheck.PASSKEY,
    "desk": IdentityCheck.DESK_CODE,
    "link": IdentityCheck.LINK,
    "password+totp": IdentityCheck.STAFF,
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """`only`: the signer row of a sign link, which opens nothing else."""

    me: PatientId
    principal: Principal
    only: str = ""


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request that the viewer may read, with its signers and signatures; `mine` is the row they may sign now."""

    request: AgreementRequest
    version: AgreementVersion
    patient: Patient
    signers: Sequence[AgreementSigner]
    signatures: Sequence[Signature]
    mine: AgreementSigner | None


def require_signer(principal: Principal) -> Viewer:
    """The viewer that a session is. Raises PermissionDenied, NotSignedIn, NotFound for a link of another purpose."""
    if principal.may(Permission.ACTION_LINK):
        session = link_session(principal)
        if session.purpose is not Purpose.SIGN:
            raise NotFound
        return Viewer(session.patient_id, principal, session.subject_id)
    principal.require(Permission.MY_RECORDS)
    if principal.patient_id is None:
        raise NotFound
    return Viewer(principal.patient_id, principal)


def linked_request(tx: Tx, viewer: Viewer) -> AgreementRequestId | None:
    """The request of the viewer's sign link; None for a signed-in patient."""
    return tx.get_or_404(AgreementSigner, viewer.only).request_id if viewer.only else None


def find_request(
    tx: Tx, viewer: Viewer, request_id: AgreementRequestId, *, lock: bool = False
) -> FoundRequest:
    """The request, in a transaction of the system, for somebody who may read it. Raises NotFound.

    Who may: the patient, who acts for them, whom staff named as a signer, and who signed it: a signer keeps their
    copy (decision 0044). By a sign link: its own request.
    """
    request: AgreementRequest = tx.get_or_404(AgreementRequest, request_id, lock=lock)
    signers = signers_of(tx, request_id)
    wanted = select(Signature).where(Signature.request_id == request_id)
    signatures = tx.exec(wanted.order_by(col(Signature.signed_at), col(Signature.id))).all()
    if viewer.only:
        readable = any(row.id == viewer.only for row in signers)
    else:
        involved = {row.signer_id for row in (*signers, *signatures)}
        readable = request.patient_id in viewer.principal.patients or viewer.me in involved
    if not readable:
        raise NotFound
    version = tx.get_or_404(AgreementVersion, request.version_id)
    patient = tx.get_or_404(Patient, request.patient_id)
    mine = part_now(viewer, request, signers, signatures)
    return FoundRequest(request, version, patient, signers, signatures, mine)


def require_readable(principal: Principal, request_id: AgreementRequestId) -> None:
    """Raise NotFound for a request that the principal may not read. It does not count as opened."""
    viewer = require_signer(principal)
    with reading(as_system(principal)) as tx:
        find_request(tx, viewer, request_id)


def require_part(tx: Tx, found: FoundRequest) -> AgreementSigner:
    """The row that the viewer may sign. Raises NotFound without one; RequestSuperseded when the child outgrew it."""
    if found.mine is None:
        raise NotFound
    if found.mine.part in ADULTS:
        age = tx.get_or_404(Practice, "practice").dependent_age
        if not adult_may_sign(found.patient.birth_date, found.version.rules, age, today()):
            raise RequestSuperseded
    return found.mine


def how_checked(tx: Tx, principal: Principal) -> tuple[IdentityCheck, str]:
    """How it was checked who signs, and their browser's User-Agent, from their session."""
    session = tx.get(PortalSession, principal.session_ref) if principal.session_ref else None
    if session is None:
        return IdentityCheck.OTHER, ""
    return _CHECKS.get(session.way, IdentityCheck.OTHER), session.device


def part_now(
    viewer: Viewer,
    request: AgreementRequest,
    signers: Sequence[AgreementSigner],
    signatures: Sequence[Signature],
) -> AgreementSigner | None:
    """The row that the viewer may sign of a request that they may read; None where they have nothing to sign."""
    waiting = waiting_of(signers)
    if viewer.only:
        return next((row for row in waiting if row.id == viewer.only), None)
    signed = [row.signer_id for row in signatures if row.signer_id is not None]
    acts = request.patient_id in viewer.principal.patients
    part = part_of(
        viewer.me, [Wanted(row.part, row.signer_id) for row in waiting], signed, acts_for_patient=acts
    )
    return next((row for row in waiting if row.part is part), None)
