"""Invoices with their lines, and payments: account by account, so that none is ever half imported."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlmodel import col, select

from portal_app.db.tables.billing import Account, Invoice, Payment
from portal_app.domain.ids import AccountId
from portal_app.domain.imports.report import Where
from portal_app.services.imports.account_batch import AccountBatch, open_account_batch
from portal_app.services.imports.compare import compare_balances
from portal_app.services.imports.import_run import ImportRun, PaymentRows, Row, chunks
from portal_app.services.imports.invoices import (
    WITHDRAWN,
    credited_in_full,
    keep_invoice,
    keep_withdrawn,
    what_is_wrong,
    without_repeated,
    write_off,
)
from portal_app.services.imports.payments import keep_payment

_OF_THE_WHOLE = ("date", "currency", "guarantor_chart_number", "portal_payment_id")
BATCH = 3000  # rows of one transaction, about


@dataclass(slots=True)
class Batch:
    """All that the files say about one account."""

    invoices: list[Row] = field(default_factory=list[Row])
    payments: list[PaymentRows] = field(default_factory=list[PaymentRows])
    withdrawals: list[Row] = field(default_factory=list[Row])  # void invoices whose rows say nothing more

    @property
    def size(self) -> int:
        return len(self.invoices) + len(self.payments) + len(self.withdrawals)


@dataclass(slots=True)
class Lines:
    """Invoice lines by invoice number, and the invoices one of whose lines was set aside."""

    by_number: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    bad: dict[str, Where] = field(default_factory=dict[str, Where])


def import_billing(run: ImportRun, invoices: list[Row], lines: Lines, payments: list[Row]) -> None:
    """Bring in what the rows say, account by account. The lists are empty afterwards: each row goes once it is done."""
    rows_by_account: dict[AccountId, Batch] = {}
    accounts: dict[str, AccountId] = {}
    homes = _homes(run)
    for row in _once_each(run, invoices):
        number = row.invoice_number
        lines.by_number[number] = without_repeated(run, row, lines.by_number.get(number, []))
        if account := _account_of(run, row, lines):
            home = homes.get(number, account)
            if run.guarantors.get(home) == run.guarantors.get(account):
                account = home
            accounts[row.invoice_number] = account
            rows_by_account.setdefault(account, Batch()).invoices.append(row)
    _lonely_lines(run, lines, {row.invoice_number for row in invoices})
    accounts |= _known_accounts(run, payments)
    _withdraw(run, rows_by_account, {row.invoice_number for row in invoices})
    for parts in _by_key(run, payments):
        if account := _payer(run, parts, accounts):
            rows_by_account.setdefault(account, Batch()).payments.append(PaymentRows(parts))
    del homes, accounts
    invoices.clear()  # the rows wait in their accounts: others need the memory of those that are done
    payments.clear()
    for some in _batches(rows_by_account):
        _keep(run, some, lines)
    count = run.count("invoice_lines")
    count.set_aside = count.rows - count.added - count.changed - count.unchanged


def _homes(run: ImportRun) -> dict[str, AccountId]:
    """Where the invoices are of those who answer for several accounts: there they stay."""
    if not run.several:
        return {}
    with run.opened() as tx:
        query = select(Invoice.number, Invoice.account_id).join(
            Account, col(Account.id) == Invoice.account_id
        )
        return dict(tx.exec(query.where(col(Account.guarantor_id).in_(list(run.several)))).all())  # type: ignore[arg-type]


def _withdraw(run: ImportRun, rows_by_account: dict[AccountId, Batch], named: set[str]) -> None:
    """Void invoices that we hold, whose rows lack everything else; one that we do not hold is set aside."""
    rows = {row.invoice_number: row for row in run.withdrawals if row.invoice_number not in named}
    found: dict[str, AccountId] = {}
    with run.opened() as tx:
        for some in chunks(rows, 500):
            query = select(Invoice.number, Invoice.account_id).where(col(Invoice.number).in_(some))
            found.update(dict(tx.exec(query).all()))  # type: ignore[arg-type]
    for row in run.withdrawals:
        number = row.invoice_number
        if rows.get(number) is not row:
            run.aside("invoices", row, "invoice_number", f"{number} has another row")
        elif account := found.get(number):
            rows_by_account.setdefault(account, Batch()).withdrawals.append(row)
        else:
            run.aside("invoices", row, "status", WITHDRAWN)


def _once_each(run: ImportRun, rows: list[Row]) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for row in rows:
        number = row.invoice_number
        if number in seen:
            lose_invoice(run, row, "invoice_number", f"{number} was in line {seen[number]} already")
        else:
            seen[number] = row.line
            yield row


def lose_invoice(run: ImportRun, row: Row, column: str, reason: str) -> None:
    run.aside("invoices", row, column, reason)
    run.lost(row.total, row.currency)


def _account_of(run: ImportRun, row: Row, lines: Lines) -> AccountId | None:
    """The guarantor's account: who is named, or whoever answers for the first line's patient."""
    number = row.invoice_number
    if bad := lines.bad.get(number):
        lose_invoice(run, row, "", f"its line in {bad.file}, line {bad.line}, was set aside")
        return None
    if reason := what_is_wrong(run, row, lines.by_number.get(number, [])):
        lose_invoice(run, row, *reason)
        return None
    if chart := row.guarantor_chart_number:
        person = run.person("invoices", row, "guarantor_chart_number")
        if person is None:
            run.lost(row.total, row.currency)
        elif account := run.account_of(chart):
            return account
        else:
            lose_invoice(run, row, "guarantor_chart_number", f"patient {chart} is nobody's guarantor")
        return None
    for line in lines.by_number.get(number, ()):
        if person := run.people.get(line.chart_number):
            return person.account_id
    lose_invoice(run, row, "guarantor_chart_number", "is missing, and no line says whose invoice this is")
    return None


def _lonely_lines(run: ImportRun, lines: Lines, numbers: set[str]) -> None:
    withdrawn = {row.invoice_number for row in run.withdrawals}
    run.count("invoice_lines").unchanged += sum(len(lines.by_number.get(n, ())) for n in withdrawn - numbers)
    for number in lines.by_number.keys() - numbers - withdrawn:
        for line in lines.by_number[number]:
            run.aside("invoice_lines", line, "invoice_number", f"there is no invoice {number} in the files")


def _known_accounts(run: ImportRun, payments: list[Row]) -> dict[str, AccountId]:
    """Whose the invoices and our own payments are that these rows name."""
    found: dict[str, AccountId] = {}
    with run.opened() as tx:
        numbers = {row.invoice_number for row in payments} - {""}
        if tx.exec(select(Invoice.id).limit(1)).first() is None:  # the first import
            numbers.clear()
        for some in chunks(numbers, 500):
            query = select(Invoice.number, Invoice.account_id).where(col(Invoice.number).in_(some))
            found.update(dict(tx.exec(query).all()))  # type: ignore[arg-type]
        for some in chunks({row.portal_payment_id for row in payments} - {""}, 500):
            query = select(Payment.id, Payment.account_id).where(col(Payment.id).in_(some))
            found.update(dict(tx.exec(query).all()))  # type: ignore[arg-type]
    return found


def _by_key(run: ImportRun, payments: list[Row]) -> list[list[Row]]:
    """Rows with one key are the parts of one payment, each for an invoice of its own.

    A row that says the same twice counts once; one that says something else of the same invoice makes the whole
    payment doubtful.
    """
    found: dict[str, list[Row]] = {}
    doubtful: dict[str, str] = {}
    for row in payments:
        if (parts := found.get(row.payment_key)) is None:
            found[row.payment_key] = [row]
            continue
        first = next((part for part in parts if part.invoice_number == row.invoice_number), None)
        if first and first.values == row.values:
            run.aside("payments", row, "payment_key", f"was in line {first.line} already")
            continue
        parts.append(row)
        if first:
            reason = f"{row.payment_key} says of the same invoice something else in line {first.line}"
            doubtful.setdefault(row.payment_key, reason)
        elif any(getattr(row, c) != getattr(parts[0], c) for c in _OF_THE_WHOLE):
            reason = f"the rows of {row.payment_key} differ in more than invoice and amount"
            doubtful.setdefault(row.payment_key, reason)
    for key, reason in doubtful.items():
        lose_payment(run, found.pop(key), "payment_key", reason)
    return sorted(found.values(), key=lambda parts: (parts[0].date, parts[0].payment_key))


def _payer(run: ImportRun, parts: list[Row], accounts: dict[str, AccountId]) -> AccountId | None:
    row = parts[0]
    if ours := row.portal_payment_id:
        if ours in accounts:
            return accounts[ours]
        return lose_payment(run, parts, "portal_payment_id", f"there is no payment {ours} in the portal")
    if row.guarantor_chart_number:
        person = run.person("payments", row, "guarantor_chart_number")
        if person is None:
            return lose_payment(run, parts, "", "", said=1)
        if account := run.account_of(row.guarantor_chart_number):
            return account
        return lose_payment(run, parts, "guarantor_chart_number", "is nobody's guarantor")
    if (number := row.invoice_number) in accounts:
        return accounts[number]
    if number:
        return lose_payment(run, parts, "invoice_number", f"there is no invoice {number}")
    return lose_payment(run, parts, "guarantor_chart_number", "is missing, and no invoice is named")


def lose_payment(run: ImportRun, parts: list[Row], column: str, reason: str, said: int = 0) -> None:
    """Set the payment aside with all its rows; `said` of them were reported already."""
    for row in parts[said:]:
        run.aside("payments", row, column, reason or "another row of this payment was set aside")
    for row in parts:
        run.lost(-row.amount, row.currency)


def _batches(rows_by_account: dict[AccountId, Batch]) -> Iterator[dict[AccountId, Batch]]:
    """Some accounts at a time, in the order of their ids; what is given out is no longer held."""
    some: dict[AccountId, Batch] = {}
    size = 0
    for account in sorted(rows_by_account):
        account_rows = some[account] = rows_by_account.pop(account)
        if (size := size + account_rows.size) >= BATCH:
            yield some
            some, size = {}, 0
    if some:
        yield some


def _keep(run: ImportRun, rows_by_account: dict[AccountId, Batch], lines: Lines) -> None:
    numbers = {
        row.invoice_number for account_rows in rows_by_account.values() for row in account_rows.invoices
    }
    numbers |= {
        row.invoice_number for account_rows in rows_by_account.values() for row in account_rows.withdrawals
    }
    payments = [payment for account_rows in rows_by_account.values() for payment in account_rows.payments]
    numbers |= {row.invoice_number for payment in payments for row in payment.rows}
    with run.opened() as tx:
        batch = open_account_batch(run, tx, rows_by_account, numbers - {""}, payments)
        for account, account_rows in rows_by_account.items():
            _keep_account(batch, account, account_rows, lines)
        batch.write()
    run.step(sum(_rows(account_rows, lines) for account_rows in rows_by_account.values()))
    for account_rows in rows_by_account.values():  # they are done: others need the memory
        for row in account_rows.invoices:
            lines.by_number.pop(row.invoice_number, None)
        account_rows.invoices, account_rows.payments = [], []


def _rows(account_rows: Batch, lines: Lines) -> int:
    of_invoices = sum(1 + len(lines.by_number.get(row.invoice_number, ())) for row in account_rows.invoices)
    return (
        of_invoices
        + sum(len(payment.rows) for payment in account_rows.payments)
        + len(account_rows.withdrawals)
    )


def _keep_account(batch: AccountBatch, account: AccountId, account_rows: Batch, lines: Lines) -> None:
    paid: dict[str, int] = {}
    claimed = {payment.id for payment in account_rows.payments if payment.rows[0].portal_payment_id}
    for payment in account_rows.payments:
        for row in payment.rows:
            paid[row.invoice_number] = paid.get(row.invoice_number, 0) + row.amount.minor
    lost: dict[str, Where] = {}
    _keep_withdrawals(batch, account_rows.withdrawals)
    for row in account_rows.invoices:
        if reason := keep_invoice(batch, account, row, lines.by_number.get(row.invoice_number, []), paid):
            lose_invoice(batch.run, row, *reason)
            lost[row.invoice_number] = row.where
        elif row.status == "void":
            write_off(batch, row)  # before the payments: it receives none (ALL-14)
    batch.closing |= {row.invoice_number for row in account_rows.invoices if row.status == "written_off"}
    batch.credited |= {row.invoice_number for row in account_rows.invoices if credited_in_full(row)}
    for payment in account_rows.payments:
        parts = payment.rows
        gone = [p.invoice_number for p in parts if p.invoice_number in lost] if lost else []
        if gone and gone[0] not in batch.invoices:
            said = lost[gone[0]]
            reason = f"its invoice was set aside ({said.file}, line {said.line})"
            lose_payment(batch.run, parts, "invoice_number", reason)
            continue
        if trouble := keep_payment(batch, account, payment, claimed):
            lose_payment(batch.run, parts, *trouble)
    for row in account_rows.invoices:
        if row.invoice_number not in lost:
            write_off(batch, row)
    kept = [row for row in account_rows.invoices if row.invoice_number not in lost]
    compare_balances(batch, kept, account_rows.payments)


def _keep_withdrawals(batch: AccountBatch, rows: list[Row]) -> None:
    for row in rows:
        invoice = batch.invoices[row.invoice_number]
        if reason := keep_withdrawn(batch, row, invoice, 0):
            batch.run.aside("invoices", row, *reason)
        else:
            write_off(batch, row)
