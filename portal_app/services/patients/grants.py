"""What one adult shares with another they name: paying, contact details, appointments and forms.

Nothing here tells whether the practice knows the person who was named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.credentials import GrantRequest
from portal_app.db.tables.families import ContactPoint, Grant, Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.names import name_key
from portal_app.domain.errors import NotFound
from portal_app.domain.families import GrantKind, PatientStatus, full_name, is_younger_than
from portal_app.domain.ids import PatientId, new_id
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.logins import lock_patient_row, login_of, require_own_login
from portal_app.services.credentials.second_factor import require_reauth
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.patients.access import families_changed
from portal_app.services.patients.contact_details import ContactView
from portal_app.services.patients.errors import (
    NameIncomplete,
    NotAnAdult,
    SharingWithOneself,
    TooMuchShared,
    TooYoungToShare,
)

_ADULT = 18
_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Sharing:
    """As the granter typed it, whether or not we know that person."""

    id: str
    kind: GrantKind
    given_name: str
    family_name: str
    birth_date: date


@dataclass(frozen=True, slots=True)
class SharedWithMe:
    patient_id: PatientId
    name: str
    kind: GrantKind


def list_sharing(principal: Principal) -> tuple[Sharing, ...]:
    """What I share, and with whom."""
    me = require_own_login(principal)
    with reading(as_system(principal)) as tx:
        return tuple(
            Sharing(w.id, w.kind, w.given_name, w.family_name, w.birth_date) for w in _wishes(tx, me)
        )


def share(principal: Principal, kind: GrantKind, given_name: str, family_name: str, birth_date: date) -> str:
    """Let a named adult do one thing for me; the id to withdraw it with. ReauthRequired first.

    The same answer and the same list whether or not we know them; the granter is told of it.
    """
    me = require_own_login(principal)
    given, family = " ".join(given_name.split())[:80], " ".join(family_name.split())[:80]
    key = name_key(full_name(given, family))
    if not name_key(given) or not name_key(family):
        raise NameIncomplete(field="family_name" if name_key(given) else "given_name")
    with transaction(as_system(principal)) as tx:
        require_reauth(tx, principal, login_of(tx, me))
        granter = _adult(tx, me)
        if is_younger_than(birth_date, _ADULT, clock.today()) or birth_date > clock.today():
            raise NotAnAdult
        if birth_date == granter.birth_date and key == _key_of(granter):
            raise SharingWithOneself
        wishes = _wishes(tx, me)
        for wish in wishes:
            if (wish.kind, wish.name_key, wish.birth_date) == (kind, key, birth_date):
                return wish.id
        if len(wishes) >= _AT_MOST:
            raise TooMuchShared
        wish = GrantRequest(
            id=new_id("wsh"),
            patient_id=me,
            kind=kind,
            given_name=given,
            family_name=family,
            name_key=key,
            birth_date=birth_date,
            created_at=clock.now(),
        )
        _grant(tx, granter, wish)
        tx.add(wish)
        note(tx, "share", me, kind=str(kind))
        notify_all_contacts(tx, me, "sharing_changed")
        return wish.id


def stop_sharing(principal: Principal, wish_id: str) -> None:
    """At once, in open sessions too."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        wish = tx.get(GrantRequest, wish_id, with_for_update=True)
        if wish is None or wish.patient_id != me:
            raise NotFound
        if wish.grant_id and (grant := tx.get(Grant, wish.grant_id)):
            grant.withdrawn_at = grant.withdrawn_at or clock.now()
            tx.add(grant)
            families_changed(tx)
        tx.delete(wish)
        note(tx, "stop_sharing", me, kind=str(wish.kind))
        notify_all_contacts(tx, me, "sharing_changed")


def shared_with_me(principal: Principal) -> tuple[SharedWithMe, ...]:
    """What other adults let me do for them."""
    me = require_own_login(principal)
    with reading(as_system(principal)) as tx:
        if is_younger_than(tx.get_or_404(Patient, me).birth_date, _ADULT, clock.today()):
            return ()
        rows = tx.exec(
            select(Grant, Patient)
            .join(Patient, col(Patient.id) == col(Grant.patient_id))
            .where(
                col(Grant.to_id) == me,
                col(Grant.withdrawn_at).is_(None),
                col(Patient.status) == PatientStatus.ACTIVE,
            )
        ).all()
        return tuple(SharedWithMe(person.id, person.full_name, grant.kind) for grant, person in rows)


def shares(tx: Tx, granter: PatientId, to: PatientId, kind: GrantKind) -> bool:
    """Does this grant hold? In a transaction that may read it."""
    held = select(Grant.id).where(
        col(Grant.patient_id) == granter,
        col(Grant.to_id) == to,
        col(Grant.kind) == kind,
        col(Grant.withdrawn_at).is_(None),
    )
    return tx.exec(held).first() is not None


def contacts_of(principal: Principal, patient_id: PatientId) -> tuple[ContactView, ...]:
    """Another adult's contact details, if they share them with the asker; NotFound otherwise (DEP-11)."""
    principal.require(Permission.MY_ACCOUNT)
    me = require_own_login(principal)
    with reading(as_system(principal)) as tx:
        if patient_id not in principal.patients and not shares(tx, patient_id, me, GrantKind.CONTACT):
            raise NotFound
        points = tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == patient_id)).all()
        return tuple(
            ContactView(p.id, p.kind, p.shown or p.value, p.preferred)
            for p in sorted(points, key=lambda p: (p.kind, not p.preferred, p.value))
        )


def _grant(tx: Tx, granter: Patient, wish: GrantRequest) -> None:
    """The grant itself, when exactly one adult is meant."""
    meant = _meant(tx, granter, wish)
    if meant is None:
        return
    grant = tx.add(
        Grant(id=new_id("grt"), patient_id=granter.id, to_id=meant, kind=wish.kind, created_at=clock.now())
    )
    tx.flush()
    wish.grant_id = grant.id
    families_changed(tx)


def _meant(tx: Tx, granter: Patient, wish: GrantRequest) -> PatientId | None:
    """In one's own family the first name will do, elsewhere the whole name; always with the birth date."""
    born = tx.exec(
        select(Patient).where(
            col(Patient.birth_date) == wish.birth_date,
            col(Patient.status) == PatientStatus.ACTIVE,
            col(Patient.id) != granter.id,
        )
    ).all()
    exact = [p.id for p in born if _key_of(p) == wish.name_key]
    first = name_key(wish.given_name)
    family = [p.id for p in born if p.family_id == granter.family_id and name_key(p.given_name) == first]
    return _only(exact) or _only(family)


def _only(found: Iterable[PatientId]) -> PatientId | None:
    found = tuple(found)
    return found[0] if len(found) == 1 else None


def _key_of(person: Patient) -> str:
    return name_key(person.full_name)


def _adult(tx: Tx, patient_id: PatientId) -> Patient:
    person = lock_patient_row(tx, patient_id)
    if is_younger_than(person.birth_date, _ADULT, clock.today()):
        raise TooYoungToShare
    return person


def _wishes(tx: Tx, patient_id: PatientId) -> list[GrantRequest]:
    mine = select(GrantRequest).where(col(GrantRequest.patient_id) == patient_id)
    return list(tx.exec(mine.order_by(col(GrantRequest.created_at), col(GrantRequest.id))).all())
