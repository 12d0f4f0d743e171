"""The colours of the tokens can be read: WCAG contrast, light and dark."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "assets" / "tokens.css").read_text()
TEXT, STRONG_TEXT, SHAPE = 4.5, 7.0, 3.0
PAIRS = [
    *[(ink, ground, STRONG_TEXT) for ink in ("ink", "ink-2") for ground in ("canvas", "surface")],
    ("ink", "sunken", STRONG_TEXT),
    ("ink", "brand-soft", STRONG_TEXT),
    ("brand-ink", "brand-soft", STRONG_TEXT),
    ("ink-2", "sunken", TEXT),
    *[(ink, ground, TEXT) for ink in ("ink-3",) for ground in ("canvas", "surface", "sunken")],
    *[(ink, ground, TEXT) for ink in ("brand", "late") for ground in ("canvas", "surface")],
    ("on-brand", "brand", TEXT),
    ("on-brand", "brand-strong", TEXT),
    ("on-danger", "danger", TEXT),
    *[(tone, f"{tone}-soft", TEXT) for tone in ("due", "late", "paid", "info", "quiet")],
    *[("ink", f"{tone}-soft", TEXT) for tone in ("due", "late", "paid", "info")],
    *[
        (edge, ground, SHAPE)
        for edge in ("line-strong", "focus")
        for ground in ("canvas", "surface", "sunken")
    ],
]


def tokens(selector: str) -> dict[str, str]:
    block = re.search(re.escape(selector) + r"\s*\{(.*?)\}", CSS, re.S)
    assert block
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})", block[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [":root", ".dark"])
@pytest.mark.parametrize(("ink", "ground", "needs"), PAIRS)
def test_text_has_enough_contrast_on_its_ground(theme: str, ink: str, ground: str, needs: float):
    colours = tokens(theme)
    assert contrast(colours[ink], colours[ground]) >= needs
