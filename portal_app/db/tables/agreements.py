"""Agreements: texts and versions, who is asked to sign, signatures, sealed copies, keys (DOMAIN.md, Agreement)."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, String, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from portal_app.db.owned import PatientOwned, PortalOwned, PublicOwned
from portal_app.db.types import code, document, key, moment, ref
from portal_app.domain.agreements.types import (
    AgreementKind,
    AgreementStatus,
    CopyOrigin,
    CopyStatus,
    IdentityCheck,
    RequestReason,
    RequestStatus,
    SignatureRules,
    SignatureWay,
    SignerPart,
    SignerStatus,
)
from portal_app.domain.ids import (
    AgreementCopyId,
    AgreementId,
    AgreementRequestId,
    AgreementSignerId,
    AgreementVersionId,
    PatientId,
    SignatureId,
    StaffId,
)


class _Rules(SQLModel):
    """Whose signatures are asked for, and how; the same columns on a draft and on a version."""

    second_guardian: bool = False
    countersigned: bool = False
    adult_until_18: bool = False
    drawn_only: bool = False

    @property
    def rules(self) -> SignatureRules:
        return SignatureRules(self.second_guardian, self.countersigned, self.adult_until_18, self.drawn_only)


class Agreement(PublicOwned, table=True):
    """A document that asks for signatures. What it says is in its versions, what is being written in its draft."""

    id: AgreementId = key()
    name: str  # as staff call it; patients read the version's title in their language
    kind: AgreementKind = code(AgreementKind)
    status: AgreementStatus = code(AgreementStatus, default=AgreementStatus.DRAFT)
    newest: int = 0  # number of the newest version; 0 while none is published
    created_at: datetime = moment()


class AgreementDraft(_Rules, PortalOwned, table=True):
    """What staff are writing: becomes the next version when it is published. `changed`: stops lost updates."""

    agreement_id: AgreementId = ref("agreement", index=False, primary_key=True)
    texts: dict[str, Any] = document(default_factory=dict)  # {"en": {"title": …, "markdown": …}}
    points: list[str] = document(default_factory=list)  # ticked points of the checklist
    changed: int = 0
    changed_at: datetime = moment()
    changed_by: str = ""


class AgreementVersion(_Rules, PublicOwned, table=True):
    """A published version. Never changed."""

    __table_args__ = (UniqueConstraint("agreement_id", "number"),)
    written_once: ClassVar[bool] = True
    id: AgreementVersionId = key()
    agreement_id: AgreementId = ref("agreement", index=False)  # another index begins with it
    number: int
    published_at: datetime = moment()
    published_by: str  # principal.name


class AgreementText(PublicOwned, table=True):
    """The text of a version in one language, with its placeholders. Never changed."""

    __table_args__ = (UniqueConstraint("version_id", "language"),)
    written_once: ClassVar[bool] = True
    id: str = key()
    version_id: AgreementVersionId = ref("agreement_version", index=False)  # another index begins with it
    language: str
    title: str
    markdown: str
    sha256: str  # of title and markdown, see domain/agreements/hashes


class AgreementRequest(PatientOwned, table=True):
    """One agreement asked of one patient, at one version; `patient_id` is whose agreement it is."""

    __table_args__ = (
        Index(
            "ix_agreement_request_waiting",
            "agreement_id",
            "patient_id",
            "membership_id",
            unique=True,
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("ix_agreement_request_status", "status", "expires_on"),
    )
    id: AgreementRequestId = key()
    agreement_id: AgreementId = ref("agreement")
    version_id: AgreementVersionId = ref("agreement_version")
    reason: RequestReason = code(RequestReason)
    membership_id: str = Field(default="", sa_type=String, index=True)  # whose plan and price it names; or ""
    status: RequestStatus = code(RequestStatus, default=RequestStatus.WAITING)
    asked_at: datetime = moment()
    asked_by: str  # principal.name, or the job's name
    expires_on: date | None = None  # the last day on which it can be signed
    told_at: datetime | None = moment(default=None, nullable=True)  # of the last message about it
    reminders: int = 0  # how many followed the first message
    signatures: int = 0  # how many there are: with one it stays at its version
    ended_at: datetime | None = moment(default=None, nullable=True)  # complete, declined, withdrawn, …
    ended_by: str = ""


class AgreementSigner(PatientOwned, table=True):
    """Who is to sign a request, in which part. Without `signer_id` whoever may act for the patient signs."""

    __table_args__ = (
        UniqueConstraint("request_id", "part"),
        Index("ix_agreement_signer_whose", "signer_id", "status"),
    )
    id: AgreementSignerId = key()
    request_id: AgreementRequestId = ref("agreement_request", index=False)  # another index begins with it
    part: SignerPart = code(SignerPart)
    signer_id: PatientId | None = ref("patient", index=False, default=None, nullable=True)
    status: SignerStatus = code(SignerStatus, default=SignerStatus.WAITING)
    opened_at: datetime | None = moment(default=None, nullable=True)  # first time the text was read
    paper_at: datetime | None = moment(default=None, nullable=True)  # asked for paper instead
    declined_at: datetime | None = moment(default=None, nullable=True)
    declined_by: str = ""
    reason: str = ""  # of declining


class ElectronicConsent(PatientOwned, table=True):
    """A person's consent to electronic records (ESIGN 7001(c)); `patient_id` is the person who consents."""

    id: str = key()
    text_version: str  # which text of the portal was shown
    language: str
    given_at: datetime = moment()
    ip: str = ""
    device: str = ""
    withdrawn_at: datetime | None = moment(default=None, nullable=True)


