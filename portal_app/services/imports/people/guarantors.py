"""Who answers for an account and cannot: children, people who are gone, and charts merged into others."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import col, func, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice, InvoiceLine, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.families import ADULT_AGE, PatientStatus, birthday, is_younger_than
from portal_app.domain.ids import AccountId, PatientId
from portal_app.i18n import gettext_noop
from portal_app.services.imports.import_run import ImportRun, Row, chunks, task


def guarantor_chart(run: ImportRun, row: Row) -> str:
    """Who answers for this row's patient: named or themself; a merged chart's survivor instead of it."""
    chart: str = row.guarantor_chart_number or row.chart_number
    return run.survivors.get(chart, chart)


def find_survivors(run: ImportRun, rows: list[Row]) -> None:
    """Which chart answers in place of a merged one: the one that survives, if nobody else answers for that."""
    into = {row.chart_number: row.merged_into for row in rows if row.status == PatientStatus.MERGED}
    named = {row.chart_number: row.guarantor_chart_number for row in rows}
    for chart in into:
        passed, survivor = {chart}, into[chart]
        while into.get(survivor) and survivor not in passed:
            passed.add(survivor)
            survivor = into[survivor]
        if not survivor or survivor in passed:
            continue
        known = run.people.get(survivor)
        if survivor in named:
            own = named[survivor] in ("", survivor, *passed)
        else:
            own = known is not None and run.guarantors.get(known.account_id) == known.id
        if own:
            run.survivors[chart] = survivor


def settle_merged_charts(run: ImportRun, rows: list[Row]) -> None:
    """What a merged chart answers for goes to the survivor: invoices, credit and dependents, by the account."""
    merged = [row for row in rows if row.status == PatientStatus.MERGED and row.chart_number in run.people]
    for some in chunks(merged, 500):
        ids = {run.people[row.chart_number].id: row for row in some}
        with run.opened() as tx:
            for account in tx.exec(select(Account).where(col(Account.guarantor_id).in_(list(ids)))).all():
                _hand_over(run, tx, account, ids[account.guarantor_id])
            run.add_staff_task(tx, _left_with_others(run, tx, ids))


def _hand_over(run: ImportRun, tx: Tx, account: Account, row: Row) -> None:
    chart, survivor = row.chart_number, run.survivors.get(row.chart_number, "")
    if not survivor or survivor not in run.people:
        return  # `look_at_guarantors` asks staff, if something is open
    new = run.people[survivor].id
    run.accounts.pop(run.people[chart].id, None)
    run.accounts.setdefault(new, account.id)
    run.guarantors[account.id] = new
    run.several.add(new)
    run.moved_accounts += 1
    run.bulk_update(tx, Account, [{"id": account.id, "guarantor_id": new}])
    run.report.notes.append(f"Chart {chart} was merged: {survivor} now answers for its account.")


def _left_with_others(run: ImportRun, tx: Tx, ids: dict[PatientId, Row]) -> list[dict[str, Any]]:
    """Open invoices of a merged patient on the account of somebody who does not answer for the survivor."""
    found = tx.exec(
        columns(InvoiceLine.patient_id, InvoiceLine.account_id)
        .join(Invoice, col(Invoice.id) == InvoiceLine.invoice_id)
        .where(col(InvoiceLine.patient_id).in_(list(ids)), col(Invoice.status).in_(PAYABLE))
        .distinct()
    ).all()
    tasks: list[dict[str, Any]] = []
    for patient_id, account_id in found:
        row = ids[patient_id]
        chart, survivor = row.chart_number, run.people.get(row.merged_into)
        guarantor = run.guarantors.get(account_id)
        own = guarantor == patient_id  # then `look_at_guarantors` tells of the whole account
        if own or (survivor and guarantor in (survivor.id, run.guarantors.get(survivor.account_id))):
            continue
        tasks.append(
            task(
                f"merged:{patient_id}:{account_id}",
                "merged",
                gettext_noop(
                    "Chart {chart} was merged, and its open invoices are on the account of another guarantor. "
                    "Decide who answers for them."
                ),
                account_id=account_id,
                chart=chart,
            )
        )
    return tasks


def warn_of_children(run: ImportRun, rows: list[Row]) -> None:
    """A guarantor is an adult: nobody else can see and pay the bills."""
    for row in rows:
        chart = guarantor_chart(run, row)
        person = run.people.get(chart)
        if person is None or row.status != PatientStatus.ACTIVE or person.status != PatientStatus.ACTIVE:
            continue
        if is_younger_than(person.born, ADULT_AGE, run.options.today):
            run.warn(row, "guarantor_chart_number", f"{chart} is under 18: a guarantor is an adult")


@dataclass(slots=True)
class _Held:
    """What is open on an account."""

    guarantor: Patient
    owed: Any = None
    dependents: list[str] = field(default_factory=list[str])


def look_at_guarantors(run: ImportRun) -> None:
    """Tell staff of accounts whose guarantor is a child, or is gone while something is open."""
    if run.check:
        return
    children_after = birthday_limit(run.options.today)
    with run.opened() as tx:
        unfit = (col(Patient.status) != PatientStatus.ACTIVE) | (
            (col(Patient.birth_date) > children_after) & (col(Patient.birth_date) <= run.options.today)
        )
        found = tx.exec(
            columns(Account.id, Patient).join(Patient, col(Patient.id) == Account.guarantor_id).where(unfit)
        ).all()
        for some in chunks(found, 500):
            held = {account_id: _Held(patient) for account_id, patient in some}
            _fill_in(tx, held)
            run.add_staff_task(tx, [t for id_, one in held.items() if (t := _task(id_, one))])


def birthday_limit(today: date) -> date:
    """Whoever was born after this day is under 18 today."""
    limit = date(today.year - ADULT_AGE, today.month, min(today.day, 28))
    while birthday(limit, ADULT_AGE) < today:
        limit = date.fromordinal(limit.toordinal() + 1)
    return limit


def _fill_in(tx: Tx, held: dict[AccountId, _Held]) -> None:
    ids = list(held)
    sums = (
        columns(LedgerEntry.account_id, func.sum(LedgerEntry.amount))
        .where(col(LedgerEntry.account_id).in_(ids))
        .group_by(LedgerEntry.account_id)
    )
    for account_id, owed in tx.exec(sums):
        held[account_id].owed = owed
    others = select(Patient).where(
        col(Patient.account_id).in_(ids), col(Patient.status) == PatientStatus.ACTIVE
    )
    for patient in tx.exec(others):
        if patient.id != held[patient.account_id].guarantor.id:
            held[patient.account_id].dependents.append(patient.chart_number or patient.full_name)


def _task(account_id: AccountId, held: _Held) -> dict[str, Any] | None:
    person = held.guarantor
    facts = {"account_id": account_id, "name": person.full_name, "chart": person.chart_number}
    if person.status is PatientStatus.ACTIVE:
        said = gettext_noop(
            "{name} ({chart}) is under 18 and answers for an account. A guarantor is an adult."
        )
        return task(f"guarantor:{account_id}:child", "guarantor", said, **facts)
    if not held.owed and not held.dependents:
        return None
    said = gettext_noop(
        "{name} ({chart}) answers for an account and can no longer sign in; something is open on it. "
        "Decide who answers for it now."
    )
    return task(f"guarantor:{account_id}:{person.status.value}", "guarantor", said, **facts)
