"""Makes the copies that wait: typeset, sealed, stored and sent, each once however many processes work.

A claim is a short transaction of its own that moves the copy's next try behind the time that making it may take;
nothing is held while the PDF is made. A process that dies leaves the row to be tried again within two minutes. The file,
the message to each signer and the line in the audit trail are written in one transaction (SIGN-1, SIGN-4).
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from portal_app.clock import now
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.agreements.types import CopyStatus
from portal_app.domain.ids import AgreementCopyId
from portal_app.gateways.pdf import typesetter
from portal_app.gateways.signing.types import SealedPdf, Sealer, SealOrder
from portal_app.i18n import translate
from portal_app.services.agreements.copies.files import SEALED, copy_mark
from portal_app.services.agreements.copies.paper import copy_facts, copy_language
from portal_app.services.agreements.copies.read import CopyFacts, read_copy
from portal_app.services.agreements.copies.send import send_copy
from portal_app.services.agreements.copies.signing_keys import UsedKey, current_key
from portal_app.services.agreements.signing.complete import COPY_TOPIC
from portal_app.services.agreements.topics import announce_request
from portal_app.services.audit import chain_entries
from portal_app.services.live import listen, unlisten
from portal_app.services.wake_up import WakeUp

_MAKING = timedelta(
    minutes=1
)  # longer than typesetting, a silent time-stamp server and sealing take together
_DELAYS = tuple(timedelta(seconds=s) for s in (10, 20, 40, 120, 600, 3600))
_FAILED_AFTER = 5  # tries; from then on it is called failed, and still tried
_COPIES = WakeUp()
_log = logging.getLogger(__name__)


class MadeCopies(NamedTuple):
    made: int
    failed: int


class _Made(NamedTuple):
    facts: CopyFacts
    key: UsedKey
    sealed: SealedPdf


def make_copies(
    principal: Principal,
    sealer: Sealer,
    *,
    newest_first: bool = False,
    at_most: int = 10_000,
    on_each: Callable[[], None] = lambda: None,
) -> MadeCopies:
    """Make what is due, one after another. Two that run at the same time, from both ends, let nobody wait for a batch.

    Args:
        newest_first: whoever signed last is served first.
        on_each: called after each, with no transaction open.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    made = failed = 0
    for _ in range(at_most):
        copy_id = _claim(principal, newest_first=newest_first)
        if copy_id is None:
            break
        try:
            chain_entries(principal)  # the newest line is printed: that of the last signature, or later
            made += _keep(principal, copy_id, _make(principal, sealer, copy_id))
        except Exception as trouble:  # without its message: it may hold health data
            _log.error("copy %s is not made: %s", copy_id, type(trouble).__name__)
            _keep_failure(principal, copy_id, type(trouble).__name__)
            failed += 1
        on_each()
    return MadeCopies(made, failed)


def copies_wait(principal: Principal) -> bool:
    """Whether a copy is due: asked before anything slow is loaded."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(principal) as tx:
        return tx.exec(_due().limit(1)).first() is not None


async def make_copies_when_woken(sealer: Callable[[], Sealer]) -> None:
    """For the server's lifespan: make at once what this process completes, from both ends of the line.

    What another process left behind is for the job (services/jobs/agreements.py).
    """

    principal = system_principal("agreement-copies")

    def make(newest_first: bool) -> None:
        try:
            if copies_wait(principal):
                make_copies(principal, sealer(), newest_first=newest_first)
        except Exception as bug:  # a database away for a minute must not end the loop
            _log.error("copies could not be made (%s)", type(bug).__name__)

    listen(_wake)
    try:
        with _COPIES.listening() as woken:
            while True:
                await asyncio.gather(asyncio.to_thread(make, True), asyncio.to_thread(make, False))
                await woken.wait()
                woken.clear()
    finally:
        unlisten(_wake)


def _wake(topic: str, _: str) -> None:
    if topic == COPY_TOPIC:
        _COPIES.wake()


def _due() -> SelectOfScalar[AgreementCopy]:
    return select(AgreementCopy).where(
        col(AgreementCopy.status).in_((CopyStatus.WAITING, CopyStatus.FAILED)),
        or_(col(AgreementCopy.next_try_at).is_(None), col(AgreementCopy.next_try_at) <= now()),
    )


def _claim(principal: Principal, *, newest_first: bool) -> AgreementCopyId | None:
    """The next copy to make, ours alone for as long as that may take."""
    age = col(AgreementCopy.created_at)
    due = _due().order_by(age.desc() if newest_first else age).limit(1).with_for_update(skip_locked=True)
    with transaction(principal) as tx:
        row = tx.exec(due).first()
        if row is None:
            return None
        row.tries += 1
        row.next_try_at = now() + _MAKING
        return row.id


def _make(principal: Principal, sealer: Sealer, copy_id: AgreementCopyId) -> _Made:
    """Typeset and seal, with no transaction open."""
    key = current_key(principal, sealer)
    with reading(principal) as tx:
        facts = read_copy(tx, copy_id)
    language = copy_language(facts)
    printed = copy_facts(facts, mark=copy_mark(copy_id), certificate=key.pair.certificate)
    order = SealOrder(
        pdf=typesetter().render_pdf("agreement", printed, made=now()),
        key=key.pair,
        at=now(),
        practice=facts.practice.name,
        field_label=translate(language, "Seal of the practice"),
        reason=translate(language, "Copy of a signed agreement"),
    )
    return _Made(facts, key, sealer.seal(order))


def _keep(principal: Principal, copy_id: AgreementCopyId, made: _Made) -> bool:
    """Store the file and leave the messages; False when another process was quicker: its copy is the one."""
    content = made.sealed.content
    with transaction(principal) as tx:
        row = tx.get_or_404(AgreementCopy, copy_id, lock=True)
        if row.status is CopyStatus.SEALED:
            return False
        tx.add(AgreementCopyFile(copy_id=copy_id, pdf=content))
        row.status, row.sealed_at, row.next_try_at, row.failed = CopyStatus.SEALED, now(), None, ""
        row.sha256, row.size = hashlib.sha256(content).hexdigest(), len(content)
        row.signed_sha256 = made.sealed.signed_digest
        row.key_id, row.time_stamped = made.key.id, made.sealed.time_stamped
        row.trail_number, row.trail_hash = made.facts.trail_number, made.facts.trail_hash
        _note(tx, row, made)
        send_copy(tx, row, made.facts)
        announce_request(tx, row.request_id, row.patient_id)
    return True


def _note(tx: Tx, row: AgreementCopy, made: _Made) -> None:
    """The line in the trail with the hashes of file, texts and answers."""
    details = {
        "file": row.sha256,
        "texts": [text.sha256 for text in made.facts.texts],
        "answers": [one.answers_sha256 for one in made.facts.signatures],
    }
    if made.sealed.missing_time_stamp:
        details["no_time_stamp"] = made.sealed.missing_time_stamp
    tx.add(audit.entry(tx.principal, SEALED, subject=row.id, patient_id=row.patient_id, details=details))


def _keep_failure(principal: Principal, copy_id: AgreementCopyId, why: str) -> None:
    with transaction(principal) as tx:
        row = tx.get_or_404(AgreementCopy, copy_id, lock=True)
        if row.status is CopyStatus.SEALED:
            return
        row.failed = why
        row.next_try_at = now() + _DELAYS[min(row.tries, len(_DELAYS)) - 1]
        if row.tries >= _FAILED_AFTER:
            row.status = CopyStatus.FAILED
