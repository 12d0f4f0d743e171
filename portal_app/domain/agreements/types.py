"""The words of agreements: kinds, statuses, parts of signers (DOMAIN.md, Agreement)."""

from dataclasses import dataclass
from enum import StrEnum


class AgreementKind(StrEnum):
    """What an agreement is about; decides the checklist of points and the template to begin with."""

    MEMBERSHIP = "membership"
    FINANCIAL_POLICY = "financial_policy"
    PRIVACY = "privacy"
    OTHER = "other"


class AgreementStatus(StrEnum):
    """Whether staff may ask for signatures of an agreement."""

    DRAFT = "draft"  # nothing is published yet
    ACTIVE = "active"
    RETIRED = "retired"  # nobody is asked any more; signed ones stay readable


class RequestReason(StrEnum):
    """Why somebody is asked to sign."""

    STAFF = "staff"
    PLAN = "plan"  # asked of all members of a plan
    ENROLMENT = "enrolment"
    RENEWAL = "renewal"
    JOIN = "join"


class RequestStatus(StrEnum):
    """Where a request stands. Only a waiting one can be signed; a complete one is in force and has one copy."""

    WAITING = "waiting"
    COMPLETE = "complete"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # by staff
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # a newer version is asked for, or the patient instead of an adult
    PAPER = "paper"  # signed on paper


class SignerPart(StrEnum):
    """In which part somebody signs. A request has at most one signer of each part."""

    PATIENT = "patient"
    GUARDIAN = "guardian"  # a responsible adult, for a dependent or beside a patient younger than 18
    SECOND_GUARDIAN = "second_guardian"
    PRACTICE = "practice"


class SignerStatus(StrEnum):
    WAITING = "waiting"
    SIGNED = "signed"
    DECLINED = "declined"


class SignatureWay(StrEnum):
    TYPED = "typed"
    DRAWN = "drawn"


class IdentityCheck(StrEnum):
    """How it was checked who signs; printed on the copy."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105  (the name of a kind)
    PASSKEY = "passkey"
    DESK_CODE = "desk_code"
    LINK = "link"  # a sign link, and the date of birth
    STAFF = "staff"  # password and authenticator app
    OTHER = "other"


class CopyOrigin(StrEnum):
    PORTAL = "portal"
    IMPORT = "import"  # a scan that came with an import
    PAPER = "paper"  # a scan that staff added


class CopyStatus(StrEnum):
    WAITING = "waiting"  # committed, not sealed yet: a job makes it
    SEALED = "sealed"
    FAILED = "failed"  # tried often; staff have a task
    SCAN = "scan"  # imported or added by staff: not sealed by the portal


@dataclass(frozen=True, slots=True)
class SignatureRules:
    """Whose signatures an agreement asks for, and how."""

    second_guardian: bool = False
    countersigned: bool = False  # by the practice
    adult_until_18: bool = False  # a responsible adult signs beside a patient from `dependent_age` to 17
    drawn_only: bool = False
