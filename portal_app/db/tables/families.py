"""Patients, their families, how they are reached, and what lets one adult act for another person."""

from datetime import date, datetime
from typing import ClassVar

from sqlmodel import Field, UniqueConstraint

from portal_app.db.owned import Owned, PatientOwned
from portal_app.db.types import code, key, moment, ref
from portal_app.domain.families import (
    ContactKind,
    GrantKind,
    PatientStatus,
    RelationKind,
    full_name,
    is_usable_contact,
)
from portal_app.domain.ids import AccountId, FamilyId, PatientId


class Family(Owned, table=True):
    """The family file: patients who share one. Seen through its patients only."""

    access_list: ClassVar[str] = "public"  # it holds nothing but its key
    audited: ClassVar[bool] = False
    id: FamilyId = key()
    practice_key: str = Field(unique=True)


class Patient(Owned, table=True):
    """A person with a chart. `chart_number` is the key in the practice's own system.

    None: added to a membership in the portal, and the practice's own system has given no number yet.
    """

    owner: ClassVar[str] = "id"
    access_list: ClassVar[str] = "patients"
    id: PatientId = key()
    chart_number: str | None = Field(default=None, unique=True)
    family_id: FamilyId = ref("family")
    # Who answers for what this patient owes; often themself. Not a foreign key to account:
    # the account is made with the guarantor.
    account_id: AccountId = ref("account")
    given_name: str
    family_name: str
    birth_date: date | None = None
    sex: str = ""
    status: PatientStatus = code(PatientStatus, default=PatientStatus.ACTIVE)
    language: str = "en"
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    created_at: datetime = moment()

    @property
    def full_name(self) -> str:
        return full_name(self.given_name, self.family_name)


NAME_COLUMNS = (Patient.given_name, Patient.family_name)  # in the order of `full_name`


class ContactPoint(PatientOwned, table=True):
    """An email or phone. Two people may share one: it never identifies a person alone."""

    __table_args__ = (UniqueConstraint("patient_id", "kind", "value"),)
    id: str = key()
    kind: ContactKind = code(ContactKind)
    value: str = Field(index=True)  # normalised: lower-case email, E.164 phone
    shown: str = ""  # as it was typed
    preferred: bool = True
    may_text: bool = True  # False after STOP
    verified_at: datetime | None = moment(default=None, nullable=True)

    @property
    def usable(self) -> bool:
        """Whether messages may be sent here."""
        return is_usable_contact(self.kind, self.may_text)


class DependentMark(PatientOwned, table=True):
    """Staff marked `patient` as dependent of the named adult, with a reason and perhaps an end."""

    id: str = key()
    adult_id: PatientId = ref("patient")
    reason: str
    until: date | None = None  # the last day it counts
    marked_by: str
    created_at: datetime = moment()
    ended_at: datetime | None = moment(default=None, nullable=True)


class Relation(PatientOwned, table=True):
    """A recorded parent or guardian of `patient`."""

    __table_args__ = (UniqueConstraint("patient_id", "adult_id", "kind"),)
    id: str = key()
    adult_id: PatientId = ref("patient")
    kind: RelationKind = code(RelationKind)
    until: date | None = None
    created_at: datetime = moment()


class Grant(PatientOwned, table=True):
    """An adult shares one kind of thing with a named adult; each kind is granted and withdrawn alone."""

    __tablename__ = "sharing_grant"  # pyright: ignore[reportAssignmentType]  ("grant" is a word of SQL)
    id: str = key()
    to_id: PatientId = ref("patient")
    kind: GrantKind = code(GrantKind)
    created_at: datetime = moment()
    withdrawn_at: datetime | None = moment(default=None, nullable=True)
