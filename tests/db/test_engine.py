"""Readers do not wait for writers, and cannot write by mistake."""

from contextlib import ExitStack

import pytest
from sqlalchemy.exc import OperationalError

from portal_app.db.engine import begin_mode, engine, reading_engine
from portal_app.db.scope import reading, transaction
from portal_app.db.session_lookup import load_session
from portal_app.db.tables.families import Family
from portal_app.domain.access import system_principal
from portal_app.domain.ids import FamilyId

PORTAL = system_principal("test")


def test_a_reader_does_not_wait_for_connections_of_writers(db: str) -> None:
    if not db.startswith("sqlite"):
        pytest.skip("PostgreSQL has one pool, and each reader waits in its own thread")
    with ExitStack() as connections, transaction(PORTAL) as writer:
        writer.add(Family(id=FamilyId("fam_1"), practice_key="F1"))
        writer.flush()
        for _ in range(14):  # the pool's fifteen, one of them writing
            connections.enter_context(engine().connect())
        assert load_session("nobody's") is None
        with reading(PORTAL) as tx:
            assert tx.get(Family, "fam_1") is None  # not committed yet


def test_the_connections_of_readers_change_nothing(db: str) -> None:
    if not db.startswith("sqlite"):
        pytest.skip("PostgreSQL has one engine for readers and writers")
    with (
        begin_mode(reading_engine(), False).connect() as connection,
        pytest.raises(OperationalError, match="readonly"),
    ):
        connection.exec_driver_sql("DELETE FROM family")
