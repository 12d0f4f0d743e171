"""Who gets through the doors of the practice's money pages: each handler refuses, whatever the page shows."""

import inspect
from typing import Any

import pytest

from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.billing.types import Method
from portal_app.domain.errors import NotSignedIn
from portal_app.state import base
from portal_app.state.staff.billing.invoices import InvoicePanelState, NewInvoiceState
from portal_app.state.staff.billing.patient import PatientState
from portal_app.state.staff.billing.patients import PatientsState
from portal_app.state.staff.billing.pay_links import PayLinkState
from portal_app.state.staff.billing.payment_panel import PaymentPanelState
from portal_app.state.staff.billing.transactions import TransactionsState
from portal_app.state.staff.labels import shown_with
from portal_app.state.staff.settings import SettingsState
from portal_app.state.staff.tasks import TasksState
from portal_app.state.staff.templates import WordingState
from portal_app.visitor import Visitor
from tests.people import INVOICE, People

STATES = [
    InvoicePanelState,
    NewInvoiceState,
    PatientState,
    PatientsState,
    PayLinkState,
    PaymentPanelState,
    SettingsState,
    TasksState,
    TransactionsState,
    WordingState,
]
BY_NAME = {state.__name__: state for state in STATES}
# What each handler needs; a new one has to be written down here.
NEEDS = {
    "InvoicePanelState": {
        "show": Permission.VIEW_BILLING,
        "close": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "send": Permission.TAKE_PAYMENTS,
        "discard": Permission.TAKE_PAYMENTS,
        "end": Permission.TAKE_PAYMENTS,
    },
    "NewInvoiceState": dict.fromkeys(
        ("load", "keep", "start_anew", "add_line", "save"), Permission.TAKE_PAYMENTS
    ),
    "PatientState": {
        "load": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "ask": Permission.TAKE_PAYMENTS,
        "stop_asking": Permission.TAKE_PAYMENTS,
        "record": Permission.TAKE_PAYMENTS,
        "use_credit": Permission.TAKE_PAYMENTS,
    },
    "PayLinkState": dict.fromkeys(("look", "make", "send", "revoke"), Permission.TAKE_PAYMENTS),
    "PatientsState": dict.fromkeys(("load", "search"), Permission.STAFF_SIGNED_IN),
    "PaymentPanelState": {
        "show": Permission.VIEW_BILLING,
        "close": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "post": Permission.POST_TO_LEDGER,
        "refund": Permission.REFUND,
    },
    "SettingsState": dict.fromkeys(
        ("load", "refresh", "switch", "save_minimum", "save_age", "save_link_days", "save_origins"),
        Permission.MANAGE_SETTINGS,
    ),
    "TasksState": dict.fromkeys(("load", "refresh", "finish"), Permission.STAFF_SIGNED_IN),
    "WordingState": dict.fromkeys(("load", "save"), Permission.MANAGE_SETTINGS),
    "TransactionsState": {
        "load": Permission.VIEW_BILLING,
        "refresh": Permission.VIEW_BILLING,
        "search": Permission.VIEW_BILLING,
        "choose": Permission.POST_TO_LEDGER,
        "choose_all": Permission.POST_TO_LEDGER,
        "post_chosen": Permission.POST_TO_LEDGER,
    },
}


def handlers(state: Any) -> dict[str, Any]:
    return {name: h.fn for name, h in state.event_handlers.items() if hasattr(h.fn, "guard")}


def own(state: Any) -> dict[str, Any]:
    return {name: fn for name, fn in handlers(state).items() if name in vars(state)}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_handler_has_the_door_it_needs(state: Any):
    assert {name: fn.guard for name, fn in own(state).items()} == NEEDS[state.__name__]


class Here:
    parent_txid = None

    def __init__(self, visitor: Visitor) -> None:
        self.router_data = {"pathname": "/staff", "headers": {"authorization": visitor.header()}}
        self.token = "a page"


@pytest.fixture
def as_(monkeypatch: pytest.MonkeyPatch) -> Any:
    def stand(who: Principal | None) -> None:
        def known(ref: str, side: Side, *, touch: bool) -> Principal:
            if who is None or who.side is not side:
                raise NotSignedIn
            return who

        visitor = Visitor("p" * 64, "s" * 64, "203.0.113.7")
        monkeypatch.setattr(base.EventContext, "get", lambda: Here(visitor))
        monkeypatch.setattr(base, "principal_of", known)

    return stand


class Page:
    _automatic_events = ()
    notice = ""
    language = "en"


async def run(fn: Any, **given: Any) -> Page:
    page = Page()
    answer = fn(page, **given)
    if inspect.isasyncgen(answer):
        _ = [step async for step in answer]
    else:
        await answer
    return page


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("PaymentPanelState", "refund", {"form": {"how": "refund", "amount": "1", "reason": "because"}}),
    ("PaymentPanelState", "post", {}),
    ("TransactionsState", "post_chosen", {}),
    ("TransactionsState", "choose_all", {}),
    ("SettingsState", "load", {}),
    ("SettingsState", "switch", {"name": "online_payments", "on": False}),
    ("SettingsState", "save_origins", {"form": {"origins": "https://evil.example"}}),
]


@pytest.mark.parametrize(("state", "name", "given"), CALLS)
async def test_the_front_desk_is_told_whom_to_ask(
    as_: Any, sample_people: People, state: str, name: str, given: dict[str, Any]
):
    as_(sample_people.dana)
    page = await run(handlers(BY_NAME[state])[name], **given)
    assert "Ask an owner of the portal" in page.notice


async def test_a_patient_is_nobody_on_this_side(as_: Any, sample_people: People):
    as_(sample_people.maria)
    answer = await handlers(InvoicePanelState)["show"](Page(), invoice=INVOICE)
    assert "/staff/sign-in" in str(answer.args)


def test_the_desk_reads_in_its_own_language_what_was_paid_with() -> None:
    assert shown_with("es", Method.CARD, "Visa ending in 4242") == "Visa terminada en 4242"
    assert shown_with("es", Method.CHECK, "Check") == "Cheque"
    assert shown_with("en", Method.CHECK, "Check 1183") == "Check 1183"
    assert shown_with("es", Method.CASH, "") == "Efectivo"
    assert shown_with("es", None, "") == ""
