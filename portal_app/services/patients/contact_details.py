"""How people are reached: seen and changed by themselves and by whoever acts for them (CODE-12)."""

import secrets
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select, update

from portal_app import clock
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.credentials import ContactChange, SecondFactorChallenge
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.codes import bare_code
from portal_app.domain.credentials.types import FACTOR_CODE_LIFE, FACTOR_TRIES, Locked
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, new_id
from portal_app.i18n import gettext_noop
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.errors import ChallengeOver, WrongCode
from portal_app.services.credentials.logins import lock_patient_row, login_of, require_own_login
from portal_app.services.credentials.second_factor import require_reauth
from portal_app.services.links.action_links import revoke_links_of
from portal_app.services.messaging import outbox
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.patients.errors import (
    AddressLineTooLong,
    ContactIsNoEmail,
    ContactIsNoPhone,
    ContactOnFile,
    NoContactForWay,
    NoWayChosen,
    OnlyContact,
    TooManyContacts,
    WishMissing,
)
from portal_app.services.patients.usable_contacts import phone_country
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import burn_codes, contact_hash
from portal_app.services.sign_in.contacts import Contact, parse_contact
from portal_app.services.sign_in.crypto import equal, keyed_hash
from portal_app.services.sign_in.known_sources import counted_by
from portal_app.settings import settings

_LINE = 120  # characters
_CONTACTS_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class ContactView:
    id: str
    kind: ContactKind
    shown: str
    preferred: bool


@dataclass(frozen=True, slots=True)
class Address:
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """One person of "Contact details"; name, birth date and sex are the practice's to change."""

    id: PatientId
    name: str
    birth_date: date | None
    sex: str
    contacts: tuple[ContactView, ...]
    address: Address
    language: str
    by_email: bool
    by_text: bool
    is_me: bool


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """A code is on its way to the new address."""

    id: str
    kind: ContactKind
    shown: str


def view_people(principal: Principal) -> tuple[PersonDetails, ...]:
    """The viewer first, then those they act for, the eldest first."""
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        people = tx.exec(select(Patient)).all()
        points = tx.exec(select(ContactPoint)).all()
    ordered = sorted(people, key=lambda p: (p.id != principal.patient_id, p.birth_date or date.max))
    return tuple(_details(p, [c for c in points if c.patient_id == p.id], principal) for p in ordered)


def change_contact(
    principal: Principal,
    patient_id: PatientId,
    kind: ContactKind,
    new: str,
    *,
    replaces: str | None = None,
    add: bool = False,
    everywhere: bool = False,
) -> ContactRequest:
    """Send a code to the new address; nothing changes before `confirm_contact`.

    Replaces `replaces`, or the preferred one of that kind, or (`add`) none. `everywhere`: also at the
    others the asker acts for who have the same old one. ReauthRequired first.
    """
    asked, old = _asked(principal, patient_id, kind, new, None if add else replaces, add=add)
    with transaction(as_system(principal)) as tx:  # who is asked for a proof has not used up a code
        require_reauth(tx, principal, login_of(tx, require_own_login(principal)))
    rate_limits.count_attempt("code from", counted_by(principal))
    rate_limits.count_attempt("code", asked.value)
    now = clock.now()
    change = ContactChange(
        id=new_id("chg"),
        patient_id=patient_id,
        asked_by=principal.name,
        kind=kind,
        value=asked.value,
        shown=asked.shown,
        replaces=old,
        everywhere=everywhere,
        code_hash="",
        created_at=now,
        expires_at=now + FACTOR_CODE_LIFE,
    )
    with transaction(as_system(principal)) as tx:
        _burn_waiting(tx, principal, patient_id, kind)
        _send_code(tx, change, principal.language)
        note(tx, "ask:contact_change", patient_id, kind=str(kind))
        return ContactRequest(change.id, kind, asked.shown)


@retried
def confirm_contact(principal: Principal, change_id: str, code: str) -> None:
    """The new address reads its messages: it replaces the old one, which is told. WrongCode, ChallengeOver.

    Codes and links that went to the old address die.
    """
    require_own_login(principal)
    rate_limits.count_attempt("try from", counted_by(principal))
    with transaction(as_system(principal)) as tx:
        row = tx.get(ContactChange, change_id, with_for_update=True, populate_existing=True)
        if row is None or row.asked_by != principal.name or row.patient_id not in principal.patients:
            raise NotFound
        if row.done_at or row.burnt_at or row.expires_at <= clock.now():
            raise ChallengeOver
        if equal(row.code_hash, keyed_hash("contact code", row.id, bare_code(code))):
            row.done_at = clock.now()
            _apply(tx, principal, row)
            return
        row.tries += 1
        row.burnt_at = clock.now() if row.tries >= FACTOR_TRIES else None
        tx.add(row)
        note(tx, "contact_code_failed", row.patient_id, ok=False, tries=row.tries)
        burnt = row.burnt_at is not None
    raise ChallengeOver if burnt else WrongCode


