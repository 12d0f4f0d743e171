"""Makes the copies that wait, in a process of its own with two threads as the server has them, and prints what it took.

`python -m tests.bench.copies_process DATABASE`. In the middle one more person signs, and waits for their copy.
"""

import json
import resource
import sys
import threading
import time

from sqlmodel import func, select

from portal_app.db import engine as db_engine
from portal_app.db.scope import reading
from portal_app.db.tables.agreements import AgreementCopyFile
from portal_app.domain.agreements.types import CopyStatus
from portal_app.services.agreements.copies.make import make_copies
from tests.services.agreements.copies.helper import PORTAL, copy_row, sealer, sign


def made() -> int:
    with reading(PORTAL) as tx:
        return tx.exec(select(func.count()).select_from(AgreementCopyFile)).one()


def one_more(after: int) -> float:
    """Seconds that somebody waits who signs when `after` copies are made."""
    while made() < after:
        time.sleep(0.5)
    copy_id, began = sign(), time.perf_counter()
    while copy_row(copy_id).status is not CopyStatus.SEALED:
        time.sleep(0.1)
    return time.perf_counter() - began


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MB, on Linux


def main() -> None:
    db_engine.bind(sys.argv[1])
    make_copies(PORTAL, sealer(), at_most=20)
    warm = peak()
    begun, busy = time.perf_counter(), time.process_time()
    ends = [
        threading.Thread(target=make_copies, args=(PORTAL, sealer()), kwargs={"newest_first": newest})
        for newest in (True, False)
    ]
    for thread in ends:
        thread.start()
    waited = one_more(after=200)
    for thread in ends:
        thread.join()
    took = {
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - busy,
        "warm": warm,
        "peak": peak(),
        "waited": waited,
        "made": made(),
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
