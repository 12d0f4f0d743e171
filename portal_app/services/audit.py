"""The hash chain of the audit trail: each entry's hash covers the one before, so that changes and gaps show.

Entries are written in the transaction that they record. A job adds them to the chain after the commit, in the
order it reads them: chaining inside each transaction would make all writers wait for one another.
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
_NAME_AT_MOST = 100  # characters of a name that comes from outside
_FACTS = ("at", "actor", "action", "outcome", "subject", "patient_id", "details", "session_ref", "ip")


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The state of the hash chain. `broken_at`: number of the first entry whose hash or number is wrong."""

    sealed: int  # entries in the chain, up to the break if there is one
    waiting: int  # entries not yet in the chain
    broken_at: int | None

    @property
    def whole(self) -> bool:
        return self.broken_at is None


def note_refusal(principal: Principal, what: str, why: str) -> bool:
    """Record that something was refused. False when the rate limit for such entries is reached.

    Args:
        what: name of what was tried; may come from outside, so it is cut and cleaned.
        why: name of the error.
    """
    try:
        rate_limits.count_attempt("refused", principal.session_ref or principal.ip)
        rate_limits.count_attempt("refused all")
    except TooManyAttempts:
        return False
    name = " ".join(strip_unstorable(what[-_NAME_AT_MOST:]).split())
    with transaction(as_system(principal)) as tx:
        tx.add(trail.entry(principal, f"refused:{name}", outcome="refused", details={"why": why}))
    return True


def chain_entries(principal: Principal) -> int:
    """Add the entries committed since the last call to the chain; returns how many. One call works at a time."""
    principal.require(Permission.VIEW_AUDIT)
    total = 0
    while True:
        count = _chain_batch(principal)
        total += count
        if count < _BATCH:
            return total


def verify_chain(principal: Principal) -> ChainCheck:
    """Check the numbers and hashes of the whole chain from its first entry."""
    principal.require(Permission.VIEW_AUDIT)
    last_hash, number, broken = "", 0, None
    with reading(principal) as tx:
        waiting = tx.exec(select(func.count()).where(col(AuditEntry.sealed).is_(None))).one()
        while broken is None and (rows := _chained_after(tx, number)):
            for row in rows:
                number += 1
                if row.sealed != number or row.hash != _hash(row, number, last_hash):
                    broken = number
                    break
                last_hash = row.hash
    return ChainCheck(number if broken is None else broken - 1, waiting, broken)


def _chain_batch(principal: Principal) -> int:
    with transaction(principal) as tx:
        tx.get_or_404(Practice, "practice", lock=True)  # one job at a time
        newest = tx.exec(
            select(AuditEntry)
            .where(col(AuditEntry.sealed).is_not(None))
            .order_by(col(AuditEntry.sealed).desc())
            .limit(1)
        ).first()
        number, last_hash = (newest.sealed or 0, newest.hash) if newest else (0, "")
        rows = tx.exec(
            select(AuditEntry)
            .where(col(AuditEntry.sealed).is_(None))
            .order_by(col(AuditEntry.seq))
            .limit(_BATCH)
        ).all()
        for row in rows:
            number += 1
            row.sealed, row.hash = number, _hash(row, number, last_hash)
            last_hash = row.hash
    return len(rows)


def _chained_after(tx: Tx, number: int) -> list[AuditEntry]:
    later = select(AuditEntry).where(col(AuditEntry.sealed) > number).order_by(col(AuditEntry.sealed))
    return list(tx.exec(later.limit(_BATCH)).all())


def _hash(row: AuditEntry, number: int, last_hash: str) -> str:
    facts = {name: getattr(row, name) for name in _FACTS} | {"at": row.at.astimezone(UTC).isoformat()}
    text = json.dumps([number, last_hash, facts], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
