"""One invoice: new, the same, or changed. What was issued is never changed silently (LEDG-2)."""

from typing import Any

from portal_app.clock import now
from portal_app.db.tables.billing import Invoice
from portal_app.domain.billing.words import EntryKind, InvoiceStatus
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, new_id
from portal_app.services.imports.books import Bill, Books, line_row
from portal_app.services.imports.desk import Desk, Row, noon, task, whole
from portal_app.speech import mark

Reason = tuple[str, str]  # column, reason
OPENING = "Opening balance"
_CLOSED = (InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF)
_LINE = ("description", "quantity", "service_date", "provider", "code")


def keep_invoice(
    books: Books, account: AccountId, row: Row, lines: list[Row], paid: dict[str, int]
) -> Reason | None:
    """None, or why it is set aside."""
    desk, number = books.desk, row["invoice_number"]
    patients = [desk.people.get(line["chart_number"]) for line in lines]
    if None in patients:
        missing = lines[patients.index(None)]
        return "", f"its line {missing.where.line} is about a patient who did not come in"
    wanted = _wanted_lines(row, lines, [p.id for p in patients if p], books)
    before = books.bills.get(number)
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


def what_is_wrong(desk: Desk, row: Row, lines: list[Row]) -> Reason | None:
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


def _balance(books: Books, row: Row, paid: int, before: Bill | None) -> Reason | None:
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


def _flagged(books: Books, bill: Bill, column: str, reason: str) -> Reason:
    said = mark("The import shows invoice {number} differently: {reason}. Nothing was changed.")
    books.tasks.append(
        task(
            f"import:{bill.id}:{reason}",
            "import_differs",
            said,
            account_id=bill.account_id,
            number=bill.number,
            reason=reason,
        )
    )
    return column, reason


def _wanted_lines(
    row: Row, lines: list[Row], patients: list[PatientId], books: Books
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
    books: Books, account: AccountId, row: Row, wanted: list[tuple[PatientId | None, dict[str, Any]]]
) -> None:
    draft = row["status"] == "draft"
    bill = Bill(
        InvoiceId(new_id("inv")),
        row["invoice_number"],
        account,
        InvoiceStatus.DRAFT if draft else InvoiceStatus.OPEN,
        row["issue_date"],
        row["due_date"] or row["issue_date"],
        row["total"].minor,
    )
    bill.kept = bill.now
    books.bills[bill.number] = bill
    books.new_bills.append(
        whole(
            Invoice,
            id=bill.id,
            account_id=account,
            number=bill.number,
            status=bill.status,
            issue_date=bill.issue_date,
            due_date=bill.due_date,
            total=row["total"],
            adjusted=books.money(0),
            allocated=books.money(0),
            note=row["note"],
            created_at=now(),
            issued_at=None if draft else noon(bill.issue_date, books.desk),
        )
    )
    _add_lines(books, bill, wanted)
    if not draft:
        _issue(books, bill, row)


def _add_lines(books: Books, bill: Bill, wanted: list[tuple[PatientId | None, dict[str, Any]]]) -> None:
    for position, (patient, values) in enumerate(wanted):
        owner = patient or books.desk.guarantors[bill.account_id]
        books.new_lines.append(line_row(bill, owner, position, **values))


def _issue(books: Books, bill: Bill, row: Row) -> None:
    bill.status = InvoiceStatus.OPEN
    books.enter(
        EntryKind.CHARGE,
        bill.total,
        bill.id,
        bill.issue_date,
        account_id=bill.account_id,
        invoice_id=bill.id,
        text=OPENING if row["opening_balance"] else "",
    )
    _adjust(books, bill, row)
    bill.restate()


def _adjust(books: Books, bill: Bill, row: Row) -> None:
    """Credits the source gave on it; what was credited before is not credited again."""
    wanted = row["adjustment"].minor if row["adjustment"] else 0
    if wanted < bill.adjusted:
        _lower(books, bill, bill.adjusted - wanted, EntryKind.ADJUSTMENT, f"{bill.id}:{wanted}")