@retried
def remove_contact(principal: Principal, contact_id: str) -> None:
    """Remove an email or phone, and tell its owner; the last one stays. Raises OnlyContact."""
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        patient_id = tx.get_or_404(ContactPoint, contact_id).patient_id
    with transaction(as_system(principal)) as tx:
        require_reauth(tx, principal, login_of(tx, require_own_login(principal)))
        lock_patient_row(tx, patient_id)
        row = tx.get_or_404(ContactPoint, contact_id, lock=True)
        others = [p for p in _points(tx, patient_id) if p.id != row.id]
        if not others:
            raise OnlyContact
        gone = (row.kind, row.value)
        tx.delete(row)
        tx.flush()
        if row.preferred and not any(p.preferred for p in others if p.kind is row.kind):
            _prefer_first(tx, [p for p in others if p.kind is row.kind])
        _forget_old(tx, patient_id, *gone)
        note(tx, "remove:contact", patient_id, kind=str(row.kind))


def change_address(principal: Principal, patient_id: PatientId, address: Address) -> None:
    """Change the postal address of a patient. Raises AddressLineTooLong."""
    principal.require(Permission.MY_ACCOUNT)
    lines = {name: " ".join(getattr(address, name).split()) for name in Address.__dataclass_fields__}
    if too_long := next((name for name, line in lines.items() if len(line) > _LINE), ""):
        raise AddressLineTooLong(field=too_long, most=_LINE)
    with transaction(principal) as tx:
        person = tx.get_or_404(Patient, patient_id, lock=True)
        for name, line in lines.items():
            setattr(person, name, line)
        tx.add(person)


def set_preferences(
    principal: Principal, patient_id: PatientId, *, by_email: bool, by_text: bool, language: str
) -> None:
    """Which way messages go, and in which language. One of the two ways stays."""
    principal.require(Permission.MY_ACCOUNT)
    if language not in settings().languages:
        raise NotFound
    if not by_email and not by_text:
        raise NoWayChosen
    with transaction(principal) as tx:
        person = tx.get_or_404(Patient, patient_id, lock=True)
        points = _points(tx, patient_id)
        wanted = {ContactKind.EMAIL: by_email, ContactKind.PHONE: by_text}
        if points and not any(wanted[p.kind] for p in points):
            raise NoContactForWay
        person.language = language
        for point in points:
            point.preferred = wanted[point.kind]
            if point.kind is ContactKind.PHONE:
                point.may_text = by_text
            tx.add(point)
        tx.add(person)


def ask_for_change(principal: Principal, patient_id: PatientId, what: Locked, words: str) -> None:
    """Name, birth date and sex are changed by the practice: staff get the request."""
    principal.require(Permission.MY_ACCOUNT)
    wish = " ".join(words.split())[:500]
    if not wish:
        raise WishMissing
    with transaction(principal) as tx:
        tx.get_or_404(Patient, patient_id)
        tx.add_as_system_once(
            Task(
                id=new_id("tsk"),
                once=f"change:{patient_id}:{what}:{keyed_hash('wish', wish)[:16]}:{clock.today()}",
                kind="change_request",
                message=gettext_noop("A patient asks to change the {what}: {wish}"),
                values={"what": str(what), "wish": wish},
                patient_id=patient_id,
                created_at=clock.now(),
            )
        )


