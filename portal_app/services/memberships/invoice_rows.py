"""The rows of invoices for memberships, to be inserted in bulk: invoice, lines, ledger entries, exports, notices."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from portal_app.clock import now, today
from portal_app.db.owned import Owned
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice, InvoiceLine, LedgerEntry, PostingExport
from portal_app.db.tables.memberships import MembershipInvoice
from portal_app.db.tables.messages import BillingNotice
from portal_app.domain.billing.types import EntryKind, InvoiceStatus
from portal_app.domain.ids import AccountId, InvoiceId, LineId, MembershipId, PatientId, new_id
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.domain.money import Money, total
from portal_app.services.billing.invoices.numbers import take_invoice_numbers
from portal_app.services.memberships.load import LoadedMembership


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One line: whose, what it says, how much (zero or more)."""

    patient_id: PatientId
    text: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """An invoice of a membership that is to be made; due on `due_day`, issued today or on that day if it is past."""

    membership_id: MembershipId
    account_id: AccountId
    period: Span
    due_day: date
    lines: tuple[PlannedLine, ...]
    kind: InvoiceKind = InvoiceKind.PERIOD
    enrolment_id: str = ""
    repeat: int = 0
    coupon_ids: tuple[str, ...] = ()
    fee_payer: PatientId | None = None  # on whose line the enrolment fee is
    fee: Money | None = None

    @property
    def period_amount(self) -> Money:
        """What the period costs, without the fee."""
        return total((line.amount for line in self.lines), self.lines[0].amount.currency)

    @property
    def amount(self) -> Money:
        return self.period_amount + self.fee if self.fee else self.period_amount


def plan_period_invoice(
    membership: LoadedMembership, bill_date: date, *, repeat: int = 0, unbilled: Collection[date] = ()
) -> PlannedInvoice:
    """The invoice of the period that begins on `bill_date`, the enrolment fee on it where it is due still.

    `unbilled`: earlier bill dates whose invoices are not stored yet; their coupons' periods count as used.

    Raises: NobodyEnrolled, BirthDateMissing, NoBandForAge.
    """
    price = membership.agreed.price_on(bill_date, unbilled=unbilled)
    patients = {enrolment.id: enrolment.patient_id for enrolment in membership.enrolments}
    row = membership.row
    lines = tuple(
        PlannedLine(patients[part.member_id], membership.plan.name, part.charged) for part in price.parts
    )
    fee = row.enrolment_fee_due
    return PlannedInvoice(
        membership_id=row.id,
        account_id=row.account_id,
        period=membership.agreed.period_of(bill_date),
        due_day=bill_date,
        lines=lines,
        repeat=repeat,
        coupon_ids=tuple(reduction.coupon_id for reduction in price.reductions),
        fee=fee,
        fee_payer=lines[0].patient_id if fee else None,
    )


