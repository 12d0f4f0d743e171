"""Devices and networks from which a person has signed in."""

from dataclasses import replace
from datetime import timedelta

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.domain.access import Principal, nobody
from portal_app.domain.credentials.lockouts import DEVICES_AT_MOST, Standing
from portal_app.domain.sign_in import session_ref
from portal_app.services.sign_in.known_sources import find_asker, forget_other_devices, person_key, remember
from tests.people import KIM, MARIA, People, Person
from tests.services.credentials_helper import TEST, new_session

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


def remembered(person: Person, ip: str = HOME, device: str = "") -> str:
    """The device as its principal names it, after this person has signed in there."""
    return session_ref(remember(replace(new_session(person), ip=ip, device=device)))


def standing(person: Person, ip: str, device: str = "") -> Standing:
    with reading(TEST) as tx:
        return find_asker(tx, nobody(ip, device=device), [person_key(person.id)]).standing


def test_a_device_is_known_anywhere_and_a_network_with_any_device(sample_people: People):
    device = remembered(MARIA)
    assert standing(MARIA, ELSEWHERE, device) is Standing.DEVICE
    assert standing(MARIA, "203.0.113.200") is Standing.NETWORK  # the same /24
    assert standing(MARIA, "203.0.114.7") is Standing.STRANGER
    assert standing(MARIA, ELSEWHERE, "f" * 64) is Standing.STRANGER


def test_what_one_person_is_known_by_says_nothing_of_another(sample_people: People):
    device = remembered(MARIA)
    assert standing(KIM, HOME, device) is Standing.STRANGER
    with reading(TEST) as tx:
        assert find_asker(tx, nobody(HOME, device=device), []).standing is Standing.STRANGER


def test_an_ipv6_network_is_a_56_bit_one(sample_people: People):
    remembered(MARIA, "2001:db8:0:1200::1")
    assert standing(MARIA, "2001:db8:0:12ff:ffff::9") is Standing.NETWORK
    assert standing(MARIA, "2001:db8:0:1300::1") is Standing.STRANGER


def test_a_visitor_without_an_address_shares_it_with_nobody(sample_people: People):
    remembered(MARIA, "?")
    assert standing(MARIA, "?") is Standing.STRANGER


def test_the_cookie_changes_with_each_sign_in_and_the_browser_keeps_its_people(sample_people: People):
    """A copied or planted cookie is good for nothing after the next sign-in of that browser."""
    first = remembered(MARIA)
    second = remembered(KIM, device=first)
    assert standing(MARIA, ELSEWHERE, second) is standing(KIM, ELSEWHERE, second) is Standing.DEVICE
    assert standing(MARIA, ELSEWHERE, first) is standing(KIM, ELSEWHERE, first) is Standing.STRANGER


def test_devices_and_networks_are_forgotten_after_a_while(sample_people: People):
    device = remembered(MARIA)
    with clock.held_at(clock.now() + timedelta(days=91)):
        assert standing(MARIA, HOME, device) is Standing.DEVICE
        assert standing(MARIA, HOME) is Standing.STRANGER
    with clock.held_at(clock.now() + timedelta(days=181)):
        assert standing(MARIA, HOME, device) is Standing.STRANGER


def test_of_many_devices_the_last_ones_are_kept(sample_people: People):
    """Otherwise one who signs in a thousand times has a thousand budgets."""
    devices = []
    for minute in range(DEVICES_AT_MOST + 3):
        with clock.held_at(clock.now() + timedelta(seconds=minute)):
            devices.append(remembered(MARIA))
    known = [standing(MARIA, ELSEWHERE, device) is Standing.DEVICE for device in devices]
    assert known == [False] * 3 + [True] * DEVICES_AT_MOST


def test_a_change_of_credentials_forgets_the_other_devices(sample_people: People):
    here, there = remembered(MARIA, HOME), remembered(MARIA, ELSEWHERE)
    with transaction(TEST) as tx:
        forget_other_devices(
            tx, Principal("x", new_session(MARIA).side, patient_id=MARIA.id, device=here, ip=HOME)
        )
    assert standing(MARIA, "192.0.2.1", here) is Standing.DEVICE
    assert standing(MARIA, HOME) is Standing.NETWORK
    assert standing(MARIA, ELSEWHERE, there) is Standing.STRANGER


def test_the_session_of_an_action_link_makes_nothing_known(sample_people: People):
    assert remember(nobody(HOME)) == ""
    assert remember(Principal("link:lnk_1", new_session(MARIA).side, session_ref="x", ip=HOME)) == ""
    assert standing(MARIA, HOME) is Standing.STRANGER
