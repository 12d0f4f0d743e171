"""The trail cannot be changed unseen."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlmodel import col, delete, select, update
from typer.testing import CliRunner

from portal_app import cli
from portal_app.db import audit as trail
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import system_principal
from portal_app.domain.errors import PermissionDenied
from portal_app.services import audit
from portal_app.services.sign_in import rate_limits
from tests.people import People

PORTAL = system_principal("test")


@pytest.fixture(autouse=True)
def fresh_throttle() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def write(*actions: str) -> None:
    with transaction(PORTAL) as tx:
        for action in actions:
            tx.add(trail.line(PORTAL, action, details={"fields": ["given_name"]}))


def test_lines_are_sealed_once_and_the_chain_is_whole(sample_people: People):
    write("one", "two")
    audit.chain_entries(PORTAL)
    write("three")
    assert audit.verify_chain(PORTAL).waiting == 1
    assert audit.chain_entries(PORTAL) == 1
    assert audit.chain_entries(PORTAL) == 0
    found = audit.verify_chain(PORTAL)
    assert found.whole and found.waiting == 0 and found.sealed >= 3


@pytest.mark.parametrize(
    "tamper",
    [
        update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(actor="somebody else"),
        delete(AuditEntry).where(col(AuditEntry.sealed) == 2),
        update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(hash="0" * 64),
    ],
)
def test_a_changed_or_missing_line_is_found(sample_people: People, tamper: object):
    write("one", "two", "three")
    audit.chain_entries(PORTAL)
    with transaction(PORTAL) as tx:
        tx.exec(tamper)  # type: ignore[call-overload]
    assert audit.verify_chain(PORTAL).broken_at == 2


def test_only_who_may_read_the_trail_verifies_it(sample_people: People):
    with pytest.raises(PermissionDenied):
        audit.verify_chain(sample_people.dana)


def lines(action: str) -> list[AuditEntry]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(AuditEntry).where(col(AuditEntry.action).startswith(action))))


def test_what_somebody_was_refused_is_in_the_trail_with_their_name(sample_people: People):
    who = replace(sample_people.dana, ip="203.0.113.9")
    assert audit.note_refusal(who, "PatientState.refund", "PermissionDenied")
    (entry,) = lines("refused:")
    assert (entry.actor, entry.action, entry.outcome) == (who.name, "refused:PatientState.refund", "refused")
    assert (entry.ip, entry.details) == ("203.0.113.9", {"why": "PermissionDenied"})


def test_what_somebody_made_up_is_kept_as_it_can_be(sample_people: People):
    assert audit.note_refusal(sample_people.dana, "paper:\x00\ud83d\nx", "NotFound")
    assert [entry.action for entry in lines("refused:")] == ["refused:paper: x"]


def test_a_flood_of_refusals_does_not_fill_the_trail_and_hides_nobody_elses(sample_people: People):
    assert (
        sum(audit.note_refusal(sample_people.dana, "x" * 10_000, "PermissionDenied") for _ in range(200))
        == 20
    )
    assert audit.note_refusal(sample_people.nora, "x", "PermissionDenied")
    assert len(lines("refused:")) == 21
    assert max(len(entry.action) for entry in lines("refused:")) < 120


def test_portal_audit_verify_says_whole_and_broken(sample_people: People):
    write("one", "two", "three")
    audit.chain_entries(PORTAL)
    said = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert said.exit_code == 0 and "whole" in said.output
    with transaction(PORTAL) as tx:
        tx.exec(update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(action="nothing"))  # type: ignore[call-overload]
    said = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert said.exit_code == 1 and "line 2" in said.output
