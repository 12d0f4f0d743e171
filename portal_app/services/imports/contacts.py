"""How the practice wrote a phone or an email, and what can be sent to."""

from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from portal_app.domain.imports import Unreadable


@lru_cache(maxsize=4096)
def email_of(text: str) -> str:
    """Lower case, without asking the network; Unreadable when nothing can be sent there."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as reason:
        raise Unreadable(f"“{text[:60]}” is not an email address: {reason}") from None


@lru_cache(maxsize=4096)
def phone_of(text: str, region: str) -> tuple[str, bool]:
    """E.164, and whether it can be texted (an extension cannot); Unreadable when it is no number."""
    for spelled in (text, "+" + text[2:] if text.startswith("001") else ""):
        try:
            number = phonenumbers.parse(spelled, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return form, not number.extension
    raise Unreadable(f"“{text[:60]}” is not a phone number that exists")