def _lower(books: Books, bill: Bill, minor: int, kind: EntryKind, source: str) -> None:
    bill.adjusted -= minor
    day = max(bill.issue_date, min(books.desk.manner.today, bill.due_date))
    books.enter(kind, -minor, source, day, account_id=bill.account_id, invoice_id=bill.id)
    bill.restate()


def credited_in_full(row: Row) -> bool:
    """Does the source owe nothing of it for its credits alone? One that it calls void is another thing."""
    return bool(row["adjustment"]) and not row["total"] + row["adjustment"] and row["status"] != "void"


def write_off(books: Books, row: Row) -> None:
    """What a void or written-off invoice still asked for is taken back."""
    bill = books.bills[row["invoice_number"]]
    if row["status"] not in ("void", "written_off") or bill.kept[0] in _CLOSED:
        return
    void = row["status"] == "void"
    if bill.due > 0:
        kind = EntryKind.REVERSAL if void else EntryKind.ADJUSTMENT
        _lower(books, bill, bill.due, kind, bill.id)
    bill.status = InvoiceStatus.VOID if void else InvoiceStatus.WRITTEN_OFF


def _changed(
    books: Books, row: Row, bill: Bill, wanted: list[tuple[PatientId | None, dict[str, Any]]]
) -> Reason | None:
    """What may change of an invoice that is here: its due date, its words, a draft wholly."""
    before = (bill.now, row["status"])
    lines = books.lines.get(bill.id, [])
    ours = [(line.patient_id, line.amount) for line in lines]
    owner = books.desk.guarantors[bill.account_id]
    theirs = [(patient or owner, values["amount"]) for patient, values in wanted]
    worded = [{c: getattr(line, c) for c in _LINE} for line in lines] != [
        {c: values[c] for c in _LINE} for _, values in wanted
    ]
    if bill.status is not InvoiceStatus.DRAFT and (bill.total != row["total"].minor or ours != theirs):
        return _flagged(
            books,
            bill,
            "total",
            f"{_plain(row['total'].minor)} there, issued here with {_plain(bill.total)} and other lines",
        )
    if row["status"] == "void" and bill.status is not InvoiceStatus.VOID and bill.allocated:
        return _flagged(books, bill, "status", "is void there and paid here: refund it first")
    if worded or ours != theirs:
        books.dropped_lines.extend(lines)
        _add_lines(books, bill, wanted)
    bill.total = row["total"].minor
    if "due_date" in row.given and row["due_date"]:
        bill.due_date = row["due_date"]
    if bill.status is InvoiceStatus.DRAFT and row["status"] != "draft":
        _issue(books, bill, row)
    elif bill.status is not InvoiceStatus.DRAFT and bill.status is not InvoiceStatus.VOID:
        if row["adjustment"] and bill.total + row["adjustment"].minor < bill.allocated:
            return _flagged(books, bill, "adjustment", "takes back more than is still due here")
        _adjust(books, bill, row)
    closing = row["status"] in ("void", "written_off") and bill.kept[0] not in _CLOSED
    moved = worded or ours != theirs or before[0] != bill.now or closing
    reworded = worded or ours != theirs
    told = sum(patient is not None for patient, _ in wanted)  # an opening balance has no line of the files
    for sheet, what, rows in (("invoices", moved, 1), ("invoice_lines", reworded, told)):
        books.desk.count(sheet).changed += rows * what
        books.desk.count(sheet).unchanged += rows * (not what)
    books.desk.ours += 0 if bill.kept[0] is InvoiceStatus.DRAFT else bill.kept[2] + bill.kept[3]
    return None


def _receivable(books: Books, row: Row, paid: int) -> int:
    """What the source says of this invoice, payments apart: its charge and what lowered it."""
    total = row["total"].minor
    if row["status"] in ("draft", "void"):
        return 0
    asked = total + (row["adjustment"].minor if row["adjustment"] else 0)
    return min(asked, paid) if row["status"] == "written_off" else asked
