"""Starts processes that bill until they are killed: `python -m tests.services.memberships.billing_load DATABASE DAY`.

Each line on stdin is a child: forked, so that the next one is there at once, and its id is printed.
"""

import os
import sys
from datetime import datetime

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.domain.access import system_principal
from portal_app.services.memberships.billing_run import bill_memberships


def main() -> None:
    database, moment = sys.argv[1:]
    db_engine.bind(database)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            with clock.held_at(datetime.fromisoformat(moment)):
                bill_memberships(system_principal("bill"), batch=2)
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
