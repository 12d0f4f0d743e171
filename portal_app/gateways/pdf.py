"""PDFs by typst: tagged (PDF/UA-1), in the bundled fonts only, from templates that get data, never markup."""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import typst

from portal_app.domain.json_values import is_list_or_tuple, is_object

_HERE = Path(__file__).parent.parent / "typst"

_UNPRINTABLE = {"Cc", "Cs", "Co", "Cn"}


class Typesetter(Protocol):
    def render_pdf(self, template: str, facts: Mapping[str, Any], made: datetime) -> bytes:
        """Make a PDF: `template` names a file of portal_app/typst; `facts` are JSON and arrive there as data."""
        ...


class TypstTypesetter:
    """The fonts are read once; a compiler is made per document, so that threads share nothing else."""

    def __init__(self) -> None:
        self._fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[_HERE / "fonts"]
        )

    def render_pdf(self, template: str, facts: Mapping[str, Any], made: datetime) -> bytes:
        made_of = typst.Compiler(
            input=_HERE / f"{template}.typ",
            root=_HERE,
            font_paths=self._fonts,
            sys_inputs={"facts": json.dumps(_printable(facts), ensure_ascii=False)},
        )
        when = int(made.timestamp())
        try:
            document = made_of.compile(format="pdf", pdf_standards="ua-1", timestamp=when)
        except typst.TypstError:
            # A character that no bundled font has (an emoji in a name): tagged all the same, with a box
            # for it. A mistake in the template fails here again.
            document = made_of.compile(format="pdf", timestamp=when)
        if not isinstance(document, bytes):
            raise TypeError("typst gave no document")
        return document


@cache
def typesetter() -> TypstTypesetter:
    """The one of this process: its fonts take a moment to read."""
    return TypstTypesetter()


def _printable(facts: Any) -> Any:
    """The facts without what no paper can show: control characters, private and unassigned ones, half pairs."""
    if isinstance(facts, str):
        return "".join(c for c in facts if c == "\n" or unicodedata.category(c) not in _UNPRINTABLE)
    if is_object(facts):
        return {key: _printable(value) for key, value in facts.items()}
    return [_printable(fact) for fact in facts] if is_list_or_tuple(facts) else facts
