"""A patient's way in: a contact point, the code sent there, the birth date.

Known or not, locked or not: the same words, the same rows, the same work (CODE-1). What leaves for an
unknown contact is a message to nobody that has expired when it is written.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select, update

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import SignInCode
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.families import ContactKind, PatientStatus, Person
from portal_app.domain.ids import PatientId, new_id
from portal_app.domain.sign_in import (
    BIRTH_DATE_TRIES,
    CODE_LIFE,
    CODE_TRIES,
    REFERENCE_LETTERS,
    Candidate,
    CodeWay,
    Match,
    SessionScope,
    match_candidate,
)
from portal_app.services.messaging import outbox
from portal_app.services.patients.usable_contacts import phone_country
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.contacts import Contact, contact_of
from portal_app.services.sign_in.crypto import equal, keyed_hash
from portal_app.services.sign_in.errors import (
    AmbiguousPerson,
    ChildCannotSignIn,
    NeedsFirstName,
    SignInCodeOver,
    WrongBirthDateOrFirstName,
    WrongSignInBirthDate,
    WrongSignInCode,
)
from portal_app.services.sign_in.sessions import write_ticket

_ERRAND = system_principal("sign-in")


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What the page shows while it waits for the code; the same for contacts we do not know (CODE-1)."""

    id: str
    reference: str  # four characters, also in the message (CODE-9)
    channel: ContactKind
    shown: str  # the contact as they typed it, tidied


def request_code(principal: Principal, contact: str, *, way: str = "contact") -> CodeRequest:
    """Send a code to an email or a phone. Refused for what is neither, and for whoever asks too often."""
    with reading(_ERRAND) as tx:
        asked = contact_of(contact, phone_country(tx))
    # The total last: whoever is refused for their own address must not use up everybody's.
    for what, whose in (("code from", principal.ip), ("code", asked.value), ("code all", "")):
        rate_limits.count(what, whose)
    with transaction(_ERRAND) as tx:
        household = _household(tx, asked)
        row, code = _new_code(tx, asked, household, principal, CodeWay(way))
        outbox.write_message(
            tx,
            "sign_in_code",
            once=f"sign_in_code:{row.id}",
            to_contact=(asked.kind, asked.value if household else ""),
            language=principal.language,
            values={"code": code, "reference": row.reference},
            expires_at=row.expires_at if household else row.created_at,
        )
        _note(tx, principal, "sign_in:code_asked", row)
    return CodeRequest(row.id, row.reference, asked.kind, asked.shown)


def check_code(principal: Principal, code_id: str, code: str) -> None:
    """Refused when it is wrong, late or burnt; the fifth wrong one burns it (CODE-7)."""
    rate_limits.count("try from", principal.ip)
    with transaction(_ERRAND) as tx:
        row = _live(tx, code_id)
        right = row is not None and equal(row.code_hash, _code_hash(row.id, code))
        if row is not None and right:
            row.code_passed_at = row.code_passed_at or clock.now()
        elif row is not None:
            row.code_tries += 1
            _burn_if(row, row.code_tries >= CODE_TRIES)
            _note(tx, principal, "sign_in:code", row, ok=False)
    if row is None or row.burnt_at:
        raise SignInCodeOver
    if not right:
        raise WrongSignInCode(reference=row.reference)


def check_birth_date(
    principal: Principal,
    code_id: str,
    birth_date: date,
    first_name: str = "",
    *,
    scope: SessionScope = SessionScope.FULL,
) -> str:
    """A ticket for the one of the household born that day. Refused, or NeedsFirstName (CODE-3 to 7)."""
    rate_limits.count("try from", principal.ip)
    ticket = ""
    with transaction(_ERRAND) as tx:
        row = _live(tx, code_id)
        if row is None or row.code_passed_at is None:
            raise SignInCodeOver
        answer, patient_id = _who(tx, row, birth_date, first_name)
        if answer in (Match.WRONG, Match.CHILD):
            row.birth_date_tries += 1
            _burn_if(row, row.birth_date_tries >= BIRTH_DATE_TRIES)
        elif answer in (Match.OK, Match.CALL_US):
            burn_codes(tx, row.contact_hash)
        if patient_id:
            ticket = write_ticket(
                tx, way="code", patient_id=patient_id, scope=scope, language=principal.language
            )
        _note(tx, principal, f"sign_in:{answer.value}", row, ok=bool(patient_id), patient_id=patient_id)
    if ticket:
        return ticket
    raise _said(answer, burnt=row.burnt_at is not None, named=bool(first_name.strip()))


