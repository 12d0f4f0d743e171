"""What patients sign in with beside codes, links for one purpose, and changes that wait for a code.

Only the portal's own errands read these. Secrets are hashed, or sealed where they must be read again.
Who changed what is told by the services in the trail, in the person's name.
"""

from datetime import date, datetime
from typing import ClassVar

from sqlmodel import Field, LargeBinary, UniqueConstraint

from portal_app.db.owned import PatientOwned, PortalOwned
from portal_app.db.types import code, key, moment, money, ref
from portal_app.domain.credentials import Proof, Purpose
from portal_app.domain.families import ContactKind, GrantKind
from portal_app.domain.ids import AccountId, PatientId
from portal_app.domain.money import Money


class PatientLogin(PortalOwned, table=True):
    """Username, password and authenticator app of one patient."""

    audited: ClassVar[bool] = False
    patient_id: PatientId = ref("patient", index=False, primary_key=True)
    username: str = ""
    username_key: str | None = Field(default=None, unique=True)
    password_hash: str = ""
    password_set_at: datetime | None = moment(default=None, nullable=True)
    totp_secret: str = ""  # sealed; "" without an app
    totp_waiting: str = ""  # sealed: shown, not yet confirmed
    totp_last_step: int = 0  # a code works once
    code_by_contact: bool = True  # may a code by email or SMS be the second factor?
    failures: int = 0
    locked_until: datetime | None = moment(default=None, nullable=True)
    locked: bool = False  # only the desk opens it
    created_at: datetime = moment()


class RecoveryCode(PortalOwned, table=True):
    audited: ClassVar[bool] = False
    hash: str = Field(primary_key=True)
    patient_id: PatientId = ref("patient")
    created_at: datetime = moment()


class SecondFactorChallenge(PortalOwned, table=True):
    """Somebody has shown one factor, or is asked again in a session: which code would show another."""

    audited: ClassVar[bool] = False
    id: str = key()  # chl_…
    patient_id: PatientId = ref("patient")
    session_ref: str = ""  # set: a proof inside this session, no new one
    contact_hash: str = ""  # where the last code went
    code_hash: str = ""
    code_proof: Proof | None = code(Proof, default=None, nullable=True)
    code_expires_at: datetime | None = moment(default=None, nullable=True)
    codes_sent: int = 0
    tries: int = 0
    language: str = "en"
    created_at: datetime = moment()
    expires_at: datetime = moment()
    burnt_at: datetime | None = moment(default=None, nullable=True)


class SessionProof(PortalOwned, table=True):
    """Inside a session, somebody showed again who they are."""

    audited: ClassVar[bool] = False
    session_ref: str = Field(primary_key=True)
    proof: Proof = code(Proof, primary_key=True)
    at: datetime = moment()


class Passkey(PortalOwned, table=True):
    audited: ClassVar[bool] = False
    id: str = key()  # psk_…
    patient_id: PatientId = ref("patient")
    credential_id: str = Field(unique=True)  # base64url
    public_key: bytes = Field(sa_type=LargeBinary)
    sign_count: int = 0
    name: str
    synced: bool = False  # lives in more than one device
    created_at: datetime = moment()
    last_used_at: datetime | None = moment(default=None, nullable=True)


class PasskeyChallenge(PortalOwned, table=True):
    """What the browser was asked to sign; once, within five minutes."""

    audited: ClassVar[bool] = False
    hash: str = Field(primary_key=True)
    patient_id: PatientId | None = ref("patient", default=None, nullable=True)  # set: registering or proving
    session_ref: str = ""
    registers: bool = False
    expires_at: datetime = moment()


class ActionLink(PortalOwned, table=True):
    """An address for one purpose: `patient_id` is whose birth date is asked."""

    audited: ClassVar[bool] = False
    id: str = key()  # lnk_…
    hash: str = Field(unique=True)
    purpose: Purpose = code(Purpose)
    subject_id: str  # the invoice, agreement, forms or account
    patient_id: PatientId = ref("patient")
    account_id: AccountId | None = ref("account", default=None, nullable=True)
    at_most: Money | None = money(default=None, nullable=True)
    made_by: str
    created_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None, nullable=True)
    done_at: datetime | None = moment(default=None, nullable=True)
    birth_date_tries: int = 0


class ContactChange(PortalOwned, table=True):
    """A new email or phone that waits for its code (CODE-12)."""

    audited: ClassVar[bool] = False
    id: str = key()  # chg_…
    patient_id: PatientId = ref("patient")
    asked_by: str  # principal.name
    kind: ContactKind = code(ContactKind)
    value: str
    shown: str
    replaces: str | None = ref("contact_point", default=None, nullable=True, ondelete="SET NULL")
    everywhere: bool = False  # at everybody the asker acts for who has the old one
    code_hash: str
    tries: int = 0
    created_at: datetime = moment()
    expires_at: datetime = moment()
    done_at: datetime | None = moment(default=None, nullable=True)
    burnt_at: datetime | None = moment(default=None, nullable=True)


class SignInReset(PortalOwned, table=True):
    """Lost everything: the desk starts it, the patient has a day to say no."""

    audited: ClassVar[bool] = False
    id: str = key()  # rst_…
    patient_id: PatientId = ref("patient")
    started_by: str
    reason: str
    cancel_hash: str = Field(unique=True)
    created_at: datetime = moment()
    effective_at: datetime = moment()
    cancelled_at: datetime | None = moment(default=None, nullable=True)
    done_at: datetime | None = moment(default=None, nullable=True)


class GrantRequest(PatientOwned, table=True):
    """What an adult shares, with the name they typed: listed the same whether or not we know that person."""

    __table_args__ = (UniqueConstraint("patient_id", "kind", "name_key", "birth_date"),)
    id: str = key()  # shr_…
    kind: GrantKind = code(GrantKind)
    given_name: str
    family_name: str
    name_key: str
    birth_date: date
    grant_id: str | None = ref("sharing_grant", default=None, nullable=True)
    created_at: datetime = moment()
