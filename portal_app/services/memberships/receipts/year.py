"""What was paid for memberships in a year, person by person, for health accounts (HSA, FSA)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import col, select

from portal_app.clock import local_date
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.billing import Allocation, Invoice, InvoiceLine, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import MembershipInvoice
from portal_app.domain.access import Principal
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import AccountId, InvoiceId, PatientId
from portal_app.domain.money import Money, split_by_weight, total
from portal_app.services.as_system import as_system
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.invoices.read import require_invoice_access
from portal_app.services.billing.ledger.entries import currency

_SOME = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """What was paid in the year for one person's part of one invoice."""

    number: str  # of the invoice
    first: date
    last: date
    paid: Money


@dataclass(frozen=True, slots=True)
class PersonYear:
    """One person's receipt: their name, never more (DEP-11)."""

    patient_id: PatientId
    name: str
    periods: tuple[PaidPeriod, ...]
    paid: Money


@dataclass(frozen=True, slots=True)
class MembershipYear:
    """All people's, which add up to what was paid for memberships in the year, less what was refunded."""

    year: int
    account_id: AccountId
    people: tuple[PersonYear, ...]
    paid: Money


@dataclass(frozen=True, slots=True)
class _Billed:
    invoice: Invoice
    first: date
    last: date


def membership_payments_of_year(
    principal: Principal, year: int, *, account_id: AccountId | None = None
) -> MembershipYear:
    """By the day on which a payment came to pay the invoice, in the practice's time. Raises: NotFound."""
    require_invoice_access(principal)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
    principal.require_account(account_id)
    with reading(as_system(principal)) as tx:
        billed = _billed(tx, account_id)
        weights = _parts(tx, list(billed))
        periods: defaultdict[PatientId, list[PaidPeriod]] = defaultdict(list)
        for id_, (before, after) in _paid(tx, list(billed), year).items():
            for patient_id, paid in _split(weights[id_], before, after):
                one = billed[id_]
                periods[patient_id].append(PaidPeriod(one.invoice.number, one.first, one.last, paid))
        names = _names(tx, periods)
    people = [
        PersonYear(
            patient_id,
            names[patient_id],
            tuple(sorted(rows, key=lambda row: (row.first, row.number))),
            total((row.paid for row in rows), currency()),
        )
        for patient_id, rows in periods.items()
    ]
    people.sort(key=lambda person: (person.name, person.patient_id))
    return MembershipYear(year, account_id, tuple(people), total((one.paid for one in people), currency()))


def _billed(tx: Tx, account_id: AccountId) -> dict[InvoiceId, _Billed]:
    """The account's invoices of memberships, each with its period."""
    links = tx.exec(select(MembershipInvoice).where(MembershipInvoice.account_id == account_id)).all()
    spans = {link.invoice_id: (link.period_start, link.period_end) for link in links}
    invoices = _some(tx, Invoice, Invoice.id, list(spans))
    return {invoice.id: _Billed(invoice, *spans[invoice.id]) for invoice in invoices}


def _parts(tx: Tx, ids: list[InvoiceId]) -> dict[InvoiceId, dict[PatientId, int]]:
    """Each person's part of each invoice in minor units: their lines less what was credited of theirs."""
    parts: dict[InvoiceId, dict[PatientId, int]] = {id_: {} for id_ in ids}
    lines = _some(tx, InvoiceLine, InvoiceLine.invoice_id, ids)
    for line in sorted(lines, key=lambda line: (line.invoice_id, line.position)):
        of = parts[line.invoice_id]
        of[line.patient_id] = of.get(line.patient_id, 0) + line.amount.minor
    for entry in _some(tx, LedgerEntry, LedgerEntry.invoice_id, ids):
        if entry.kind is EntryKind.ADJUSTMENT and entry.patient_id in parts[entry.invoice_id]:
            parts[entry.invoice_id][entry.patient_id] += entry.amount.minor
    return parts


def _paid(tx: Tx, ids: list[InvoiceId], year: int) -> dict[InvoiceId, tuple[Money, Money]]:
    """What was paid of each invoice until the year began, and until it ended."""
    sums: dict[InvoiceId, tuple[Money, Money]] = {}
    nothing = Money(0, currency())
    for allocation in _some(tx, Allocation, Allocation.invoice_id, ids):
        changes = [(datetime.fromisoformat(at), minor) for at, minor, _ in allocation.changes]
        first = allocation.amount.minor - sum(minor for _, minor in changes)
        before, after = sums.get(allocation.invoice_id, (nothing, nothing))
        for at, minor in [(allocation.made_at, first), *changes]:
            part = Money(minor, currency())
            before += part if local_date(at).year < year else nothing
            after += part if local_date(at).year <= year else nothing
        sums[allocation.invoice_id] = (before, after)
    return {id_: both for id_, both in sums.items() if both[0] != both[1]}


def _split(parts: dict[PatientId, int], before: Money, after: Money) -> Iterable[tuple[PatientId, Money]]:
    """What came in between, by person: both sums are split, so that all years together add up."""
    people = list(parts)
    weights = [max(parts[person], 0) for person in people]
    if not any(weights):
        weights = [1] + [0] * (len(people) - 1)
    for person, was, is_ in zip(
        people, split_by_weight(before, weights), split_by_weight(after, weights), strict=True
    ):
        if was != is_:
            yield person, is_ - was


def _some(tx: Tx, table: Any, column: Any, ids: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), _SOME):
        found += tx.exec(select(table).where(col(column).in_(ids[start : start + _SOME]))).all()
    return found


def _names(tx: Tx, ids: Iterable[PatientId]) -> dict[PatientId, str]:
    return {patient.id: patient.full_name for patient in _some(tx, Patient, Patient.id, list(ids))}
