"""Staff ask one patient, all members of a plan, everybody of a status, or those who signed an earlier version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.agreements import (
    Agreement,
    AgreementRequest,
    AgreementSigner,
    AgreementVersion,
)
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.signers import Wanted, wanted_signers
from portal_app.domain.agreements.types import (
    AgreementKind,
    AgreementStatus,
    RequestReason,
    RequestStatus,
    SignerPart,
    SignerStatus,
)
from portal_app.domain.errors import UserError
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import AgreementId, AgreementRequestId, PatientId, new_ids
from portal_app.domain.practice_settings import SETTINGS, NumberOutOfRange
from portal_app.services.agreements.errors import (
    AgreementRetired,
    NobodyFound,
    NothingPublished,
    ValueMissing,
)
from portal_app.services.agreements.requests.people import (
    Audience,
    Candidate,
    candidates,
    open_and_signed,
    read_persons,
)
from portal_app.services.agreements.texts.versions import newest_version
from portal_app.services.agreements.topics import announce_asked
from portal_app.services.as_system import as_system, note


@dataclass(frozen=True, slots=True)
class AskForm:
    """Who is asked. `named`: whom staff name for a part; for one patient. `expires_days`: by default the setting."""

    audience: Audience
    named: Mapping[SignerPart, PatientId] = field(default_factory=dict[SignerPart, PatientId])
    expires_days: int | None = None
    reason: RequestReason = RequestReason.STAFF


@dataclass(frozen=True, slots=True)
class SetAside:
    """Somebody who cannot be asked, and why."""

    patient_id: PatientId
    name: str
    error: UserError


@dataclass(frozen=True, slots=True)
class AskResult:
    """What asking did, or would do."""

    asked: int
    waiting: int  # asked before, and not answered
    signed: int  # of the newest version
    set_aside: tuple[SetAside, ...]
    request_ids: tuple[AgreementRequestId, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who is to be asked, with the signers of each."""

    ready: list[tuple[Candidate, tuple[Wanted, ...]]]
    waiting: int
    signed: int
    set_aside: list[SetAside]


def preview_asking(principal: Principal, agreement_id: AgreementId, form: AskForm) -> AskResult:
    """How many would be asked, for the question before it is done. Raises as `ask_to_sign`."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        agreement = tx.get_or_404(Agreement, agreement_id)
        plan = _plan(tx, agreement, _usable(tx, agreement), form)
        return AskResult(len(plan.ready), plan.waiting, plan.signed, tuple(plan.set_aside))


@retried
def ask_to_sign(principal: Principal, agreement_id: AgreementId, form: AskForm) -> AskResult:
    """Ask for signatures of the newest version; the job tells the signers (`tell_signers`).

    Who is asked already, or has signed this version, is not asked a second time. Somebody who cannot be asked (no
    second adult, no membership to name) is set aside and the others are asked.

    Raises: NotFound; NothingPublished; AgreementRetired; NobodyFound; for one patient, what sets them aside.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        agreement = tx.get_or_404(Agreement, agreement_id, lock=True)  # one asking at a time
        version = _usable(tx, agreement)
        plan = _plan(tx, agreement, version, form)
        if not plan.ready:
            if len(plan.set_aside) == 1 and not plan.waiting and not plan.signed:
                raise plan.set_aside[0].error
            raise NobodyFound
        ids = _insert(tx, agreement, version, form, plan)
        alone = plan.ready[0][0].patient_id if len(ids) == 1 else None
        note(tx, "ask:agreement", alone, agreement=agreement_id, version=version.number, count=len(ids))
        tx.on_commit(lambda: announce_asked([each.patient_id for each, _ in plan.ready]))
        return AskResult(len(ids), plan.waiting, plan.signed, tuple(plan.set_aside), tuple(ids))


def _usable(tx: Tx, agreement: Agreement) -> AgreementVersion:
    if agreement.status is AgreementStatus.RETIRED:
        raise AgreementRetired
    if not agreement.newest:
        raise NothingPublished
    return newest_version(tx, agreement)


def _plan(tx: Tx, agreement: Agreement, version: AgreementVersion, form: AskForm) -> _Plan:
    found = candidates(tx, agreement, form.audience)
    waiting, signed = open_and_signed(tx, agreement)
    persons = read_persons(tx, {each.patient_id for each in found} - {c.patient_id for c in waiting})
    for named in form.named.values():
        tx.get_or_404(Patient, named)
    age = tx.get_or_404(Practice, "practice").dependent_age
    plan = _Plan([], 0, 0, [])
    counts = {"waiting": 0, "signed": 0}
    for each in found:
        if each in waiting or each in signed:
            counts["waiting" if each in waiting else "signed"] += 1
            continue
        person = persons.get(each.patient_id) or read_persons(tx, [each.patient_id])[each.patient_id]
        if person.status is not PatientStatus.ACTIVE:
            continue
        try:
            if agreement.kind is AgreementKind.MEMBERSHIP and not each.membership_id:
                raise ValueMissing(name="{{plan}}")
            signers = wanted_signers(person.asked, version.rules, form.named, age, today())
        except UserError as error:
            plan.set_aside.append(SetAside(each.patient_id, person.name, error))
        else:
            plan.ready.append((each, signers))
    return _Plan(plan.ready, counts["waiting"], counts["signed"], plan.set_aside)


def _insert(
    tx: Tx, agreement: Agreement, version: AgreementVersion, form: AskForm, plan: _Plan
) -> list[AgreementRequestId]:
    """Write requests and signers in bulk."""
    at = now()
    ids = [AgreementRequestId(id_) for id_ in new_ids("agq", len(plan.ready), at)]
    expires = today() + timedelta(days=_days(tx, form.expires_days))
    request = {
        "agreement_id": agreement.id,
        "version_id": version.id,
        "reason": form.reason,
        "status": RequestStatus.WAITING,
        "asked_at": at,
        "asked_by": tx.principal.name,
        "expires_on": expires,
    }
    tx.bulk_insert(
        AgreementRequest,
        [
            {**request, "id": id_, "patient_id": each.patient_id, "membership_id": each.membership_id}
            for id_, (each, _) in zip(ids, plan.ready, strict=True)
        ],
    )
    tx.bulk_insert(AgreementSigner, _signer_rows(ids, plan.ready))
    return ids


def _signer_rows(
    ids: Sequence[AgreementRequestId], ready: Sequence[tuple[Candidate, tuple[Wanted, ...]]]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "request_id": id_,
            "patient_id": each.patient_id,
            "part": wanted.part,
            "signer_id": wanted.signer_id,
            "status": SignerStatus.WAITING,
        }
        for id_, (each, signers) in zip(ids, ready, strict=True)
        for wanted in signers
    ]
    for row, id_ in zip(rows, new_ids("ags", len(rows), now()), strict=True):
        row["id"] = id_
    return rows


def _days(tx: Tx, wished: int | None) -> int:
    setting = SETTINGS["agreement_expires_days"]
    if wished is None:
        return int(setting.read(tx.get_or_404(Practice, "practice")))
    try:
        return int(setting.validate(wished))
    except NumberOutOfRange as error:
        error.field = "expires_days"
        raise
