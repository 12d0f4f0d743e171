"""What it costs to charge 1,000 due memberships by themselves at the simulated processor, and how many at once.

`python -m tests.bench.bench_autopay` prints it; a number after it names another count. Stripe's own library asks
the simulator, which is a process of its own: its processor time is not counted, the wall's clock holds it.
"""

import json
import os
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from portal_app import clock
from portal_app.clock import now, today
from portal_app.db import engine, migrations
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Account, PaymentMethod
from portal_app.db.tables.memberships import Membership
from portal_app.domain.ids import AccountId, PaymentMethodId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.memberships.autopay.charge import charge_due
from portal_app.services.memberships.billing_run import bill_memberships
from tests.bench.bench_billing import NOON, SYSTEM, cost_of
from tests.bench.memberships_due import add_due_memberships
from tests.stripe_simulator.process import SECRET, simulator

COUNT = 1000


class CountingProcessor(StripeProcessor):
    """Knows how many charges it worked on at the same time, at most."""

    most = 0
    _working = 0
    _lock = threading.Lock()

    def charge(self, *asked: Any, **more: Any) -> Any:
        with self._lock:
            self._working += 1
            self.most = max(self.most, self._working)
        try:
            return super().charge(*asked, **more)
        finally:
            with self._lock:
                self._working -= 1

    def saved_visa(self, customer: str) -> str:
        """A new saved card of the customer."""
        return self._api.payment_methods.attach("pm_card_visa", {"customer": customer}).id


def turn_autopay_on(processor: CountingProcessor) -> None:
    """Every membership is charged today: a saved card, 110.00 announced."""
    customer = processor.customer(
        AccountId("bench"), "Bench"
    )  # one for all: making customers is not measured
    with transaction(SYSTEM) as tx:
        for row in tx.exec(select(Membership).order_by(col(Membership.id))):
            card = PaymentMethodId(new_id("src"))
            tx.get_or_404(Account, row.account_id).processor_customer_id = customer
            tx.add(_visa(card, row, processor.saved_visa(customer)))
            tx.flush()
            row.payment_method_id, row.autopay_agreed_at = card, now() - timedelta(days=20)
            row.announced_for, row.announced_amount = today(), Money(110_00, "USD")


def _visa(id_: PaymentMethodId, row: Membership, processor_id: str) -> PaymentMethod:
    return PaymentMethod(
        id=id_,
        account_id=row.account_id,
        processor_id=processor_id,
        kind="card",
        brand="visa",
        last4="4242",
        exp_month=12,
        exp_year=2030,
        created_at=now(),
    )


def measure(count: int, folder: Path) -> dict[str, float]:
    engine.bind(f"sqlite:///{folder / 'bench.db'}")
    migrations.upgrade()
    with simulator(str(folder / "stripe.db")) as simulated:
        processor = CountingProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=simulated.url)
        add_due_memberships(count)
        turn_autopay_on(processor)
        bill_memberships(SYSTEM)
        cost = cost_of(lambda: check(charge_due(SYSTEM, processor=processor).paid, count))
        second = cost_of(lambda: check(charge_due(SYSTEM, processor=processor).paid, 0))
    engine.dispose()
    found = {
        "charges": count,
        "processor_s": cost.processor,
        "wall_s": cost.wall,
        "most_at_once": processor.most,
        "second_run_processor_s": second.processor,
        "second_run_wall_s": second.wall,
    }
    return {name: round(value, 2) for name, value in found.items()}


def check(paid: int, wanted: int) -> None:
    assert paid == wanted, paid


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name, clock.held_at(NOON):
        print(json.dumps(measure(count, Path(name)), indent=1))


if __name__ == "__main__":
    os.environ.setdefault("PORTAL_MODE", "demo")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
