"""PDFs from facts: every name can be read, nothing a person types is markup, and it is quick."""

import csv
import io
import json
import time
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from portal_app.gateways.pdf import typesetter

HARD = "shared/data/04_hardcases"
MADE = datetime(2026, 6, 15, tzinfo=UTC)
FONTS = Path(__file__).parents[2] / "portal_app/typst/fonts"


def facts(*texts: str, rows: int = 1) -> dict[str, Any]:
    return {
        "lang": "es",
        "region": "US",
        "paper": "a4",
        "title": "Factura 1",
        "heading": "Factura 1",
        "practice": {"name": "Cedar", "address": ["1 Elm St"], "reach": []},
        "to": list(texts),
        "to_label": "Para",
        "facts": [["Fecha", texts[0]]],
        "tables": [
            {
                "heading": "Detalle",
                "columns": [{"title": "Qué", "wide": True, "right": False}],
                "rows": [[text] for text in texts] * rows,
            }
        ],
        "totals": [["Total", "$1.00", True]],
        "notes": list(texts),
        "page_words": "Página {page} de {pages}",
        "footer": "Cedar",
    }


def made(*texts: str, rows: int = 1) -> PdfReader:
    return PdfReader(io.BytesIO(typesetter().render_pdf("paper", facts(*texts, rows=rows), MADE)))


def text_of(document: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in document.pages)


def root_of(document: PdfReader) -> Any:
    return document.trailer["/Root"]


def is_ua(document: PdfReader) -> bool:
    return b"pdfuaid" in root_of(document)["/Metadata"].get_object().get_data()


def squeezed(text: str) -> str:
    """Letters without the spaces between, as the typesetter takes them apart (Thai ำ is two)."""
    return "".join(unicodedata.normalize("NFKD", text).split())


def hard(name: str) -> Path:
    """A list of the data folder beside the repository."""
    for folder in Path(__file__).parents:
        if (file := folder / HARD / name).exists():
            return file
    pytest.skip(f"{name} is not here")


def test_it_is_tagged_titled_and_in_a_language() -> None:
    document = made("Maria")
    root = root_of(document)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "es-US"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert document.metadata
    assert document.metadata.title == "Factura 1"
    assert is_ua(document)
    assert document.pages[0].mediabox.width == pytest.approx(595.28, abs=0.1)


def test_tables_have_header_cells_and_pages_are_numbered() -> None:
    pdf = typesetter().render_pdf("paper", facts("Maria", rows=120), MADE)
    document = PdfReader(io.BytesIO(pdf))
    kinds = {str(o.get_object().get("/S")) for o in _structure(root_of(document)["/StructTreeRoot"])}
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= kinds
    pages = len(document.pages)
    assert pages > 2
    assert f"Página 2 de {pages}" in document.pages[1].extract_text()


def _structure(node: Any) -> Any:
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        found = child.get_object()
        if isinstance(found, dict) and "/S" in found:
            yield found
            yield from _structure(found)


@pytest.mark.slow
def test_every_name_of_the_list_can_be_read() -> None:
    with hard("names_by_locale.csv").open(encoding="utf-8") as lines:
        names = sorted({f"{row['given']} {row['family']}" for row in csv.DictReader(lines)})
    assert len(names) > 250
    document = made(*names)
    assert is_ua(document)  # which it is only with a glyph for every character
    # pypdf gives right-to-left words in its own order, and Thai clusters twice.
    readable = [n for n in names if not any("\u0590" <= c <= "\u0eff" for c in n)]
    text = squeezed(text_of(document))
    assert [n for n in readable if squeezed(n) not in text] == []


@pytest.mark.slow
def test_nothing_a_person_types_is_markup() -> None:
    strings = json.loads(hard("blns.json").read_text(encoding="utf-8"))
    for start in range(0, len(strings), 40):
        assert made(*[s or "-" for s in strings[start : start + 40]]).pages


@pytest.mark.parametrize(
    "text",
    [
        '#panic("x")',
        '#read("/paper.typ")',
        "$x^2$",
        "*not bold*",
        "= no heading",
        "a_b_c",
        "<label> @ref",
        "\\",
        "//",
    ],
)
def test_code_of_the_typesetter_is_shown_as_it_was_typed(text: str) -> None:
    assert text in text_of(made(text))


LONG_WORDS = [
    "A" * 180,
    "W" * 180,
    "D0120;D0274;D1110;" * 10,
    "code_" * 36,
    "https://portal.example.org/" + "a/b?c=d&" * 20,
    "MARIA.RIVERA." * 14 + "@example.com",
    "ñ" * 180,
    "Ж" * 180,
    "歯" * 180,
    "e\u0301" * 180,
    "1234567890" * 18,
]


@pytest.mark.parametrize("word", LONG_WORDS)
def test_b80_a_long_word_is_broken_inside_its_place(word: str) -> None:
    columns = [
        {"title": title, "wide": title == "What", "right": title == "Amount"}
        for title in ("Date", "What", "Who", "Amount")
    ]
    rows = [
        ["Jun 15, 2026", word, "Eva", "$1,234,567.00"],
        ["Jun 15, 2026", "x", word, "$12.00"],
        [word, "x", "x", "$7.00"],
    ]
    said = facts(word) | {
        "practice": {"name": word, "address": [word], "reach": [word]},
        "facts": [["Fecha", word], [word, "x"]],
        "tables": [{"heading": word, "columns": columns, "rows": rows}],
        "totals": [[word, "$99.00", True]],
        "heading": word,
        "footer": word,
    }
    document = PdfReader(io.BytesIO(typesetter().render_pdf("paper", said, MADE)))
    lines = [line for page in document.pages for line in page.extract_text().splitlines()]
    text = squeezed("".join(lines)).replace("\u200b", "")
    assert is_ua(document)
    assert text.count(squeezed(word)) >= 5
    assert all(amount in text for amount in ("$1,234,567.00", "$12.00", "$7.00", "$99.00"))
    # A line of the paper is 17 cm: about 90 letters "A". The word does not fit into one.
    assert max(len(unicodedata.normalize("NFC", line.replace("\u200b", ""))) for line in lines) < 150


def test_b80_a_word_that_fits_stays_whole() -> None:
    document = made("Nachkontrolluntersuchungstermin INV-2026-000123 https://cedar.example/portal")
    assert "\u200b" not in text_of(document)


def test_a_character_that_no_font_has_does_not_cost_the_paper() -> None:
    document = made("Maria 😍")
    assert "Maria" in text_of(document)
    assert not is_ua(document)


def test_half_pairs_and_control_characters_are_left_out() -> None:
    assert "MariaRivera" in text_of(made("Maria\x00\ud800\x1bRivera"))


def test_the_fonts_are_small_and_free() -> None:
    assert sum(f.stat().st_size for f in FONTS.glob("*.ttf")) < 12_000_000
    assert "SIL Open Font License" in (FONTS / "OFL.txt").read_text()


def test_it_is_quick() -> None:
    made("warm")
    start = time.perf_counter()
    for n in range(10):
        typesetter().render_pdf("paper", facts(f"Person {n}"), MADE)
    assert (time.perf_counter() - start) / 10 < 0.25  # about 0.02 s on an idle core
