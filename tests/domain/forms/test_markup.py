"""Formatted words of a form are cleaned: nothing in them runs or loads anything."""

import re
import time

import pytest

from portal_app.domain.forms.importing.markup import clean_html, clean_markdown
from tests.domain.forms.forms_helper import extension, findings_of, form_of


@pytest.mark.parametrize(
    ("given", "html", "changed"),
    [
        ("<b>Very</b> important", "<b>Very</b> important", False),
        ("a<script>alert(1)</script>b", "ab", True),
        ('<p onclick="x()">a</p>', "<p>a</p>", True),
        ('<img src="https://elsewhere.example/p.png" alt="p">', "", True),
        (
            '<img src="data:image/png;base64,AAAA" alt="p">',
            '<img src="data:image/png;base64,AAAA" alt="p">',
            False,
        ),
        ('<a href="javascript:x()">a</a>', '<a rel="noopener noreferrer">a</a>', False),
        ('<a href="data:text/html,x">a</a>', '<a rel="noopener noreferrer">a</a>', False),
        ('<a href="tel:988">988</a>', '<a href="tel:988" rel="noopener noreferrer">988</a>', False),
        ('<span style="position:fixed">a</span>', "<span>a</span>", False),
        ("<form><input name=x></form>", "", True),
        ('<img alt="><script>x()</script>">', "", True),
        ('<img alt="<img onerror=x() src=y>">', '<img alt="&lt;img onerror=x() src=y&gt;">', True),
    ],
)
def test_html_keeps_what_is_harmless_and_says_what_is_gone(given: str, html: str, changed: bool):
    cleaned = clean_html(given)
    assert (cleaned.html, cleaned.is_changed) == (html, changed)


def test_markdown_becomes_html_and_html_in_it_stays_text():
    assert clean_markdown("**a** <b>x</b>").html == "<p><strong>a</strong> &lt;b&gt;x&lt;/b&gt;</p>"


def test_plain_words_are_made_of_html():
    assert clean_html("<p>One &amp; two</p><ul><li>three</li></ul>").plain == "One & two\nthree"
    rich = {"extension": [extension("rendering-xhtml", "String", "<p>One</p><p>Two</p>")]}
    form = form_of({"linkId": "1", "type": "display", "_text": rich})
    assert form.items[0].text.plain == "One\nTwo"
    assert form.items[0].text.html == "<p>One</p><p>Two</p>"


def test_cleaned_markup_is_said_with_its_place():
    rich = {"extension": [extension("rendering-xhtml", "String", "a<script>x</script>")]}
    found = findings_of({"linkId": "1", "type": "display", "text": "a", "_text": rich})
    assert found == [("markup_cleaned", "repaired", "1")]


@pytest.mark.parametrize(
    "hostile", ["<" * 20_000, "<br " * 12_000, "<a on" * 10_000, '<img alt="' * 5_000, "*_" * 4_000]
)
def test_hostile_markup_is_cleaned_in_time_and_nothing_of_it_runs(hostile: str):
    begun = time.process_time()
    for cleaned in (clean_html(hostile), clean_markdown(hostile)):
        assert "<script" not in cleaned.html
        assert "onerror=x() src=y" not in re.sub(r'"[^"]*"', "", cleaned.html)
    assert time.process_time() - begun < 5


def test_a_very_long_formatted_text_loses_its_format():
    cleaned = clean_html("<b>word</b> " * 10_000)
    assert (cleaned.html, cleaned.is_changed) == ("", True)
    assert cleaned.plain.startswith("word word")
    assert clean_markdown("x" * 60_000).plain == "x" * 60_000
