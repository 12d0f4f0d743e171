"""The texts to begin with: one for each kind, in the languages that the portal brings."""

from functools import cache
from pathlib import Path

from portal_app.domain.agreements.types import AgreementKind

_FOLDER = Path(__file__).parents[3] / "agreement_texts"


@cache
def built_in_texts(kind: AgreementKind) -> dict[str, dict[str, str]]:
    """{language: {"title": …, "markdown": …}}; empty for a kind without a text. The first line of a file is the title."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted(_FOLDER.glob(f"{kind}.*.md")):
        title, _, markdown = file.read_text(encoding="utf-8").partition("\n")
        found[file.suffixes[0].removeprefix(".")] = {
            "title": title.removeprefix("# ").strip(),
            "markdown": markdown.strip() + "\n",
        }
    return found
