"""`kill -9` while a process bills and charges memberships: one more run, and nothing is twice or missing (BILL-5).

Real processes, Stripe's library, the simulator outside. More of them: `PORTAL_KILLS=50` (`make bench`).
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
from portal_app.db.tables.billing import Account, Payment, PaymentMethod
from portal_app.db.tables.memberships import AutopayTry, MembershipInvoice
from portal_app.domain.billing.types import RECEIVED
from portal_app.domain.memberships.types import TryOutcome
from portal_app.gateways.payments import Outcome
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.memberships.autopay.charge import charge_due
from portal_app.services.memberships.autopay.choose import set_autopay
from portal_app.services.memberships.billing_run import bill_memberships
from tests.memberships_helper import add_membership, add_plan
from tests.payments_helper import check_ledger
from tests.people import EVA, MARIA, RIVERA, VISA, People
from tests.services.memberships.autopay.autopay_helper import SYSTEM, noon
from tests.stripe_simulator.process import SECRET, simulator

KILLS = int(os.environ.get("PORTAL_KILLS", "4"))
MEMBERSHIPS = 5 * KILLS


@pytest.mark.slow
def test_bill_5_killed_at_random_moments_every_invoice_is_charged_once(
    sample_people: People, db: str, tmp_path: object
) -> None:
    today = clock.real_now().date()  # the processor's lists know the real clock only
    with simulator(f"{tmp_path}/stripe.db") as simulated:
        processor = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=simulated.url)
        save_visa(processor)
        with clock.held_at(noon(today - timedelta(days=2))):
            for number in range(MEMBERSHIPS):
                plan = add_plan(f"Plan {number}")
                membership = add_membership(RIVERA, plan, [MARIA.id, EVA.id], start=today)
                set_autopay(sample_people.maria, membership, VISA)
        run_and_kill(db, simulated.url, today.isoformat())
        with clock.held_at(noon(today)):
            bill_memberships(SYSTEM)
            charge_due(SYSTEM, processor=processor)
            charge_due(SYSTEM, processor=processor)
        charges = list(processor.charges_since(clock.real_now() - timedelta(hours=1)))
    check_ledger()
    charged = {c.intent_id: c.received for c in charges if c.outcome is Outcome.SUCCEEDED}
    with reading(SYSTEM) as tx:
        payments = tx.exec(select(Payment).where(Payment.paid_by == "portal:autopay")).all()
        tries = tx.exec(select(AutopayTry)).all()
        invoices = tx.exec(select(MembershipInvoice)).all()
    booked = {p.processor_intent_id: p.amount for p in payments if p.status in RECEIVED}
    assert booked == charged
    assert len(charged) == len(invoices) == MEMBERSHIPS
    assert max(Counter(c.payment_id for c in charges).values()) == 1
    assert [row.outcome for row in tries] == [TryOutcome.PAID] * MEMBERSHIPS


def save_visa(processor: StripeProcessor) -> None:
    """Maria's saved Visa, at the simulator."""
    customer = processor.customer(RIVERA, "Maria Rivera")
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Account, RIVERA).processor_customer_id = customer
        tx.get_or_404(PaymentMethod, VISA).processor_id = "pm_card_visa"


def run_and_kill(database: str, stripe: str, day: str) -> None:
    dice = random.Random(7)
    db_engine.dispose()
    module = "tests.services.memberships.autopay.charging_load"
    command = [sys.executable, "-m", module, database, stripe, day]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        assert nursery.stdin and nursery.stdout
        for number in range(KILLS):
            nursery.stdin.write("next\n")
            nursery.stdin.flush()
            child, before = int(nursery.stdout.readline()), made()
            deadline = time.monotonic() + 20
            while number and made() == before and time.monotonic() < deadline:
                time.sleep(0.01)  # until it has stored a try
            time.sleep(dice.uniform(0, 0.3))
            os.kill(child, signal.SIGKILL)
        nursery.stdin.close()
        assert nursery.wait(30) == 0


def made() -> int:
    with reading(SYSTEM) as tx:
        return len(tx.exec(select(AutopayTry.id)).all())
