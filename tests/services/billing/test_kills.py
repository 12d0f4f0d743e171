"""`kill -9` while processes pay: afterwards each charge of the processor is one payment of the portal.

Real processes, the processor outside. More of them: `PORTAL_KILLS=50` (`make bench`).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Payment, PaymentMethod, Refund
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, PaymentStatus, RefundStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.webhooks import EventOutcome, handle_webhook
from portal_app.stripe_simulator.webhooks import signature
from tests.payments_helper import check_ledger
from tests.people import MARIA, RIVERA, VISA, People, add_invoice
from tests.stripe_simulator.process import SECRET, Simulated, WebhookReceiver, simulator, webhook

PORTAL = system_principal("test")
KILLS = int(os.environ.get("PORTAL_KILLS", "12"))
INVOICES = 30


@pytest.mark.slow
def test_processes_killed_at_random_moments_leave_every_charge_booked_once(
    sample_people: People, db: str, tmp_path: object
) -> None:
    assert sample_people
    for _ in range(INVOICES):
        add_invoice(RIVERA, (MARIA, "Implant", 5_000_00))
    with transaction(PORTAL) as tx:
        tx.get_or_404(PaymentMethod, VISA).processor_id = "pm_card_visa"
    started = clock.real_now()
    with webhook() as told, simulator(f"{tmp_path}/stripe.db", told.url) as simulated:
        pay_and_kill(db, simulated.url)
        processor = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=simulated.url)
        lost = dispute_some(simulated, processor)
        with clock.held_at(clock.real_now()):
            handle_webhooks_shuffled(told, processor)
        with clock.held_at(clock.real_now() + timedelta(hours=26)):  # what never arrived is cancelled
            reconcile(PORTAL, processor=processor, older_than=timedelta())
            assert reconcile(PORTAL, processor=processor, older_than=timedelta()) == []
        charges = list(processor.charges_since(started - timedelta(minutes=5)))
        refunds = list(processor.refunds_since(started - timedelta(minutes=5)))
    check_ledger()
    charged = {c.intent_id: c.received for c in charges if c.outcome is Outcome.SUCCEEDED}
    with reading(PORTAL) as tx:
        payments = tx.exec(select(Payment)).all()
        given = tx.exec(select(Refund)).all()
    booked = {p.processor_intent_id: p.amount for p in payments if p.status in RECEIVED}
    assert booked == charged
    assert len(charged) >= KILLS
    assert max(Counter(c.payment_id for c in charges).values()) == 1
    assert not [p for p in payments if p.status in IN_FLIGHT]
    assert {p.processor_intent_id: p.lost for p in payments if p.lost} == lost
    assert not [p for p in payments if p.status is PaymentStatus.DISPUTED]
    back = {f.refund_id: f.amount for f in refunds if f.outcome is Outcome.SUCCEEDED}
    assert back == {r.processor_refund_id: r.amount for r in given if r.status is RefundStatus.SUCCEEDED}
    assert not [r for r in given if r.status is RefundStatus.PROCESSING]


def pay_and_kill(database: str, stripe: str) -> None:
    dice = random.Random(7)
    db_engine.dispose()
    command = [sys.executable, "-m", "tests.services.billing.paying_load", database, stripe]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        assert nursery.stdin and nursery.stdout
        for _ in range(KILLS):
            nursery.stdin.write("next\n")
            nursery.stdin.flush()
            child, before = int(nursery.stdout.readline()), received()
            deadline = time.monotonic() + 30
            while received() == before and time.monotonic() < deadline:
                time.sleep(0.01)  # until its first payment is booked
            time.sleep(dice.uniform(0, 0.4))
            os.kill(child, signal.SIGKILL)
        nursery.stdin.close()
        assert nursery.wait(30) == 0


def dispute_some(simulated: Simulated, processor: StripeProcessor) -> dict[str, Money]:
    """The banks of four payers take their money back: three times for good. What each of them took."""
    paid = [c for c in processor.charges_since(clock.real_now() - timedelta(hours=1)) if c.received]
    refunded = {f.intent_id for f in processor.refunds_since(clock.real_now() - timedelta(hours=1))}
    disputed = [charge for charge in paid if charge.intent_id not in refunded][:4]
    simulated.turn(dispute=[charge.charge_id for charge in disputed])
    ids = [processor.disputes_of(charge.intent_id)[0].dispute_id for charge in disputed]
    simulated.turn(disputes=dict(zip(ids, ("won", "lost", "lost", "lost"), strict=True)))
    return {charge.intent_id: charge.received for charge in disputed[1:] if charge.received}


def received() -> int:
    with reading(PORTAL) as tx:
        return len([p for p in tx.exec(select(Payment.status)) if p in RECEIVED])


def handle_webhooks_shuffled(receiver: WebhookReceiver, processor: StripeProcessor) -> None:
    """Handle each webhook twice, in random order."""
    bodies = [body for body, _ in receiver.received] * 2
    random.Random(3).shuffle(bodies)
    for body in bodies:
        event = processor.read_webhook(body, signature(body, SECRET))
        assert handle_webhook(PORTAL, event, processor=processor) is not EventOutcome.RETRY_LATER