def burn_codes(tx: Tx, contact_hash: str) -> None:
    """No code sent to this contact works any more: one was used, or the contact changed (CODE-12)."""
    tx.exec(
        update(SignInCode)
        .where(col(SignInCode.contact_hash) == contact_hash, col(SignInCode.burnt_at).is_(None))
        .values(burnt_at=clock.now())
    )


def contact_hash(kind: ContactKind, value: str) -> str:
    """How codes remember where they went."""
    return keyed_hash("contact", kind.value, value)


def _household(tx: Tx, asked: Contact) -> list[PatientId]:
    return list(
        tx.exec(
            select(Patient.id)
            .join(ContactPoint, col(ContactPoint.patient_id) == col(Patient.id))
            .where(ContactPoint.kind == asked.kind, ContactPoint.value == asked.value)
            .where(Patient.status == PatientStatus.ACTIVE)
            .order_by(col(Patient.id))
        ).all()
    )


def _new_code(
    tx: Tx, asked: Contact, household: list[PatientId], principal: Principal, way: CodeWay
) -> tuple[SignInCode, str]:
    code, id_, now = f"{secrets.randbelow(10**6):06d}", new_id("cod"), clock.now()
    row = SignInCode(
        id=id_,
        way=way,
        kind=asked.kind,
        contact_hash=contact_hash(asked.kind, asked.value),
        known=bool(household),
        code_hash=_code_hash(id_, code),
        reference="".join(secrets.choice(REFERENCE_LETTERS) for _ in range(4)),
        household=[str(id_) for id_ in household],
        created_at=now,
        expires_at=now + CODE_LIFE,
        ip=principal.ip,
    )
    return tx.add(row), code


def _code_hash(code_id: str, code: str) -> str:
    return keyed_hash("code", code_id, code)


def _live(tx: Tx, code_id: str) -> SignInCode | None:
    """The code, locked, if it can still be used."""
    try:
        row = tx.get_or_404(SignInCode, code_id, lock=True)
    except NotFound:
        return None
    if row.burnt_at or clock.now() >= _ends(row):
        return None
    return row


def _ends(row: SignInCode) -> datetime:
    """Once the code was right there is as long again for the birth date."""
    return row.code_passed_at + CODE_LIFE if row.code_passed_at else row.expires_at


def _who(tx: Tx, row: SignInCode, born: date, first_name: str) -> tuple[Match, PatientId | None]:
    persons = tx.exec(select(Patient).where(col(Patient.id).in_(row.household))).all() if row.known else []
    household = [Candidate(Person(p.id, p.birth_date, None, p.status), p.given_name) for p in persons]
    age = tx.get_or_404(Practice, "practice").dependent_age
    return match_candidate(household, born, first_name, age, clock.today())


def _burn_if(row: SignInCode, spent: bool) -> None:
    if spent:
        row.burnt_at = clock.now()


def _said(answer: Match, *, burnt: bool, named: bool) -> UserError:
    if answer is Match.FIRST_NAME:
        return NeedsFirstName()
    if answer is Match.CALL_US:
        return AmbiguousPerson()
    if answer is Match.CHILD:
        return ChildCannotSignIn()
    if burnt:
        return SignInCodeOver()
    if named:
        return WrongBirthDateOrFirstName()
    return WrongSignInBirthDate()


def _note(
    tx: Tx,
    principal: Principal,
    action: str,
    row: SignInCode,
    *,
    ok: bool = True,
    patient_id: PatientId | None = None,
) -> None:
    outcome = "ok" if ok else "refused"
    details = {"burnt": True} if row.burnt_at and not ok else {}
    tx.add(
        audit.line(principal, action, subject=row.id, outcome=outcome, patient_id=patient_id, details=details)
    )
