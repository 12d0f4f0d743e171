"""One invoice: new, the same, or changed. What was issued is never changed silently (LEDG-2)."""

from datetime import date
from typing import NamedTuple

from portal_app.domain.billing.types import EntryKind, InvoiceStatus
from portal_app.domain.ids import AccountId, InvoiceId, PatientId
from portal_app.domain.money import Money
from portal_app.i18n import gettext_noop
from portal_app.services.imports.account_batch import (
    AccountBatch,
    BatchInvoice,
    EntryAbout,
    KeptLine,
    NewInvoice,
    NewLine,
)
from portal_app.services.imports.import_run import ImportRun, Row, noon, task

Reason = tuple[str, str]  # column, reason
OPENING = "Opening balance"
WITHDRAWN = "was taken back at the source, and was never here"
_CLOSED = (InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF)
_LINE = ("description", "quantity", "service_date", "provider", "code")


class WantedLine(NamedTuple):
    """A line as the files have it; the line of an opening balance is about nobody."""

    patient_id: PatientId | None
    description: str
    quantity: int
    unit_amount: Money
    amount: Money
    service_date: date | None
    provider: str
    code: str


Wanted = list[WantedLine]


def keep_invoice(
    batch: AccountBatch, account: AccountId, row: Row, lines: list[Row], paid: dict[str, int]
) -> Reason | None:
    """None, or why it is set aside."""
    run, number = batch.run, row.invoice_number
    patients = [run.people.get(line.chart_number) for line in lines]
    if None in patients:
        missing = lines[patients.index(None)]
        return "", f"its line {missing.line} is about a patient who did not come in"
    wanted = _wanted_lines(row, lines, [p.id for p in patients if p])
    before = batch.invoices.get(number)
    if before is None and row.shape.withdrawn:
        return "status", WITHDRAWN
    if before and before.account_id != account:
        return _flagged(
            batch, before, "guarantor_chart_number", "belongs to another guarantor's account here"
        )
    if reason := _balance(batch, row, paid.get(number, 0), before):
        return reason
    if before is None:
        _new(batch, account, row, wanted)
        run.count("invoices").added += 1
        run.count("invoice_lines").added += len(lines)
    elif reason := _changed(batch, row, before, wanted):
        return reason
    run.came_in(_receivable(batch, row, paid.get(number, 0)))
    return None


def what_is_wrong(run: ImportRun, row: Row, lines: list[Row]) -> Reason | None:
    """What the files alone show to be wrong with an invoice."""
    if row.opening_balance and lines:
        return "opening_balance", "an opening balance has no lines of its own"
    if not lines and not row.opening_balance:
        return "", "has no lines"
    if reason := _wrong_amount(run, row, lines):
        return reason
    if row.currency not in ("", run.options.currency):
        return "currency", f"{row.currency}: the portal keeps {run.options.currency}"
    return None


def _wrong_amount(run: ImportRun, row: Row, lines: list[Row]) -> Reason | None:
    for line in lines:
        if line.amount and line.amount != _amount(line):
            return "", f"its line {line.line}: amount is not quantity × unit amount"
    summed = _sum(lines)
    if lines and summed != row.total.minor:
        return "total", f"{run.plain(row.total.minor)}, but its lines add up to {run.plain(summed)}"
    if row.adjustment and row.total.minor + row.adjustment.minor < 0:
        return "adjustment", "takes more than the total"
    return None


def _sum(lines: list[Row]) -> int:
    return sum(line.unit_amount.minor * line.quantity for line in lines)


def _amount(line: Row) -> Money:
    each, quantity = line.unit_amount, line.quantity
    return each if quantity == 1 else each * quantity


def without_repeated(run: ImportRun, row: Row, lines: list[Row]) -> list[Row]:
    """Lines that say the same twice count once, where only then they add up to the total."""
    if row.total is None or _sum(lines) == row.total.minor:
        return lines
    once: list[Row] = []
    for line in lines:
        if not any(line.values == other.values for other in once):
            once.append(line)
    if len(once) == len(lines) or _sum(once) != row.total.minor:
        return lines
    for line in lines:
        first = next(other for other in once if other.values == line.values)
        if line is not first:
            run.warn(line, "", f"was in line {first.line} already: counted once")
    return once


def shown_balance(row: Row) -> int | None:
    """What the source shows as due, in minor units; None where it says nothing of it."""
    if row.status in ("draft", "void", "written_off"):
        return None
    return row.balance.minor if row.balance is not None else 0 if row.status == "paid" else None


