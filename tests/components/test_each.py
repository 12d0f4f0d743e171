"""Lists within lists: what an inner row says of the outer item is the outer item's."""

from typing import Any

import reflex as rx

from portal_app.components.i18n import each
from portal_app.components.kit import el
from portal_app.state.agreement_text import TextRow


def test_an_inner_row_may_speak_of_the_outer_item():
    rows: Any = rx.Var("rows", _var_type=list[TextRow]).guess_type()

    def one(row: Any) -> rx.Component:
        return el.ul(each(row.options, lambda option: el.li(option, el.input(name=row.place))))

    code = str(each(rows, one))
    inner = code[code.index("options") :]
    name = inner.split("name:")[1].split("?.")[0].strip(" (")
    outer = code.split("((")[1].split(",")[0]
    assert name == outer and f"(({outer}," not in inner, code
