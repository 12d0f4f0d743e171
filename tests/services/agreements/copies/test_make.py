"""Copies are made once, sealed and sent; what fails or dies is made later (SIGN-1, SIGN-4)."""

import asyncio
import errno
import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile, Signature, SigningKey
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.staff import Task
from portal_app.domain.agreements.types import CopyStatus, SignerPart
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.signing.pades import PadesSealer
from portal_app.gateways.signing.seals import find_seals
from portal_app.gateways.signing.types import KeyPair, SealedPdf, SealOrder
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.agreements.copies.late import tell_of_late_copies
from portal_app.services.agreements.copies.make import copies_wait, make_copies, make_copies_when_woken
from portal_app.services.agreements.copies.signing_keys import current_key, replace_key
from portal_app.services.audit import verify_chain
from portal_app.services.jobs.agreements import make_agreement_copies
from portal_app.services.jobs.base import JobRun
from portal_app.services.messaging.delivery import deliver
from tests.people import LUIS, MARIA, People
from tests.services.agreements.copies.helper import (
    PORTAL,
    Signs,
    all_rows,
    copy_row,
    file_of,
    later,
    sealer,
    sign,
)
from tests.services.jobs.helpers import fake_gateways

BOTH = (Signs(), Signs(LUIS, SignerPart.SECOND_GUARDIAN))


class FullDisk:
    """Seals nothing until it is emptied."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.full, self.before = True, before

    def make_key(self, practice: str, at: object) -> KeyPair:
        return sealer().make_key(practice, clock.now())

    def seal(self, order: SealOrder) -> SealedPdf:
        self.before()
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return sealer().seal(order)


def test_a_copy_is_made_sealed_and_noted(sample_people: People) -> None:
    assert sample_people
    copy_id = sign(*BOTH)
    assert make_copies(PORTAL, sealer()) == (1, 0)
    row, content = copy_row(copy_id), file_of(copy_id)
    assert row.status is CopyStatus.SEALED
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert row.size == len(content)
    (key,) = all_rows(SigningKey)
    assert row.key_id == key.id
    (seal,) = find_seals(content, [key.certificate])
    assert seal.covers_all
    assert seal.signed_digest == row.signed_sha256
    (line,) = [one for one in all_rows(AuditEntry) if one.action == "agreements:seal"]
    assert line.subject == copy_id
    assert line.details["file"] == row.sha256
    signatures = all_rows(Signature)
    assert line.details["texts"] == [signatures[0].text_sha256]
    assert sorted(line.details["answers"]) == sorted(one.answers_sha256 for one in signatures)
    assert verify_chain(PORTAL).sealed >= (row.trail_number or 0) > 0


def test_a_second_run_makes_nothing_again(sample_people: People) -> None:
    assert sample_people
    copy_id = sign()
    make_copies(PORTAL, sealer())
    before = file_of(copy_id)
    assert make_copies(PORTAL, sealer()) == (0, 0)
    assert not copies_wait(PORTAL)
    assert file_of(copy_id) == before


def test_sign_1_each_signer_gets_one_email_with_the_copy(sample_people: People) -> None:
    assert sample_people
    copy_id = sign(*BOTH)
    make_copies(PORTAL, sealer())
    mailer = FakeMailer()
    deliver(PORTAL, mail=mailer, sms=FakeTexter())
    sent = [one for one in mailer.sent if one.attachments]
    assert len(sent) == 2
    assert {len(one.attachments) for one in sent} == {1}
    assert {one.attachments[0].content for one in sent} == {file_of(copy_id)}
    assert all("/verify" in one.text and "Membership" not in one.text for one in sent)
    assert all(MARIA.family_name not in one.subject + one.text for one in sent)


def test_one_who_signed_in_two_parts_gets_one_email(sample_people: People) -> None:
    assert sample_people
    sign(Signs(), Signs(MARIA, SignerPart.GUARDIAN))
    make_copies(PORTAL, sealer())
    assert len([one for one in all_rows(OutboxMessage) if one.kind == "agreement_copy"]) == 1


def test_sign_1_two_that_make_copies_at_once_make_one(sample_people: People, db: str) -> None:
    """Both have claimed it: the second one's lease ran out while it was sealing."""
    assert sample_people
    copy_id = sign(*BOTH)
    slow = FullDisk(before=lambda: claim_again(copy_id))
    slow.full = False
    assert make_copies(PORTAL, slow, at_most=1) == (0, 0)
    assert len(all_rows(AgreementCopyFile)) == 1
    assert len([one for one in all_rows(OutboxMessage) if one.kind == "agreement_copy"]) == 2
    assert len([one for one in all_rows(AuditEntry) if one.action == "agreements:seal"]) == 1


def claim_again(copy_id: str) -> None:
    with transaction(PORTAL) as tx:
        tx.get_or_404(AgreementCopy, copy_id).next_try_at = None
    made: list[object] = []
    other = threading.Thread(target=lambda: made.append(make_copies(PORTAL, sealer())))
    other.start()
    other.join(60)
    assert made == [(1, 0)]


