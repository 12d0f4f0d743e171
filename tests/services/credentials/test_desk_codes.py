"""Codes that the front desk prints (CODE-13)."""

import threading
from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.domain.errors import PermissionDenied
from portal_app.services.credentials import desk_codes
from portal_app.services.credentials.errors import DeskCodeForDependent, WrongDeskCode
from tests.people import EVA, KIM, MARIA, People
from tests.services.credentials_helper import NOBODY, sign_in_as


def test_code_13_a_desk_code_needs_birth_date_and_initials(sample_people: People):
    with pytest.raises(PermissionDenied):
        desk_codes.print_desk_code(sample_people.nora, KIM.id)
    slip = desk_codes.print_desk_code(sample_people.dana, KIM.id)
    assert slip.code in " ".join(slip.lines)
    assert "Kim" not in " ".join(slip.lines)
    for born, letters in ((MARIA.birth_date, "KO"), (KIM.birth_date, "MO")):
        with pytest.raises(WrongDeskCode):
            desk_codes.desk_sign_in(NOBODY, slip.code, born, letters)
    kim = sign_in_as(
        desk_codes.desk_sign_in(NOBODY, slip.code.lower().replace("-", "–"), KIM.birth_date, "k. o.")
    )
    assert kim.patient_id == KIM.id
    with pytest.raises(WrongDeskCode):
        desk_codes.desk_sign_in(NOBODY, slip.code, KIM.birth_date, "KO")


def test_code_13_three_wrong_tries_a_day_or_a_newer_code_end_it(sample_people: People):
    burnt = desk_codes.print_desk_code(sample_people.dana, KIM.id).code
    for _ in range(3):
        with pytest.raises(WrongDeskCode):
            desk_codes.desk_sign_in(NOBODY, burnt, MARIA.birth_date, "KO")
    old = desk_codes.print_desk_code(sample_people.dana, KIM.id).code
    new = desk_codes.print_desk_code(sample_people.dana, KIM.id).code
    for code in (burnt, old, "AAAAA-AAAAA"):
        with pytest.raises(WrongDeskCode):
            desk_codes.desk_sign_in(NOBODY, code, KIM.birth_date, "KO")
    with clock.held_at(clock.now() + timedelta(hours=24)), pytest.raises(WrongDeskCode):
        desk_codes.desk_sign_in(NOBODY, new, KIM.birth_date, "KO")
    with pytest.raises(DeskCodeForDependent):
        desk_codes.print_desk_code(sample_people.dana, EVA.id)


def test_code_13_two_parallel_uses_make_one_session(db: str):
    code = desk_codes.print_desk_code(People.create().dana, KIM.id).code
    tickets: list[str] = []
    barrier = threading.Barrier(6)

    def sign_in() -> None:
        barrier.wait()
        with clock.held_at(clock.now()):
            try:
                tickets.append(desk_codes.desk_sign_in(NOBODY, code, KIM.birth_date, "KO"))
            except WrongDeskCode:
                return

    threads = [threading.Thread(target=sign_in) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tickets) == 1
