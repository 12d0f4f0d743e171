"""Sign-in of patients with a code: a contact, the code sent there, the birth date.

For a known and an unknown contact the answer, the rows written and the work are the same (CODE-1). The message
for an unknown contact has no recipient and has expired when it is written, so it is never sent.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, delete, select, update

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import SignInCode
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.credentials.lockouts import Standing
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
from portal_app.services.sign_in.contacts import Contact, parse_contact
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
from portal_app.services.sign_in.known_sources import find_asker, person_key
from portal_app.services.sign_in.sessions import write_ticket

_SYSTEM = system_principal("sign-in")


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What the page shows while it waits for the code; the same for contacts we do not know (CODE-1)."""

    id: str
    reference: str  # four characters, also in the message (CODE-9)
    channel: ContactKind
    shown: str  # the contact as typed, tidied


def request_code(principal: Principal, contact: str, *, way: str = "contact") -> CodeRequest:
    """Send a code to an email or a phone.

    Raises:
        InvalidContact: it is neither.
        TooManyAttempts: a rate limit of the contact, the network or in total is reached.
    """
    with reading(_SYSTEM) as tx:
        to = parse_contact(contact, phone_country(tx))
        patient_ids = patients_with(tx, to)
        asker = find_asker(tx, principal, [person_key(id_) for id_ in patient_ids])
    # The total last: attempts refused for one network must not use up everybody's.
    rate_limits.spend_on_source("code", asker, principal.ip)
    rate_limits.spend_on_account("code", asker, to.value)
    is_shed = asker.standing is Standing.STRANGER and _is_shed(known=bool(patient_ids))
    with transaction(_SYSTEM) as tx:
        row, code = new_code(tx, to, patient_ids, principal, CodeWay(way))
        outbox.write_message(
            tx,
            "sign_in_code",
            once=f"sign_in_code:{row.id}",
            to_contact=(to.kind, to.value if patient_ids else ""),
            language=principal.language,
            values={"code": code, "reference": row.reference},
            expires_at=row.expires_at if patient_ids else row.created_at,
        )
        if is_shed:  # written and taken back: the same work as for everybody else
            tx.exec(delete(OutboxMessage).where(col(OutboxMessage.once) == f"sign_in_code:{row.id}"))
        else:
            _note(tx, principal, "sign_in:code_asked", row)
    return CodeRequest(row.id, row.reference, to.kind, to.shown)


def _is_shed(*, known: bool) -> bool:
    """Count what strangers ask for in total; returns whether a request for an unknown contact leaves no message behind.

    Unknown contacts have a total of their own, so they never use up that of the practice's patients. Whoever asks
    is answered the same, and the code's row stays, since its guesses are answered too.

    Raises TooManyAttempts, whether or not the contact is known, when either total is reached.
    """
    rate_limits.require_room("code all")
    rate_limits.count_attempt("code everything")
    return not rate_limits.has_room("code all" if known else "code unknown")


def check_code(principal: Principal, code_id: str, code: str) -> None:
    """Accept the code of a message, so that the birth date is asked for next. The fifth wrong code ends it (CODE-7).

    Raises:
        WrongSignInCode: it is wrong, and may be tried again.
        SignInCodeOver: it is unknown, expired, used or tried too often.
    """
    _count_guess(principal, code_id)
    with transaction(_SYSTEM) as tx:
        row = _usable_code(tx, code_id)
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
    """Sign in the patient with this birth date who has the contact; returns a session ticket (CODE-3 to 7).

    Args:
        first_name: as typed; needed only when two were born that day.

    Raises:
        NeedsFirstName, AmbiguousPerson: two were born that day (CODE-6).
        ChildCannotSignIn: it is a dependent child's birth date (CODE-5).
        WrongSignInBirthDate, WrongBirthDateOrFirstName: nobody matches.
        SignInCodeOver: the code was not accepted before, or is used, expired or tried too often.
    """
    _count_guess(principal, code_id, of_code=False)
    ticket = ""
    with transaction(_SYSTEM) as tx:
        row = _usable_code(tx, code_id)
        if row is None or row.code_passed_at is None:
            raise SignInCodeOver
        match, patient_id = _matching_patient(tx, row, birth_date, first_name)
        if match in (Match.WRONG, Match.CHILD):
            row.birth_date_tries += 1
            _burn_if(row, row.birth_date_tries >= BIRTH_DATE_TRIES)
        elif match in (Match.OK, Match.CALL_US):
            burn_codes(tx, row.contact_hash)
        if patient_id:
            ticket = write_ticket(
                tx, way="code", patient_id=patient_id, scope=scope, language=principal.language
            )
        _note(tx, principal, f"sign_in:{match.value}", row, ok=bool(patient_id), patient_id=patient_id)
    if ticket:
        return ticket
    raise _birth_date_error(match, burnt=row.burnt_at is not None, with_name=bool(first_name.strip()))


