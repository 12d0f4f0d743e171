"""Formatted words of a form: cleaned HTML, and plain words made of it."""

import re
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p",
    "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+")
_LINK = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
_LOST = re.compile(
    r"<\s*(script|img|iframe|object|embed|form|input|link|style|svg|video|audio)\b", re.IGNORECASE
)
_HANDLER = re.compile(r"<[^<>]*\son[a-z]+\s*=", re.IGNORECASE)
_BREAKS = re.compile(r"<\s*(?:br|/p|/div|/li|/tr|/h\d)\b[^<>]*>", re.IGNORECASE)
_NO_PICTURE = re.compile(r"<img(?![^<>]*\ssrc=)[^<>]*>")
_MOST_LETTERS = 50_000  # of one formatted text; a longer one loses its format


class Cleaned(NamedTuple):
    """Cleaned HTML, its plain words, and whether pictures from outside, scripts or other dangerous parts are gone."""

    html: str
    plain: str
    is_changed: bool


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if _PICTURE.fullmatch(value) else None
    if tag == "a" and name == "href":
        return value if _LINK.match(value) else None
    return value


def clean_html(html: str) -> Cleaned:
    """HTML that may stand on a page of the portal: no script, style, form or picture from outside.

    A picture inside the text (data:) stays: as an image it can run nothing. A link opens only http, https, mailto
    and tel.
    """
    if len(html) > _MOST_LETTERS:
        return Cleaned("", _plain(_clean(html[:_MOST_LETTERS])), True)
    # Cleaned again after pictures without an address are out: what is left of a strange one must not be markup.
    cleaned = _clean(_NO_PICTURE.sub("", _clean(html)))
    lost = len(_LOST.findall(html)) > len(_LOST.findall(cleaned)) or bool(_HANDLER.search(html))
    return Cleaned(cleaned.strip(), _plain(cleaned), lost)


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel="noopener noreferrer",
    )


def _plain(cleaned: str) -> str:
    """The words of cleaned HTML, without markup."""
    words = nh3.clean(_BREAKS.sub("\n", cleaned), tags=set(), attributes={})
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&quot;", '"'), ("&amp;", "&")):
        words = words.replace(escaped, plain)
    return re.sub(r"[ \t]*\n\s*", "\n", words).strip()


def clean_markdown(markdown: str) -> Cleaned:
    """The same of markdown; HTML in it is shown as it is written."""
    if len(markdown) > _MOST_LETTERS:
        return Cleaned("", markdown, True)
    return clean_html(MarkdownIt("commonmark", {"html": False, "breaks": True}).render(markdown))