def test_sign_4_a_full_disk_leaves_the_signature_and_a_task_after_two_minutes(sample_people: People) -> None:
    assert sample_people
    copy_id = sign()
    disk, began = FullDisk(), clock.now()
    for seconds in range(0, 121, 10):
        with clock.held_at(began + timedelta(seconds=seconds)):
            make_copies(PORTAL, disk)
            tell_of_late_copies(PORTAL)
            assert len([one for one in all_rows(Task) if not one.done_at]) == (seconds >= 60)
    assert len(all_rows(Signature)) == 1
    assert all_rows(Signature)[0].signed_at == began
    assert copy_row(copy_id).failed == "OSError"
    assert all_rows(OutboxMessage) == []
    disk.full = False
    with clock.held_at(began + timedelta(hours=2)):
        assert make_copies(PORTAL, disk) == (1, 0)
        tell_of_late_copies(PORTAL)
    assert [one.done_at is not None for one in all_rows(Task)] == [True]
    assert copy_row(copy_id).failed == ""


def test_sign_4_one_that_died_while_sealing_is_made_by_the_job_within_two_minutes(
    sample_people: People,
) -> None:
    assert sample_people

    class Killed(BaseException):
        """As if the process had ended here: nothing of it is caught."""

    def die() -> None:
        raise Killed

    copy_id = sign()
    with pytest.raises(Killed):
        make_copies(PORTAL, FullDisk(before=die))
    assert copy_row(copy_id).status is CopyStatus.WAITING
    run = JobRun(PORTAL, fake_gateways()._replace(sealer=sealer))
    with clock.held_at(later(seconds=30)):
        assert make_agreement_copies(run).values["made"] == 0  # it may still be at work
    with clock.held_at(later(seconds=75)):
        assert make_agreement_copies(run).values == {"made": 1, "failed": 0}
    assert all_rows(Task) == []


def test_whoever_signed_last_is_served_first_by_one_of_the_two(sample_people: People) -> None:
    assert sample_people
    ids = []
    for minute in range(3):
        with clock.held_at(later(minutes=minute)):
            ids.append(sign())
    with clock.held_at(later(minutes=5)):
        make_copies(PORTAL, sealer(), newest_first=True, at_most=1)
        make_copies(PORTAL, sealer(), at_most=1)
    assert [copy_row(one).status is CopyStatus.SEALED for one in ids] == [True, False, True]


def test_the_key_is_made_once_and_kept_encrypted(sample_people: People, db: str) -> None:
    assert sample_people
    threads = [threading.Thread(target=current_key, args=(PORTAL, sealer())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (row,) = all_rows(SigningKey)
    assert "PRIVATE" not in row.private_key
    used = current_key(PORTAL, sealer())
    assert used.id == row.id
    assert "PRIVATE KEY" in used.pair.private_key


def test_a_new_key_replaces_the_old_one_whose_certificate_stays(sample_people: People) -> None:
    assert sample_people
    old = current_key(PORTAL, sealer())
    new_id = replace_key(PORTAL, sealer())
    assert current_key(PORTAL, sealer()).id == new_id != old.id
    assert {row.id: row.retired_at is None for row in all_rows(SigningKey)} == {old.id: False, new_id: True}
    assert old.pair.certificate in {row.certificate for row in all_rows(SigningKey)}


def test_a_key_at_its_end_or_of_another_secret_is_replaced(sample_people: People) -> None:
    assert sample_people
    first = current_key(PORTAL, sealer()).id
    with clock.held_at(later(days=3640)):
        second = current_key(PORTAL, sealer()).id
    with transaction(PORTAL) as tx:
        tx.get_or_404(SigningKey, second).private_key = "not encrypted with this secret"
    third = current_key(PORTAL, sealer()).id
    assert len({first, second, third}) == 3


def test_a_copy_without_a_time_stamp_is_noted(sample_people: People) -> None:
    assert sample_people

    class Unstamped(PadesSealer):
        def seal(self, order: SealOrder) -> SealedPdf:
            made = super().seal(order)
            return SealedPdf(
                made.content, made.signed_digest, time_stamped=False, missing_time_stamp="silent"
            )

    copy_id = sign()
    make_copies(PORTAL, Unstamped())
    assert not copy_row(copy_id).time_stamped
    (line,) = [one for one in all_rows(AuditEntry) if one.action == "agreements:seal"]
    assert line.details["no_time_stamp"] == "silent"


async def test_the_server_makes_a_copy_as_soon_as_it_is_announced(sample_people: People) -> None:
    assert sample_people
    task = asyncio.create_task(make_copies_when_woken(sealer))
    try:
        await asyncio.sleep(0.2)  # it listens
        copy_id = await asyncio.to_thread(sign)
        for _ in range(200):
            if copy_row(copy_id).status is CopyStatus.SEALED:
                break
            await asyncio.sleep(0.05)
        assert copy_row(copy_id).status is CopyStatus.SEALED
    finally:
        task.cancel()
