"""Known or unknown: the same words, the same rows, the same time. And one code, used twice at once."""

import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cache

import pytest
import time_machine
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from portal_app import clock
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Role, nobody
from portal_app.domain.errors import NotSignedIn, UserError
from portal_app.services.credentials import passwords as credentials
from portal_app.services.sign_in import lockouts, password_hashes, rate_limits
from portal_app.services.sign_in.codes import CodeRequest, check_birth_date, check_code, request_code
from portal_app.services.sign_in.errors import WrongStaffPassword
from portal_app.services.sign_in.sessions import redeem
from portal_app.services.sign_in.staff import add_staff_member, check_staff_password
from tests.attacks.everybody import everything_written
from tests.people import MARIA, People
from tests.services.credentials_helper import code_sent, trail, with_password

TRIES = 200
# Half of the tries lie within these of one another; what is told apart over a network is far more.
SHARE, SECONDS = 0.25, 0.002
VISITOR = nobody("203.0.113.7")


@pytest.fixture(autouse=True)
def fresh_throttle() -> None:
    rate_limits.forget_all()


def rows() -> Counter[str]:
    return Counter({name: len(found) for name, found in everything_written().items()})


def written(work: Callable[[], object]) -> tuple[Counter[str], list[tuple[str, str]]]:
    """How many rows of which kind, and which lines of the trail, a try leaves."""
    before, lines = rows(), len(trail())
    work()
    return rows() - before, [(entry.action, entry.outcome) for entry in trail()[lines:]]


def medians(monkeypatch: pytest.MonkeyPatch, known: Callable[[], object], unknown: Callable[[], object]):
    """Processor time, each in turn, so that a busy machine slows both."""
    monkeypatch.setattr(rate_limits, "count_attempt", lambda *_: None)
    spent: dict[Callable[[], object], list[float]] = {known: [], unknown: []}
    for work in (known, unknown):
        work()
    for turn in range(TRIES):
        for work in (known, unknown) if turn % 2 else (unknown, known):
            begun = time.process_time()
            work()
            spent[work].append(time.process_time() - begun)
    return statistics.median(spent[known]), statistics.median(spent[unknown])


def close(one: float, other: float) -> bool:
    return abs(one - other) <= max(SHARE * max(one, other), SECONDS)


def ask(contact: str) -> Callable[[], CodeRequest]:
    return lambda: request_code(VISITOR, contact)


def give(name: str) -> Callable[[], str]:
    def tried() -> str:
        with pytest.raises(UserError) as refused:
            credentials.password_sign_in(VISITOR, name, "not the password")
        return refused.value.code

    return tried


def test_code_1_a_known_and_an_unknown_contact_leave_the_same_rows_and_lines(sample_people: People) -> None:
    known, unknown = written(ask("maria@example.com")), written(ask("stranger@example.com"))
    assert known == unknown
    assert known[0]


def test_code_1_a_known_and_an_unknown_contact_take_the_same_time(
    sqlite_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    People.create()
    times = medians(monkeypatch, ask("maria@example.com"), ask("stranger@example.com"))
    assert close(*times), times


def test_a_known_and_an_unknown_name_get_the_same_words_rows_and_lines(sample_people: People) -> None:
    with_password(MARIA, "maria")
    known, unknown = give("maria"), give("nobody-at-all")
    assert known() == unknown()
    with time_machine.travel(clock.real_now() + timedelta(hours=6)):
        rate_limits.forget_all()
        assert written(known) == written(unknown)


# Cheap, so that what the portal itself does is not lost beside it; dear enough that it would be missed.
CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8_192, parallelism=1),))


@pytest.fixture
def fairly_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_hashes, "_hasher", CHEAP)
    monkeypatch.setattr(password_hashes, "_dummy_hash", cache(lambda: CHEAP.hash("nobody has this password")))


def test_a_known_and_an_unknown_name_take_the_same_time(
    sqlite_db: str, monkeypatch: pytest.MonkeyPatch, fairly_cheap: None
) -> None:
    People.create()
    with_password(MARIA, "maria")
    times = medians(monkeypatch, give("maria"), give("nobody-at-all"))
    assert close(*times), times


def test_a_known_and_an_unknown_member_of_staff_take_the_same_time(
    sqlite_db: str, monkeypatch: pytest.MonkeyPatch, fairly_cheap: None
) -> None:
    monkeypatch.setattr(
        lockouts, "lock_after", lambda _: timedelta()
    )  # a locked one is looked at all the same
    People.create()
    add_staff_member(People.olga, "june@riverside.example", "June Ott", Role.BILLING, "a lantern by the lake")

    def tried(email: str) -> Callable[[], object]:
        def attempt() -> None:
            with pytest.raises(WrongStaffPassword):
                check_staff_password(VISITOR, email, "not the password")

        return attempt

    times = medians(monkeypatch, tried("june@riverside.example"), tried("nobody@riverside.example"))
    assert close(*times), times


def test_two_parallel_uses_of_one_code_make_one_session(sample_people: People) -> None:
    request = request_code(VISITOR, "maria@example.com")
    check_code(VISITOR, request.id, code_sent("sign_in_code", "maria@example.com"))
    together, tickets, trouble = threading.Barrier(6), list[str](), list[BaseException]()
    noon = clock.now()

    def use() -> None:
        together.wait()
        try:
            with clock.held_at(noon):
                tickets.append(check_birth_date(VISITOR, request.id, MARIA.birth_date))
        except UserError:
            pass
        except BaseException as bug:
            trouble.append(bug)

    in_parallel(use, 6)
    assert trouble == []
    assert len(tickets) == 1


def test_two_parallel_uses_of_one_ticket_make_one_session(sample_people: People) -> None:
    request = request_code(VISITOR, "maria@example.com")
    check_code(VISITOR, request.id, code_sent("sign_in_code", "maria@example.com"))
    ticket = check_birth_date(VISITOR, request.id, MARIA.birth_date)
    together, made = threading.Barrier(6), list[object]()

    def use() -> None:
        together.wait()
        with suppress(NotSignedIn):
            made.append(redeem(ticket))

    in_parallel(use, 6)
    assert len(made) == 1
    assert rows()[PortalSession.__tablename__] == 1  # type: ignore[index]


def in_parallel(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
