"""Signing in: who is here, codes for patients, passwords and second factors for staff."""

from portal_app.services.sign_in.codes import (
    CodeRequest,
    NeedsFirstName,
    check_birth_date,
    check_code,
    request_code,
)
from portal_app.services.sign_in.idle import over, seconds_left
from portal_app.services.sign_in.sessions import (
    NewSession,
    end_session,
    principal_of,
    ready,
    redeem,
    write_ticket,
)
from portal_app.services.sign_in.staff import StaffChallenge, staff_add, staff_password, staff_totp

__all__ = [
    "CodeRequest",
    "NeedsFirstName",
    "NewSession",
    "StaffChallenge",
    "check_birth_date",
    "check_code",
    "end_session",
    "over",
    "principal_of",
    "ready",
    "redeem",
    "request_code",
    "seconds_left",
    "staff_add",
    "staff_password",
    "staff_totp",
    "write_ticket",
]
