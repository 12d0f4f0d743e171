"""The guards of the staff billing pages: each handler refuses by itself, whatever the page shows."""

import inspect
from typing import Any

import pytest

from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.billing.types import Method
from portal_app.domain.errors import NotSignedIn
from portal_app.state import base
from portal_app.state.staff.billing.invoice_panel import InvoicePanelState
from portal_app.state.staff.billing.new_invoice import NewInvoiceState
from portal_app.state.staff.billing.patient import PatientState
from portal_app.state.staff.billing.patients import PatientsState
from portal_app.state.staff.billing.pay_links import InvoicePayLinkState
from portal_app.state.staff.billing.payment_panel import PaymentPanelState
from portal_app.state.staff.billing.transactions import TransactionsState
from portal_app.state.staff.labels import payment_method_text
from portal_app.state.staff.settings import SettingsState
from portal_app.state.staff.tasks import TasksState
from portal_app.state.staff.templates import TemplatesState
from portal_app.visitor import Visitor
from tests.people import INVOICE, People

STATES = [
    InvoicePanelState,
    NewInvoiceState,
    PatientState,
    PatientsState,
    InvoicePayLinkState,
    PaymentPanelState,
    SettingsState,
    TasksState,
    TransactionsState,
    TemplatesState,
]
BY_NAME = {state.__name__: state for state in STATES}
# What each handler needs; a new one has to be written down here.
NEEDS = {
    "InvoicePanelState": {
        "open_panel": Permission.VIEW_BILLING,
        "close_panel": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "send_draft": Permission.TAKE_PAYMENTS,
        "discard_draft": Permission.TAKE_PAYMENTS,
        "void_or_write_off": Permission.TAKE_PAYMENTS,
    },
    "NewInvoiceState": dict.fromkeys(
        ("load", "save_draft_field", "start_over", "add_line", "save_invoice"), Permission.TAKE_PAYMENTS
    ),
    "PatientState": {
        "load": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "open_payment_form": Permission.TAKE_PAYMENTS,
        "close_payment_form": Permission.TAKE_PAYMENTS,
        "record_payment": Permission.TAKE_PAYMENTS,
        "use_credit": Permission.TAKE_PAYMENTS,
    },
    "InvoicePayLinkState": dict.fromkeys(
        ("load_links", "make_link", "send_link", "revoke_link"), Permission.TAKE_PAYMENTS
    ),
    "PatientsState": dict.fromkeys(("load", "search_patients"), Permission.STAFF_SIGNED_IN),
    "PaymentPanelState": {
        "open_panel": Permission.VIEW_BILLING,
        "close_panel": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "post_payment": Permission.POST_TO_LEDGER,
        "refund_payment": Permission.REFUND,
    },
    "SettingsState": dict.fromkeys(
        (
            *("load", "refresh", "set_switch", "save_minimum", "save_age", "save_link_days", "save_origins"),
            *("save_membership_number", "save_agreement_number"),
        ),
        Permission.MANAGE_SETTINGS,
    ),
    "TasksState": {
        **dict.fromkeys(("load", "refresh", "finish_task"), Permission.STAFF_SIGNED_IN),
        "save_chart_number": Permission.EDIT_PATIENTS,
    },
    "TemplatesState": dict.fromkeys(("load", "save_template"), Permission.MANAGE_SETTINGS),
    "TransactionsState": {
        "load": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "search_transactions": Permission.VIEW_BILLING,
        "toggle_payment": Permission.POST_TO_LEDGER,
        "toggle_all_payments": Permission.POST_TO_LEDGER,
        "post_selected": Permission.POST_TO_LEDGER,
    },
}


def handlers(state: Any) -> dict[str, Any]:
    return {name: h.fn for name, h in state.event_handlers.items() if hasattr(h.fn, "guard")}


def own_handlers(state: Any) -> dict[str, Any]:
    return {name: fn for name, fn in handlers(state).items() if name in vars(state)}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_handler_requires_its_permission(state: Any):
    assert {name: fn.guard for name, fn in own_handlers(state).items()} == NEEDS[state.__name__]


class EventFromPage:
    parent_txid = None

    def __init__(self, visitor: Visitor) -> None:
        self.router_data = {"pathname": "/staff", "headers": {"authorization": visitor.header()}}
        self.token = "a page"


@pytest.fixture
def sign_in_as(monkeypatch: pytest.MonkeyPatch) -> Any:
    def sign_in(principal: Principal | None) -> None:
        def principal_of(ref: str, side: Side) -> Principal:
            if principal is None or principal.side is not side:
                raise NotSignedIn
            return principal

        visitor = Visitor("p" * 64, "s" * 64, "203.0.113.7")
        monkeypatch.setattr(base.EventContext, "get", lambda: EventFromPage(visitor))
        monkeypatch.setattr(base, "principal_of", principal_of)

    return sign_in


class Page:
    _automatic_events = ()
    notice = ""
    language = "en"


async def call(fn: Any, **given: Any) -> Page:
    page = Page()
    answer = fn(page, **given)
    if inspect.isasyncgen(answer):
        _ = [step async for step in answer]
    else:
        await answer
    return page


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("PaymentPanelState", "refund_payment", {"form": {"how": "refund", "amount": "1", "reason": "because"}}),
    ("PaymentPanelState", "post_payment", {}),
    ("TransactionsState", "post_selected", {}),
    ("TransactionsState", "toggle_all_payments", {}),
    ("SettingsState", "load", {}),
    ("SettingsState", "set_switch", {"name": "online_payments", "on": False}),
    ("SettingsState", "save_origins", {"form": {"origins": "https://evil.example"}}),
]


@pytest.mark.parametrize(("state", "name", "given"), CALLS)
async def test_the_front_desk_is_refused_and_told_whom_to_ask(
    sign_in_as: Any, sample_people: People, state: str, name: str, given: dict[str, Any]
):
    sign_in_as(sample_people.dana)
    page = await call(handlers(BY_NAME[state])[name], **given)
    assert "Ask an owner of the portal" in page.notice


async def test_a_patient_is_sent_to_the_staff_sign_in(sign_in_as: Any, sample_people: People):
    sign_in_as(sample_people.maria)
    answer = await handlers(InvoicePanelState)["open_panel"](Page(), invoice=INVOICE)
    assert "/staff/sign-in" in str(answer.args)


def test_payment_methods_are_shown_in_the_language_of_the_page() -> None:
    assert payment_method_text("es", Method.CARD, "Visa ending in 4242") == "Visa terminada en 4242"
    assert payment_method_text("es", Method.CHECK, "Check") == "Cheque"
    assert payment_method_text("en", Method.CHECK, "Check 1183") == "Check 1183"
    assert payment_method_text("es", Method.CASH, "") == "Efectivo"
    assert payment_method_text("es", None, "") == ""
