"""Helpers for tests of sign-in, credentials and links."""

import re
from datetime import timedelta
from typing import Any

import pyotp.totp
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import Principal, Side, nobody, system_principal
from portal_app.domain.credentials.types import Proof, Purpose
from portal_app.domain.sign_in import session_ref
from portal_app.services.as_system import as_system
from portal_app.services.credentials import passwords, second_factor
from portal_app.services.links import action_links
from portal_app.services.sign_in.sessions import principal_of, redeem, write_ticket
from tests.people import Person

PASSWORD = "violet kettle on the moon"
TEST = system_principal("test")
NOBODY = nobody("192.0.2.7")


def sign_in_as(ticket: str, device: str = "") -> Principal:
    """The principal whom the ticket signs in."""
    made = redeem(ticket, device=device)
    return principal_of(session_ref(made.value, made.scope), Side.PATIENT)


def new_session(person: Person, way: str = "code", device: str = "") -> Principal:
    """The principal of a new session of this person."""
    with transaction(TEST) as tx:
        ticket = write_ticket(tx, way=way, patient_id=person.id)
    return sign_in_as(ticket, device)


def with_password(person: Person, username: str = "", password: str = PASSWORD) -> Principal:
    """The principal of a new session in which the person has set a password."""
    principal = new_session(person)
    passwords.set_password(principal, username or person.given_name, password)
    return principal


def with_app(principal: Principal) -> tuple[pyotp.totp.TOTP, tuple[str, ...]]:
    """Set up an authenticator app; returns it with the recovery codes."""
    if passwords.view_sign_in(principal).has_password:
        passwords.reauthenticate_by_password(principal, PASSWORD)
    shown = second_factor.begin_app(principal)
    app = pyotp.totp.TOTP(shown.secret.replace(" ", ""))
    codes = second_factor.confirm_app(principal, app.at(clock.real_now()))
    return app, codes


def next_code(app: pyotp.totp.TOTP) -> str:
    """The app's next code: the present one was used at set-up."""
    return app.at(clock.real_now() + timedelta(seconds=30))


def signed_in_by_password(username: str, way: Proof, code: str, password: str = PASSWORD) -> Principal:
    asked = passwords.password_sign_in(NOBODY, username, password)
    return sign_in_as(second_factor.answer_challenge(NOBODY, asked.id, way, code))


def make_link(principal: Principal, purpose: Purpose, subject_id: str, **more: Any) -> action_links.NewLink:
    """Make an action link; `more`: `at_most`, `patient_id`, `life`."""
    with transaction(as_system(principal)) as tx:
        return action_links.create_link(tx, purpose, subject_id, **more)


def outbox(kind: str) -> list[OutboxMessage]:
    """Messages of this kind, oldest first."""
    with reading(TEST) as tx:
        query = select(OutboxMessage).where(OutboxMessage.kind == kind)
        return list(tx.exec(query.order_by(col(OutboxMessage.created_at), col(OutboxMessage.id))))


def recipients_of(kind: str) -> set[str]:
    """The recipients of all messages of this kind."""
    return {message.to for message in outbox(kind)}


def code_sent(kind: str, to: str) -> str:
    """The six digits in the newest message of this kind to this recipient."""
    body = next(m.body for m in reversed(outbox(kind)) if m.to == to)
    return re.findall(r"\b\d{6}\b", body)[0]


def trail() -> list[AuditEntry]:
    """All entries of the audit trail, oldest first."""
    with reading(TEST) as tx:
        return list(tx.exec(select(AuditEntry).order_by(col(AuditEntry.seq))))
