"""Credentials of patients beside codes, action links, and changes that await confirmation.

Only the system principal reads these tables. Secrets are hashed, or encrypted where they are read again. The
services record changes in the audit trail in the person's name.
"""

from datetime import date, datetime
from typing import ClassVar

from sqlmodel import Field, LargeBinary, UniqueConstraint

from portal_app.db.owned import PatientOwned, PortalOwned
from portal_app.db.types import code, key, moment, money, ref
from portal_app.domain.credentials.types import Proof, Purpose
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
    totp_secret: str = ""  # encrypted; "" without an app
    totp_waiting: str = ""  # encrypted: shown, not yet confirmed
    totp_last_step: int = 0  # of the last used code: a code works once
    code_by_contact: bool = True  # whether a code by email or SMS may be the second factor
    created_at: datetime = moment()


class RecoveryCode(PortalOwned, table=True):
    """An unused recovery code."""

    audited: ClassVar[bool] = False
    hash: str = Field(primary_key=True)
    patient_id: PatientId = ref("patient")
    created_at: datetime = moment()


class SecondFactorChallenge(PortalOwned, table=True):
    """A question for a second factor: after a right password, or to re-authenticate inside a session."""

    audited: ClassVar[bool] = False
    id: str = key()  # chl_…
    patient_id: PatientId = ref("patient")
    session_ref: str = ""  # the session to re-authenticate; "" for a sign-in
    contact_hash: str = ""  # of the contact that the last code was sent to
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
    """A session was re-authenticated with this kind of proof."""

    audited: ClassVar[bool] = False
    session_ref: str = Field(primary_key=True)
    proof: Proof = code(Proof, primary_key=True)
    at: datetime = moment()


class Passkey(PortalOwned, table=True):
    """A WebAuthn credential of a patient."""

    audited: ClassVar[bool] = False
    id: str = key()  # psk_…
    patient_id: PatientId = ref("patient")
    credential_id: str = Field(unique=True)  # base64url
    public_key: bytes = Field(sa_type=LargeBinary)
    sign_count: int = 0
    name: str
    synced: bool = False  # on more than one device
    created_at: datetime = moment()
    last_used_at: datetime | None = moment(default=None, nullable=True)


class PasskeyChallenge(PortalOwned, table=True):
    """A challenge that a browser was asked to sign: answered once, within five minutes."""

    audited: ClassVar[bool] = False
    hash: str = Field(primary_key=True)
    patient_id: PatientId | None = ref("patient", default=None, nullable=True)  # set: inside a session
    session_ref: str = ""
    registers: bool = False
    expires_at: datetime = moment()


class ActionLink(PortalOwned, table=True):
    """An address that opens one purpose. `patient_id`: whose birth date is asked for."""

    audited: ClassVar[bool] = False
    id: str = key()  # lnk_…
    hash: str = Field(unique=True)
    purpose: Purpose = code(Purpose)
    subject_id: str  # the invoice, agreement, forms or account
    patient_id: PatientId = ref("patient")
    account_id: AccountId | None = ref("account", default=None, nullable=True)
    at_most: Money | None = money(default=None, nullable=True)
    made_by: str  # principal.name
    created_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None, nullable=True)
    done_at: datetime | None = moment(default=None, nullable=True)
    birth_date_tries: int = 0


class ContactChange(PortalOwned, table=True):
    """A new email or phone that awaits its code (CODE-12)."""

    audited: ClassVar[bool] = False
    id: str = key()  # chg_…
    patient_id: PatientId = ref("patient")
    asked_by: str  # principal.name
    kind: ContactKind = code(ContactKind)
    value: str
    shown: str
    replaces: str | None = ref("contact_point", default=None, nullable=True, ondelete="SET NULL")
    everywhere: bool = False  # also for those whom the patient acts for and who have the old contact
    code_hash: str
    tries: int = 0
    created_at: datetime = moment()
    expires_at: datetime = moment()
    done_at: datetime | None = moment(default=None, nullable=True)
    burnt_at: datetime | None = moment(default=None, nullable=True)


class SignInReset(PortalOwned, table=True):
    """The removal of all of a patient's credentials, started by the front desk; the patient may stop it for a day."""

    audited: ClassVar[bool] = False
    id: str = key()  # rst_…
    patient_id: PatientId = ref("patient")
    started_by: str  # principal.name
    reason: str
    cancel_hash: str = Field(unique=True)
    created_at: datetime = moment()
    effective_at: datetime = moment()
    cancelled_at: datetime | None = moment(default=None, nullable=True)
    done_at: datetime | None = moment(default=None, nullable=True)


class GrantRequest(PatientOwned, table=True):
    """What an adult wants to share, with the name that they typed.

    It is listed in the same way whether or not such a person is known.
    """

    __table_args__ = (UniqueConstraint("patient_id", "kind", "name_key", "birth_date"),)
    id: str = key()  # wsh_…
    kind: GrantKind = code(GrantKind)
    given_name: str
    family_name: str
    name_key: str
    birth_date: date
    grant_id: str | None = ref("sharing_grant", default=None, nullable=True)
    created_at: datetime = moment()
