"""Writes that nobody waits for: another process holds the write lock, and everything is answered at once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal_app import clock
from portal_app.db.engine import begin_mode, engine
from portal_app.db.scope import reading
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Side, nobody, system_principal
from portal_app.services.background_writes import write_soon, write_within
from portal_app.services.sign_in.sessions import keep_alive_soon, principal_of
from tests.people import MARIA, People
from tests.services.sign_in.code_steps import session_of


@contextmanager
def write_lock() -> Iterator[None]:
    """Another connection writes: on SQLite the whole file waits, on PostgreSQL whoever wants the same rows."""
    with begin_mode(engine(), True).connect() as other, other.begin():
        other.execute(text("UPDATE portal_session SET device = 'other'"))
        yield


def seen_at(ref: str):
    with reading(system_principal("test")) as tx:
        return tx.get_or_404(PortalSession, ref).seen_at


def test_a_sessions_activity_is_stored_without_anybody_waiting(sample_people: People) -> None:
    ref = session_of(MARIA.birth_date)
    later = clock.now() + timedelta(minutes=5)
    with clock.held_at(later):
        with write_lock():
            begun = time.perf_counter()
            for _ in range(20):
                keep_alive_soon(principal_of(ref, Side.PATIENT))
            assert time.perf_counter() - begun < 5  # SQLite itself waits for 30 seconds
            assert seen_at(ref) < later
        write_soon(nobody(), lambda _: None).result(30)
        for _ in range(300):
            if seen_at(ref) == later:
                break
            threading.Event().wait(0.1)
        assert seen_at(ref) == later


def test_what_waits_already_is_not_added_again() -> None:
    let_go, done = threading.Event(), []

    def hold(_principal: object) -> None:
        assert let_go.wait(30)

    blockers = [write_soon(nobody(), hold) for _ in range(2)]
    try:
        first = write_soon(nobody(), lambda who: done.append(who.ip), once="session")
        same = write_soon(replace(nobody(), ip="192.0.2.1"), lambda who: done.append(who.ip), once="session")
        assert first is same
    finally:
        let_go.set()
    for future in (*blockers, first):
        future.result(30)
    assert len(done) == 1


def test_a_write_that_fails_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_principal: object) -> None:
        raise RuntimeError("Maria Rivera")

    write_within(nobody(), 30, broken)
    assert "RuntimeError" in caplog.text
    assert "Maria" not in caplog.text


def test_nobody_waits_longer_than_said() -> None:
    let_go = threading.Event()
    begun = time.perf_counter()
    write_within(nobody(), 0.01, lambda _: let_go.wait(30))
    let_go.set()
    assert time.perf_counter() - begun < 5
