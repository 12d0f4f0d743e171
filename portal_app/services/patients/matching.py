"""Which patients a search means: the one answer for every page that looks patients up by words."""

from typing import Any

from sqlmodel import col, literal, or_

from portal_app.db.tables.families import Patient

MOST_WORDS = 6


def matches(text: str) -> Any:
    """A condition on patients: each word of `text` stands in their name or begins their chart number.

    The order of the words and their case do not matter; a comma separates words as a space does;
    "%" and "_" mean themselves. A chart number with a space in it may be written out. No word: nobody.
    """
    words = text.replace(",", " ").split()[:MOST_WORDS]
    if not words:
        return literal(False)
    name = col(Patient.given_name) + " " + col(Patient.family_name)
    chart = col(Patient.chart_number)
    each = literal(True)
    for word in words:
        meant = or_(name.icontains(word, autoescape=True), chart.istartswith(word, autoescape=True))
        each = each & meant
    return or_(each, chart.istartswith(text.strip(), autoescape=True))
