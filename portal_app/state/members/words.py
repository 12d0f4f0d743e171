"""What kinds and dates are called on the pages of the family."""

from datetime import date

from portal_app.domain.families import GrantKind
from portal_app.domain.memberships import Period
from portal_app.speech import full_date_text, mark, say

SHARED = {
    GrantKind.PAY: mark("Pay for me"),
    GrantKind.CONTACT: mark("My contact details"),
    GrantKind.APPOINTMENTS_AND_FORMS: mark("My appointments and forms"),
}
LETS_ME = {
    GrantKind.PAY: mark("You may pay their bills"),
    GrantKind.CONTACT: mark("You see their contact details"),
    GrantKind.APPOINTMENTS_AND_FORMS: mark("You see their appointments and forms"),
}
_PRICED = {
    Period.MONTH: mark("{price} a month"),
    Period.QUARTER: mark("{price} a quarter"),
    Period.YEAR: mark("{price} a year"),
}
SEXES = {"female": mark("Female"), "male": mark("Male"), "other": mark("Other")}


def born_words(language: str, born: date | None) -> str:
    if born is None:
        return say(language, "Date of birth not on file")
    return say(language, "Born {date}", date=full_date_text(language, born))


def sex_words(language: str, sex: str) -> str:
    return say(language, SEXES[sex]) if sex in SEXES else sex or say(language, "Not on file")


def price_words(language: str, period: Period, price: str) -> str:
    return say(language, _PRICED[period], price=price)


def span_words(language: str, start: date, end: date | None) -> str:
    if end is None:
        return say(language, "Since {start}", start=full_date_text(language, start))
    first, last = full_date_text(language, start), full_date_text(language, end)
    return say(language, "From {start} to {end}", start=first, end=last)
