"""A code printed at the desk, for whoever has no email and no mobile on file (CODE-13)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import SignInCode
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials import DESK_CODE_LIFE, bare_code, initials, new_desk_code, plain_letters
from portal_app.domain.ids import PatientId, new_id
from portal_app.domain.sign_in import BIRTH_DATE_TRIES, CodeWay
from portal_app.i18n import gettext_noop, translate
from portal_app.i18n_paths import localised_url, supported_language
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.errors import DeskCodeForDependent, DeskCodeNeedsBirthDate, WrongDeskCode
from portal_app.services.credentials.logins import lock_patient_row, may_sign_in_now
from portal_app.services.links.qr_codes import qr_svg
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.crypto import keyed_hash
from portal_app.services.sign_in.sessions import write_ticket


@dataclass(frozen=True, slots=True)
class DeskSlip:
    """What is printed and handed over; the code is shown this once. `lines` are in the patient's language."""

    code: str
    address: str
    qr_svg: str
    expires: datetime
    lines: tuple[str, ...]


def print_desk_code(principal: Principal, patient_id: PatientId) -> DeskSlip:
    """A one-time code for a patient who stands at the desk; an older one of theirs is dead."""
    principal.require(Permission.SHARE_PORTAL)
    code, now = new_desk_code(), clock.now()
    with transaction(as_system(principal)) as tx:
        person = lock_patient_row(tx, patient_id)
        if not may_sign_in_now(tx, patient_id):
            raise DeskCodeForDependent
        if person.birth_date is None:
            raise DeskCodeNeedsBirthDate
        for old in _open_codes(tx, patient_id):
            old.burnt_at = now
            tx.add(old)
        tx.add(
            SignInCode(
                id=new_id("cod"),
                way=CodeWay.DESK,
                contact_hash=_place(code),  # found by the code itself
                known=True,
                code_hash=_place(code),
                reference="",
                patient_id=patient_id,
                created_at=now,
                expires_at=now + DESK_CODE_LIFE,
                ip=principal.ip,
            )
        )
        note(tx, "print:desk_code", patient_id)
        practice, language = tx.get_or_404(Practice, "practice").name, supported_language(person.language)
    address = localised_url(language, "/sign-in?by=desk")
    expires = now + DESK_CODE_LIFE
    return DeskSlip(
        code, address, qr_svg(address), expires, _lines(language, practice, code, address, expires)
    )


def desk_sign_in(principal: Principal, code: str, birth_date: date, initials_typed: str) -> str:
    """A ticket for the code, the date of birth and the initials together. WrongDeskCode; three tries."""
    rate_limits.count("try from", principal.ip)
    with transaction(as_system(principal)) as tx:
        asked = select(SignInCode).where(
            col(SignInCode.contact_hash) == _place(bare_code(code)[:40]), col(SignInCode.way) == CodeWay.DESK
        )
        row = tx.exec(asked.with_for_update()).first()
        person = tx.get(Patient, row.patient_id) if row and row.patient_id else None
        live = row is not None and row.burnt_at is None and row.expires_at > clock.now()
        if row and person and live:
            if _is(person, birth_date, initials_typed) and may_sign_in_now(tx, person.id):
                row.burnt_at = row.code_passed_at = clock.now()
                note(tx, "desk_code", person.id)
                return write_ticket(tx, way="desk", patient_id=person.id, language=principal.language)
            row.birth_date_tries += 1
            if row.birth_date_tries >= BIRTH_DATE_TRIES:
                row.burnt_at = clock.now()
            tx.add(row)
        note(tx, "sign_in_failed", person.id if person else None, ok=False, way="desk")
    raise WrongDeskCode


def _is(person: Patient, born: date, typed: str) -> bool:
    ours = initials(person.given_name, person.family_name)
    return person.birth_date == born and plain_letters(typed) == ours


def _open_codes(tx: Tx, patient_id: PatientId) -> list[SignInCode]:
    asked = select(SignInCode).where(
        col(SignInCode.patient_id) == patient_id,
        col(SignInCode.way) == CodeWay.DESK,
        col(SignInCode.burnt_at).is_(None),
    )
    return list(tx.exec(asked).all())


def _place(code: str) -> str:
    return keyed_hash("desk code", bare_code(code))


def _lines(language: str, practice: str, code: str, address: str, expires: datetime) -> tuple[str, ...]:
    return (
        translate(language, gettext_noop("Your way into the portal of {practice}"), practice=practice),
        translate(language, gettext_noop("Open {address} or scan the picture."), address=address),
        translate(language, gettext_noop("Your one-time code: {code}"), code=code),
        translate(language, gettext_noop("You are also asked for your date of birth and your initials.")),
        translate(
            language, gettext_noop("It works once, until {expires}. Keep it to yourself."), expires=expires
        ),
    )
