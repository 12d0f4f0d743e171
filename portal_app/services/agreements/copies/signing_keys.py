"""The practice's keys for seals: made on first use, kept encrypted, replaced; certificates are kept for ever."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.agreements import SigningKey
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import new_id
from portal_app.gateways.signing.keys import ends_at
from portal_app.gateways.signing.types import KeyPair, Sealer
from portal_app.services.sign_in.crypto import CannotDecrypt, decrypt, encrypt

_PURPOSE = "signing key"
_BEFORE_ITS_END = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class UsedKey:
    id: str
    pair: KeyPair


def current_key(principal: Principal, sealer: Sealer) -> UsedKey:
    """The key to seal with; a new one when there is none, its certificate ends, or it cannot be decrypted."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(principal) as tx:
        found = _usable(tx)
        practice = tx.get_or_404(Practice, "practice").name
    return found or _add(principal, sealer.make_key(practice, now()), replace=False)


def replace_key(principal: Principal, sealer: Sealer) -> str:
    """Seal with a new key from now on; its id. Copies sealed before stay verifiable by the old certificate."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(principal) as tx:
        practice = tx.get_or_404(Practice, "practice").name
    return _add(principal, sealer.make_key(practice, now()), replace=True).id


def _add(principal: Principal, pair: KeyPair, *, replace: bool) -> UsedKey:
    with transaction(principal) as tx:
        tx.get_or_404(Practice, "practice", lock=True)  # two processes make one key
        if not replace and (found := _usable(tx)):
            return found
        for old in tx.exec(select(SigningKey).where(col(SigningKey.retired_at).is_(None))):
            old.retired_at = now()
        row = SigningKey(
            id=new_id("sky"),
            certificate=pair.certificate,
            private_key=encrypt(_PURPOSE, pair.private_key),
            created_at=now(),
        )
        tx.add(row)
        tx.add(audit.entry(principal, "agreements:new_key", subject=row.id))
        return UsedKey(row.id, pair)


def _usable(tx: Tx) -> UsedKey | None:
    newest = select(SigningKey).where(col(SigningKey.retired_at).is_(None))
    row = tx.exec(newest.order_by(col(SigningKey.created_at).desc())).first()
    if row is None or ends_at(row.certificate) <= now() + _BEFORE_ITS_END:
        return None
    try:
        return UsedKey(row.id, KeyPair(row.certificate, decrypt(_PURPOSE, row.private_key)))
    except CannotDecrypt:  # PORTAL_SECRET_KEY was changed
        return None
