"""`kill -9` while people join and pay: everybody is a member once, every charge is one first invoice.

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
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Payment
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import JoinRequest, Membership, MembershipInvoice
from portal_app.domain.billing.types import RECEIVED
from portal_app.domain.memberships.types import JoinStatus, MembershipStatus
from portal_app.gateways.payments import Outcome
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.sign_in import rate_limits
from tests.payments_helper import check_ledger
from tests.people import People
from tests.services.memberships.joining.helper import SYSTEM, both, count, join_settings, offer, ready
from tests.services.memberships.joining.joining_load import pay_for_all
from tests.stripe_simulator.process import SECRET, simulator

KILLS = int(os.environ.get("PORTAL_KILLS", "4"))
JOINING = 3 * KILLS


@pytest.mark.slow
def test_killed_at_random_moments_everybody_joins_once_and_pays_once(
    sample_people: People, db: str, tmp_path: object
) -> None:
    assert sample_people
    join_settings(join_needs_acceptance=False)
    patients, started = count(Patient), clock.real_now()
    with simulator(f"{tmp_path}/stripe.db") as simulated:
        processor = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=simulated.url)
        with clock.held_at(started):
            plan, codes = offer(), list[str]()
            for number in range(JOINING):
                rate_limits.forget_all()
                codes.append(ready(both(plan), f"zoe{number}@example.org"))
        run_and_kill(db, simulated.url, codes)
        rate_limits.forget_all()
        with clock.held_at(clock.real_now()):
            reconcile(SYSTEM, processor=processor, older_than=timedelta())
            pay_for_all(processor, codes)
            reconcile(SYSTEM, processor=processor, older_than=timedelta())
        charges = list(processor.charges_since(started - timedelta(minutes=5)))
    check_ledger()
    charged = {c.intent_id: c.received for c in charges if c.outcome is Outcome.SUCCEEDED}
    with reading(SYSTEM) as tx:
        payments = tx.exec(select(Payment)).all()
        requests = tx.exec(select(JoinRequest)).all()
        memberships = tx.exec(select(Membership)).all()
    assert {p.processor_intent_id: p.amount for p in payments if p.status in RECEIVED} == charged
    assert len(charged) == len(memberships) == count(MembershipInvoice) == JOINING
    assert max(Counter(c.payment_id for c in charges).values()) == 1
    assert {row.status for row in requests} == {JoinStatus.ACCEPTED}
    assert {row.status for row in memberships} == {MembershipStatus.ACTIVE}
    assert count(Patient) == patients + 2 * JOINING


def run_and_kill(database: str, stripe: str, codes: list[str]) -> None:
    dice = random.Random(7)
    db_engine.dispose()
    command = [sys.executable, "-m", "tests.services.memberships.joining.joining_load", database, stripe]
    environment = {**os.environ, "CODES": ",".join(codes)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as nursery:
        assert nursery.stdin and nursery.stdout
        for _ in range(KILLS):
            nursery.stdin.write("next\n")
            nursery.stdin.flush()
            child, before = int(nursery.stdout.readline()), count(Payment)
            deadline = time.monotonic() + 20
            while count(Payment) == before and time.monotonic() < deadline:
                time.sleep(0.01)  # until it has stored a payment
            time.sleep(dice.uniform(0, 0.3))
            os.kill(child, signal.SIGKILL)
        nursery.stdin.close()
        assert nursery.wait(30) == 0
