"""PDFs by typst: tagged (PDF/UA-1), in the bundled fonts only, from templates that get data, never markup."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import typst

_HERE = Path(__file__).parent.parent / "typst"


class Typesetter(Protocol):
    def pdf(self, template: str, facts: Mapping[str, Any], made: datetime) -> bytes:
        """`template` names a file of portal_app/typst; `facts` are JSON and arrive there as data."""
        ...


class TypstTypesetter:
    """The fonts are read once; a compiler is made per document, so that threads share nothing else."""

    def __init__(self) -> None:
        self._fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[_HERE / "fonts"]
        )

    def pdf(self, template: str, facts: Mapping[str, Any], made: datetime) -> bytes:
        made_of = typst.Compiler(
            input=_HERE / f"{template}.typ",
            root=_HERE,
            font_paths=self._fonts,
            sys_inputs={"facts": json.dumps(facts, ensure_ascii=False)},
        )
        document = made_of.compile(format="pdf", pdf_standards="ua-1", timestamp=int(made.timestamp()))
        if not isinstance(document, bytes):
            raise TypeError("typst gave no document")
        return document


@cache
def typesetter() -> TypstTypesetter:
    """The one of this process: its fonts take a moment to read."""
    return TypstTypesetter()
