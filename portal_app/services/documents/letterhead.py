"""What every document of the practice has: the letterhead, and the shape of its tables."""

from typing import Any

import phonenumbers

from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.i18n import paper_language, translate


def letterhead(practice: Practice, language: str) -> dict[str, Any]:
    """The practice's name and address, language and footer of a document."""
    lang, _, region = paper_language(language).partition("-")
    return {
        "lang": lang,
        "region": region,
        "paper": practice.paper,
        "practice": {
            "name": practice.name,
            "address": _lines(practice, practice.country),
            "reach": [
                part for part in (shown_phone(practice.phone), practice.email, practice.website) if part
            ],
        },
        "to_label": translate(language, "To"),
        "page_words": translate(language, "Page {page} of {pages}"),
        "footer": practice.name,
    }


def address_of(person: Patient) -> list[str]:
    """A person's name and address, line by line."""
    return [person.full_name.strip(), *_lines(person, "")]


def shown_phone(phone: str) -> str:
    """As people at home write it; anything that is no number stays as it is."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    style = phonenumbers.PhoneNumberFormat.NATIONAL
    return phonenumbers.format_number(number, style)


def column(title: str, *, wide: bool = False, right: bool = False) -> dict[str, Any]:
    """A column of a table in a document."""
    return {"title": title, "wide": wide, "right": right}


def table_of(heading: str, columns: list[dict[str, Any]], rows: list[list[str]]) -> dict[str, Any]:
    """A table of a document, without the columns that no row fills."""
    filled = [i for i in range(len(columns)) if any(row[i] for row in rows)] or range(len(columns))
    return {
        "heading": heading,
        "columns": [columns[i] for i in filled],
        "rows": [[row[i] for i in filled] for row in rows],
    }


def _lines(place: Practice | Patient, country: str) -> list[str]:
    town = " ".join(word for word in (place.city, place.region, place.postal_code) if word)
    if place.city and place.region:
        town = f"{place.city}, {place.region} {place.postal_code}".strip()
    lines = [place.line1, place.line2, town, country if country != "US" else ""]
    return [text for text in lines if text]
