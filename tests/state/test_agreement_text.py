"""The text of an agreement as rows of a page."""

from portal_app.services.agreements.texts.markdown import read_blocks
from portal_app.state.agreement_text import ListItem, TextRow, TextRun, text_rows

MARKDOWN = """# Fees

Pay **on time** and *gladly*, ***always***.

### Details

- one
  1. inner
- two

> said

---

{{initials: I have read the fees}}

{{choice: email | paper}}
"""


def test_each_kind_of_block_is_a_row_and_no_level_of_headings_is_left_out():
    rows = text_rows(read_blocks(MARKDOWN), {"choice-1": "paper"})
    assert [row.kind for row in rows] == [
        "h2",
        "paragraph",
        "h3",
        "list",
        "quote",
        "rule",
        "initials",
        "choice",
    ]
    assert [(run.text, run.style) for run in rows[1].runs] == [
        ("Pay ", ""),
        ("on time", "strong"),
        (" and ", ""),
        ("gladly", "emphasis"),
        (", ", ""),
        ("always", "both"),
        (".", ""),
    ]
    assert rows[3].listed == [
        ListItem(1, "•", [TextRun("one")]),
        ListItem(2, "1.", [TextRun("inner")]),
        ListItem(1, "•", [TextRun("two")]),
    ]
    assert rows[6] == TextRow("initials", [TextRun("I have read the fees")], place="initials-1")
    assert rows[7] == TextRow("choice", place="choice-1", options=["email", "paper"], answer="paper")


def test_markup_in_a_text_stays_text():
    (row,) = text_rows(read_blocks("<b onclick='x'>Hi</b> {{price}}"))
    assert row.runs == [TextRun("<b onclick='x'>Hi</b> {{price}}")]
