"""What a patient's phone has to load: gzipped, counted from the built files."""

import gzip
import re
from pathlib import Path

import pytest

SCRIPT, STYLE, FONT = 165 * 1024, 12 * 1024, 21 * 1024
PATIENT_PAGES = ("sign-in", "invoices", "receipt", "es/sign-in", "es/invoices", "es/receipt")


def gzipped(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def loaded(built: Path, page: str, ending: str) -> dict[str, int]:
    """What the page's HTML names, by file."""
    html = (built / f"{page}.html").read_text()
    names = dict.fromkeys(re.findall(rf"/([\w./$\-\[\]~+]+\.{ending})\b", html))
    return {name: gzipped(built / name) for name in names if (built / name).is_file()}


def pages(built: Path) -> list[str]:
    return [page for page in PATIENT_PAGES if (built / f"{page}.html").exists()]


def test_a_patients_page_is_light(built: Path):
    heavy = {}
    for page in pages(built):
        script, style = loaded(built, page, "js"), loaded(built, page, "css")
        assert script, page
        print(
            f"{page}: {sum(script.values()) / 1024:.1f} KB script, {sum(style.values()) / 1024:.1f} KB style"
        )
        if sum(script.values()) > SCRIPT or sum(style.values()) > STYLE:
            heavy[page] = (script, style)
    assert not heavy


def test_one_subset_font(built: Path):
    for page in pages(built):
        fonts = loaded(built, page, "woff2")
        assert len(fonts) <= 1, page
        assert sum((built / name).stat().st_size for name in fonts) <= FONT


@pytest.mark.parametrize("word", ["stripe", "recharts", "rx-themes"])
def test_what_only_some_need_is_not_on_the_first_page(built: Path, word: str):
    """Stripe's part loads where one pays, charts only for staff, Radix Themes nowhere."""
    for name in loaded(built, "sign-in", "js") | loaded(built, "sign-in", "css"):
        assert word not in name.lower()
        if word == "rx-themes":
            assert word not in (built / name).read_text()
