"""Who reads waits for nobody who writes, and cannot write by mistake."""

from contextlib import ExitStack

import pytest
from sqlalchemy.exc import OperationalError

from portal_app.db.engine import beginning, engine, reading_engine
from portal_app.db.scope import reading, transaction
from portal_app.db.session_lookup import load_session
from portal_app.db.tables.families import Family
from portal_app.domain.access import system_principal
from portal_app.domain.ids import FamilyId

PORTAL = system_principal("test")


def test_a_look_is_answered_while_every_connection_of_the_writers_is_taken(db: str) -> None:
    if not db.startswith("sqlite"):
        pytest.skip("there each look has a thread to wait in")
    with ExitStack() as taken, transaction(PORTAL) as writer:
        writer.add(Family(id=FamilyId("fam_1"), practice_key="F1"))
        writer.flush()
        for _ in range(14):  # the pool's fifteen, one of them writing
            taken.enter_context(engine().connect())
        assert load_session("nobody's") is None
        with reading(PORTAL) as tx:
            assert tx.get(Family, "fam_1") is None  # not committed yet


def test_the_connections_of_readers_change_nothing(db: str) -> None:
    if not db.startswith("sqlite"):
        pytest.skip("one pool for all")
    with (
        beginning(reading_engine(), False).connect() as connection,
        pytest.raises(OperationalError, match="readonly"),
    ):
        connection.exec_driver_sql("DELETE FROM family")
