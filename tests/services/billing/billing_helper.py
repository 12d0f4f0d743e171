"""What tests of billing share: the usual steps of payers and staff, and short ways to read their results."""

import secrets
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.billing import Payment, PostingExport
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import (
    InvoiceId,
    PaymentId,
    RefundId,
    new_id,
)
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome, ProcessorEvent
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice
from portal_app.services.billing.payments.pay import cancel_payment, pay_invoice
from portal_app.services.billing.payments.payment_methods import (
    finish_adding_payment_method,
    start_adding_payment_method,
)
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.staff.transactions import (
    TransactionSearch,
    search_transactions,
)
from portal_app.services.billing.views import NewLine
from portal_app.services.billing.views import PaymentOutcome as Paid
from portal_app.services.messaging import delivery
from portal_app.services.patients.contact_details import set_preferences
from tests import people
from tests.payments_helper import (
    new_payment,
    payment,
)
from tests.people import (
    EVA,
    INVOICE,
    MARIA,
    RIVERA,
    VISA,
    People,
    add_invoice,
)

PORTAL = system_principal("test")
TODAY = date(2026, 6, 15)
DAY = timedelta(days=1)
EMAIL, PHONE = ContactKind.EMAIL, ContactKind.PHONE
NEW_YORK = ZoneInfo("America/New_York")


def pay(sample_people: People, processor: FakeProcessor, minor: int, card: str = "") -> Payment:
    more = {"token": processor.token(card)} if card else {"payment_method_id": VISA}
    outcome = pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(minor), processor=processor, **more
    )
    return payment(outcome.payment_id)


def event(kind: str, object_kind: str, object_id: str, intent_id: str = "", id_: str = "") -> ProcessorEvent:
    return ProcessorEvent(id_ or f"evt_{secrets.token_hex(12)}", kind, object_kind, object_id, intent_id)


def intent_event(row: Payment, kind: str = "payment_intent.succeeded") -> ProcessorEvent:
    intent = row.processor_intent_id or ""
    return event(kind, "payment_intent", intent, intent)


def lost(sample_people: People, processor: FakeProcessor, minor: int = 50_00) -> tuple[Payment, str]:
    """A charge that was made while its answer was lost."""
    processor.no_answer(Outcome.SUCCEEDED)
    row = pay(sample_people, processor, minor)
    intent = next(c.intent_id for c in processor.charges_since(clock.real_now() - timedelta(days=1)))
    return row, intent


def refund(sample_people: People, processor: FakeProcessor, row: Payment, minor: int, **more):
    id_ = more.pop("id_", RefundId(new_id("ref")))
    return refund_payment(sample_people.nora, id_, row.id, Money(minor), processor=processor, **more)


def reconciled(processor: FakeProcessor, minutes: float = 3) -> list[str]:
    """The kinds of findings of a reconciliation some minutes later; a second one right after finds nothing."""
    with clock.held_at(clock.now() + timedelta(minutes=minutes)):
        found = reconcile(PORTAL, processor=processor)
        assert reconcile(PORTAL, processor=processor) == []
    return [finding.kind for finding in found]


def paid(sample_people: People, processor: FakeProcessor, minor: int) -> PaymentId:
    outcome = pay_invoice(
        sample_people.maria,
        new_payment(),
        INVOICE,
        Money(minor),
        processor=processor,
        token=processor.token("pm_card_visa"),
    )
    return outcome.payment_id


def found(who: Principal, **search: object) -> list[str]:
    page = search_transactions(who, TransactionSearch(**search))  # type: ignore[arg-type]
    return [f"{row.kind.value} {row.who} {row.amount.minor}" for row in page.rows]


def trail() -> list[tuple[str, str]]:
    with reading(PORTAL) as tx:
        rows = tx.exec(select(AuditEntry).order_by(col(AuditEntry.seq)))
        return [(row.actor, row.action) for row in rows if ":" in row.action]


def draft_invoice(sample_people: People) -> InvoiceId:
    lines = [
        NewLine(MARIA.id, "Office visit", Money(40_00), quantity=2, service_date=date(2026, 6, 1)),
        NewLine(EVA.id, "Cleaning", Money(15_00)),
    ]
    id_ = InvoiceId(new_id("inv"))
    return create_invoice(sample_people.nora, id_, RIVERA, lines, due_date=date(2026, 7, 15))


def messages(kind: str) -> list[OutboxMessage]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(OutboxMessage).where(OutboxMessage.kind == kind)))


def waiting_exports() -> list[PostingExport]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(PostingExport).where(col(PostingExport.sent_at).is_(None))))


def add_card(sample_people: People, processor: FakeProcessor, card: str = "pm_card_mastercard"):
    started = start_adding_payment_method(sample_people.maria, new_id("sup"), processor=processor)
    processor.finish_setup(started.setup_id, card)
    return finish_adding_payment_method(sample_people.maria, started.setup_id, processor=processor)


def pay_into_credit(sample_people: People, processor: FakeProcessor, minor: int) -> None:
    """Give Maria credit: she pays an invoice that was voided before her payment arrived."""
    invoice = add_invoice(RIVERA, (people.MARIA, "Visit", minor))
    processor.answers(Outcome.REQUIRES_ACTION)
    outcome = pay_invoice(
        sample_people.maria, new_payment(), invoice, Money(minor), processor=processor, payment_method_id=VISA
    )
    cancel_payment(sample_people.maria, outcome.payment_id, processor=processor)
    void_invoice(sample_people.nora, invoice)
    charge = processor.finish(payment(outcome.payment_id).processor_intent_id or "")
    settle(system_principal("test"), outcome.payment_id, charge)


def try_payment(
    sample_people: People, processor: FakeProcessor, minor: int, id_: PaymentId | None = None, **more
) -> Paid:
    more = {"payment_method_id": VISA} | more if "token" not in more else more
    return pay_invoice(
        sample_people.maria, id_ or new_payment(), INVOICE, Money(minor), processor=processor, **more
    )


def outbox(kind: str = "") -> list[OutboxMessage]:
    with reading(PORTAL) as tx:
        rows = tx.exec(select(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.once)).all()
        return [row for row in rows if kind in ("", row.kind)]


def to_maria() -> list[OutboxMessage]:
    return [row for row in outbox() if row.account_id == people.RIVERA]


def send_new_invoice(sample_people: People, minor: int = 40_00, days: int = 30) -> InvoiceId:
    id_ = InvoiceId(new_id("inv"))
    lines = [NewLine(people.EVA.id, "Root canal", Money(minor))]
    create_invoice(sample_people.nora, id_, people.RIVERA, lines, due_date=clock.today() + days * DAY)
    send_invoice(sample_people.nora, id_)
    return id_


def deliver(**more: object) -> int:
    mail, sms = more.pop("mail", FakeMailer()), more.pop("sms", FakeTexter())
    return delivery.deliver(PORTAL, mail=mail, sms=sms)  # type: ignore[arg-type]


def only_by(who: people.Person, kind: ContactKind) -> None:
    set_preferences(people.patient(who), who.id, by_email=kind is EMAIL, by_text=kind is PHONE, language="es")
