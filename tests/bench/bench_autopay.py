"""What it costs to announce the automatic payment of 1,000 memberships, and to charge it at the simulated processor.

`python -m tests.bench.bench_autopay` prints it; a number after it names another count. Stripe's own library asks
the simulator, which is a process of its own: its processor time is not counted, the wall's clock holds it. The database
is a file in TMPDIR: on a disk each of the two commits of a charge waits for it.
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
from portal_app.services.memberships.autopay.announce import announce_charges
from portal_app.services.memberships.autopay.charge import AT_ONCE, charge_due
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
    """Every membership has a saved card for it; nothing is announced."""
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


def let_the_announced_day_come() -> None:
    """As if 110.00 had been announced for today."""
    with transaction(SYSTEM) as tx:
        for row in tx.exec(select(Membership)):
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
        announcing = cost_of(lambda: check(announce_charges(SYSTEM), count))
        let_the_announced_day_come()
        cost = cost_of(lambda: check(charge_due(SYSTEM, processor=processor).paid, count))
        second = cost_of(lambda: check(charge_due(SYSTEM, processor=processor).paid, 0))
    engine.dispose()
    assert processor.most <= AT_ONCE, processor.most
    found = {
        "charges": count,
        "announcing_processor_s": announcing.processor,
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
