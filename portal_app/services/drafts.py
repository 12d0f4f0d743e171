"""What somebody has typed and not yet sent: kept for them alone, until they send it or leave it for two weeks.

Field by field, as each is left. Never for what opens something or pays: passwords, codes, cards, amounts to pay.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlmodel import col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.drafts import Draft
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.errors import NotFound, TextTooLong
from portal_app.domain.ids import new_id
from portal_app.services.as_system import as_system

KEPT_FOR = timedelta(days=14)
MOST = 40  # forms of one person; then the oldest goes
_FIELDS = 400
_LONGEST = 2_000


def draft_of(principal: Principal, form: str, subject: str) -> Mapping[str, str]:
    """The fields they left, by name; nothing when there is none of theirs."""
    _require_signed_in(principal)
    with reading(as_system(principal)) as tx:
        found = tx.exec(_theirs(principal, form, subject)).first()
        return dict(found.fields) if found else {}


def keep_field(principal: Principal, form: str, subject: str, field: str, value: str) -> None:
    """One field as it was left. Raises TextTooLong for what no form of ours has."""
    keep_fields(principal, form, subject, {field: value})


@retried
def keep_fields(principal: Principal, form: str, subject: str, fields: Mapping[str, str]) -> None:
    """Several fields at once: a step of a form. Raises TextTooLong for what no form of ours has."""
    _require_signed_in(principal)
    if any(len(value) > _LONGEST or len(field) > 40 for field, value in fields.items()):
        raise TextTooLong(most=_LONGEST)
    with transaction(as_system(principal)) as tx:
        row = _row(tx, principal, form, subject)
        together = {**row.fields, **fields}
        if len(together) <= _FIELDS:
            row.fields, row.saved_at = together, now()


def drop_draft(principal: Principal, form: str, subject: str) -> None:
    """Delete a draft that was sent or is not wanted."""
    _require_signed_in(principal)
    with transaction(as_system(principal)) as tx:
        for row in tx.exec(_theirs(principal, form, subject)).all():
            tx.delete(row)


def forget_drafts(principal: Principal) -> int:
    """Those that nobody came back to. How many."""
    if principal.side is not Side.PORTAL:
        raise NotFound
    with transaction(principal) as tx:
        return tx.exec(delete(Draft).where(col(Draft.saved_at) < now() - KEPT_FOR)).rowcount


def _require_signed_in(principal: Principal) -> None:
    """A patient, staff, or whoever came by an action link: that link's drafts are its own."""
    if principal.may(Permission.ACTION_LINK):
        return
    principal.require(Permission.MY_ACCOUNT if principal.side is Side.PATIENT else Permission.STAFF_SIGNED_IN)


def _row(tx: Tx, principal: Principal, form: str, subject: str) -> Draft:
    """Locked; made if there is none, also when another tab makes it at this moment."""
    asked = _theirs(principal, form, subject).with_for_update()
    if (found := tx.exec(asked).first()) is not None:
        return found
    _make_room(tx, principal)
    made = Draft(id=new_id("drf"), owner_name=principal.name, form=form, subject=subject, saved_at=now())
    return made if tx.add_if_absent(made) else tx.exec(asked).one()


def _make_room(tx: Tx, principal: Principal) -> None:
    mine = select(Draft).where(col(Draft.owner_name) == principal.name)
    for old in tx.exec(mine.order_by(col(Draft.saved_at).desc()).offset(MOST - 1)).all():
        tx.delete(old)


def _theirs(principal: Principal, form: str, subject: str) -> SelectOfScalar[Draft]:
    return select(Draft).where(
        col(Draft.owner_name) == principal.name, col(Draft.form) == form, col(Draft.subject) == subject
    )
