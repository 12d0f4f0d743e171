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
    keep_alive,
    principal_of,
    ready,
    redeem,
    to_be_kept_alive,
    write_ticket,
)
from portal_app.services.sign_in.set_up_links import (
    NeedsSetUpLink,
    SetUpLink,
    SetUpLinkOver,
    make_set_up_link,
)
from portal_app.services.sign_in.staff import (
    StaffChallenge,
    begin_set_up,
    staff_add,
    staff_password,
    staff_totp,
)

__all__ = [
    "CodeRequest",
    "NeedsFirstName",
    "NeedsSetUpLink",
    "NewSession",
    "SetUpLink",
    "SetUpLinkOver",
    "StaffChallenge",
    "begin_set_up",
    "check_birth_date",
    "check_code",
    "end_session",
    "keep_alive",
    "make_set_up_link",
    "over",
    "principal_of",
    "ready",
    "redeem",
    "request_code",
    "seconds_left",
    "staff_add",
    "staff_password",
    "staff_totp",
    "to_be_kept_alive",
    "write_ticket",
]