class Signature(PatientOwned, table=True):
    """A signature with everything that was shown and answered. Never changed; `patient_id` is whose agreement it is."""

    written_once: ClassVar[bool] = True
    id: SignatureId = key()
    signer_row_id: AgreementSignerId = ref("agreement_signer", index=False, unique=True)
    request_id: AgreementRequestId = ref("agreement_request")
    version_id: AgreementVersionId = ref("agreement_version", index=False)
    part: SignerPart = code(SignerPart)
    signer_id: PatientId | None = ref("patient", default=None, nullable=True)  # who signed
    staff_id: StaffId | None = ref("staff_member", index=False, default=None, nullable=True)
    name_on_file: str  # of who signed
    on_behalf_of: str = ""  # the patient's name, where somebody else signed
    relationship: str = ""  # "parent", "guardian", "other: …"; for the practice the signer's title
    signed_at: datetime = moment()
    zone: str  # the practice's time zone, "America/New_York"
    language: str  # of the text that was signed
    text_sha256: str  # of the text as it was shown, with its values
    facts: dict[str, str] = document(default_factory=dict)  # what the placeholders stand for, in no language
    values: dict[str, str] = document(default_factory=dict)  # what filled the placeholders, as it was shown
    answers: dict[str, str] = document(default_factory=dict)  # initials and choices by field
    answers_sha256: str
    way: SignatureWay = code(SignatureWay)
    typed_name: str = ""
    strokes: list[Any] = document(default_factory=list)  # [[[x, y], …], …] inside a box of 600 × 200
    consent_id: str | None = ref("electronic_consent", index=False, default=None, nullable=True)
    consent_version: str = ""
    consent_at: datetime | None = moment(default=None, nullable=True)
    identity_check: IdentityCheck = code(IdentityCheck)
    session_ref: str = ""  # the first characters of it, as in the audit trail
    ip: str = ""
    device: str = ""  # User-Agent


class AgreementCopy(PatientOwned, table=True):
    """The one sealed copy of a complete request, or a scan of an agreement signed on paper."""

    __table_args__ = (Index("ix_agreement_copy_status", "status", "next_try_at"),)
    id: AgreementCopyId = key()
    request_id: AgreementRequestId | None = ref(
        "agreement_request", index=False, unique=True, default=None, nullable=True
    )
    origin: CopyOrigin = code(CopyOrigin)
    status: CopyStatus = code(CopyStatus)
    number: str = Field(default="", index=True)  # printed on the copy; opens nothing
    title: str = ""  # of a scan
    signed_on: date | None = None  # of a scan
    signed_by: str = ""  # of a scan
    practice_key: str | None = Field(default=None, unique=True)  # of an imported scan
    created_at: datetime = moment()
    sha256: str = Field(default="", index=True)  # of the file
    signed_sha256: str = Field(
        default="", index=True
    )  # of the file without its seal, which is what the seal signs
    size: int = 0  # of the file, in bytes
    sealed_at: datetime | None = moment(default=None, nullable=True)
    key_id: str = ""  # the signing key; "" of a scan
    time_stamped: bool = False  # by a time-stamp server
    trail_number: int | None = None  # newest number and hash of the audit chain, printed on the copy
    trail_hash: str = ""
    tries: int = 0
    next_try_at: datetime | None = moment(default=None, nullable=True)
    failed: str = ""  # why the last try failed


class AgreementCopyFile(PortalOwned, table=True):
    """The bytes of a copy: a table of its own, so that lists do not read them. Never changed."""

    audited: ClassVar[bool] = False
    written_once: ClassVar[bool] = True
    copy_id: AgreementCopyId = ref("agreement_copy", index=False, primary_key=True)
    pdf: bytes = Field(sa_type=LargeBinary)


class SigningKey(PortalOwned, table=True):
    """A key of the practice that seals copies. Its certificate is kept for ever, the private key encrypted."""

    id: str = key()
    certificate: str  # PEM
    private_key: str  # encrypted (services/sign_in/crypto)
    created_at: datetime = moment()
    retired_at: datetime | None = moment(default=None, nullable=True)
