"""The trail's seal: each line's hash covers the one before, so that none can be changed or taken out unseen.

Lines are written in the transaction they speak of and sealed after its commit, in the order the job meets
them: chaining inside each transaction would make all writers wait for one another.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC

from sqlmodel import col, func, select

from portal_app.db import audit as trail
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.text import strip_unstorable
from portal_app.services.as_system import as_system
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import TooManyAttempts

_BATCH = 500
_LONGEST = 100  # of a name somebody else made up
_FACTS = ("at", "actor", "action", "outcome", "subject", "patient_id", "details", "session_ref", "ip")


@dataclass(frozen=True, slots=True)
class Chain:
    """What a look along the whole trail found. `broken_at`: the first sealed number that does not fit."""

    sealed: int
    waiting: int
    broken_at: int | None

    @property
    def whole(self) -> bool:
        return self.broken_at is None


def note_refusal(principal: Principal, what: str, why: str) -> bool:
    """A line for what somebody tried and may not. Says whether it was written: only so many an hour are."""
    try:
        rate_limits.count("refused", principal.session_ref or principal.ip)
        rate_limits.count("refused all")
    except TooManyAttempts:
        return False
    named = " ".join(strip_unstorable(what[-_LONGEST:]).split())
    with transaction(as_system(principal)) as tx:
        tx.add(trail.line(principal, f"refused:{named}", outcome="refused", details={"why": why}))
    return True


def chain_entries(principal: Principal) -> int:
    """Seal what was committed since the last time. How many lines; one sealer works at a time."""
    principal.require(Permission.VIEW_AUDIT)
    done = 0
    while count := _seal_some(principal):
        done += count
    return done


def verify_chain(principal: Principal) -> Chain:
    """Walk along the chain from its first line."""
    principal.require(Permission.VIEW_AUDIT)
    last, number, broken = "", 0, None
    with reading(principal) as tx:
        waiting = tx.exec(select(func.count()).where(col(AuditEntry.sealed).is_(None))).one()
        while broken is None and (rows := _sealed_after(tx, number)):
            for row in rows:
                number += 1
                if row.sealed != number or row.hash != _hash(row, number, last):
                    broken = number
                    break
                last = row.hash
    return Chain(number if broken is None else broken - 1, waiting, broken)


def _seal_some(principal: Principal) -> int:
    with transaction(principal) as tx:
        tx.get_or_404(Practice, "practice", lock=True)  # one sealer at a time
        newest = tx.exec(
            select(AuditEntry)
            .where(col(AuditEntry.sealed).is_not(None))
            .order_by(col(AuditEntry.sealed).desc())
            .limit(1)
        ).first()
        number, last = (newest.sealed or 0, newest.hash) if newest else (0, "")
        rows = tx.exec(
            select(AuditEntry)
            .where(col(AuditEntry.sealed).is_(None))
            .order_by(col(AuditEntry.seq))
            .limit(_BATCH)
        ).all()
        for row in rows:
            number += 1
            row.sealed, row.hash = number, _hash(row, number, last)
            last = row.hash
    return len(rows)


def _sealed_after(tx: Tx, number: int) -> list[AuditEntry]:
    after = select(AuditEntry).where(col(AuditEntry.sealed) > number).order_by(col(AuditEntry.sealed))
    return list(tx.exec(after.limit(_BATCH)).all())


def _hash(row: AuditEntry, number: int, last: str) -> str:
    facts = {name: getattr(row, name) for name in _FACTS} | {"at": row.at.astimezone(UTC).isoformat()}
    told = json.dumps([number, last, facts], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()
