"""Who may do what to what is Maria's, Nina's and Ivy's: every service, everybody of the cast.

One line of the table: a service, what is asked of it, and for whom there is an answer. For all the
others it does not exist or is not allowed, and nothing is written. A service that takes an id and
is in neither list fails `test_every_service_that_takes_an_id_is_in_the_table`.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from portal_app.domain.access import Principal
from portal_app.domain.billing.types import Method
from portal_app.domain.credentials.types import Locked
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, UserError
from portal_app.domain.families import ContactKind, RelationKind
from portal_app.domain.money import Money
from portal_app.gateways.payments import Charge, Outcome, RefundFacts
from portal_app.services.billing import history
from portal_app.services.billing.accounts import past_due_offer, use_credit, view_account
from portal_app.services.billing.history import payments_of_year, years_with_payments
from portal_app.services.billing.invoices import itemized_receipt, read
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.itemized_receipt import itemize_invoice, itemize_period
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.notify import reminders
from portal_app.services.billing.payments import refunds
from portal_app.services.billing.payments.pay import (
    cancel_payment,
    confirm_payment,
    pay_account,
    pay_invoice,
    preview_account,
)
from portal_app.services.billing.payments.payment_methods import (
    list_payment_methods,
    make_default,
    memberships_by_payment_method,
    remove_payment_method,
    rename_payment_method,
    start_adding_payment_method,
)
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.refunds import refund_payment, settle_refund
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.staff.patient_billing import (
    view_patient_billing,
    view_payment,
    view_staff_invoice,
)
from portal_app.services.billing.staff.record_payment import post_payments, record_payment
from portal_app.services.billing.statements import list_people, view_statement
from portal_app.services.billing.views import NewLine
from portal_app.services.credentials import desk_codes, devices, passkeys, passwords, resets
from portal_app.services.documents import account_documents, payment_documents, statement_email
from portal_app.services.links import action_links, pay_links
from portal_app.services.messaging import log
from portal_app.services.patients import change_requests, contact_details, grants, relations, search
from portal_app.services.patients.contact_details import Address
from portal_app.services.sign_in import rate_limits
from portal_app.services.staff import tasks
from tests.architecture.sources import PORTAL, parsed
from tests.attacks.everybody import EVERYBODY, TODAY, Stage, everything_written, set_the_stage
from tests.payments_helper import new_payment
from tests.people import EVA, IVY, MARIA, NINA, OSCAR, PARK, RIVERA, VISA, People

FIRST, LAST = TODAY.replace(day=1), TODAY
AMOUNT = Money(20_00)
Ask = Callable[[Principal, Stage], Any]


@dataclass(frozen=True)
class Line:
    what: str
    ask: Ask
    whom: frozenset[str]


# Those who may, by the rules of DOMAIN.md.
MARIA_PAYS = "maria embed"  # her own bills, in a frame too
SEES_BILLING = "dana nora olga"
REFUNDS = "nora olga"
SHARES = EDITS = "dana olga"
SEES_PATIENTS = "dana olga cleo"
ACTS_FOR_MARIA = "maria"
HAS_A_SIGN_IN = "maria luis rosa nina oscar ivy kim payer"  # a proof is asked before anything else
ACTS_FOR_EVA = "maria luis payer"  # payer is Luis, whom Maria lets pay
NOBODY = ""
MONEY = f"{MARIA_PAYS} {SEES_BILLING}"

TABLE: list[Line] = []


def line(what: str, whom: str, ask: Ask) -> None:
    TABLE.append(Line(what, ask, frozenset(whom.split())))


# Maria's bills
line("billing.view_invoice", f"{MONEY} payer", lambda p, s: view_invoice(p, s.invoice))
line("billing.view_invoice a draft", SEES_BILLING, lambda p, s: view_invoice(p, s.draft))
line("billing.view_staff_invoice", SEES_BILLING, lambda p, s: view_staff_invoice(p, s.invoice))
line("billing.refresh_pending_digests", MONEY, lambda p, s: reminders.refresh_pending_digests(p, RIVERA))
line("billing.itemize_invoice", MONEY, lambda p, s: itemize_invoice(p, s.invoice))
line(
    "billing.itemize_period",
    MONEY,
    lambda p, s: itemize_period(p, FIRST, LAST, account_id=RIVERA),
)
line(
    "billing.itemize_period of Eva",
    "maria embed dana olga",
    lambda p, s: itemized_receipt.itemize_period(p, FIRST, LAST, account_id=RIVERA, patient_id=EVA.id),
)
line(
    "documents.invoice_paper",
    f"{MONEY} payer",
    lambda p, s: payment_documents.invoice_paper(p, s.invoice, "en"),
)
line(
    "documents.invoice_paper",
    f"{MONEY} payer",
    lambda p, s: payment_documents.invoice_paper(p, s.invoice, "en"),
)
line("documents.itemised_paper", MONEY, lambda p, s: account_documents.itemised_paper(p, s.invoice, "en"))
line(
    "documents.itemised_period_paper",
    MONEY,
    lambda p, s: account_documents.itemised_period_paper(p, FIRST, LAST, "en", account_id=RIVERA),
)
line(
    "billing.list_invoices of Maria",
    "maria embed dana olga",
    lambda p, s: found(read.list_invoices(p, patient_id=MARIA.id)),
)
line("billing.send_invoice", SEES_BILLING, lambda p, s: send_invoice(p, s.draft))
line("billing.void_invoice", SEES_BILLING, lambda p, s: void_invoice(p, s.draft, reason="x"))
line("billing.write_off", REFUNDS, lambda p, s: write_off(p, s.invoice, reason="x"))
line(
    "billing.create_invoice",
    SEES_BILLING,
    lambda p, s: create_invoice(
        p, new_invoice(), RIVERA, [NewLine(MARIA.id, "Filling", AMOUNT)], due_date=LAST
    ),
)

# Paying, and what was paid
line(
    "billing.pay_invoice with a new card",
    f"{MARIA_PAYS} payer",
    lambda p, s: pay_invoice(p, new_payment(), s.invoice, AMOUNT, processor=s.processor, token="ctoken_visa"),
)
line(
    "billing.pay_invoice with Maria's card",
    MARIA_PAYS,
    lambda p, s: pay_invoice(
        p, new_payment(), s.invoice, AMOUNT, processor=s.processor, payment_method_id=VISA
    ),
)
line(
    "billing.pay_account",
    MARIA_PAYS,
    lambda p, s: pay_account(
        p, new_payment(), AMOUNT, processor=s.processor, account_id=RIVERA, payment_method_id=VISA
    ),
)
line(
    "billing.preview_account",
    MARIA_PAYS,
    lambda p, s: preview_account(p, AMOUNT, account_id=RIVERA),
)
line(
    "billing.confirm_payment",
    MARIA_PAYS,
    lambda p, s: confirm_payment(p, s.payment, processor=s.processor),
)
line(
    "billing.cancel_payment",
    MARIA_PAYS,
    lambda p, s: cancel_payment(p, s.payment, processor=s.processor),
)
line("billing.view_receipt", MONEY, lambda p, s: view_receipt(p, s.payment))
line("documents.receipt_paper", MONEY, lambda p, s: payment_documents.receipt_paper(p, s.payment, "en"))
line("documents.receipt_paper", MONEY, lambda p, s: payment_documents.receipt_paper(p, s.payment, "en"))
line(
    "documents.render_attachment",
    MONEY,
    lambda p, s: payment_documents.render_attachment(p, "receipt", s.payment, "en"),
)
line("billing.view_payment", SEES_BILLING, lambda p, s: view_payment(p, s.payment))
line(
    "billing.record_payment",
    SEES_BILLING,
    lambda p, s: record_payment(p, new_payment(), RIVERA, AMOUNT, method=Method.CASH),
)
line("billing.post_payments", REFUNDS, lambda p, s: post_payments(p, [s.payment]))
line(
    "billing.refund_payment",
    REFUNDS,
    lambda p, s: refund_payment(p, new_refund(), s.payment, Money(5_00), processor=s.processor),
)

# Maria's account
line("billing.view_account", MONEY, lambda p, s: view_account(p, RIVERA))
line("billing.past_due_offer", MONEY, lambda p, s: past_due_offer(p, RIVERA))
line("billing.use_credit", MONEY, lambda p, s: use_credit(p, RIVERA))
line("billing.list_payments", MONEY, lambda p, s: history.list_payments(p, account_id=RIVERA))
line("billing.payments_of_year", MONEY, lambda p, s: payments_of_year(p, 2026, account_id=RIVERA))
line("billing.years_with_payments", MONEY, lambda p, s: years_with_payments(p, RIVERA))
line("billing.list_people", MONEY, lambda p, s: list_people(p, RIVERA))
line(
    "billing.view_statement",
    MONEY,
    lambda p, s: view_statement(p, FIRST, LAST, account_id=RIVERA),
)
line(
    "billing.view_statement of Nina",
    "dana olga",
    lambda p, s: view_statement(p, FIRST, LAST, account_id=PARK, patient_id=NINA.id),
)
line(
    "documents.statement_paper",
    MONEY,
    lambda p, s: account_documents.statement_paper(p, FIRST, LAST, "en", account_id=RIVERA),
)
line(
    "documents.tax_paper",
    MONEY,
    lambda p, s: account_documents.tax_paper(p, 2026, "en", account_id=RIVERA),
)
line(
    "documents.email_statement of Eva",
    f"{MARIA_PAYS} luis payer",
    lambda p, s: statement_email.email_statement(p, FIRST, LAST, patient_id=EVA.id),
)
line("billing.view_patient_billing", SEES_BILLING, lambda p, s: view_patient_billing(p, MARIA.id))
line("billing.view_patient_billing of Ivy", "dana olga", lambda p, s: view_patient_billing(p, IVY.id))

# Maria's cards
line("billing.list_payment_methods", MARIA_PAYS, lambda p, s: list_payment_methods(p, RIVERA))
line(
    "billing.memberships_by_payment_method", MARIA_PAYS, lambda p, s: memberships_by_payment_method(p, RIVERA)
)
line(
    "billing.start_adding_payment_method",
    MARIA_PAYS,
    lambda p, s: start_adding_payment_method(p, "set_1", processor=s.processor, account_id=RIVERA),
)
line("billing.rename_payment_method", MARIA_PAYS, lambda p, s: rename_payment_method(p, VISA, "x"))
line("billing.make_default", MARIA_PAYS, lambda p, s: make_default(p, VISA))
line(
    "billing.remove_payment_method",
    MARIA_PAYS,
    lambda p, s: remove_payment_method(p, VISA, processor=s.processor),
)

# The portal's own, behind all the doors
line(
    "billing.settle",
    NOBODY,
    lambda p, s: settle(p, s.payment, Charge(Outcome.SUCCEEDED)),
)
line("billing.settle_refund", NOBODY, lambda p, s: settle_refund(p, s.refund, SUCCEEDED))
line("billing.adopt_refund", NOBODY, lambda p, s: refunds.adopt_refund(p, s.payment, SUCCEEDED))
SUCCEEDED = RefundFacts(Outcome.SUCCEEDED, "re_made_up")

# Contact details, of Maria, of a child, of who is old enough to have their own
_ADDRESS = Address(line1="1 Evil Lane")


def change_contact(of: Any) -> Ask:
    return lambda p, s: contact_details.change_contact(p, of.id, ContactKind.EMAIL, "evil@example.com")


line("patients.change_contact", ACTS_FOR_MARIA, change_contact(MARIA))
line("patients.change_contact of Eva", ACTS_FOR_EVA, change_contact(EVA))
line("patients.change_contact of Nina", "nina", change_contact(NINA))
line("patients.change_contact of Ivy", "ivy", change_contact(IVY))
line(
    "patients.remove_contact",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.remove_contact(p, s.contact),
)
line(
    "patients.change_address",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.change_address(p, MARIA.id, _ADDRESS),
)
line(
    "patients.change_address of Nina",
    "nina",
    lambda p, s: contact_details.change_address(p, NINA.id, _ADDRESS),
)
line(
    "patients.set_preferences",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.set_preferences(p, MARIA.id, by_email=True, by_text=False, language="es"),
)
line(
    "patients.ask_for_change",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.ask_for_change(p, MARIA.id, Locked.NAME, "Marie"),
)
line("patients.contacts_of", ACTS_FOR_MARIA, lambda p, s: grants.contacts_of(p, MARIA.id))
line("patients.contacts_of Eva", ACTS_FOR_EVA, lambda p, s: grants.contacts_of(p, EVA.id))
line("patients.stop_sharing", NOBODY, lambda p, s: grants.stop_sharing(p, "wsh_" + "9" * 32))
line(
    "patients.apply_change",
    EDITS,
    lambda p, s: change_requests.apply_change(p, s.task, given_name="Mary", family_name="Rivera"),
)
line("patients.dismiss_change", EDITS, lambda p, s: change_requests.dismiss_change(p, s.task))
line("staff.finish_task", SEES_PATIENTS, lambda p, s: tasks.finish_task(p, s.task))
line("patients.find_patient", SEES_PATIENTS, lambda p, s: search.find_patient(p, MARIA.id))

# Signing in as Maria
line("credentials.end_device", ACTS_FOR_MARIA, lambda p, s: devices.end_device(p, s.device))
line("credentials.rename_passkey", NOBODY, lambda p, s: passkeys.rename_passkey(p, "psk_x", "x"))
line("credentials.remove_passkey", HAS_A_SIGN_IN, lambda p, s: passkeys.remove_passkey(p, "psk_x"))
line("credentials.unlock_sign_in", EDITS, lambda p, s: passwords.unlock_sign_in(p, MARIA.id, "seen"))
line("credentials.start_reset", EDITS, lambda p, s: resets.start_reset(p, MARIA.id, "seen"))
line("credentials.waiting_reset", EDITS, lambda p, s: resets.waiting_reset(p, MARIA.id))
line("credentials.stop_reset", NOBODY, lambda p, s: resets.stop_reset(p, MARIA.id))
line("credentials.print_desk_code", SHARES, lambda p, s: desk_codes.print_desk_code(p, MARIA.id))
line("links.list_links", SHARES, lambda p, s: action_links.list_links(p, MARIA.id))
line("links.revoke_link", SEES_BILLING, lambda p, s: action_links.revoke_link(p, s.link))
line("links.make_pay_link", SEES_BILLING, lambda p, s: pay_links.make_pay_link(p, s.invoice))
line("links.send_pay_link", SEES_BILLING, lambda p, s: pay_links.send_pay_link(p, s.invoice))
line("links.open_pay_links", SEES_BILLING, lambda p, s: pay_links.open_pay_links(p, s.invoice))
line(
    "links.pay_linked_invoice",
    NOBODY,  # but a session of an open link: tests/services/links/test_pay_links.py
    lambda p, s: pay_links.pay_linked_invoice(
        p, new_payment(), AMOUNT, token="ctoken_visa", processor=s.processor
    ),
)
line(
    "links.confirm_linked_payment",
    NOBODY,
    lambda p, s: pay_links.confirm_linked_payment(p, s.payment, processor=s.processor),
)
line(
    "links.cancel_linked_payment",
    NOBODY,
    lambda p, s: pay_links.cancel_linked_payment(p, s.payment, processor=s.processor),
)
line("links.view_linked_receipt", NOBODY, lambda p, s: pay_links.view_linked_receipt(p, s.payment))
line("links.send_access_link", SHARES, lambda p, s: action_links.send_access_link(p, MARIA.id))

# Who acts for whom
line("patients.view_family", "olga", lambda p, s: relations.view_family(p, MARIA.id))
line(
    "patients.add_relation",
    "olga",
    lambda p, s: relations.add_relation(p, NINA.id, OSCAR.id, RelationKind.PARENT),
)
line("patients.end_relation", "olga", lambda p, s: relations.end_relation(p, s.relation))
line(
    "patients.mark_dependent",
    "olga",
    lambda p, s: relations.mark_dependent(p, IVY.id, OSCAR.id, "he pays"),
)
line("patients.unmark_dependent", "olga", lambda p, s: relations.unmark_dependent(p, s.mark))

# Takes an id and is not in the table, and why.
ELSEWHERE = {
    "documents.mailed_statement": "the id is an outbox line's; the outbox asks as the portal",
    "billing.get_or_create_customer": "a helper of paying and of saving cards, whose doors are here",
    "billing.guarantor_names": "a name for whoever was checked before",
    "billing.finish_adding_payment_method": "the id is the processor's; tests/state/billing/test_payment_methods.py",
    "billing.payment_by_intent": "the webhook's; nobody asks",
    "patients.confirm_contact": "the id with its code; tests/services/patients/test_contact_details.py",
    "messaging.send_again": "test_a_message_is_sent_again_by_who_takes_payments",
    "credentials.send_second_code": "the challenge is the secret; tests/services/credentials/test_passwords.py",
    "credentials.answer_challenge": "the challenge is the secret; tests/services/credentials/test_passwords.py",
    "sign_in.check_code": "the id with its code; tests/services/sign_in/test_codes.py",
    "sign_in.check_birth_date": "the id with its code; tests/services/sign_in/test_codes.py",
    "sign_in.check_staff_totp": "the challenge is the secret; tests/services/sign_in/test_staff.py",
}


def new_invoice() -> Any:
    from portal_app.domain.ids import InvoiceId, new_id  # noqa: PLC0415

    return InvoiceId(new_id("inv"))


def new_refund() -> Any:
    from portal_app.domain.ids import RefundId, new_id  # noqa: PLC0415

    return RefundId(new_id("ref"))


def found(page: Any) -> Any:
    """A list that is empty shows nothing: as good as not found."""
    if not page.rows:
        raise NotFound
    return page


@pytest.fixture(autouse=True)
def fresh_throttle() -> None:
    rate_limits.forget_all()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_for_all_the_others_it_does_not_exist_and_nothing_is_written(db: str, row: Line) -> None:
    People.create()
    stage = set_the_stage()
    before = everything_written()
    got_in = []
    for name in sorted(EVERYBODY.keys() - row.whom):
        try:
            row.ask(EVERYBODY[name], stage)
            got_in.append(name)
        except (NotFound, PermissionDenied, NotSignedIn):
            pass
    assert not got_in
    assert everything_written() == before


@pytest.mark.parametrize(
    ("row", "name"), [pytest.param(r, n, id=f"{r.what}-{n}") for r in TABLE for n in sorted(r.whom)]
)
def test_for_those_it_is_for_it_is_there(sqlite_db: str, row: Line, name: str) -> None:
    is_there(row, name)


@pytest.mark.postgres
@pytest.mark.parametrize("row", [row for row in TABLE if row.whom], ids=lambda row: row.what)
def test_for_one_of_those_it_is_there_on_postgresql_too(postgres_db: str, row: Line) -> None:
    is_there(row, min(row.whom))


def is_there(row: Line, name: str) -> None:
    People.create()
    stage = set_the_stage()
    try:
        row.ask(EVERYBODY[name], stage)
    except (NotFound, PermissionDenied):
        raise
    except UserError:
        pass  # let in, and told why not now: a proof first, the last card, nothing to do


def test_a_message_is_sent_again_by_who_takes_payments(db: str) -> None:
    People.create()
    for name, who in EVERYBODY.items():
        with pytest.raises(UserError) as refused:
            log.send_again(who, "msg_" + "9" * 32)
        assert isinstance(refused.value, PermissionDenied) is (name not in SEES_BILLING.split())


def test_every_service_that_takes_an_id_is_in_the_table() -> None:
    """So that a new one is thought of."""
    taken = set()
    for path in (PORTAL / "services").rglob("*.py"):
        parts = path.relative_to(PORTAL / "services").with_suffix("").parts
        for node in parsed(path).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            names = [a.arg for a in (*node.args.args, *node.args.kwonlyargs)]
            if names[:1] == ["principal"] and any(n.endswith(("_id", "_ids", "id_")) for n in names):
                taken.add(f"{parts[0]}.{node.name}")
    known = {row.what.partition(" ")[0] for row in TABLE} | ELSEWHERE.keys()
    assert taken - known == set()