def _balance(batch: AccountBatch, row: Row, paid: int, before: BatchInvoice | None) -> Reason | None:
    """Does what the source shows as due follow from its own rows? If not, nobody's money is guessed."""
    owed = row.total.minor + (row.adjustment.minor if row.adjustment else 0) - paid
    shown = shown_balance(row)
    if shown is None or shown == max(owed, 0):
        return None
    plain = batch.run.plain
    reason = f"{plain(shown)} is due there, but its payments in the files leave {plain(max(owed, 0))}"
    if before is None:
        return "balance", reason
    return _flagged(batch, before, "balance", reason)


def _flagged(batch: AccountBatch, invoice: BatchInvoice, column: str, reason: str) -> Reason:
    said = gettext_noop("The import shows invoice {number} differently: {reason}. Nothing was changed.")
    batch.tasks.append(
        task(
            f"import:{invoice.id}:{reason}",
            "import_differs",
            said,
            account_id=invoice.account_id,
            number=invoice.number,
            reason=reason,
        )
    )
    return column, reason


def _wanted_lines(row: Row, lines: list[Row], patients: list[PatientId]) -> Wanted:
    if row.opening_balance:
        return [WantedLine(None, OPENING, 1, row.total, row.total, None, "", "")]
    return [
        WantedLine(
            patient,
            line.description,
            line.quantity,
            line.unit_amount,
            _amount(line),
            line.service_date,
            line.provider,
            line.code,
        )
        for patient, line in zip(patients, lines, strict=True)
    ]


def _new(batch: AccountBatch, account: AccountId, row: Row, wanted: Wanted) -> None:
    draft = row.status == "draft"
    invoice = BatchInvoice(
        InvoiceId(batch.run.next_id("inv")),
        row.invoice_number,
        account,
        InvoiceStatus.DRAFT if draft else InvoiceStatus.OPEN,
        row.issue_date,
        row.due_date or row.issue_date,
        row.total.minor,
    )
    batch.know(invoice)
    issued_at = None if draft else noon(invoice.issue_date, batch.run)
    batch.new_invoices.append(NewInvoice(invoice, row.note, issued_at))
    _add_lines(batch, invoice, wanted)
    if not draft:
        _issue(batch, invoice, row)


def _add_lines(batch: AccountBatch, invoice: BatchInvoice, wanted: Wanted) -> None:
    nobody = batch.run.guarantors[invoice.account_id]
    for position, line in enumerate(wanted):
        batch.new_lines.append(
            NewLine(
                invoice.account_id,
                invoice.id,
                line.patient_id or nobody,
                position,
                line.description,
                line.quantity,
                line.unit_amount,
                line.amount,
                line.service_date,
                line.provider,
                line.code,
            )
        )


def _issue(batch: AccountBatch, invoice: BatchInvoice, row: Row) -> None:
    invoice.status = InvoiceStatus.OPEN
    about = EntryAbout(invoice.account_id, invoice.id, text=OPENING if row.opening_balance else "")
    batch.enter(EntryKind.CHARGE, invoice.total, invoice.id, invoice.issue_date, about)
    _adjust(batch, invoice, row)
    invoice.restate()


def _adjust(batch: AccountBatch, invoice: BatchInvoice, row: Row) -> None:
    """Credits the source gave on it; what was credited before is not credited again."""
    wanted = row.adjustment.minor if row.adjustment else 0
    if wanted < invoice.adjusted:
        _lower(batch, invoice, invoice.adjusted - wanted, EntryKind.ADJUSTMENT, f"{invoice.id}:{wanted}")


def _lower(batch: AccountBatch, invoice: BatchInvoice, minor: int, kind: EntryKind, source: str) -> None:
    invoice.adjusted -= minor
    day = max(invoice.issue_date, min(batch.run.options.today, invoice.due_date))
    batch.enter(kind, -minor, source, day, EntryAbout(invoice.account_id, invoice.id))
    invoice.restate()


def credited_in_full(row: Row) -> bool:
    """Does the source owe nothing of it for its credits alone? One that it calls void is another thing."""
    return bool(row.adjustment) and not row.total + row.adjustment and row.status != "void"


