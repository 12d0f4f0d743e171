"""Who sees whom (DOMAIN.md, "Who sees whom"; VIS and DEP cases)."""

from enum import StrEnum


class PatientStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    DECEASED = "deceased"
    MERGED = "merged"


class ContactKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"


class RelationKind(StrEnum):
    PARENT = "parent"
    GUARDIAN = "guardian"


class GrantKind(StrEnum):
    PAY = "pay"
    CONTACT = "contact"
    APPOINTMENTS_AND_FORMS = "appointments_and_forms"
