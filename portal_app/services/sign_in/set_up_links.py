"""Set-up links: a staff member sets up a first authenticator app with a link that another person hands over.

In production a password alone is not enough for that: who guesses it would get the second factor too.
`portal staff add` and `portal staff reset` print the link. It asks for the password, works once and within
48 hours, and a newer link replaces it. Only its hash is stored. The token is in the fragment of the address,
which browsers do not send to servers. In a demo the app is set up at the first sign-in, without a link.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
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
from portal_app.services.sign_in.sessions import hash_token
from portal_app.settings import settings

PAGE = "staff/set-up"


@dataclass(frozen=True, slots=True)
class SetUpLink:
    """A link just made. `address` is stored nowhere, so it can be shown only now."""

    address: str
    expires_at: datetime


def make_set_up_link(principal: Principal, email: str) -> SetUpLink:
    """Make a set-up link for this staff member; a former one ends.

    Raises:
        StaffEmailUnknown: no active staff member has this email.
        StaffAppAlreadySetUp: they have an app.
    """
    principal.require(Permission.MANAGE_STAFF)
    token, now = secrets.token_urlsafe(32), clock.real_now()
    with transaction(system_principal("staff")) as tx:
        by_email = col(StaffMember.email) == email.strip().lower()
        member = tx.exec(
            select(StaffMember).where(by_email, col(StaffMember.active)).with_for_update()
        ).first()
        if member is None:
            raise StaffEmailUnknown
        if member.totp_secret:
            raise StaffAppAlreadySetUp
        end_set_up_link(tx, member.id)
        link = StaffSetUpLink(
            staff_id=member.id, hash=hash_token(token), created_at=now, expires_at=now + SET_UP_LINK_LIFE
        )
        tx.add(link)
        tx.add(audit.entry(principal, "make:set_up_link", subject=member.id))
    return SetUpLink(f"{localised_url(default_language(), '/' + PAGE)}#{token}", link.expires_at)


def find_set_up_link(tx: Tx, token: str) -> tuple[StaffMember, str]:
    """The staff member whom this token's link is for, and the link's hash. Raises SetUpLinkOver."""
    link_hash = hash_token(token[:200])
    link = tx.exec(select(StaffSetUpLink).where(StaffSetUpLink.hash == link_hash)).first()
    member = tx.get(StaffMember, link.staff_id) if link and _is_open(link) else None
    if member is None or not member.active or member.totp_secret:
        raise SetUpLinkOver
    return member, link_hash


def is_set_up_link_open(principal: Principal, token: str) -> bool:
    """Whether a staff member's set-up link still opens: False when it was used, replaced, expired, or is unknown."""
    with reading(system_principal("sign-in")) as tx:
        try:
            find_set_up_link(tx, token)
        except SetUpLinkOver:
            return False
    return True


def may_set_up(tx: Tx, step: StaffStep) -> bool:
    """Whether this step may set up a first app: its link is still valid, or it has none and this is a demo."""
    if not step.set_up_link:
        return settings().demo
    link = tx.get(StaffSetUpLink, step.staff_id)
    return link is not None and link.hash == step.set_up_link and _is_open(link)


def end_set_up_link(tx: Tx, staff_id: StaffId) -> None:
    """Delete the staff member's link, which was used or is replaced."""
    tx.exec(delete(StaffSetUpLink).where(col(StaffSetUpLink.staff_id) == staff_id))


def _is_open(link: StaffSetUpLink) -> bool:
    return link.expires_at > clock.real_now()
