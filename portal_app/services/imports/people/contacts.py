"""How the practice wrote a phone or an email, and what can be sent to."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from portal_app.domain.imports.values import Unreadable
from portal_app.services.imports.import_run import ImportRun, Row
from portal_app.services.imports.people.guarantors import guarantor_chart


class FirstUse(NamedTuple):
    """Where a contact is written for the first time."""

    row: Row
    column: str


SHARED_BY = 5  # families: an address of more is probably nobody's own
# What staff type where a patient has no address; the domains exist and are somebody else's.
_PLACEHOLDERS = {
    *(
        "none",
        "noemail",
        "noemailaddress",
        "nomail",
        "noemails",
        "noaddress",
        "noreply",
        "donotreply",
        "donotemail",
    ),
    *(
        "notavailable",
        "notprovided",
        "notgiven",
        "notapplicable",
        "noneprovided",
        "nonegiven",
        "noemailgiven",
    ),
    *(
        "noemailprovided",
        "noemailonfile",
        "unknown",
        "refused",
        "declined",
        "decline",
        "withheld",
        "nobody",
        "noone",
    ),
    *(
        "xxx",
        "xxxx",
        "asdf",
        "fakeemail",
        "noemailaddressprovided",
        "patienthasnoemail",
        "doesnothaveemail",
        "ninguno",
    ),
    *("sincorreo", "notiene", "nocorreo", "noemailavailable", "nomailaddress", "noeaddress", "dontemail"),
}
# Words that may be somebody's own address, and are none where the domain is such a word too.
_TWICE = {
    "no",
    "na",
    "n",
    "a",
    "x",
    "xx",
    "test",
    "abc",
    "email",
    "mail",
    "patient",
    "fake",
    "123",
    "none",
    "aaa",
}


_NO_ADDRESS = re.compile(  # "hasnoemail", "declinedtoprovide", "noemailnoemail", "notonfile", "patientdeclined"
    r"(?:(?:patient|pt)(?:declined|refused))"
    r"|(?:(?:patient|pt)?(?:has|does|did|do)?(?:no|not|none|dont|doesnt|didnt|refused|declined?|sin)"
    r"(?:to|an|any|on|have|has|with)*(?:(?:e?mail|correo)(?:address|onfile)?|address|file|have|provided?|given|listed))+"
)
_REPEATED = re.compile(
    r"(.)\1{0,9}|(asd|qwe|abc|xyz|foo|null|nil|void|blank|empty|dummy|invalid|noname)\2*|\d+"
)


def _stands_for_none(local: str, domain: str) -> bool:
    """Is it written where there is no address?"""
    bare = re.sub(r"[-._+]", "", local)
    names = {re.sub("-", "", label) for label in domain.split(".")[:-1]}
    word = bare.rstrip("0123456789")
    if {bare, word} & _PLACEHOLDERS or names & _PLACEHOLDERS or (bare in _TWICE and names & _TWICE):
        return True
    if len(word) > 5 and _NO_ADDRESS.fullmatch(word):
        return True
    return bare in names and bool(_REPEATED.fullmatch(bare))


@lru_cache(maxsize=4096)
def email_of(text: str) -> str:
    """Lower case, without asking the network; Unreadable when nothing can be sent there, or to no patient."""
    try:
        email = validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as reason:
        raise Unreadable(f"“{text[:60]}” is not an email address: {reason}") from None
    local, _, domain = email.partition("@")
    if _stands_for_none(local, domain):
        raise Unreadable(f"“{text[:60]}” stands for no address")
    return email


_LETTER = re.compile(r"[^\W\d_]")
_NO_TEXTS = re.compile(  # a fax, a line on the wall, and who asked for none
    r"\b(?:tele)?fax|\bfx\b|facsimile|\(f\)|\bland ?-?line"
    r"|(?:\b(?:no|not|never|stop|dont)|n['’]t)\b[\s-]*(?:to )?(?:text|sms|call)",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def phones_of(text: str, region: str) -> tuple[tuple[str, bool], ...]:
    """Each number in E.164, and whether it may be texted (an extension, a fax, and where the cell says so, not).

    Words beside a number ("cell", "wk") do not matter. Unreadable when there is no number.
    """
    silent = bool(_NO_TEXTS.search(text))
    if _LETTER.search(text) or len(re.sub(r"\D", "", text)) > 15:
        forms = [_form(match.number) for match in phonenumbers.PhoneNumberMatcher(text, region)]
        if forms:
            return tuple((form, texts and not silent) for form, texts in dict(forms).items())
    form, texts = _phone_of(text, region)
    return ((form, texts and not silent),)


def _phone_of(text: str, region: str) -> tuple[str, bool]:
    for spelled in (text, "+" + text[2:] if text.startswith("001") else ""):
        try:
            number = phonenumbers.parse(spelled, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return _form(number)
    raise Unreadable(f"“{text[:60]}” is not a phone number that exists")


def _form(number: phonenumbers.PhoneNumber) -> tuple[str, bool]:
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return form, not number.extension


@dataclass(slots=True)
class SharedContacts:
    """Which families have each email and phone, however it is written."""

    families: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # by normal form
    first: dict[str, FirstUse] = field(default_factory=dict[str, FirstUse])

    def note(self, run: ImportRun, row: Row, column: str, value: str) -> None:
        family = row.family_key or guarantor_chart(run, row)
        self.families.setdefault(value, set()).add(family)
        self.first.setdefault(value, FirstUse(row, column))

    def warn(self, run: ImportRun) -> None:
        """An address of more than a handful of families is probably a placeholder: codes and bills go there."""
        for value, families in self.families.items():
            if len(families) > SHARED_BY:
                row, column = self.first[value]
                text = getattr(row, column)[:60]
                run.warn(row, column, f"“{text}” is that of {len(families)} families: is it nobody's own?")
