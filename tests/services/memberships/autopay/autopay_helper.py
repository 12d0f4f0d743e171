"""What tests of automatic payment share: the days of the CASES, and short ways to read what was done."""

from datetime import date, datetime, timedelta

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice, Payment, PaymentMethod
from portal_app.db.tables.memberships import AutopayTry, Membership, MembershipInvoice
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import RECEIVED
from portal_app.domain.ids import InvoiceId, MembershipId, PaymentMethodId, new_id
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.memberships.autopay.charge import ChargeRun, charge_due
from portal_app.services.memberships.autopay.choose import set_autopay
from portal_app.services.memberships.billing_run import bill_memberships
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, MARIA, RIVERA, VISA, People

SYSTEM = system_principal("autopay")
MARCH_15 = date(2026, 3, 15)


def march(day: int) -> date:
    return date(2026, 3, day)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)


def family(*, on: bool = True, **values: object) -> MembershipId:
    """Maria's and Eva's membership; automatic payment was turned on on 3 March."""
    id_ = add_membership(RIVERA, add_plan("Family plan"), [MARIA.id, EVA.id], start=MARCH_15, **values)
    if on:
        with clock.held_at(noon(march(3))):
            set_autopay(People.maria, id_, VISA)
    return id_


def run_on(day: date, processor: FakeProcessor, hour: int = 12) -> ChargeRun:
    """The invoices of that day, then its charges."""
    with clock.held_at(noon(day) + timedelta(hours=hour - 12)):
        bill_memberships(SYSTEM)
        return charge_due(SYSTEM, processor=processor)


def use_card(processor: FakeProcessor, card: str, method: PaymentMethodId = VISA) -> None:
    """From now on Maria's saved card is this one of the processor's test cards."""
    customer = processor.customer(RIVERA, "Maria Rivera")
    with transaction(SYSTEM) as tx:
        row = tx.get_or_404(PaymentMethod, method)
        row.processor_id = processor.save_card(customer, card).processor_id


def save_card(processor: FakeProcessor, card: str = "pm_card_visa", kind: str = "card") -> PaymentMethodId:
    """Another saved card of Maria's."""
    id_ = PaymentMethodId(new_id("src"))
    customer = processor.customer(RIVERA, "Maria Rivera")
    with transaction(SYSTEM) as tx:
        facts = processor.save_card(customer, card)
        tx.add(
            PaymentMethod(
                id=id_,
                account_id=RIVERA,
                processor_id=facts.processor_id,
                kind=kind,
                brand=facts.brand,
                last4=facts.last4,
                exp_month=12,
                exp_year=2030,
                created_at=clock.now(),
            )
        )
    return id_


def tries(membership: MembershipId) -> list[tuple[date, int, str]]:
    """(day it was made, number, outcome) of each try, in order."""
    with reading(SYSTEM) as tx:
        rows = select(AutopayTry).where(AutopayTry.membership_id == membership)
        rows = rows.order_by(col(AutopayTry.due_day), col(AutopayTry.number))
        return [(row.day, row.number, row.outcome.value) for row in tx.exec(rows)]


def charges() -> list[int]:
    """The amounts of automatic charges that succeeded, in minor units, by time."""
    with reading(SYSTEM) as tx:
        rows = tx.exec(select(Payment).order_by(col(Payment.created_at))).all()
        return [
            row.amount.minor for row in rows if row.paid_by == "portal:autopay" and row.status in RECEIVED
        ]


def invoices(membership: MembershipId) -> list[Invoice]:
    with reading(SYSTEM) as tx:
        ids = select(MembershipInvoice.invoice_id).where(MembershipInvoice.membership_id == membership)
        rows = select(Invoice).where(col(Invoice.id).in_(ids)).order_by(col(Invoice.due_date), Invoice.number)
        return list(tx.exec(rows))


def invoice_of(membership: MembershipId) -> InvoiceId:
    return invoices(membership)[0].id


def row_of(membership: MembershipId) -> Membership:
    with reading(SYSTEM) as tx:
        return tx.get_or_404(Membership, membership)


def sent(kind: str) -> list[OutboxMessage]:
    """The messages of a kind, one for each way, emails first."""
    with reading(SYSTEM) as tx:
        rows = select(OutboxMessage).where(OutboxMessage.kind == kind)
        return list(tx.exec(rows.order_by(col(OutboxMessage.channel), col(OutboxMessage.created_at))))


def kinds() -> list[str]:
    """The kinds of messages about automatic payment, by time."""
    with reading(SYSTEM) as tx:
        rows = tx.exec(select(OutboxMessage).order_by(col(OutboxMessage.created_at)))
        return list(dict.fromkeys(row.kind for row in rows if row.kind.startswith("autopay")))
