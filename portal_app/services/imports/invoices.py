"""One invoice: new, the same, or changed. What was issued is never changed silently (LEDG-2)."""

from typing import Any

from portal_app.clock import now
from portal_app.db.tables.billing import Invoice
from portal_app.domain.billing.types import EntryKind, InvoiceStatus
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, new_id
from portal_app.i18n import gettext_noop
from portal_app.services.imports.account_batch import AccountBatch, BatchInvoice, line_row
from portal_app.services.imports.import_run import ImportRun, Row, noon, task, whole

Reason = tuple[str, str]  # column, reason
OPENING = "Opening balance"
_CLOSED = (InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF)
_LINE = ("description", "quantity", "service_date", "provider", "code")


def keep_invoice(
    books: AccountBatch, account: AccountId, row: Row, lines: list[Row], paid: dict[str, int]
) -> Reason | None:
    """None, or why it is set aside."""
    desk, number = books.desk, row["invoice_number"]
    patients = [desk.people.get(line["chart_number"]) for line in lines]
    if None in patients:
        missing = lines[patients.index(None)]
        return "", f"its line {missing.where.line} is about a patient who did not come in"
    wanted = _wanted_lines(row, lines, [p.id for p in patients if p], books)
    before = books.invoices.get(number)
    if before and before.account_id != account:
        return _flagged(
            books, before, "guarantor_chart_number", "belongs to another guarantor's account here"
        )
    if reason := _balance(books, row, paid.get(number, 0), before):
        return reason
    if before is None:
        _new(books, account, row, wanted)
        desk.count("invoices").added += 1
        desk.count("invoice_lines").added += len(lines)
    elif reason := _changed(books, row, before, wanted):
        return reason
    desk.came_in(_receivable(books, row, paid.get(number, 0)))
    return None


def what_is_wrong(desk: ImportRun, row: Row, lines: list[Row]) -> Reason | None:
    """What the files alone show to be wrong with an invoice."""
    if row["opening_balance"] and lines:
        return "opening_balance", "an opening balance has no lines of its own"
    if not lines and not row["opening_balance"]:
        return "", "has no lines"
    if reason := _wrong_amount(row, lines):
        return reason
    if row["currency"] not in ("", desk.manner.currency):
        return "currency", f"{row['currency']}: the portal keeps {desk.manner.currency}"
    return None


def _wrong_amount(row: Row, lines: list[Row]) -> Reason | None:
    for line in lines:
        if line["amount"] and line["amount"] != line["unit_amount"] * line["quantity"]:
            return "", f"its line {line.where.line}: amount is not quantity × unit amount"
    summed = sum((line["unit_amount"] * line["quantity"]).minor for line in lines)
    if lines and summed != row["total"].minor:
        return "total", f"{_plain(row['total'].minor)}, but its lines add up to {_plain(summed)}"
    if row["adjustment"] and row["total"].minor + row["adjustment"].minor < 0:
        return "adjustment", "takes more than the total"
    return None


def _plain(minor: int) -> str:
    return f"{minor / 100:.2f}"


def _balance(books: AccountBatch, row: Row, paid: int, before: BatchInvoice | None) -> Reason | None:
    """Does what the source shows as due follow from its own rows? If not, nobody's money is guessed."""
    if row["status"] in ("draft", "void", "written_off"):
        return None
    owed = row["total"].minor + (row["adjustment"].minor if row["adjustment"] else 0) - paid
    shown = row["balance"].minor if row["balance"] is not None else 0 if row["status"] == "paid" else None
    if shown is None or shown == max(owed, 0):
        return None
    reason = f"{_plain(shown)} is due there, but its payments in the files leave {_plain(max(owed, 0))}"
    if before is None:
        return "balance", reason
    return _flagged(books, before, "balance", reason)


