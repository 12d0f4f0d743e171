"""Labels of grants, dates and prices on the family pages."""

from datetime import date

from portal_app.domain.families import GrantKind
from portal_app.domain.memberships.types import Period
from portal_app.i18n import full_date_text, gettext_noop, translate

SHARED = {
    GrantKind.PAY: gettext_noop("Pay for me"),
    GrantKind.CONTACT: gettext_noop("My contact details"),
    GrantKind.APPOINTMENTS_AND_FORMS: gettext_noop("My appointments and forms"),
}
LETS_ME = {
    GrantKind.PAY: gettext_noop("You may pay their invoices"),
    GrantKind.CONTACT: gettext_noop("You see their contact details"),
    GrantKind.APPOINTMENTS_AND_FORMS: gettext_noop("You see their appointments and forms"),
}
_PRICED = {
    Period.MONTH: gettext_noop("{price} a month"),
    Period.QUARTER: gettext_noop("{price} a quarter"),
    Period.YEAR: gettext_noop("{price} a year"),
}
SEXES = {"female": gettext_noop("Female"), "male": gettext_noop("Male"), "other": gettext_noop("Other")}


def born_words(language: str, born: date | None) -> str:
    if born is None:
        return translate(language, "Date of birth not on file")
    return translate(language, "Born {date}", date=full_date_text(language, born))


def sex_words(language: str, sex: str) -> str:
    return translate(language, SEXES[sex]) if sex in SEXES else sex or translate(language, "Not on file")


def price_words(language: str, period: Period, price: str) -> str:
    return translate(language, _PRICED[period], price=price)


def span_words(language: str, start: date, end: date | None) -> str:
    if end is None:
        return translate(language, "Since {start}", start=full_date_text(language, start))
    first, last = full_date_text(language, start), full_date_text(language, end)
    return translate(language, "From {start} to {end}", start=first, end=last)
