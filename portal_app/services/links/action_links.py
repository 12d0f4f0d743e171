"""Links: action links that open one purpose, access links to sign-in, and the portal's public address.

The token of a link is in the fragment of its address, which browsers do not send to servers. Of action links
only the token's hash is stored.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Account, Invoice
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession, SessionTicket
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.credentials.types import ACCESS_LINK_LIFE, LINK_LIFE, Purpose
from portal_app.domain.errors import NotFound, NotSignedIn, UserError
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, PatientId, new_id
from portal_app.domain.money import Money
from portal_app.domain.sign_in import BIRTH_DATE_TRIES, SessionScope
from portal_app.i18n_paths import default_language, localised_url
from portal_app.services import live
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.logins import may_sign_in_now
from portal_app.services.links.errors import LinkNeedsBirthDate, LinkOver, WrongBirthDate
from portal_app.services.links.qr_codes import qr_svg
from portal_app.services.messaging import outbox
from portal_app.services.patients.usable_contacts import usable_contacts
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.crypto import CannotDecrypt, decrypt, encrypt
from portal_app.services.sign_in.known_sources import counted_by, find_asker, person_key
from portal_app.services.sign_in.sessions import write_ticket

_PERMISSION_TO_MAKE = {
    Purpose.PAY: Permission.TAKE_PAYMENTS,
    Purpose.CARD: Permission.TAKE_PAYMENTS,
    Purpose.SIGN: Permission.MANAGE_AGREEMENTS,
    Purpose.FORMS: Permission.MANAGE_FORMS,
}


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link just made. `address` is stored nowhere, so it can be shown or sent only now."""

    id: str
    address: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """An action link in the staff's list."""

    id: str
    purpose: Purpose
    subject_id: str
    made: datetime
    expires: datetime
    state: str  # "open", "done", "revoked", "expired", "blocked"


@dataclass(frozen=True, slots=True)
class LinkSession:
    """What the session of an action link is for: one purpose for one subject, up to an amount."""

    link_id: str
    purpose: Purpose
    subject_id: str
    account_id: AccountId | None
    patient_id: PatientId
    at_most: Money | None
    made: datetime
    opened: datetime  # start of this session


@dataclass(frozen=True, slots=True)
class PortalLink:
    """The portal's public address as text and QR code."""

    address: str
    qr_svg: str


def create_link(
    tx: Tx,
    purpose: Purpose,
    subject_id: str,
    *,
    patient_id: PatientId | None = None,
    at_most: Money | None = None,
    life: timedelta | None = None,
    made_by: str = "",
) -> NewLink:
    """Make an action link in the transaction that sends or shows it. Raises LinkNeedsBirthDate.

    Args:
        subject_id: the invoice (PAY), account (CARD), agreement (SIGN) or forms (FORMS).
        patient_id: whose birth date is asked for; always the guarantor's for PAY and CARD.
        at_most: the largest sum that it pays; by default what is due now (ALL-8).
        life: by default 14 days, or the practice's setting for pay links.
        made_by: the principal's name by default.
    """
    account_id = _account_of(tx, purpose, subject_id)
    patient_id = _who_proves(tx, account_id, patient_id)
    if purpose is Purpose.PAY and not at_most:
        at_most = tx.get_or_404(Invoice, subject_id).due
    token, now = secrets.token_urlsafe(32), clock.now()
    row = tx.add(
        ActionLink(
            id=new_id("lnk"),
            hash=_hash(token),
            purpose=purpose,
            subject_id=subject_id,
            patient_id=patient_id,
            account_id=account_id,
            at_most=at_most,
            made_by=made_by or tx.principal.name,
            created_at=now,
            expires_at=now + (life or _default_life(tx, purpose)),
        )
    )
    note(tx, "make:link", patient_id, purpose=str(purpose), link=row.id)
    return NewLink(row.id, _address_of(tx, patient_id, token))


def _address_of(tx: Tx, patient_id: PatientId, token: str) -> str:
    language = tx.get_or_404(Patient, patient_id).language
    return f"{localised_url(language, '/links')}#{token}"


def _who_proves(tx: Tx, account_id: AccountId | None, patient_id: PatientId | None) -> PatientId:
    """Whose birth date is asked for: the guarantor's where it is about an account. Raises LinkNeedsBirthDate."""
    if account_id:
        patient_id = tx.get_or_404(Account, account_id).guarantor_id
    if patient_id is None or not _birth_date_of(tx, patient_id):
        raise LinkNeedsBirthDate
    return patient_id


