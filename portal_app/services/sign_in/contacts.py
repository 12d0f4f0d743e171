"""Email or phone, as people type them and as the database has them."""

from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from portal_app.domain.families import ContactKind
from portal_app.services.sign_in.errors import InvalidContact

_LONGEST = 254


@dataclass(frozen=True, slots=True)
class Contact:
    kind: ContactKind
    value: str  # lower-case email, or E.164
    shown: str


def contact_of(typed: str, country: str) -> Contact:
    """Refused when nothing can be sent there. A phone without country code is of the practice's."""
    text = typed.strip()
    if len(text) > _LONGEST:
        raise InvalidContact
    return _email(text) if "@" in text else _phone(text, country)


def _email(text: str) -> Contact:
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise InvalidContact from None
    return Contact(ContactKind.EMAIL, found.normalized.lower(), found.normalized)


def _phone(text: str, country: str) -> Contact:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise InvalidContact from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidContact
    form = phonenumbers.PhoneNumberFormat
    home = number.country_code == phonenumbers.country_code_for_region(country)
    return Contact(
        ContactKind.PHONE,
        phonenumbers.format_number(number, form.E164),
        phonenumbers.format_number(number, form.NATIONAL if home else form.INTERNATIONAL),
    )
