"""Invoices with their lines, and payments: account by account, so that none is ever half imported."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlmodel import col, select

from portal_app.db.tables.billing import Invoice, Payment
from portal_app.domain.ids import AccountId
from portal_app.domain.imports import Where
from portal_app.services.imports.account_batch import AccountBatch, open_account_batch
from portal_app.services.imports.import_run import ImportRun, Row, chunks, keyed_id
from portal_app.services.imports.invoices import (
    credited_in_full,
    keep_invoice,
    what_is_wrong,
    write_off,
)
from portal_app.services.imports.payments import keep_payment

BATCH = 1500  # rows of one transaction, about


@dataclass(slots=True)
class Batch:
    """All that the files say about one account."""

    invoices: list[Row] = field(default_factory=list)
    payments: list[list[Row]] = field(default_factory=list)  # the rows of one payment each

    @property
    def size(self) -> int:
        return len(self.invoices) + len(self.payments)


@dataclass(slots=True)
class Lines:
    """Invoice lines by invoice number, and the invoices one of whose lines was set aside."""

    by_number: dict[str, list[Row]] = field(default_factory=dict)
    bad: dict[str, Where] = field(default_factory=dict)


def import_billing(desk: ImportRun, invoices: list[Row], lines: Lines, payments: list[Row]) -> None:
    piles: dict[AccountId, Batch] = {}
    accounts: dict[str, AccountId] = {}
    for row in _once_each(desk, invoices):
        if account := _account_of(desk, row, lines):
            accounts[row["invoice_number"]] = account
            piles.setdefault(account, Batch()).invoices.append(row)
    _lonely_lines(desk, lines, {row["invoice_number"] for row in invoices})
    accounts |= _known_accounts(desk, payments)
    for parts in _by_key(payments):
        if account := _payer(desk, parts, accounts):
            piles.setdefault(account, Batch()).payments.append(parts)
    for some in _batches(piles):
        _keep(desk, some, lines)
    count = desk.count("invoice_lines")
    count.set_aside = count.rows - count.added - count.changed - count.unchanged


def _once_each(desk: ImportRun, rows: list[Row]) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for row in rows:
        number = row["invoice_number"]
        if number in seen:
            lose_invoice(desk, row, "invoice_number", f"{number} was in line {seen[number]} already")
        else:
            seen[number] = row.where.line
            yield row


def lose_invoice(desk: ImportRun, row: Row, column: str, reason: str) -> None:
    desk.aside("invoices", row, column, reason)
    desk.lost(row["total"], row["currency"])


def _account_of(desk: ImportRun, row: Row, lines: Lines) -> AccountId | None:
    """The guarantor's account: who is named, or whoever answers for the first line's patient."""
    number = row["invoice_number"]
    if bad := lines.bad.get(number):
        lose_invoice(desk, row, "", f"its line in {bad.file}, line {bad.line}, was set aside")
        return None
    if reason := what_is_wrong(desk, row, lines.by_number.get(number, [])):
        lose_invoice(desk, row, *reason)
        return None
    if chart := row["guarantor_chart_number"]:
        person = desk.person("invoices", row, "guarantor_chart_number")
        if person is None:
            desk.lost(row["total"], row["currency"])
        elif account := desk.accounts.get(person.id):
            return account
        else:
            lose_invoice(desk, row, "guarantor_chart_number", f"patient {chart} is nobody's guarantor")
        return None
    for line in lines.by_number.get(number, ()):
        if person := desk.people.get(line["chart_number"]):
            return person.account_id
    lose_invoice(desk, row, "guarantor_chart_number", "is missing, and no line says whose invoice this is")
    return None


def _lonely_lines(desk: ImportRun, lines: Lines, numbers: set[str]) -> None:
    for number in lines.by_number.keys() - numbers:
        for line in lines.by_number[number]:
            desk.aside("invoice_lines", line, "invoice_number", f"there is no invoice {number} in the files")


def _known_accounts(desk: ImportRun, payments: list[Row]) -> dict[str, AccountId]:
    """Whose the invoices and our own payments are that these rows name."""
    found: dict[str, AccountId] = {}
    with desk.opened() as tx:
        for some in chunks({row["invoice_number"] for row in payments} - {""}, 500):
            query = select(Invoice.number, Invoice.account_id).where(col(Invoice.number).in_(some))
            found.update(dict(tx.exec(query).all()))  # type: ignore[arg-type]
        for some in chunks({row["portal_payment_id"] for row in payments} - {""}, 500):
            query = select(Payment.id, Payment.account_id).where(col(Payment.id).in_(some))
            found.update(dict(tx.exec(query).all()))  # type: ignore[arg-type]
    return found


def _by_key(payments: list[Row]) -> list[list[Row]]:
    """Rows with one key are the parts of one payment."""
    found: dict[str, list[Row]] = {}
    for row in payments:
        found.setdefault(row["payment_key"], []).append(row)
    return sorted(found.values(), key=lambda parts: (parts[0]["date"], parts[0]["payment_key"]))


def _payer(desk: ImportRun, parts: list[Row], accounts: dict[str, AccountId]) -> AccountId | None:
    row = parts[0]
    if ours := row["portal_payment_id"]:
        if ours in accounts:
            return accounts[ours]
        return lose_payment(desk, parts, "portal_payment_id", f"there is no payment {ours} in the portal")
    if row["guarantor_chart_number"]:
        person = desk.person("payments", row, "guarantor_chart_number")
        if person is None:
            return lose_payment(desk, parts, "", "", said=1)
        if account := desk.accounts.get(person.id):
            return account
        return lose_payment(desk, parts, "guarantor_chart_number", "is nobody's guarantor")
    if (number := row["invoice_number"]) in accounts:
        return accounts[number]
    if number:
        return lose_payment(desk, parts, "invoice_number", f"there is no invoice {number}")
    return lose_payment(desk, parts, "guarantor_chart_number", "is missing, and no invoice is named")


def lose_payment(desk: ImportRun, parts: list[Row], column: str, reason: str, said: int = 0) -> None:
    """Set the payment aside with all its rows; `said` of them were reported already."""
    for row in parts[said:]:
        desk.aside("payments", row, column, reason or "another row of this payment was set aside")
    for row in parts:
        desk.lost(-row["amount"], row["currency"])


def _batches(piles: dict[AccountId, Batch]) -> Iterator[dict[AccountId, Batch]]:
    some: dict[AccountId, Batch] = {}
    size = 0
    for account, pile in sorted(piles.items()):
        some[account] = pile
        if (size := size + pile.size) >= BATCH:
            yield some
            some, size = {}, 0
    if some:
        yield some


def payment_id(row: Row) -> str:
    return row["portal_payment_id"] or keyed_id("pay", "payment", row["payment_key"])


def _keep(desk: ImportRun, piles: dict[AccountId, Batch], lines: Lines) -> None:
    numbers = {row["invoice_number"] for pile in piles.values() for row in pile.invoices}
    numbers |= {row["invoice_number"] for pile in piles.values() for parts in pile.payments for row in parts}
    ids = {payment_id(parts[0]) for pile in piles.values() for parts in pile.payments}
    with desk.opened() as tx:
        books = open_account_batch(desk, tx, piles, numbers - {""}, ids)
        for account, pile in piles.items():
            _keep_account(books, account, pile, lines)
        books.write()
    desk.step(sum(_rows(pile, lines) for pile in piles.values()))


def _rows(pile: Batch, lines: Lines) -> int:
    of_invoices = sum(1 + len(lines.by_number.get(row["invoice_number"], ())) for row in pile.invoices)
    return of_invoices + sum(map(len, pile.payments))


def _keep_account(books: AccountBatch, account: AccountId, pile: Batch, lines: Lines) -> None:
    paid: dict[str, int] = {}
    claimed = {parts[0]["portal_payment_id"] for parts in pile.payments} - {""}
    for parts in pile.payments:
        for row in parts:
            paid[row["invoice_number"]] = paid.get(row["invoice_number"], 0) + row["amount"].minor
    lost: dict[str, Where] = {}
    for row in pile.invoices:
        if reason := keep_invoice(books, account, row, lines.by_number.get(row["invoice_number"], []), paid):
            lose_invoice(books.desk, row, *reason)
            lost[row["invoice_number"]] = row.where
        elif row["status"] == "void":
            write_off(books, row)  # before the payments: it receives none (ALL-14)
    books.closing |= {row["invoice_number"] for row in pile.invoices if row["status"] == "written_off"}
    books.credited |= {row["invoice_number"] for row in pile.invoices if credited_in_full(row)}
    for parts in pile.payments:
        gone = [p["invoice_number"] for p in parts if p["invoice_number"] in lost]
        if gone and gone[0] not in books.invoices:
            said = lost[gone[0]]
            reason = f"its invoice was set aside ({said.file}, line {said.line})"
            lose_payment(books.desk, parts, "invoice_number", reason)
            continue
        if trouble := keep_payment(books, account, parts, payment_id(parts[0]), claimed):
            lose_payment(books.desk, parts, *trouble)
    for row in pile.invoices:
        if row["invoice_number"] not in lost:
            write_off(books, row)