def _count_guess(principal: Principal, code_id: str, *, of_code: bool = True) -> None:
    """Count a try of a code or a birth date: by where it comes from, a code's also by the contact it was sent to."""
    with reading(_SYSTEM) as tx:
        row = tx.get(SignInCode, code_id)
        asker = find_asker(
            tx, principal, [person_key(PatientId(id_)) for id_ in row.household] if row else []
        )
    rate_limits.spend_on_source("guess", asker, principal.ip)
    if row and of_code:
        rate_limits.spend_on_account("guess", asker, row.contact_hash)


def burn_codes(tx: Tx, contact_hash: str) -> None:
    """End all codes sent to this contact: one was used, or the contact changed (CODE-12)."""
    tx.exec(
        update(SignInCode)
        .where(col(SignInCode.contact_hash) == contact_hash, col(SignInCode.burnt_at).is_(None))
        .values(burnt_at=clock.now())
    )


def contact_hash(kind: ContactKind, value: str) -> str:
    """The hash of a contact under which its codes are stored."""
    return keyed_hash("contact", kind.value, value)


def patients_with(tx: Tx, contact: Contact) -> list[PatientId]:
    """Active patients who have this contact."""
    query = (
        select(Patient.id)
        .join(ContactPoint, col(ContactPoint.patient_id) == col(Patient.id))
        .where(ContactPoint.kind == contact.kind, ContactPoint.value == contact.value)
        .where(Patient.status == PatientStatus.ACTIVE)
        .order_by(col(Patient.id))
    )
    return [PatientId(id_) for id_ in tx.exec(query)]


def new_code(
    tx: Tx, contact: Contact, patient_ids: list[PatientId], principal: Principal, way: CodeWay
) -> tuple[SignInCode, str]:
    """The stored row, which holds hashes only, and the code itself: six digits."""
    code, id_, now = f"{secrets.randbelow(10**6):06d}", new_id("cod"), clock.now()
    row = SignInCode(
        id=id_,
        way=way,
        kind=contact.kind,
        contact_hash=contact_hash(contact.kind, contact.value),
        known=bool(patient_ids),
        code_hash=_code_hash(id_, code),
        reference="".join(secrets.choice(REFERENCE_LETTERS) for _ in range(4)),
        household=[str(patient_id) for patient_id in patient_ids],
        created_at=now,
        expires_at=now + CODE_LIFE,
        ip=principal.ip,
    )
    return tx.add(row), code


def _code_hash(code_id: str, code: str) -> str:
    return keyed_hash("code", code_id, code)


def _usable_code(tx: Tx, code_id: str) -> SignInCode | None:
    """The row of a code that can still be used, locked for update; None otherwise."""
    try:
        row = tx.get_or_404(SignInCode, code_id, lock=True)
    except NotFound:
        return None
    if row.burnt_at or clock.now() >= _end_of(row):
        return None
    return row


def _end_of(row: SignInCode) -> datetime:
    """When the code expires. After it was accepted there are 15 more minutes for the birth date."""
    return row.code_passed_at + CODE_LIFE if row.code_passed_at else row.expires_at


def _matching_patient(
    tx: Tx, row: SignInCode, birth_date: date, first_name: str
) -> tuple[Match, PatientId | None]:
    query = select(Patient).where(col(Patient.id).in_(row.household))
    patients = tx.exec(query).all() if row.known else ()
    candidates = [Candidate(Person(p.id, p.birth_date, None, p.status), p.given_name) for p in patients]
    age = tx.get_or_404(Practice, "practice").dependent_age
    return match_candidate(candidates, birth_date, first_name, age, clock.today())


def _burn_if(row: SignInCode, used_up: bool) -> None:
    if used_up:
        row.burnt_at = clock.now()


def _birth_date_error(match: Match, *, burnt: bool, with_name: bool) -> UserError:
    """The error for a birth date that signs nobody in. `burnt`: it was the last try."""
    if match is Match.FIRST_NAME:
        return NeedsFirstName()
    if match is Match.CALL_US:
        return AmbiguousPerson()
    if match is Match.CHILD:
        return ChildCannotSignIn()
    if burnt:
        return SignInCodeOver()
    if with_name:
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
        audit.entry(
            principal, action, subject=row.id, outcome=outcome, patient_id=patient_id, details=details
        )
    )
