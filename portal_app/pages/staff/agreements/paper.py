"""The form that records an agreement which was signed on paper: its scan goes to a route of its own (assets/scan.js)."""

import reflex as rx

from portal_app.components.i18n import _, fill, fill_var, language
from portal_app.components.kit import button, card, el, submit
from portal_app.domain.agreements.copy_files import SCAN_AT_MOST
from portal_app.pages.staff.list_parts import small_field, small_input
from portal_app.state.staff.agreements.requests import AgreementRequestsState

S = AgreementRequestsState


def paper_form() -> rx.Component:
    return card(
        el.h2(
            fill_var("Paper signed for {name}", name=S.paper_person),
            class_name="text-lg font-bold",
            data_focus="said",
            key=S.paper,
        ),
        el.form(
            scan_field(),
            small_field(_("Day of signing"), small_input("signed_on", "date"), name="signed_on"),
            small_field(_("Who signed"), small_input("signed_by", max_length=200), name="signed_by"),
            el.p(id="scan-error", role="alert", class_name="text-late font-bold empty:hidden"),
            el.div(
                submit(_("Record the paper")),
                button(_("Cancel"), kind="second", on_click=S.close_paper),
                class_name="flex flex-wrap gap-3",
            ),
            data_scan=S.paper,
            data_most=str(SCAN_AT_MOST * 1024 * 1024),
            data_none=_("Choose a file first."),
            data_large="".join(fill("Choose a PDF file of at most {most} MB.", most=str(SCAN_AT_MOST))),
            data_failed=_("The file could not be sent. Check your connection and try again."),
            data_language=language(),
            no_validate=True,
            class_name="space-y-4 mt-3 max-w-[32rem]",
        ),
        cls="p-5 mt-4",
    )


def scan_field() -> rx.Component:
    file = el.input(
        custom_attrs={"id": "file"},
        name="file",
        type="file",
        accept="application/pdf,.pdf",
        aria_describedby="file-hint",
        class_name="input",
    )
    hint = fill("A PDF of at most {most} MB.", most=str(SCAN_AT_MOST))
    return el.div(
        small_field(_("Scan"), file, name="file"),
        el.p(*hint, id="file-hint", class_name="text-sm text-ink-2 mt-1"),
    )
