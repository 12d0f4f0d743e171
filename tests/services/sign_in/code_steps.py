"""Steps of a sign-in by code, for tests."""

import re
from datetime import date

from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import nobody, system_principal
from portal_app.services.sign_in.codes import (
    CodeRequest,
    check_birth_date,
    check_code,
    request_code,
)
from portal_app.services.sign_in.sessions import hash_token, redeem

VISITOR = nobody("203.0.113.7", "en")


PORTAL = system_principal("test")


def code_in(message: OutboxMessage) -> str:
    found = re.search(r"\b(\d{6})\b", message.body)
    assert found
    return found[1]


def message_for(request: CodeRequest) -> OutboxMessage:
    with reading(PORTAL) as tx:
        return tx.exec(select(OutboxMessage).where(OutboxMessage.once == f"sign_in_code:{request.id}")).one()


def code_for(request: CodeRequest) -> str:
    return code_in(message_for(request))


def wrong_code_for(request: CodeRequest) -> str:
    return f"{(int(code_for(request)) + 1) % 10**6:06d}"


def code_accepted(contact: str = "maria@example.com") -> str:
    """The id of a code that was requested and typed correctly."""
    request = request_code(VISITOR, contact)
    check_code(VISITOR, request.id, code_for(request))
    return request.id


def ticket_of(born: date, first_name: str = "", contact: str = "maria@example.com") -> str:
    return check_birth_date(VISITOR, code_accepted(contact), born, first_name)


def session_of(born: date, contact: str = "maria@example.com") -> str:
    return hash_token(redeem(ticket_of(born, contact=contact)).value)
