"""LINK-1: an action link opens beside a sign-in, not instead of it; a dead one is known before anything is asked."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.domain.access import Principal, Side, nobody, system_principal
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.sign_in import session_ref
from portal_app.services.links import action_links
from portal_app.services.sign_in.sessions import NewSession, principal_of, redeem, write_ticket
from tests.people import KIM, LUIS, People
from tests.services.credentials_helper import make_link

NOBODY = nobody("192.0.2.7")


def enter(ticket: str, *there: str) -> NewSession:
    return redeem(ticket, replaces=there)


def signed_in(made: NewSession) -> Principal:
    return principal_of(session_ref(made.value, made.scope), made.side)


def ticket_of(person_id: str) -> str:
    with transaction(system_principal("test")) as tx:
        return write_ticket(tx, way="code", patient_id=person_id)  # type: ignore[arg-type]


def link_of(people: People, life: timedelta | None = None) -> tuple[str, str]:
    made = make_link(people.dana, Purpose.FORMS, "forms", patient_id=LUIS.id, life=life)
    return made.id, urlsplit(made.address).fragment


def test_link_1_a_link_ends_no_sign_in_and_a_sign_in_no_link(sample_people: People):
    kim = enter(ticket_of(KIM.id))
    _, token = link_of(sample_people)
    ref = session_ref(kim.value, kim.scope)
    link = enter(action_links.open_link(NOBODY, token, LUIS.birth_date), ref)
    assert signed_in(kim).patient_id == KIM.id
    assert signed_in(link).name.startswith("link:")
    again = enter(ticket_of(KIM.id), ref, session_ref(link.value, link.scope))
    assert signed_in(link).name.startswith("link:")
    assert signed_in(again).patient_id == KIM.id
    with pytest.raises(NotSignedIn):
        signed_in(kim)  # the former sign-in of the same browser


def test_link_1_one_cookie_in_the_others_place_fits_nothing(sample_people: People):
    _, token = link_of(sample_people)
    made = enter(action_links.open_link(NOBODY, token, LUIS.birth_date))
    with pytest.raises(NotSignedIn):
        principal_of(session_ref(made.value), Side.PATIENT)


def test_link_1_a_dead_link_is_known_before_the_date_of_birth(sample_people: People):
    link_id, token = link_of(sample_people)
    assert action_links.is_link_open(NOBODY, token)
    assert not action_links.is_link_open(NOBODY, "unknown")
    assert not action_links.is_link_open(NOBODY, "")
    action_links.revoke_link(sample_people.dana, link_id)
    assert not action_links.is_link_open(NOBODY, token)
    _, short = link_of(sample_people, timedelta(days=1))
    with clock.held_at(clock.now() + timedelta(days=1)):
        assert not action_links.is_link_open(NOBODY, short)
