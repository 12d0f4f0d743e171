"""Charges memberships until it is killed: `python -m tests.services.memberships.autopay.charging_load DATABASE STRIPE`.

Each line on stdin is a child: forked, so that the next one is there at once, and its id is printed.
"""

import os
import sys
import time
from datetime import date

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.memberships.autopay.charge import charge_due
from portal_app.services.memberships.billing_run import bill_memberships
from tests.services.memberships.autopay.autopay_helper import SYSTEM, noon
from tests.stripe_simulator.process import SECRET


def main() -> None:
    database, stripe, day = sys.argv[1:]
    db_engine.bind(database)
    processor = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=stripe, retries=0)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            with clock.held_at(noon(date.fromisoformat(day))):
                bill_memberships(SYSTEM)
                charge_due(SYSTEM, processor=processor)
            time.sleep(30)  # until it is killed
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
