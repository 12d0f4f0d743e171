"""Parsing what people type: dates of birth in three fields, codes inside a pasted message."""

import re
from datetime import date
from urllib.parse import quote

from portal_app.domain.credentials.codes import bare_code
from portal_app.domain.text import plain_signs
from portal_app.state.errors import BirthDateIncomplete, BirthYearTooShort, CodeNotSixDigits, InvalidDate

MONTHS = (
    "january february march april may june july august september october november december",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
)


def six_digits(typed: str) -> str:
    """The six digits of a code, also from a pasted message. Raises CodeNotSixDigits for none or more than one."""
    found = re.findall(r"(?<![\w.-])\d{3}[\s-]{0,3}\d{3}(?!-?\w)", plain_signs(typed[:400]), re.ASCII)
    codes = {bare_code(one) for one in found}
    if len(codes) != 1:
        bare = bare_code(typed[:400])
        codes = {bare} if re.fullmatch(r"\d{6}", bare, re.ASCII) else set[str]()
    if len(codes) != 1:
        raise CodeNotSixDigits
    return codes.pop()


def birth_date(form: dict[str, str]) -> date:
    """The date in born_month ("4", "04", "April", "abr"), born_day and born_year (four digits).

    Raises: BirthDateIncomplete, BirthYearTooShort, InvalidDate.
    """
    day, month, year = (
        plain_signs(form.get(f"born_{part}", "")).strip() for part in ("day", "month", "year")
    )
    if not (day and month and year):
        raise BirthDateIncomplete
    if not re.fullmatch(r"\d{4}", year, re.ASCII):
        raise BirthYearTooShort
    try:
        return date(int(year), _month(month), int(day))
    except ValueError:
        raise InvalidDate(field="born") from None


def _month(typed: str) -> int:
    """1 to 12, from digits or from at least three letters of the name in English or Spanish."""
    if typed.isascii() and typed.isdigit():
        return int(typed)
    start = typed.lower().rstrip(".")
    for names in MONTHS:
        found = [n for n, name in enumerate(names.split(), 1) if name.startswith(start)]
        if len(start) >= 3 and len(found) == 1:
            return found[0]
    raise ValueError(typed)


def as_image(svg: str) -> str:
    """A QR code's SVG as the address of an <img>."""
    return f"data:image/svg+xml,{quote(svg)}" if svg else ""
