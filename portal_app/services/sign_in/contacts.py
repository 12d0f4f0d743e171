"""Emails and phone numbers: from what people type to what the database stores."""

from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from portal_app.domain.families import ContactKind
from portal_app.services.sign_in.errors import InvalidContact

_AT_MOST = 254  # characters


@dataclass(frozen=True, slots=True)
class Contact:
    """An email or phone that a message can be sent to."""

    kind: ContactKind
    value: str  # lower-case email, or E.164
    shown: str  # tidied, as people write it


def parse_contact(typed: str, country: str) -> Contact:
    """The contact that was typed. Raises InvalidContact for what is neither an email nor a phone number.

    Args:
        country: ISO code that a phone number without country code belongs to.
    """
    text = typed.strip()
    if len(text) > _AT_MOST:
        raise InvalidContact
    return _email(text) if "@" in text else _phone(text, country)


def _email(text: str) -> Contact:
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise InvalidContact from None
    return Contact(ContactKind.EMAIL, valid.normalized.lower(), valid.normalized)


def _phone(text: str, country: str) -> Contact:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise InvalidContact from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidContact
    form = phonenumbers.PhoneNumberFormat
    is_domestic = number.country_code == phonenumbers.country_code_for_region(country)
    return Contact(
        ContactKind.PHONE,
        phonenumbers.format_number(number, form.E164),
        phonenumbers.format_number(number, form.NATIONAL if is_domestic else form.INTERNATIONAL),
    )
