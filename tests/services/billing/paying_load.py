"""A nursery of processes that pay until they are killed: `python -m tests.services.billing.paying_load DATABASE STRIPE`.

Each line on stdin is a child: forked, so that the next one is there at once, and its id is printed.
"""

import os
import random
import sys
from typing import Any

from sqlmodel import select

from portal_app.db import engine as db_engine
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Invoice, Payment
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import PAYABLE, RECEIVED
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.refunds import refund_payment
from tests.people import RIVERA, VISA, People
from tests.stripe_simulator.process import SECRET


def pay_until_killed(processor: StripeProcessor) -> None:
    dice = random.Random(os.getpid())
    with reading(system_principal("test")) as tx:
        wanted = select(Invoice.id).where(Invoice.account_id == RIVERA, Invoice.status.in_(sorted(PAYABLE)))  # type: ignore[attr-defined]
        invoices = list(tx.exec(wanted))
    while True:
        try:
            one_step(dice, dice.choice(invoices), processor)
        except UserError:
            continue


def one_step(dice: random.Random, invoice: Any, processor: StripeProcessor) -> None:
    """Mostly a payment; now and then some of one is given back."""
    if dice.random() < 0.8:
        amount = Money(dice.randrange(50, 5_00))
        id_ = PaymentId(new_id("pay"))
        pay_invoice(
            People.maria, id_, invoice, amount, processor=processor, payment_method_id=VISA, again=True
        )
        return
    with reading(system_principal("test")) as tx:
        received = select(Payment).where(Payment.status.in_(sorted(RECEIVED)))  # type: ignore[attr-defined]
        rows = tx.exec(received.limit(40)).all()
    if rows:
        refund_payment(
            People.nora, RefundId(new_id("ref")), dice.choice(rows).id, Money(25), processor=processor
        )


def main() -> None:
    database, stripe = sys.argv[1:]
    db_engine.bind(database)
    processor = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=stripe, retries=0)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            pay_until_killed(processor)
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
