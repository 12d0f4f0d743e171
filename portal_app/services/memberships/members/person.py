"""A new person on a membership: checks the details as they were typed, corrects none of them, makes the patient."""

from dataclasses import dataclass, field, fields, replace
from datetime import date

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.credentials.names import name_key, plain_letters
from portal_app.domain.families import ADULT_AGE, ContactKind, age_on, full_name, is_younger_than
from portal_app.domain.ids import AccountId, PatientId, new_id
from portal_app.domain.memberships.adding import Relationship
from portal_app.services.memberships.members.errors import (
    AddressMissing,
    BornInFuture,
    BornTooLongAgo,
    ConsentMissing,
    NameMissing,
    NameTooLong,
    RelationshipMissing,
    SexMissing,
)
from portal_app.services.patients.contact_details import Address
from portal_app.services.patients.errors import AddressLineTooLong, ContactIsNoEmail, ContactIsNoPhone
from portal_app.services.patients.usable_contacts import phone_country
from portal_app.services.sign_in.contacts import Contact, parse_contact
from portal_app.services.sign_in.errors import InvalidContact

SEXES = ("female", "male", "other")
_LONGEST_NAME = 200
_LONGEST_LINE = 120
_OLDEST = 130  # years


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody the practice does not know yet, as the membership's owner typed it. `address` None: the owner's."""

    given_name: str
    family_name: str
    birth_date: date
    sex: str
    relationship: str
    email: str = ""
    phone: str = ""
    consent: bool = False  # of an adult, that their details are given by somebody else
    address: Address | None = field(default=None)

    @property
    def name(self) -> str:
        return full_name(self.given_name, self.family_name)


def check_identity(person: NewPerson) -> NewPerson:
    """Name, birth date, sex and relationship, with single spaces in the name.

    Raises: NameMissing, NameTooLong, BornInFuture, BornTooLongAgo, SexMissing, RelationshipMissing.
    """
    names = {name: " ".join(getattr(person, name).split()) for name in ("given_name", "family_name")}
    for name, text in names.items():
        if not plain_letters(text):
            raise NameMissing(field=name)
        if len(text) > _LONGEST_NAME:
            raise NameTooLong(field=name, most=_LONGEST_NAME)
    check_birth_date(person.birth_date)
    if person.sex not in SEXES:
        raise SexMissing
    if person.relationship not in {str(one) for one in Relationship}:
        raise RelationshipMissing
    return replace(person, **names)


def check_birth_date(born: date) -> None:
    """Refuse a date of birth that cannot be. Raises BornInFuture, BornTooLongAgo."""
    if born > today():
        raise BornInFuture
    if (years := age_on(born, today())) >= _OLDEST:
        raise BornTooLongAgo(years=years)


def check_person(tx: Tx, person: NewPerson) -> NewPerson:
    """Check identity, contacts, consent and address; returns the person with single spaces in name and address.

    Raises: as `check_identity`; ConsentMissing, AddressMissing, AddressLineTooLong, InvalidContact, ContactIsNoEmail,
        ContactIsNoPhone.
    """
    person = check_identity(person)
    _contacts(tx, person)
    if is_adult(person.birth_date) and not person.consent:
        raise ConsentMissing
    if person.address is None:
        return person
    lines = {line.name: " ".join(getattr(person.address, line.name).split()) for line in fields(Address)}
    if too_long := next((name for name, line in lines.items() if len(line) > _LONGEST_LINE), ""):
        raise AddressLineTooLong(field=too_long, most=_LONGEST_LINE)
    if not lines["line1"]:
        raise AddressMissing
    return replace(person, address=Address(**lines))


def is_adult(born: date | None) -> bool:
    """Whether somebody with this date of birth is of age today, or it is not known."""
    return not is_younger_than(born, ADULT_AGE, today())


def same_person(person: NewPerson, other: Patient) -> bool:
    """The same name and date of birth (MEM-12)."""
    mine = (name_key(person.given_name), name_key(person.family_name), person.birth_date)
    return mine == (name_key(other.given_name), name_key(other.family_name), other.birth_date)


def create_patient(tx: Tx, account_id: AccountId, person: NewPerson) -> Patient:
    """A patient of the family of the account's guarantor, who answers for them; without a chart number."""
    guarantor = tx.get_or_404(Patient, tx.get_or_404(Account, account_id).guarantor_id)
    lines = person.address or Address(
        **{line.name: getattr(guarantor, line.name) for line in fields(Address)}
    )
    patient = tx.add(
        Patient(
            id=PatientId(new_id("pat")),
            chart_number=None,
            family_id=guarantor.family_id,
            account_id=account_id,
            given_name=person.given_name,
            family_name=person.family_name,
            birth_date=person.birth_date,
            sex=person.sex,
            language=guarantor.language,
            created_at=now(),
            **{line.name: getattr(lines, line.name) for line in fields(Address)},
        )
    )
    tx.flush()
    for contact in _contacts(tx, person):
        point = {"kind": contact.kind, "value": contact.value, "shown": contact.shown}
        tx.add(ContactPoint(id=new_id("con"), patient_id=patient.id, **point))
    return patient


def _contacts(tx: Tx, person: NewPerson) -> list[Contact]:
    found: list[Contact] = []
    for kind, typed in ((ContactKind.EMAIL, person.email), (ContactKind.PHONE, person.phone)):
        if not typed.strip():
            continue
        name = str(kind)
        try:
            contact = parse_contact(typed, phone_country(tx))
        except InvalidContact as refusal:
            raise InvalidContact(field=name) from refusal
        if contact.kind is not kind:
            raise (ContactIsNoEmail if kind is ContactKind.EMAIL else ContactIsNoPhone)(field=name)
        found.append(contact)
    return found
