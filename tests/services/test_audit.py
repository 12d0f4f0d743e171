"""The trail cannot be changed unseen."""

import pytest
from sqlmodel import col, delete, update

from portal_app.db import audit as trail
from portal_app.db.scope import transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import the_portal
from portal_app.domain.errors import NotAllowed
from portal_app.services import audit
from tests.cast import Cast

PORTAL = the_portal("test")


def write(*actions: str) -> None:
    with transaction(PORTAL) as tx:
        for action in actions:
            tx.keep(trail.line(PORTAL, action, details={"fields": ["given_name"]}))


def test_lines_are_sealed_once_and_the_chain_is_whole(cast: Cast):
    write("one", "two")
    audit.seal(PORTAL)
    write("three")
    assert audit.verify(PORTAL).waiting == 1
    assert audit.seal(PORTAL) == 1
    assert audit.seal(PORTAL) == 0
    found = audit.verify(PORTAL)
    assert found.whole and found.waiting == 0 and found.sealed >= 3


@pytest.mark.parametrize(
    "tamper",
    [
        update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(actor="somebody else"),
        delete(AuditEntry).where(col(AuditEntry.sealed) == 2),
        update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(hash="0" * 64),
    ],
)
def test_a_changed_or_missing_line_is_found(cast: Cast, tamper: object):
    write("one", "two", "three")
    audit.seal(PORTAL)
    with transaction(PORTAL) as tx:
        tx.exec(tamper)  # type: ignore[call-overload]
    assert audit.verify(PORTAL).broken_at == 2


def test_only_who_may_read_the_trail_verifies_it(cast: Cast):
    with pytest.raises(NotAllowed):
        audit.verify(cast.dana)
