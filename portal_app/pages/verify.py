"""/verify: anybody asks whether a file is a copy of a signed agreement as the practice sealed it.

The file goes to /verify/file and is not kept (assets/verify.js). The page needs no state: its words are all in it, and
which of them are shown is what the server answers.
"""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import field
from portal_app.components.i18n import _, fill, language
from portal_app.components.kit import card, el, h1, notice, submit
from portal_app.components.screen import page
from portal_app.domain.agreements.copy_files import LARGEST_MB


@page("/verify", "Check a copy", side="open")
def verify() -> rx.Component:
    return el.div(
        h1(_("Check a copy")),
        el.p(
            _(
                "Find out whether a copy of a signed agreement is as we sealed it. Choose the file as you downloaded it or"
                " as we sent it. We do not keep it."
            ),
            class_name="text-ink-2 mt-2",
        ),
        card(_form(), cls="p-6 md:p-8 mt-5"),
        _answers(),
        el.p(
            _("A printed or scanned page cannot be checked here: call us to compare it with our copy."),
            class_name="text-ink-2 text-sm mt-5",
        ),
        class_name="max-w-[40rem]",
    )


def _form() -> rx.Component:
    chosen = el.input(
        custom_attrs={"id": "file"},
        name="file",
        type="file",
        accept="application/pdf,.pdf",
        aria_describedby="file-hint",
        class_name="input",
    )
    hint = "".join(fill("A PDF of at most {most} MB.", most=str(LARGEST_MB)))
    words = {
        "data_most": str(LARGEST_MB * 1_000_000),
        "data_none": _("Choose a file first."),
        "data_large": "".join(
            fill("This file is larger than {most} MB. Our copies are much smaller.", most=str(LARGEST_MB))
        ),
        "data_failed": _("The file could not be sent. Check your connection and try again."),
        "data_language": language(),
    }
    return el.form(
        field(_("Copy to check"), "file", chosen, hint=hint),
        submit(_("Check this file"), cls="mt-5 w-full md:w-auto"),
        data_verify="",
        no_validate=True,
        **words,
    )


def _answers() -> rx.Component:
    """One of them is shown, and takes the focus."""
    genuine = fill("We sealed this file on {day}. Not a byte was changed since.", day=_day())
    changed = fill(
        "This file was made of a copy that we sealed on {day}. Something was changed or added since: ask us"
        " for our copy.",
        day=_day(),
    )
    undated = _("This file carries our seal, and something in it was changed. Ask us for our copy.")
    not_ours = _(
        "This file carries no seal of ours. A copy that was printed, scanned or saved by another program"
        " loses it: choose the file as we sent it."
    )
    return el.div(
        _answer("genuine", notice("paid", _("Genuine"), el.p(*genuine))),
        _answer("changed", notice("late", _("Changed"), el.p(*changed))),
        _answer("changed-undated", notice("late", _("Changed"), el.p(undated))),
        _answer("not_ours", notice("due", _("Not ours"), el.p(not_ours))),
        _answer("refused", notice("late", _("Not checked"), el.p(el.span(class_name="said")))),
        id="verified",
        class_name="mt-5",
    )


def _answer(verdict: str, said: Any) -> rx.Component:
    return el.div(said, id=f"verified-{verdict}", hidden=True, tab_index=-1)


def _day() -> rx.Component:
    return el.span(class_name="said font-bold")
