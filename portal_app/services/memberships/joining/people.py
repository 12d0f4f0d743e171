"""The rows of who joins: family, account and patients, who are inactive until the first invoice is paid."""

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, Family, Patient
from portal_app.db.tables.memberships import JoinRequest
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import AccountId, FamilyId, PatientId, new_id
from portal_app.domain.memberships.types import JoinStatus
from portal_app.services.memberships.joining.draft import JoinChoice, JoinOwner
from portal_app.services.memberships.members.person import create_patient, same_person
from portal_app.services.patients.access import families_changed


def keep_people(tx: Tx, request: JoinRequest, owner: JoinOwner, choice: JoinChoice) -> None:
    """Make the rows, or reuse those of an earlier try with this contact, so that nobody becomes two patients."""
    patient = _owner(tx, request, owner)
    address, patient.sex = owner.address, owner.sex
    patient.line1, patient.line2, patient.city = address.line1, address.line2, address.city
    patient.region, patient.postal_code, patient.country = (
        address.region,
        address.postal_code,
        address.country,
    )
    request.account_id, request.owner_id = patient.account_id, patient.id
    members = [patient.id] if choice.owner_is_member else []
    there = [row for row in _waiting_patients(tx, patient.account_id) if row.id != patient.id]
    for person in choice.members:
        row = next((one for one in there if same_person(person, one)), None)
        if row is None:
            row = create_patient(tx, patient.account_id, person)
            row.status = PatientStatus.INACTIVE
        row.sex = person.sex
        members.append(row.id)
    request.member_ids = [str(id_) for id_ in members]
    families_changed(tx)
    tx.flush()


def _owner(tx: Tx, request: JoinRequest, owner: JoinOwner) -> Patient:
    if request.owner_id is not None:  # an earlier press: nothing was paid, so what they typed since counts
        row = tx.get_or_404(Patient, request.owner_id, lock=True)
        row.given_name, row.family_name = owner.given_name, owner.family_name
        row.birth_date = owner.birth_date
        return row
    return _owner_of_earlier_request(tx, request, owner) or _new_owner(tx, request, owner)


def _owner_of_earlier_request(tx: Tx, request: JoinRequest, owner: JoinOwner) -> Patient | None:
    """The same person, who tried to join with this contact before and never paid, or was refused; None for nobody."""
    over = (JoinStatus.ABANDONED, JoinStatus.REFUSED)
    wanted = select(JoinRequest.owner_id).where(
        JoinRequest.contact_hash == request.contact_hash, col(JoinRequest.status).in_(over)
    )
    rows = tx.exec(
        select(Patient).where(col(Patient.id).in_(wanted), Patient.status == PatientStatus.INACTIVE)
    )
    return next((row for row in rows if same_person(owner.as_person(), row)), None)


def _new_owner(tx: Tx, request: JoinRequest, owner: JoinOwner) -> Patient:
    family, patient_id = FamilyId(new_id("fam")), PatientId(new_id("pat"))
    account = AccountId(new_id("acc"))
    tx.add(Family(id=family, practice_key=f"joined:{family}"))
    tx.add(Account(id=account, guarantor_id=patient_id, created_at=now()))
    tx.flush()
    row = tx.add(
        Patient(
            id=patient_id,
            chart_number=None,
            family_id=family,
            account_id=account,
            given_name=owner.given_name,
            family_name=owner.family_name,
            birth_date=owner.birth_date,
            sex=owner.sex,
            status=PatientStatus.INACTIVE,
            language=request.language,
            created_at=now(),
        )
    )
    tx.flush()
    tx.add(
        ContactPoint(
            id=new_id("con"),
            patient_id=patient_id,
            kind=request.contact_kind,
            value=request.contact_value,
            shown=request.contact_shown,
            verified_at=now(),
        )
    )
    return row


def _waiting_patients(tx: Tx, account_id: AccountId) -> list[Patient]:
    """Patients of the account who were made by joining and are not active."""
    wanted = select(Patient).where(
        Patient.account_id == account_id,
        col(Patient.chart_number).is_(None),
        Patient.status == PatientStatus.INACTIVE,
    )
    return list(tx.exec(wanted))


def people_of(tx: Tx, request: JoinRequest) -> list[Patient]:
    """The owner, then the members, each once."""
    ids = list(dict.fromkeys([request.owner_id, *request.member_ids]))
    rows = {row.id: row for row in tx.exec(select(Patient).where(col(Patient.id).in_(ids)))}
    return [row for id_ in ids if (row := rows.get(PatientId(id_ or ""))) is not None]
