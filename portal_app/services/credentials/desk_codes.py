"""Sign-in codes that the front desk prints for patients without email and mobile on file (CODE-13)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import SignInCode
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.codes import bare_code, new_desk_code
from portal_app.domain.credentials.names import initials, plain_letters
from portal_app.domain.credentials.types import DESK_CODE_LIFE
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
from portal_app.services.sign_in.known_sources import counted_by
from portal_app.services.sign_in.sessions import write_ticket


@dataclass(frozen=True, slots=True)
class DeskSlip:
    """What the front desk prints. `lines` are in the patient's language; the code is stored nowhere."""

    code: str
    address: str
    qr_svg: str
    expires: datetime
    lines: tuple[str, ...]


def print_desk_code(principal: Principal, patient_id: PatientId) -> DeskSlip:
    """Make a code for a patient who is at the front desk; their older codes end. It works once, within 24 hours.

    Raises:
        DeskCodeForDependent: the patient may not sign in.
        DeskCodeNeedsBirthDate: no birth date is on file.
    """
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
                contact_hash=_code_hash(code),  # a code of the desk has no contact: it is found by itself
                known=True,
                code_hash=_code_hash(code),
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
    """Sign in with code, birth date and initials; returns a session ticket. Three wrong tries end the code.

    Raises WrongDeskCode.
    """
    rate_limits.count_attempt("try from", counted_by(principal))
    with transaction(as_system(principal)) as tx:
        query = select(SignInCode).where(
            col(SignInCode.contact_hash) == _code_hash(bare_code(code)[:40]),
            col(SignInCode.way) == CodeWay.DESK,
        )
        row = tx.exec(query.with_for_update()).first()
        person = tx.get(Patient, row.patient_id) if row and row.patient_id else None
        usable = row is not None and row.burnt_at is None and row.expires_at > clock.now()
        if row and person and usable:
            if _is_same_person(person, birth_date, initials_typed) and may_sign_in_now(tx, person.id):
                row.burnt_at = row.code_passed_at = clock.now()
                note(tx, "desk_code", person.id)
                return write_ticket(tx, way="desk", patient_id=person.id, language=principal.language)
            row.birth_date_tries += 1
            if row.birth_date_tries >= BIRTH_DATE_TRIES:
                row.burnt_at = clock.now()
            tx.add(row)
        note(tx, "sign_in_failed", person.id if person else None, ok=False, way="desk")
    raise WrongDeskCode


def _is_same_person(person: Patient, birth_date: date, typed_initials: str) -> bool:
    recorded = initials(person.given_name, person.family_name)
    return person.birth_date == birth_date and plain_letters(typed_initials) == recorded


def _open_codes(tx: Tx, patient_id: PatientId) -> list[SignInCode]:
    query = select(SignInCode).where(
        col(SignInCode.patient_id) == patient_id,
        col(SignInCode.way) == CodeWay.DESK,
        col(SignInCode.burnt_at).is_(None),
    )
    return list(tx.exec(query).all())


def _code_hash(code: str) -> str:
    return keyed_hash("desk code", bare_code(code))


def _lines(language: str, practice: str, code: str, address: str, expires: datetime) -> tuple[str, ...]:
    """The text of the slip."""
    return (
        translate(language, gettext_noop("Your way into the portal of {practice}"), practice=practice),
        translate(language, gettext_noop("Open {address} or scan the picture."), address=address),
        translate(language, gettext_noop("Your one-time code: {code}"), code=code),
        translate(language, gettext_noop("You are also asked for your date of birth and your initials.")),
        translate(
            language, gettext_noop("It works once, until {expires}. Keep it to yourself."), expires=expires
        ),
    )
