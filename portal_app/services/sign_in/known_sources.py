"""The devices and networks from which a person has signed in: what they ask for is counted apart from strangers.

A device is known by a cookie that signs nobody in. Its value is random and changes with each sign-in, so that a
copied or a planted one is soon good for nothing; stored is a keyed hash of it.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import col, delete, or_, select, update

from portal_app import clock
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.sign_in import KnownSource
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.credentials.lockouts import (
    DEVICE_KNOWN_FOR,
    DEVICES_AT_MOST,
    NETWORK_KNOWN_FOR,
    NETWORKS_AT_MOST,
    Asker,
    Standing,
)
from portal_app.domain.ids import PatientId, StaffId
from portal_app.domain.ip import home_network
from portal_app.domain.sign_in import session_ref
from portal_app.services.sign_in.crypto import keyed_hash

_SYSTEM = system_principal("sign-in")
_NO_PERSON = "nobody"  # so that the same query runs for people we do not know
_KEPT = {
    Standing.DEVICE: (DEVICE_KNOWN_FOR, DEVICES_AT_MOST),
    Standing.NETWORK: (NETWORK_KNOWN_FOR, NETWORKS_AT_MOST),
}


def person_key(person: PatientId | StaffId | None, *, staff: bool = False) -> str:
    """The name under which a person's devices and networks are stored."""
    return f"{'staff' if staff else 'patient'}:{person}" if person else _NO_PERSON


def find_asker(tx: Tx, principal: Principal, people: Sequence[str]) -> Asker:
    """What we know of the principal as somebody who wants to sign in as one of these people (`person_key`)."""
    device, network = _device_source(principal.device), _network_source(principal.ip)
    query = select(KnownSource.source).where(
        col(KnownSource.person).in_([*people, _NO_PERSON]),
        col(KnownSource.source).in_([device, network]),
        _is_still_known(clock.now()),
    )
    found = set(tx.exec(query))
    if device in found:
        return Asker(Standing.DEVICE, device)
    return Asker(Standing.NETWORK if network in found else Standing.STRANGER, network)


def counted_by(principal: Principal) -> str:
    """What tries without a named account are counted by: the browser if anybody has signed in there, else the address.

    So nobody in the same network uses up the tries of somebody whose browser we know.
    """
    device = _device_source(principal.device)
    with reading(_SYSTEM) as tx:
        query = select(KnownSource.source).where(KnownSource.source == device, _is_still_known(clock.now()))
        return device if tx.exec(query).first() else principal.ip


@retried
def remember(principal: Principal) -> str:
    """Remember browser and network of the person who has just signed in; returns the new value of the device cookie.

    "" for the session of an action link, whose opener may be anybody.
    """
    person = _person_of(principal)
    if person == _NO_PERSON:
        return ""
    value = secrets.token_urlsafe(32)
    former, device = _device_source(principal.device), _device_source(session_ref(value))
    with transaction(_SYSTEM) as tx:
        tx.exec(update(KnownSource).where(col(KnownSource.source) == former).values(source=device))
        _keep(tx, person, device, Standing.DEVICE)
        if home_network(principal.ip):
            _keep(tx, person, _network_source(principal.ip), Standing.NETWORK)
    return value


def forget_other_devices(tx: Tx, principal: Principal) -> None:
    """Forget the person's devices and networks but for those that ask, after a change of credentials."""
    here = [_device_source(principal.device), _network_source(principal.ip)]
    theirs = col(KnownSource.person) == _person_of(principal)
    tx.exec(delete(KnownSource).where(theirs, col(KnownSource.source).not_in(here)))


def forget_all_sources(tx: Tx, patient_id: PatientId) -> None:
    """Forget all of a patient's devices and networks, after a sign-in reset."""
    tx.exec(delete(KnownSource).where(col(KnownSource.person) == person_key(patient_id)))


def forget_old_sources(tx: Tx) -> int:
    """Delete what nobody has signed in from for long; returns how many."""
    return tx.exec(delete(KnownSource).where(~_is_still_known(clock.now()))).rowcount


def _person_of(principal: Principal) -> str:
    return person_key(principal.staff_id or principal.patient_id, staff=principal.staff_id is not None)


def _keep(tx: Tx, person: str, source: str, standing: Standing) -> None:
    row = tx.get(KnownSource, (person, source))
    if row is None:
        row = KnownSource(person=person, source=source, standing=standing, last_at=clock.now())
        if not tx.add_as_system_once(row):
            return  # another sign-in of theirs at this moment
    row.last_at = clock.now()
    tx.flush()
    for old in _beyond(tx, person, standing):
        tx.delete(old)


def _beyond(tx: Tx, person: str, standing: Standing) -> Iterable[KnownSource]:
    """Those that are too many, the ones used last being kept."""
    query = select(KnownSource).where(KnownSource.person == person, KnownSource.standing == standing)
    newest_first = query.order_by(col(KnownSource.last_at).desc(), col(KnownSource.source))
    return tx.exec(newest_first.offset(_KEPT[standing][1])).all()


def _is_still_known(now: datetime):
    return or_(
        *(
            (col(KnownSource.standing) == standing) & (col(KnownSource.last_at) > now - life)
            for standing, (life, _) in _KEPT.items()
        )
    )


def _device_source(device: str) -> str:
    return keyed_hash("known device", device)


def _network_source(ip: str) -> str:
    return keyed_hash("known network", home_network(ip))