def _flagged(books: AccountBatch, invoice: BatchInvoice, column: str, reason: str) -> Reason:
    said = gettext_noop("The import shows invoice {number} differently: {reason}. Nothing was changed.")
    books.tasks.append(
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


def _wanted_lines(
    row: Row, lines: list[Row], patients: list[PatientId], books: AccountBatch
) -> list[tuple[PatientId | None, dict[str, Any]]]:
    if row["opening_balance"]:
        amount = row["total"]
        only = {"description": OPENING, "quantity": 1, "service_date": None, "provider": "", "code": ""}
        return [(None, only | {"unit_amount": amount, "amount": amount})]
    return [
        (
            patient,
            {column: line[column] for column in _LINE}
            | {"unit_amount": line["unit_amount"], "amount": line["unit_amount"] * line["quantity"]},
        )
        for patient, line in zip(patients, lines, strict=True)
    ]


def _new(
    books: AccountBatch, account: AccountId, row: Row, wanted: list[tuple[PatientId | None, dict[str, Any]]]
) -> None:
    draft = row["status"] == "draft"
    invoice = BatchInvoice(
        InvoiceId(new_id("inv")),
        row["invoice_number"],
        account,
        InvoiceStatus.DRAFT if draft else InvoiceStatus.OPEN,
        row["issue_date"],
        row["due_date"] or row["issue_date"],
        row["total"].minor,
    )
    invoice.kept = invoice.now
    books.invoices[invoice.number] = invoice
    books.new_invoices.append(
        whole(
            Invoice,
            id=invoice.id,
            account_id=account,
            number=invoice.number,
            status=invoice.status,
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            total=row["total"],
            adjusted=books.money(0),
            allocated=books.money(0),
            note=row["note"],
            created_at=now(),
            issued_at=None if draft else noon(invoice.issue_date, books.desk),
        )
    )
    _add_lines(books, invoice, wanted)
    if not draft:
        _issue(books, invoice, row)


def _add_lines(
    books: AccountBatch, invoice: BatchInvoice, wanted: list[tuple[PatientId | None, dict[str, Any]]]
) -> None:
    for position, (patient, values) in enumerate(wanted):
        owner = patient or books.desk.guarantors[invoice.account_id]
        books.new_lines.append(line_row(invoice, owner, position, **values))


def _issue(books: AccountBatch, invoice: BatchInvoice, row: Row) -> None:
    invoice.status = InvoiceStatus.OPEN
    books.enter(
        EntryKind.CHARGE,
        invoice.total,
        invoice.id,
        invoice.issue_date,
        account_id=invoice.account_id,
        invoice_id=invoice.id,
        text=OPENING if row["opening_balance"] else "",
    )
    _adjust(books, invoice, row)
    invoice.restate()


def _adjust(books: AccountBatch, invoice: BatchInvoice, row: Row) -> None:
    """Credits the source gave on it; what was credited before is not credited again."""
    wanted = row["adjustment"].minor if row["adjustment"] else 0
    if wanted < invoice.adjusted:
        _lower(books, invoice, invoice.adjusted - wanted, EntryKind.ADJUSTMENT, f"{invoice.id}:{wanted}")


def _lower(books: AccountBatch, invoice: BatchInvoice, minor: int, kind: EntryKind, source: str) -> None:
    invoice.adjusted -= minor
    day = max(invoice.issue_date, min(books.desk.manner.today, invoice.due_date))
    books.enter(kind, -minor, source, day, account_id=invoice.account_id, invoice_id=invoice.id)
    invoice.restate()


def credited_in_full(row: Row) -> bool:
    """Does the source owe nothing of it for its credits alone? One that it calls void is another thing."""
    return bool(row["adjustment"]) and not row["total"] + row["adjustment"] and row["status"] != "void"


def write_off(books: AccountBatch, row: Row) -> None:
    """What a void or written-off invoice still asked for is taken back."""
    invoice = books.invoices[row["invoice_number"]]
    if row["status"] not in ("void", "written_off") or invoice.kept[0] in _CLOSED:
        return
    void = row["status"] == "void"
    if invoice.due > 0:
        kind = EntryKind.REVERSAL if void else EntryKind.ADJUSTMENT
        _lower(books, invoice, invoice.due, kind, invoice.id)
    invoice.status = InvoiceStatus.VOID if void else InvoiceStatus.WRITTEN_OFF


def _changed(
    books: AccountBatch,
    row: Row,
    invoice: BatchInvoice,
    wanted: list[tuple[PatientId | None, dict[str, Any]]],
) -> Reason | None:
    """What may change of an invoice that is here: its due date, its words, a draft wholly."""
    before = (invoice.now, row["status"])
    lines = books.lines.get(invoice.id, [])
    ours = [(line.patient_id, line.amount) for line in lines]
    owner = books.desk.guarantors[invoice.account_id]
    theirs = [(patient or owner, values["amount"]) for patient, values in wanted]
    worded = [{c: getattr(line, c) for c in _LINE} for line in lines] != [
        {c: values[c] for c in _LINE} for _, values in wanted
    ]
    if invoice.status is not InvoiceStatus.DRAFT and (invoice.total != row["total"].minor or ours != theirs):
        return _flagged(
            books,
            invoice,
            "total",
            f"{_plain(row['total'].minor)} there, issued here with {_plain(invoice.total)} and other lines",
        )
    if row["status"] == "void" and invoice.status is not InvoiceStatus.VOID and invoice.allocated:
        return _flagged(books, invoice, "status", "is void there and paid here: refund it first")
    if worded or ours != theirs:
        books.dropped_lines.extend(lines)
        _add_lines(books, invoice, wanted)
    invoice.total = row["total"].minor
    if "due_date" in row.given and row["due_date"]:
        invoice.due_date = row["due_date"]
    if invoice.status is InvoiceStatus.DRAFT and row["status"] != "draft":
        _issue(books, invoice, row)
    elif invoice.status is not InvoiceStatus.DRAFT and invoice.status is not InvoiceStatus.VOID:
        if row["adjustment"] and invoice.total + row["adjustment"].minor < invoice.allocated:
            return _flagged(books, invoice, "adjustment", "takes back more than is still due here")
        _adjust(books, invoice, row)
    closing = row["status"] in ("void", "written_off") and invoice.kept[0] not in _CLOSED
    moved = worded or ours != theirs or before[0] != invoice.now or closing
    reworded = worded or ours != theirs
    told = sum(patient is not None for patient, _ in wanted)  # an opening balance has no line of the files
    for sheet, what, rows in (("invoices", moved, 1), ("invoice_lines", reworded, told)):
        books.desk.count(sheet).changed += rows * what
        books.desk.count(sheet).unchanged += rows * (not what)
    books.desk.ours += 0 if invoice.kept[0] is InvoiceStatus.DRAFT else invoice.kept[2] + invoice.kept[3]
    return None


def _receivable(books: AccountBatch, row: Row, paid: int) -> int:
    """What the source says of this invoice, payments apart: its charge and what lowered it."""
    total = row["total"].minor
    if row["status"] in ("draft", "void"):
        return 0
    asked = total + (row["adjustment"].minor if row["adjustment"] else 0)
    return min(asked, paid) if row["status"] == "written_off" else asked