def _send_code(tx: Tx, change: ContactChange, language: str) -> None:
    """Store the change with the hash of a new code, and write the code to the new address."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    change.code_hash = keyed_hash("contact code", change.id, code)
    tx.add(change)
    outbox.write_message(
        tx,
        "contact_code",
        once=f"contact_code:{change.id}",
        to_contact=(change.kind, change.value),
        language=language,
        values={"code": code},
        expires_at=change.expires_at,
    )


def _asked(
    principal: Principal,
    patient_id: PatientId,
    kind: ContactKind,
    new: str,
    replaces: str | None,
    *,
    add: bool,
) -> tuple[Contact, str | None]:
    """What is asked for, and the contact it replaces; NotFound for a patient who is not theirs."""
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        tx.get_or_404(Patient, patient_id)
        asked = parse_contact(new, phone_country(tx))
        points = _points(tx, patient_id)
    if asked.kind is not kind:
        raise ContactIsNoEmail if kind is ContactKind.EMAIL else ContactIsNoPhone
    if any(p.kind is kind and p.value == asked.value for p in points):
        raise ContactOnFile
    same_kind = sorted((p for p in points if p.kind is kind), key=lambda p: (not p.preferred, p.value))
    if replaces is not None:
        if replaces not in {p.id for p in same_kind}:
            raise NotFound
        return asked, replaces
    if add and len(points) >= _CONTACTS_AT_MOST:
        raise TooManyContacts
    return asked, None if add or not same_kind else same_kind[0].id


def _apply(tx: Tx, principal: Principal, change: ContactChange) -> None:
    old = tx.get(ContactPoint, change.replaces) if change.replaces else None
    if old is None:
        notify_all_contacts(tx, change.patient_id, "contact_added")
        _put(tx, change, change.patient_id, None)
    else:
        was = (old.kind, old.value)
        shared = select(ContactPoint).where(
            col(ContactPoint.kind) == old.kind, col(ContactPoint.value) == old.value
        )
        for point in tx.exec(shared).all():
            mine = point.patient_id == change.patient_id
            if mine or (change.everywhere and point.patient_id in principal.patients):
                _put(tx, change, point.patient_id, point)
                _forget_old(tx, point.patient_id, *was)
    note(tx, "change:contact", change.patient_id, kind=str(change.kind))


def _put(tx: Tx, change: ContactChange, patient_id: PatientId, point: ContactPoint | None) -> None:
    """The new one in the old one's place; a person who has it already just loses the old one."""
    twin = next((p for p in _points(tx, patient_id) if p.value == change.value), None)
    if twin is not None:
        twin.verified_at = clock.now()
        if point is not None:
            twin.preferred = twin.preferred or point.preferred
            tx.delete(point)
        tx.flush()
        return
    target = point or ContactPoint(
        id=new_id("con"), patient_id=patient_id, kind=change.kind, value="", preferred=True
    )
    target.value, target.shown, target.verified_at = change.value, change.shown, clock.now()
    target.may_text = True
    tx.add(target)
    tx.flush()


def _forget_old(tx: Tx, patient_id: PatientId, kind: ContactKind, value: str) -> None:
    """The old address hears of it; what was sent there opens nothing any more (CODE-12)."""
    place = contact_hash(kind, value)
    burn_codes(tx, place)
    tx.exec(
        update(SecondFactorChallenge)
        .where(
            col(SecondFactorChallenge.contact_hash) == place,
            col(SecondFactorChallenge.patient_id) == patient_id,
            col(SecondFactorChallenge.burnt_at).is_(None),
        )
        .values(burnt_at=clock.now())
    )
    revoke_links_of(tx, patient_id)
    outbox.write_message(
        tx,
        "contact_changed",
        once=f"contact_changed:{new_id('say')}",
        to_contact=(kind, value),
        language=tx.get_or_404(Patient, patient_id).language,
        values={"date": clock.today()},
    )


def _burn_waiting(tx: Tx, principal: Principal, patient_id: PatientId, kind: ContactKind) -> None:
    """Only the newest code counts."""
    tx.exec(
        update(ContactChange)
        .where(
            col(ContactChange.patient_id) == patient_id,
            col(ContactChange.asked_by) == principal.name,
            col(ContactChange.kind) == kind,
            col(ContactChange.done_at).is_(None),
        )
        .values(burnt_at=clock.now())
    )


def _prefer_first(tx: Tx, points: list[ContactPoint]) -> None:
    for point in points[:1]:
        point.preferred = True
        tx.add(point)


def _points(tx: Tx, patient_id: PatientId) -> list[ContactPoint]:
    return list(tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == patient_id)).all())


def _details(person: Patient, points: list[ContactPoint], principal: Principal) -> PersonDetails:
    points = sorted(points, key=lambda p: (p.kind is not ContactKind.EMAIL, not p.preferred, p.value))
    return PersonDetails(
        id=person.id,
        name=person.full_name,
        birth_date=person.birth_date,
        sex=person.sex,
        contacts=tuple(ContactView(p.id, p.kind, p.shown or p.value, p.preferred) for p in points),
        address=Address(
            person.line1, person.line2, person.city, person.region, person.postal_code, person.country
        ),
        language=person.language,
        by_email=any(p.preferred for p in points if p.kind is ContactKind.EMAIL),
        by_text=any(p.preferred and p.usable for p in points if p.kind is ContactKind.PHONE),
        is_me=person.id == principal.patient_id,
    )
