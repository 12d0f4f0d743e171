"""The audit trail's hash chain: changes and gaps are found."""

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
from tests.people import People

PORTAL = system_principal("test")


def write(*actions: str) -> None:
    with transaction(PORTAL) as tx:
        for action in actions:
            tx.add(trail.entry(PORTAL, action, details={"fields": ["given_name"]}))


def test_entries_are_chained_once_and_the_chain_is_whole(sample_people: People):
    write("one", "two")
    audit.chain_entries(PORTAL)
    write("three")
    assert audit.verify_chain(PORTAL).waiting == 1
    assert audit.chain_entries(PORTAL) == 1
    assert audit.chain_entries(PORTAL) == 0
    check = audit.verify_chain(PORTAL)
    assert check.whole and check.waiting == 0 and check.sealed >= 3


@pytest.mark.parametrize(
    "tamper",
    [
        update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(actor="somebody else"),
        delete(AuditEntry).where(col(AuditEntry.sealed) == 2),
        update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(hash="0" * 64),
    ],
)
def test_a_changed_or_missing_entry_breaks_the_chain(sample_people: People, tamper: object):
    write("one", "two", "three")
    audit.chain_entries(PORTAL)
    with transaction(PORTAL) as tx:
        tx.exec(tamper)  # type: ignore[call-overload]
    assert audit.verify_chain(PORTAL).broken_at == 2


def test_verify_chain_needs_the_permission_to_read_the_trail(sample_people: People):
    with pytest.raises(PermissionDenied):
        audit.verify_chain(sample_people.dana)


def entries(action: str) -> list[AuditEntry]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(AuditEntry).where(col(AuditEntry.action).startswith(action))))


def test_a_refusal_is_in_the_audit_trail_with_its_actor(sample_people: People):
    who = replace(sample_people.dana, ip="203.0.113.9")
    assert audit.note_refusal(who, "PatientState.refund", "PermissionDenied")
    (entry,) = entries("refused:")
    assert (entry.actor, entry.action, entry.outcome) == (who.name, "refused:PatientState.refund", "refused")
    assert (entry.ip, entry.details) == ("203.0.113.9", {"why": "PermissionDenied"})


def test_a_name_from_outside_is_cleaned_in_the_audit_trail(sample_people: People):
    assert audit.note_refusal(sample_people.dana, "document:\x00\ud83d\nx", "NotFound")
    assert [entry.action for entry in entries("refused:")] == ["refused:document: x"]


def test_refusals_are_recorded_up_to_a_rate_limit_per_session(sample_people: People):
    assert (
        sum(audit.note_refusal(sample_people.dana, "x" * 10_000, "PermissionDenied") for _ in range(200))
        == 20
    )
    assert audit.note_refusal(sample_people.nora, "x", "PermissionDenied")
    assert len(entries("refused:")) == 21
    assert max(len(entry.action) for entry in entries("refused:")) < 120


def test_portal_audit_verify_reports_a_whole_and_a_broken_chain(sample_people: People):
    write("one", "two", "three")
    audit.chain_entries(PORTAL)
    result = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert result.exit_code == 0 and "whole" in result.output
    with transaction(PORTAL) as tx:
        tx.exec(update(AuditEntry).where(col(AuditEntry.sealed) == 2).values(action="nothing"))  # type: ignore[call-overload]
    result = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert result.exit_code == 1 and "line 2" in result.output
