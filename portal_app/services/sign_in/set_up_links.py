"""How a member of staff comes to a first authenticator app: by a link that somebody gives them.

In production a password alone sets up nothing: whoever knows or guesses one would own the second factor too.
`portal staff add` and `portal staff reset` print the link. It asks for the password, works once and within
48 hours, and a newer one replaces it. Only its hash is kept; the token rides in the address's fragment,
which browsers send to nobody. In demo mode the app is set up at the first sign-in.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.sign_in import StaffSetUpLink, StaffStep
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.ids import StaffId
from portal_app.domain.sign_in import SET_UP_LINK_LIFE
from portal_app.i18n_paths import default_language, localised_url
from portal_app.services.sign_in.errors import (
    SetUpLinkOver,
    StaffAppAlreadySetUp,
    StaffEmailUnknown,
)
from portal_app.services.sign_in.sessions import hashed
from portal_app.settings import settings

PAGE = "staff/set-up"


@dataclass(frozen=True, slots=True)
class SetUpLink:
    """`address` is shown now; nobody can read it again."""

    address: str
    expires_at: datetime


def make_set_up_link(principal: Principal, email: str) -> SetUpLink:
    """A new link for this member of staff; the one they had is over. Refused if they have an app."""
    principal.require(Permission.MANAGE_STAFF)
    token, now = secrets.token_urlsafe(32), clock.real_now()
    with transaction(system_principal("staff")) as tx:
        known = col(StaffMember.email) == email.strip().lower()
        member = tx.exec(select(StaffMember).where(known, col(StaffMember.active)).with_for_update()).first()
        if member is None:
            raise StaffEmailUnknown
        if member.totp_secret:
            raise StaffAppAlreadySetUp
        end_set_up_link(tx, member.id)
        link = StaffSetUpLink(
            staff_id=member.id, hash=hashed(token), created_at=now, expires_at=now + SET_UP_LINK_LIFE
        )
        tx.add(link)
        tx.add(audit.line(principal, "make:set_up_link", subject=member.id))
    return SetUpLink(f"{localised_url(default_language(), '/' + PAGE)}#{token}", link.expires_at)


def set_up_by(tx: Tx, token: str) -> tuple[StaffMember, str]:
    """Whose link this is, and its hash. Raises SetUpLinkOver."""
    kept = hashed(token[:200])
    link = tx.exec(select(StaffSetUpLink).where(StaffSetUpLink.hash == kept)).first()
    member = tx.get(StaffMember, link.staff_id) if link and _is_open(link) else None
    if member is None or not member.active or member.totp_secret:
        raise SetUpLinkOver
    return member, kept


def may_set_up(tx: Tx, step: StaffStep) -> bool:
    """Whether this step leads to a first app: its link is still open, or in a demo there is none."""
    if not step.set_up_link:
        return settings().demo
    link = tx.get(StaffSetUpLink, step.staff_id)
    return link is not None and link.hash == step.set_up_link and _is_open(link)


def end_set_up_link(tx: Tx, staff_id: StaffId) -> None:
    """Used, or replaced."""
    tx.exec(delete(StaffSetUpLink).where(col(StaffSetUpLink.staff_id) == staff_id))


def _is_open(link: StaffSetUpLink) -> bool:
    return link.expires_at > clock.real_now()
