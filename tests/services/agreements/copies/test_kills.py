"""`kill -9` between signing and sealing: one signature, one copy, one email each. More of them: `PORTAL_KILLS=50`."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile, Signature, SigningKey
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.agreements.types import CopyStatus
from portal_app.services.agreements.copies.check import check_agreements
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.agreements.copies.verify import Verdict, verify_upload
from portal_app.services.audit import chain_entries, verify_chain
from tests.people import LUIS, MARIA, People
from tests.services.agreements.copies.helper import PORTAL, all_rows, sealer

KILLS = int(os.environ.get("PORTAL_KILLS", "12"))


@pytest.mark.slow
def test_sign_4_processes_killed_between_signing_and_sealing_leave_one_copy_and_one_email_each(
    sample_people: People, db: str
) -> None:
    assert sample_people
    sign_and_kill(db)
    left = [one for one in all_rows(AgreementCopy) if one.status is CopyStatus.WAITING]
    assert left  # some died in between
    with clock.held_at(clock.real_now() + timedelta(minutes=2)):
        assert make_copies(PORTAL, sealer()) == (len(left), 0)
        chain_entries(PORTAL)
    copies = all_rows(AgreementCopy)
    assert len(copies) >= KILLS
    assert {one.status for one in copies} == {CopyStatus.SEALED}
    ids = {one.id for one in copies}
    assert {one.copy_id for one in all_rows(AgreementCopyFile)} == ids
    assert set(Counter(one.request_id for one in all_rows(Signature)).values()) == {2}
    emails = Counter(one.once for one in all_rows(OutboxMessage) if one.kind == "agreement_copy")
    assert emails == Counter(f"agreement_copy:{id_}:{who.id}" for id_ in ids for who in (MARIA, LUIS))
    lines = Counter(one.subject for one in all_rows(AuditEntry) if one.action == "agreements:seal")
    assert lines == Counter(ids)
    assert len(all_rows(SigningKey)) == 1
    assert verify_chain(PORTAL).whole
    assert check_agreements(PORTAL) == []
    files = all_rows(AgreementCopyFile)
    assert {verify_upload(PORTAL, one.pdf).verdict for one in files[-5:]} == {Verdict.GENUINE}


def sign_and_kill(database: str) -> None:
    dice = random.Random(11)
    db_engine.dispose()
    command = [sys.executable, "-m", "tests.services.agreements.copies.signing_load", database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        assert nursery.stdin
        assert nursery.stdout
        for _ in range(KILLS):
            before = len(all_rows(Signature))
            nursery.stdin.write("next\n")
            nursery.stdin.flush()
            child = int(nursery.stdout.readline())
            deadline = time.monotonic() + 60
            while len(all_rows(Signature)) == before and time.monotonic() < deadline:
                time.sleep(0.005)  # until it has signed
            time.sleep(dice.uniform(0, 0.3))
            os.kill(child, signal.SIGKILL)
        nursery.stdin.close()
        assert nursery.wait(60) == 0