@retried
def open_link(principal: Principal, token: str, birth_date: date) -> str:
    """Open an action link with the birth date: returns a session ticket for its one purpose.

    Opening it again ends the session opened before: a link has one session at a time.

    Raises LinkOver, WrongBirthDate or TooManyAttempts.
    """
    rate_limits.count_attempt("try from", counted_by(principal))
    with transaction(as_system(principal)) as tx:
        query = select(ActionLink).where(col(ActionLink.hash) == _hash(token[:200]))
        row = tx.exec(query.with_for_update(key_share=True)).first()
        if row is None or _state(row) != "open":
            if row or rate_limits.has_room("nobody all"):
                note(tx, "open_link_failed", row.patient_id if row else None, ok=False)
            error: UserError = LinkOver()
        elif _birth_date_of(tx, row.patient_id) == birth_date:
            row.birth_date_tries = 0
            _end_sessions(tx, row.id)
            note(tx, "open:link", row.patient_id, link=row.id, purpose=str(row.purpose))
            return write_ticket(
                tx,
                way="link",
                patient_id=row.patient_id,
                scope=SessionScope.LINK,
                link_id=row.id,
                language=principal.language,
            )
        else:
            row.birth_date_tries += 1
            note(tx, "open_link_failed", row.patient_id, ok=False, tries=row.birth_date_tries)
            error = LinkOver() if row.birth_date_tries >= BIRTH_DATE_TRIES else WrongBirthDate()
    raise error


def is_link_open(principal: Principal, token: str) -> bool:
    """Whether an action link still opens: False when it has expired, was used or withdrawn, or is unknown."""
    with reading(as_system(principal)) as tx:
        row = tx.exec(select(ActionLink).where(col(ActionLink.hash) == _hash(token[:200]))).first()
        return row is not None and still_opens(row)


def link_session(principal: Principal) -> LinkSession:
    """What the principal's action link is for. Raises NotSignedIn when the link has ended meanwhile."""
    principal.require(Permission.ACTION_LINK)
    with reading(as_system(principal)) as tx:
        session = tx.get(PortalSession, principal.session_ref)
        row = tx.get(ActionLink, session.link_id) if session and session.link_id else None
        if session is None or session.revoked_at or row is None or _state(row) != "open":
            raise NotSignedIn
        return LinkSession(
            link_id=row.id,
            purpose=row.purpose,
            subject_id=row.subject_id,
            account_id=row.account_id,
            patient_id=row.patient_id,
            at_most=row.at_most,
            made=row.created_at,
            opened=session.created_at,
        )


def link_payer(principal: Principal, purpose: Purpose = Purpose.PAY) -> tuple[Principal, LinkSession]:
    """A principal for the account of the link, for services that take an account's invoice or card.

    Use it with the link's own subject only (CODE-14). Raises NotFound when the link has another purpose.
    """
    session = link_session(principal)
    if session.purpose is not purpose or session.account_id is None:
        raise NotFound
    permissions = frozenset({Permission.MY_INVOICES, Permission.MY_PAYMENTS})
    narrowed = Principal(
        name=principal.name,
        side=Side.PATIENT,
        permissions=permissions,
        accounts=frozenset({session.account_id}),
        session_ref=principal.session_ref,
        language=principal.language,
        ip=principal.ip,
    )
    return narrowed, session


def list_links(principal: Principal, patient_id: PatientId) -> tuple[LinkView, ...]:
    """The last 50 action links of a patient, newest first."""
    principal.require(Permission.SHARE_PORTAL)
    with reading(as_system(principal)) as tx:
        rows = tx.exec(
            select(ActionLink)
            .where(col(ActionLink.patient_id) == patient_id)
            .order_by(col(ActionLink.created_at).desc())
            .limit(50)
        )
        return tuple(
            LinkView(row.id, row.purpose, row.subject_id, row.created_at, row.expires_at, _state(row))
            for row in rows
        )


def revoke_link(principal: Principal, link_id: str) -> None:
    """Revoke a link and end its session at once. Allowed to staff who may make such links. Raises NotFound."""
    principal.require(Permission.STAFF_SIGNED_IN)
    with transaction(as_system(principal)) as tx:
        row = _locked_link(tx, link_id)
        if not principal.may(Permission.SHARE_PORTAL):
            principal.require(_PERMISSION_TO_MAKE[row.purpose])
        revoke(tx, row)


def revoke_links_of(tx: Tx, patient_id: PatientId) -> None:
    """Revoke all links of a patient, whose contact has changed (CODE-12)."""
    for row in tx.exec(
        select(ActionLink).where(
            col(ActionLink.patient_id) == patient_id, col(ActionLink.revoked_at).is_(None)
        )
    ).all():
        revoke(tx, row)


