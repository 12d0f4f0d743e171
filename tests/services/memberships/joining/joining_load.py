"""Pays for those who join until it is killed: `python -m tests.services.memberships.joining.joining_load DATABASE STRIPE`.

Each line on stdin is a child: forked, so that the next one is there at once, and its id is printed. CODES in the
environment names the codes that were typed, with commas between them.
"""

import os
import sys
import time

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.domain.access import nobody
from portal_app.domain.errors import UserError
from portal_app.domain.money import Money
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.memberships.joining.pay import pay_first_invoice
from tests.payments_helper import new_payment
from tests.stripe_simulator.process import SECRET

PRICE = Money(110_00)


def pay_for_all(processor: StripeProcessor, codes: list[str]) -> None:
    """As the page does after it was loaded again: a new payment id, a new token; what is paid or held is refused."""
    for number, code in enumerate(codes):
        visitor = nobody(f"203.0.113.{number + 1}", "en")
        token = processor._api.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_visa"}).id
        try:
            pay_first_invoice(visitor, code, new_payment(), PRICE, token=token, processor=processor)
        except UserError:
            continue


def main() -> None:
    database, stripe = sys.argv[1:]
    db_engine.bind(database)
    processor = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=stripe, retries=0)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            with clock.held_at(clock.real_now()):
                pay_for_all(processor, os.environ["CODES"].split(","))
            time.sleep(30)  # until it is killed
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
