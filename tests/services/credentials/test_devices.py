"""The list of a person's devices, and signing out there."""

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Side
from portal_app.domain.errors import NotFound, NotSignedIn
from portal_app.services.credentials import devices
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem, write_ticket
from tests.people import KIM, MARIA, ROSA, People
from tests.services.credentials_helper import (
    TEST,
    new_session,
    trail,
)


def test_a_patient_lists_own_devices_and_signs_one_out(sample_people: People):
    here = new_session(MARIA, device="Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36")
    there = new_session(MARIA, device="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1")
    new_session(ROSA)
    shown = devices.list_devices(here)
    assert [(d.words, d.here) for d in shown] == [("Chrome on Android", True), ("Safari on iPhone", False)]
    devices.end_device(here, shown[1].id)
    with pytest.raises(NotSignedIn):
        principal_of(there.session_ref, Side.PATIENT)
    with pytest.raises(NotFound):
        devices.end_device(here, shown[1].id)


def test_nobody_ends_another_persons_session(sample_people: People):
    rosa, kim = new_session(ROSA), new_session(KIM)
    hers = devices.list_devices(rosa)[0].id
    with pytest.raises(NotFound):
        devices.end_device(kim, hers)
    new_session(ROSA)
    new_session(ROSA)
    assert devices.end_other_devices(rosa) == 2
    with reading(TEST) as tx:
        ended = tx.exec(select(PortalSession).where(col(PortalSession.revoked_at).is_not(None))).all()
    assert {session.patient_id for session in ended} == {ROSA.id}
    (line,) = (line for line in trail() if line.action == "end_other_sessions")
    assert (line.actor, line.patient_id, line.details) == (rosa.name, ROSA.id, {"count": 2})


def test_staff_see_their_sessions_too(sample_people: People):
    with transaction(TEST) as tx:
        ticket = write_ticket(tx, way="password", staff_id=sample_people.dana.staff_id)
    dana = principal_of(hash_token(redeem(ticket).value), Side.STAFF)
    assert [device.here for device in devices.list_devices(dana)] == [True]