def make_access_link(principal: Principal, kind: ContactKind, value: str, language: str = "") -> str:
    """The address of the sign-in page with this contact filled in. It gives no access: a code is still sent."""
    principal.require(Permission.SHARE_PORTAL)
    until = (clock.now() + ACCESS_LINK_LIFE).isoformat()
    secret = encrypt("access link", json.dumps([str(kind), value, until]))
    return f"{localised_url(language, '/sign-in')}#{secret}"


def send_access_link(principal: Principal, patient_id: PatientId) -> int:
    """Send an access link to each contact of a patient; returns how many."""
    principal.require(Permission.SHARE_PORTAL)
    with transaction(as_system(principal)) as tx:
        patient = tx.get_or_404(Patient, patient_id)
        contacts = usable_contacts(tx, patient_id)
        for point in contacts:
            outbox.write_message(
                tx,
                "access_link",
                once=new_id("say"),
                to_contact=(point.kind, point.value),
                language=patient.language,
                values={"link": make_access_link(principal, point.kind, point.value, patient.language)},
            )
        note(tx, "send:access_link", patient_id, count=len(contacts))
        return len(contacts)


def open_access_link(principal: Principal, token: str) -> str:
    """The contact that an access link fills in. Strangers do not use up the tries of those who are known there.

    Raises: LinkOver when it has expired or the contact has changed; TooManyAttempts.
    """
    try:
        kind, value, until = json.loads(decrypt("access link", token[:2000]))
    except (CannotDecrypt, ValueError):
        kind, value, until = ContactKind.EMAIL, "", ""
    with reading(as_system(principal)) as tx:
        query = select(ContactPoint.patient_id).where(
            col(ContactPoint.kind) == ContactKind(kind), col(ContactPoint.value) == value
        )
        people: list[PatientId] = [PatientId(id_) for id_ in tx.exec(query)] if value else []
        asker = find_asker(tx, principal, [person_key(id_) for id_ in people])
    rate_limits.spend_on_source("try", asker, principal.ip)
    if not people or datetime.fromisoformat(until) <= clock.now():
        raise LinkOver
    return value


def make_portal_link(principal: Principal, way: str = "") -> PortalLink:
    """The portal's public address as link and QR code.

    Args:
        way: the way of sign-in that the page opens with: "phone", "email" or "desk"; "" lets the visitor choose.

    Raises NotFound for another way.
    """
    principal.require(Permission.SHARE_PORTAL)
    if way not in ("", "phone", "email", "desk"):
        raise NotFound
    address = localised_url(default_language(), f"/sign-in?by={way}" if way else "/welcome")
    return PortalLink(address, qr_svg(address))


def _account_of(tx: Tx, purpose: Purpose, subject_id: str) -> AccountId | None:
    if purpose is Purpose.PAY:
        return tx.get_or_404(Invoice, subject_id).account_id
    return tx.get_or_404(Account, subject_id).id if purpose is Purpose.CARD else None


def _default_life(tx: Tx, purpose: Purpose) -> timedelta:
    return (
        timedelta(days=tx.get_or_404(Practice, "practice").pay_link_days)
        if purpose is Purpose.PAY
        else LINK_LIFE
    )


def _birth_date_of(tx: Tx, patient_id: PatientId) -> date | None:
    """The birth date that opens a link; None for a patient who may not sign in."""
    person = tx.get_or_404(Patient, patient_id)
    return person.birth_date if may_sign_in_now(tx, patient_id) else None


def still_opens(row: ActionLink) -> bool:
    """Whether the link can still be opened."""
    return _state(row) == "open"


def _state(row: ActionLink) -> str:
    if row.revoked_at or row.done_at:
        return "revoked" if row.revoked_at else "done"
    if row.expires_at <= clock.now():
        return "expired"
    return "blocked" if row.birth_date_tries >= BIRTH_DATE_TRIES else "open"


def _locked_link(tx: Tx, link_id: str) -> ActionLink:
    """The link, locked for update; a session being made from it need not wait. Raises NotFound."""
    row = tx.get(ActionLink, link_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound
    return row


def revoke(tx: Tx, row: ActionLink) -> None:
    """Revoke a link in the caller's transaction and end its session."""
    row.revoked_at = row.revoked_at or clock.now()
    tx.add(row)
    _end_sessions(tx, row.id)
    note(tx, "revoke:link", row.patient_id, link=row.id)


def _end_sessions(tx: Tx, link_id: str) -> None:
    tx.exec(delete(SessionTicket).where(col(SessionTicket.link_id) == link_id))
    query = select(PortalSession).where(
        col(PortalSession.link_id) == link_id, col(PortalSession.revoked_at).is_(None)
    )
    for session in tx.exec(query).all():
        session.revoked_at = clock.now()
        tx.add(session)
        tx.on_commit(lambda ref=session.ref: live.announce(f"session:{ref}"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
