"""Which patients a search means: the one answer for every page that looks patients up by words."""

from typing import Any

from sqlmodel import col, literal, or_

from portal_app.db.tables.families import Patient
from portal_app.domain.text import plain_signs

MOST_WORDS = 6


def matches(text: str) -> Any:
    """A condition on patients: each word of `text` stands in their name or begins their chart number.

    The order of the words and their case do not matter; a comma separates words as a space does;
    "%" and "_" mean themselves. A chart number with a space in it may be written out, and with any dash and the
    digits of any script. No word: nobody.
    """
    words = text.replace(",", " ").split()[:MOST_WORDS]
    if not words:
        return literal(False)
    name = col(Patient.given_name) + " " + col(Patient.family_name)
    each = literal(True)
    for word in words:
        meant = or_(name.icontains(word, autoescape=True), _chart_begins(word))
        each = each & meant
    return or_(each, _chart_begins(text.strip()))


def has_chart_number(text: str) -> Any:
    """A condition on patients: this is their whole chart number, with any dash and the digits of any script."""
    return col(Patient.chart_number).in_({text.strip(), plain_signs(text).strip()})


def _chart_begins(text: str) -> Any:
    chart = col(Patient.chart_number)
    spellings = {text, plain_signs(text)} - {""}
    return or_(*(chart.istartswith(spelling, autoescape=True) for spelling in sorted(spellings)))
