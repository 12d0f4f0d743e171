"""Codes, sessions and steps of sign-in. Secrets are hashed or encrypted, so a copy of the tables signs nobody in."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from portal_app.db.owned import PortalOwned
from portal_app.db.types import code, document, key, moment
from portal_app.db.types import ref as _ref
from portal_app.domain.access import Side
from portal_app.domain.credentials.lockouts import Standing
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, StaffId
from portal_app.domain.sign_in import CodeWay, SessionScope


class SignInCode(PortalOwned, table=True):
    """A code for all patients who share one contact; burnt after use or too many tries."""

    audited: ClassVar[bool] = False
    id: str = key()  # cod_…, which the page holds
    way: CodeWay = code(CodeWay, default=CodeWay.CONTACT)
    kind: ContactKind | None = code(ContactKind, default=None, nullable=True)
    contact_hash: str = Field(index=True)
    # Unknown contacts get a row too (CODE-1: equal answers); nothing can match it.
    known: bool = False
    code_hash: str
    reference: str  # four characters, in the message and on the page (CODE-9)
    patient_id: PatientId | None = _ref("patient", default=None, nullable=True)  # with way DESK
    household: list[str] = document(default_factory=list)  # ids of the patients who have this contact
    created_at: datetime = moment()
    expires_at: datetime = moment()
    code_tries: int = 0
    birth_date_tries: int = 0
    code_passed_at: datetime | None = moment(default=None, nullable=True)  # when the code was accepted
    burnt_at: datetime | None = moment(default=None, nullable=True)
    ip: str = ""


class KnownSource(PortalOwned, table=True):
    """A browser or a network from which a person has signed in: what it asks for is counted apart from strangers."""

    audited: ClassVar[bool] = False
    person: str = Field(primary_key=True)  # "patient:pat_…" or "staff:stf_…"
    source: str = Field(
        primary_key=True, index=True
    )  # keyed hash of the device cookie's hash, or of the network
    standing: Standing = code(Standing)
    last_at: datetime = moment()  # of the last sign-in from there


class SignInLock(PortalOwned, table=True):
    """Failures in a row of one device or network on one account, whether or not there is such an account."""

    audited: ClassVar[bool] = False
    account: str = Field(primary_key=True)  # keyed hash of the email or username as typed, or of the person
    source: str = Field(primary_key=True)
    failures: int = 0
    last_failure_at: datetime = moment()
    locked_until: datetime | None = moment(default=None, nullable=True)


class StaffStep(PortalOwned, table=True):
    """A staff sign-in after a right password, which awaits the app's code. Burnt after use or too many tries."""

    audited: ClassVar[bool] = False
    id: str = key()  # stp_…
    staff_id: StaffId = _ref("staff_member")
    totp_secret: str = ""  # encrypted; of an app being set up, until its first code is right
    set_up_link: str = ""  # hash of the set-up link that started it; "" after a sign-in
    tries: int = 0
    created_at: datetime = moment()
    expires_at: datetime = moment()
    burnt_at: datetime | None = moment(default=None, nullable=True)


class StaffSetUpLink(PortalOwned, table=True):
    """A link with which a staff member sets up a first authenticator app. One per person, deleted when used."""

    audited: ClassVar[bool] = False
    staff_id: StaffId = _ref("staff_member", index=False, primary_key=True)
    hash: str = Field(unique=True)  # SHA-256 of the token
    created_at: datetime = moment()
    expires_at: datetime = moment()


class PortalSession(PortalOwned, table=True):
    """A signed-in browser. `ref`: hash of the cookie's value (`domain.sign_in.session_ref`)."""

    audited: ClassVar[bool] = False
    ref: str = Field(primary_key=True)
    side: Side = code(Side)
    scope: SessionScope = code(SessionScope, default=SessionScope.FULL)
    patient_id: PatientId | None = _ref("patient", default=None, nullable=True)
    staff_id: StaffId | None = _ref("staff_member", default=None, nullable=True)
    created_at: datetime = moment()
    seen_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None, nullable=True)
    link_id: str | None = _ref("action_link", default=None, nullable=True)  # with scope LINK
    way: str = ""  # of sign-in: "code", "password", "passkey", …
    device: str = ""  # User-Agent
    ip: str = ""
    language: str = "en"


class SessionTicket(PortalOwned, table=True):
    """A ticket of somebody just signed in: the page posts it once, for the session cookie."""

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