@dataclass(slots=True)
class InvoiceRows:
    """Rows by table, in the order of their foreign keys."""

    rows: dict[type[Owned], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def insert(self, tx: Tx) -> None:
        """Insert them all. Raises IntegrityError when a period has its invoice already."""
        for table in (Invoice, InvoiceLine, MembershipInvoice, LedgerEntry, PostingExport, BillingNotice):
            if self.rows[table]:
                tx.bulk_insert(table, self.rows[table])


def make_rows(tx: Tx, planned: list[PlannedInvoice]) -> InvoiceRows:
    """The rows of these invoices, each with its number. The caller inserts them in the same transaction."""
    made = InvoiceRows()
    for plan, number in zip(planned, take_invoice_numbers(tx, len(planned)), strict=True):
        _add_invoice(made, plan, number, tx.principal.name)
    return made


def _add_invoice(made: InvoiceRows, plan: PlannedInvoice, number: str, by: str) -> None:
    id_, amount = InvoiceId(new_id("inv")), plan.amount
    zero = amount.zero()
    made.rows[Invoice].append(
        {
            "id": id_,
            "account_id": plan.account_id,
            "number": number,
            "status": InvoiceStatus.OPEN if amount else InvoiceStatus.PAID,
            "issue_date": min(plan.due_day, today()),
            "due_date": plan.due_day,
            "total": amount,
            "adjusted": zero,
            "allocated": zero,
            "note": "",
            "created_at": now(),
            "issued_at": now(),
        }
    )
    lines = list(plan.lines)
    if plan.fee and plan.fee_payer:
        lines.append(PlannedLine(plan.fee_payer, f"{plan.lines[0].text}: enrolment fee", plan.fee))
    made.rows[InvoiceLine] += [_line(id_, plan, position, line) for position, line in enumerate(lines)]
    made.rows[MembershipInvoice].append(_link(id_, plan, plan.kind, plan.period_amount))
    if plan.fee:
        made.rows[MembershipInvoice].append(_link(id_, plan, InvoiceKind.ENROLMENT_FEE, plan.fee))
    _add_entries(made, plan, id_, number, lines, by)
    if amount:
        made.rows[BillingNotice].append(
            {
                "id": new_id("not"),
                "once": f"invoice_issued:{id_}",
                "account_id": plan.account_id,
                "kind": "invoice_issued",
                "about": id_,
                "created_at": now(),
                "said_on": None,
            }
        )


def _line(id_: InvoiceId, plan: PlannedInvoice, position: int, line: PlannedLine) -> dict[str, Any]:
    return {
        "id": LineId(new_id("lin")),
        "account_id": plan.account_id,
        "invoice_id": id_,
        "patient_id": line.patient_id,
        "position": position,
        "description": line.text,
        "quantity": 1,
        "unit_amount": line.amount,
        "amount": line.amount,
        "service_date": plan.period.first,
        "provider": "",
        "code": "",
    }


def _link(id_: InvoiceId, plan: PlannedInvoice, kind: InvoiceKind, amount: Money) -> dict[str, Any]:
    return {
        "id": new_id("miv"),
        "account_id": plan.account_id,
        "membership_id": plan.membership_id,
        "kind": kind,
        "period_start": plan.period.first,
        "period_end": plan.period.last,
        "enrolment_id": plan.enrolment_id,
        "repeat": plan.repeat,
        "due_day": plan.due_day,
        "invoice_id": id_,
        "amount": amount,
        "coupon_ids": list(plan.coupon_ids) if kind is InvoiceKind.PERIOD else [],
    }


def _add_entries(
    made: InvoiceRows,
    plan: PlannedInvoice,
    id_: InvoiceId,
    number: str,
    lines: list[PlannedLine],
    by: str,
) -> None:
    """One ledger entry per person, posted today; nothing for 0.00."""
    sums: dict[PatientId, Money] = {}
    for line in lines:
        sums[line.patient_id] = sums.get(line.patient_id, line.amount.zero()) + line.amount
    for patient_id, amount in sums.items():
        if not amount:
            continue
        entry_id = new_id("ent")
        made.rows[LedgerEntry].append(
            {
                "id": entry_id,
                "account_id": plan.account_id,
                "kind": EntryKind.CHARGE,
                "amount": amount,
                "source": id_ if len(sums) == 1 else f"{id_}:{patient_id}",
                "invoice_id": id_,
                "payment_id": None,
                "patient_id": patient_id,
                "text": number,
                "happened_on": min(plan.due_day, today()),
                "posted_on": today(),
                "posted_at": now(),
                "posted_by": by,
            }
        )
        made.rows[PostingExport].append(_export_row(entry_id))


def _export_row(entry_id: str) -> dict[str, Any]:
    """The entry waits to be sent to the practice's own system."""
    return {
        "id": entry_id,
        "created_at": now(),
        "next_try_at": now(),
        "tries": 0,
        "trouble": "",
        "sent_at": None,
    }
