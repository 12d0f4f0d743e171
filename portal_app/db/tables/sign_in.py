"""Codes and sessions. Only hashes: a copy of this table lets nobody in."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from portal_app.db.owned import PortalOwned
from portal_app.db.types import code, document, key, moment
from portal_app.db.types import ref as _ref
from portal_app.domain.access import Side
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, StaffId
from portal_app.domain.sign_in import CodeWay, SessionScope


class SignInCode(PortalOwned, table=True):
    """One household's code for one contact point; burnt after use or too many tries."""

    audited: ClassVar[bool] = False
    id: str = key()  # cod_…, what the page holds
    way: CodeWay = code(CodeWay, default=CodeWay.CONTACT)
    kind: ContactKind | None = code(ContactKind, default=None, nullable=True)
    contact_hash: str = Field(index=True)
    # A row is written for unknown contacts too (equal answers); then nothing can match it.
    known: bool = False
    code_hash: str
    reference: str  # short, in the message and on the page (CODE-9)
    patient_id: PatientId | None = _ref("patient", default=None, nullable=True)  # desk codes
    household: list[str] = document(default_factory=list)  # who has this contact point
    created_at: datetime = moment()
    expires_at: datetime = moment()
    code_tries: int = 0
    birth_date_tries: int = 0
    code_passed_at: datetime | None = moment(default=None, nullable=True)
    burnt_at: datetime | None = moment(default=None, nullable=True)
    ip: str = ""


class StaffStep(PortalOwned, table=True):
    """The password was right; the authenticator's code is due. Burnt after use or too many tries."""

    audited: ClassVar[bool] = False
    id: str = key()  # stp_…
    staff_id: StaffId = _ref("staff_member")
    totp_secret: str = ""  # sealed; when the app is set up, until its first code is right
    set_up_link: str = ""  # the hash of the link that it came by; "" after a sign-in
    tries: int = 0
    created_at: datetime = moment()
    expires_at: datetime = moment()
    burnt_at: datetime | None = moment(default=None, nullable=True)


class StaffSetUpLink(PortalOwned, table=True):
    """Opens the set-up of a first authenticator app, once. One for each member of staff; gone when it is used."""

    audited: ClassVar[bool] = False
    staff_id: StaffId = _ref("staff_member", index=False, primary_key=True)
    hash: str = Field(unique=True)  # SHA-256 of the token
    created_at: datetime = moment()
    expires_at: datetime = moment()


class PortalSession(PortalOwned, table=True):
    """A signed-in browser. `ref` is the SHA-256 of the cookie's value."""

    audited: ClassVar[bool] = False
    ref: str = Field(primary_key=True)
    side: Side = code(Side)
    scope: SessionScope = code(SessionScope, default=SessionScope.FULL)
    patient_id: PatientId | None = _ref("patient", default=None, nullable=True)
    staff_id: StaffId | None = _ref("staff_member", default=None, nullable=True)
    created_at: datetime = moment()
    seen_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None, nullable=True)
    link_id: str | None = _ref("action_link", default=None, nullable=True)  # scope LINK
    way: str = ""  # "code", "password", "passkey", …
    device: str = ""
    ip: str = ""
    language: str = "en"


class SessionTicket(PortalOwned, table=True):
    """One use: whoever was just signed in hands it to the page, which posts it for the cookie."""

    audited: ClassVar[bool] = False
    hash: str = Field(primary_key=True)
    side: Side = code(Side)
    scope: SessionScope = code(SessionScope, default=SessionScope.FULL)
    patient_id: PatientId | None = _ref("patient", default=None, nullable=True)
    staff_id: StaffId | None = _ref("staff_member", default=None, nullable=True)
    link_id: str | None = _ref("action_link", default=None, nullable=True)
    way: str = ""
    expires_at: datetime = moment()
    language: str = "en"
    shared_computer: bool = False
