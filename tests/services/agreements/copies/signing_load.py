"""Starts processes that sign and make copies until they are killed: `python -m … DATABASE`.

Each line on stdin is a child: forked, so that the next one is there at once, and its id is printed.
"""

import os
import sys

from portal_app.db import engine as db_engine
from portal_app.gateways.pdf import typesetter
from portal_app.services.agreements.copies.make import make_copies
from tests.people import LUIS
from tests.services.agreements.copies.helper import PORTAL, Signs, sealer, sign


def sign_until_killed() -> None:
    while True:
        sign(Signs(), Signs(LUIS, Signs().part.GUARDIAN))
        make_copies(PORTAL, sealer(), newest_first=True, at_most=1)


def main() -> None:
    db_engine.bind(sys.argv[1])
    assert sealer()
    assert typesetter()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            sign_until_killed()
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