def write_off(batch: AccountBatch, row: Row) -> None:
    """What a void or written-off invoice still asked for is taken back."""
    invoice = batch.invoices[row.invoice_number]
    if row.status not in ("void", "written_off") or invoice.kept[0] in _CLOSED:
        return
    void = row.status == "void"
    if invoice.due > 0:
        kind = EntryKind.REVERSAL if void else EntryKind.ADJUSTMENT
        _lower(batch, invoice, invoice.due, kind, invoice.id)
    invoice.status = InvoiceStatus.VOID if void else InvoiceStatus.WRITTEN_OFF


def _changed(batch: AccountBatch, row: Row, invoice: BatchInvoice, wanted: Wanted) -> Reason | None:
    """What may change of an invoice that is here: its due date, its words, a draft wholly."""
    if row.status == "void":
        return keep_withdrawn(batch, row, invoice, sum(line.patient_id is not None for line in wanted))
    if row.status == "draft" and invoice.status not in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        return _flagged(batch, invoice, "status", "is a draft there and issued here")
    before = invoice.now
    lines = batch.lines.get(invoice.id, [])
    repriced, reworded = _differences(batch, invoice, lines, wanted)
    if invoice.status is not InvoiceStatus.DRAFT and (invoice.total != row.total.minor or repriced):
        plain = batch.run.plain
        reason = f"{plain(row.total.minor)} there, issued here with {plain(invoice.total)} and other lines"
        return _flagged(batch, invoice, "total", reason)
    if reworded:
        batch.dropped_lines.extend(lines)
        _add_lines(batch, invoice, wanted)
    invoice.total = row.total.minor
    _move_due_date(row, invoice)
    if invoice.status is InvoiceStatus.DRAFT and row.status != "draft":
        _issue(batch, invoice, row)
    elif invoice.status not in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        if row.adjustment and invoice.total + row.adjustment.minor < invoice.allocated:
            return _flagged(batch, invoice, "adjustment", "takes back more than is still due here")
        _adjust(batch, invoice, row)
    closing = row.status == "written_off" and invoice.kept[0] not in _CLOSED
    told = sum(line.patient_id is not None for line in wanted)  # an opening balance has no line of the files
    _count(batch, invoice, reworded or before != invoice.now or closing, reworded, told)
    return None


def _differences(
    batch: AccountBatch, invoice: BatchInvoice, lines: list[KeptLine], wanted: Wanted
) -> tuple[bool, bool]:
    """Do the lines differ in whom or how much they are for; do they differ in anything?"""
    owner = batch.run.guarantors[invoice.account_id]
    ours = [(line.patient_id, line.amount) for line in lines]
    repriced = ours != [(line.patient_id or owner, line.amount) for line in wanted]
    words = [{c: getattr(line, c) for c in _LINE} for line in lines]
    return repriced, repriced or words != [{c: getattr(line, c) for c in _LINE} for line in wanted]


def _move_due_date(row: Row, invoice: BatchInvoice) -> None:
    if "due_date" in row.given and row.due_date:
        invoice.due_date = row.due_date


def _count(batch: AccountBatch, invoice: BatchInvoice, moved: bool, reworded: bool, lines: int) -> None:
    for sheet, what, rows in (("invoices", moved, 1), ("invoice_lines", reworded, lines)):
        batch.run.count(sheet).changed += rows * what
        batch.run.count(sheet).unchanged += rows * (not what)
    batch.run.ours += 0 if invoice.kept[0] is InvoiceStatus.DRAFT else invoice.kept[2] + invoice.kept[3]


def keep_withdrawn(batch: AccountBatch, row: Row, invoice: BatchInvoice, lines: int) -> Reason | None:
    """The source takes it back: void here too, whatever else its row says or lacks."""
    if invoice.status is not InvoiceStatus.VOID and invoice.allocated:
        return _flagged(batch, invoice, "status", "is void there and paid here: refund it first")
    before = invoice.now
    _move_due_date(row, invoice)
    if invoice.status is InvoiceStatus.DRAFT:
        _issue(batch, invoice, row)
    _count(batch, invoice, before != invoice.now or invoice.kept[0] not in _CLOSED, False, lines)
    return None


def _receivable(batch: AccountBatch, row: Row, paid: int) -> int:
    """What the source says of this invoice, payments apart: its charge and what lowered it."""
    total = row.total.minor
    if row.status in ("draft", "void"):
        return 0
    asked = total + (row.adjustment.minor if row.adjustment else 0)
    return min(asked, paid) if row.status == "written_off" else asked
