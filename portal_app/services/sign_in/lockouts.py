"""Locks after failed sign-ins: of one account for one device or network, so that nobody locks out somebody else.

An account is named as it was typed. Unknown names get the same rows as known ones, so that nothing tells them apart.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlmodel import col, delete, func, select

from portal_app import clock
from portal_app.db.scope import Tx
from portal_app.db.tables.sign_in import SignInLock
from portal_app.domain.credentials.lockouts import (
    FAILURES_FORGOTTEN_AFTER,
    TOLD_AFTER,
    Asker,
    lock_after,
)
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.crypto import keyed_hash


def account_key(kind: str, name: str) -> str:
    """The name of an account in the table of locks.

    Args:
        kind: "staff", "patient" (passwords), "staff app" or "second factor" (codes).
        name: email or username as typed, or the id of the person who answered with the password already.
    """
    return keyed_hash("account", kind, name)


def begin_try(tx: Tx, kind: str, account: str, asker: Asker) -> bool:
    """Count a try as failed before it is checked, so that many tries at once gain nothing; False while it is locked.

    `forgive` takes it back when the try was right. The lock uses the real clock, as second factors do.

    Raises TooManyAttempts when the budget of the account is used up (`rate_limits.spend_on_account`).
    """
    row = _row(tx, account, asker.source)
    now = clock.real_now()
    if row.locked_until and row.locked_until > now:
        return False
    rate_limits.spend_on_account(kind, asker, account)
    if row.last_failure_at <= now - FAILURES_FORGOTTEN_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_failure_at = now
    row.locked_until = now + lock if (lock := lock_after(row.failures)) else None
    return True


def forgive(tx: Tx, account: str, asker: Asker) -> None:
    """Take back one counted failure, whose try was right."""
    row = _row(tx, account, asker.source)
    row.failures, row.locked_until = max(0, row.failures - 1), None


def forget_failures(tx: Tx, accounts: Iterable[str], source: str = "") -> None:
    """Forget failures: those of one device or network after a whole sign-in; all when somebody unlocks the account."""
    query = delete(SignInLock).where(col(SignInLock.account).in_(list(accounts)))
    tx.exec(query.where(col(SignInLock.source) == source) if source else query)


def forget_old_failures(tx: Tx) -> int:
    """Delete failures that count no more; returns how many rows."""
    long_ago = clock.real_now() - FAILURES_FORGOTTEN_AFTER
    return tx.exec(delete(SignInLock).where(col(SignInLock.last_failure_at) <= long_ago)).rowcount


def accounts_under_attack(tx: Tx) -> Mapping[str, int]:
    """The accounts with many failures within a day, from everywhere together, and how many."""
    since = clock.real_now() - FAILURES_FORGOTTEN_AFTER
    total = func.sum(SignInLock.failures)
    query = select(SignInLock.account, total).where(col(SignInLock.last_failure_at) > since)
    return dict(tx.exec(query.group_by(SignInLock.account).having(total >= TOLD_AFTER)).all())


def is_locked_for_long(tx: Tx, accounts: Iterable[str]) -> bool:
    """Whether some device or network is locked out of one of the accounts for more than the hour of a few mistakes."""
    later = clock.real_now() + timedelta(hours=1)
    query = select(SignInLock.account).where(
        col(SignInLock.account).in_(list(accounts)), col(SignInLock.locked_until) > later
    )
    return tx.exec(query).first() is not None


def _row(tx: Tx, account: str, source: str) -> SignInLock:
    """The row, locked for update; a new one when there is none yet."""
    query = select(SignInLock).where(SignInLock.account == account, SignInLock.source == source)
    query = query.with_for_update().execution_options(populate_existing=True)
    if (found := tx.exec(query).first()) is not None:
        return found
    row = SignInLock(account=account, source=source, last_failure_at=clock.real_now())
    return row if tx.add_as_system_once(row) else tx.exec(query).one()
