"""Export of posted ledger entries to the practice's own system, each once, however long it is unreachable (LEDG-5).

An entry is queued in the transaction that posts it. It is claimed in a short transaction, sent without
an open one, and its answer is stored: when a process dies in between, the entry is sent again under the
same key.
"""

from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry, Payment, PostingExport
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import EntryId, PatientId
from portal_app.gateways.practice_system import PracticeSystem
from portal_app.gateways.sending import Sending, Sent
from portal_app.i18n import gettext_noop
from portal_app.services.billing.notify.events import add_staff_task

DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180))  # the last one repeats
TASK_AFTER_TRIES = 6  # tries
_CLAIM_TIME = timedelta(minutes=2)  # longer than the gateway's time limit
_STUCK_EXPORT = gettext_noop(
    "The practice's system does not take what was posted: {reason}. It is tried again."
)


def deliver_exports(principal: Principal, *, system: PracticeSystem, at_most: int = 500) -> int:
    """Send the queued entries, oldest first, and stop at the first that fails.

    Returns: how many were accepted.
    """
    principal.require(Permission.POST_TO_LEDGER)
    accepted = 0
    for _ in range(at_most):
        entry_id = _claim(principal)
        if entry_id is None:
            break
        answer = system.post_entry(_entry_facts(principal, entry_id), key=entry_id)
        _record_answer(principal, entry_id, answer)
        if not isinstance(answer, Sent):
            break  # it would fail for the others too
        accepted += 1
    return accepted


def _claim(principal: Principal) -> EntryId | None:
    """Reserve the oldest entry that is due for a try, so that no other process sends it too."""
    waiting = (
        select(PostingExport)
        .where(col(PostingExport.sent_at).is_(None), col(PostingExport.next_try_at) <= now())
        .order_by(col(PostingExport.created_at), col(PostingExport.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with transaction(principal) as tx:
        row = tx.exec(waiting).first()
        if row is None:
            return None
        row.tries += 1
        row.next_try_at = now() + _CLAIM_TIME
        return row.id


def _record_answer(principal: Principal, entry_id: EntryId, answer: Sending) -> None:
    with transaction(principal) as tx:
        row = tx.get_or_404(PostingExport, entry_id, lock=True)
        if isinstance(answer, Sent):
            row.sent_at, row.next_try_at, row.trouble = now(), None, ""
            return
        row.trouble = answer.reason
        row.next_try_at = now() + DELAYS[min(row.tries, len(DELAYS)) - 1]
        if row.tries == TASK_AFTER_TRIES:
            add_staff_task(tx, "export_stuck", entry_id, _STUCK_EXPORT, None, reason=answer.reason)


def _entry_facts(principal: Principal, entry_id: EntryId) -> dict[str, Any]:
    """The entry as the practice's system reads it; money as signed decimal text."""
    with reading(principal) as tx:
        entry = tx.get_or_404(LedgerEntry, entry_id)
        account = tx.get_or_404(Account, entry.account_id)
        charts = dict(
            tx.exec(
                select(Patient.id, Patient.chart_number).where(
                    col(Patient.id).in_({account.guarantor_id, entry.patient_id or account.guarantor_id})
                )
            ).all()
        )
        invoice = tx.get(Invoice, entry.invoice_id) if entry.invoice_id else None
        payment = tx.get(Payment, entry.payment_id) if entry.payment_id else None
    return {
        "id": entry.id,
        "kind": entry.kind.value,
        "amount": entry.amount.plain(),
        "currency": entry.amount.currency,
        "happened_on": entry.happened_on.isoformat(),
        "posted_on": entry.posted_on.isoformat(),
        "guarantor_chart_number": charts.get(account.guarantor_id) or "",
        "patient_chart_number": charts.get(PatientId(entry.patient_id or "")) or "",
        "invoice_number": invoice.number if invoice else "",
        "payment_id": entry.payment_id or "",
        "receipt_number": (payment.receipt_number or "") if payment else "",
        "text": entry.text,
    }
