"""One import from its first file to the report."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sqlmodel import func, select

from portal_app.clock import today, zone
from portal_app.db.audit import entry
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import LedgerEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.families import PatientStatus
from portal_app.domain.imports.dates import date_pattern
from portal_app.domain.imports.report import ImportReport, Totals, Where
from portal_app.domain.imports.sheets import ReadRow, SheetReader
from portal_app.domain.imports.values import ImportOptions, Unreadable, loses_decimals, read_amount
from portal_app.domain.money import Money
from portal_app.services.imports.agreements import import_agreements
from portal_app.services.imports.appointments import import_appointments
from portal_app.services.imports.billing import Lines, import_billing, lose_payment
from portal_app.services.imports.compare import find_missing_payments, payments_said
from portal_app.services.imports.errors import UnknownDateFormat
from portal_app.services.imports.fhir.billing import balanced_key
from portal_app.services.imports.fhir.read import read_fhir
from portal_app.services.imports.files import (
    Raw,
    Source,
    count_records,
    find_sources,
    records,
    tables_not_read,
)
from portal_app.services.imports.import_run import (
    ImportRun,
    PaymentsSaid,
    Progress,
    Row,
    RowShape,
    row_kind,
    row_of,
)
from portal_app.services.imports.mapping import Mapping, read_mapping
from portal_app.services.imports.memberships import import_enrolments, import_memberships, import_plans
from portal_app.services.imports.older_payments import know_older_payments
from portal_app.services.imports.people.guarantors import look_at_guarantors
from portal_app.services.imports.people.patients import import_patients, know_everybody
from portal_app.services.imports.people.relations import end_other_relations, import_relations
from portal_app.settings import settings


class Feed(NamedTuple):
    """What feeds one sheet."""

    sheet: str
    given: frozenset[str]  # the columns it has
    raws: Iterable[Raw]
    kept: frozenset[str] | None = None  # its records have no others; None: they may


MANY = 10_000  # records of all files together


def _quiet(done: int, total: int) -> None:
    """Nobody watches."""


def run_import(
    principal: Principal,
    directory: Path | str,
    *,
    fhir: bool = False,
    check: bool = False,
    mapping: Path | str | None = None,
    date_format: str | None = None,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Reads every file of the directory; bad rows are set aside, good ones come in (IMP cases).

    `check` writes nothing and reports the same. Raises UserError when a file as a whole cannot be read.
    """
    principal.require(Permission.MANAGE_SETTINGS)
    told = read_mapping(Path(mapping)) if mapping else Mapping()
    told = replace(told, date_format=date_format or told.date_format, encoding=encoding or told.encoding)
    report = ImportReport(check=check)
    run = ImportRun(principal, _manner(told), check, report, progress or _quiet, folder=Path(directory))
    sources = [] if fhir else find_sources(Path(directory), told)
    feeds = _fhir_feeds(run, Path(directory)) if fhir else _csv_feeds(run, sources)
    before = _receivables(principal)
    many = run.expected > MANY
    with _seldom_collecting() if many else nullcontext():
        know_everybody(run)
        _take_in(run, feeds, fhir=fhir, many=many)
        find_missing_payments(run)
        look_at_guarantors(run)
    _note_files(run, Path(directory), sources, told)
    _conclude(run, before)
    return report


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Hundreds of thousands of rows and hardly a reference cycle: collecting cycles took a sixth of the time.

    Only for such imports: setting up and ending this goes through all that the process holds.
    """
    usual, collects = gc.get_threshold(), gc.isenabled()
    gc.set_threshold(100_000, 10, 100)
    gc.disable()  # until all is read
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
        if collects:
            gc.enable()


def _all_is_read() -> None:
    """From here on cycles are collected again, and the rows that wait for their turn are passed over."""
    gc.freeze()
    gc.enable()


def _manner(told: Mapping) -> ImportOptions:
    """How the files write dates and money. Raises UnknownDateFormat."""
    if told.date_format:
        try:
            date_pattern(told.date_format)
        except Unreadable as reason:
            raise UnknownDateFormat(format=told.date_format, reason=str(reason)) from None
    return ImportOptions(
        settings().currency, zone(), today(), told.date_format, told.round, told.decimal_mark, told.thousands
    )


def _fhir_feeds(run: ImportRun, directory: Path) -> dict[str, Feed]:
    feeds, notes = read_fhir(directory, run.options)
    run.report.notes.extend(notes)
    run.expected = sum(len(raws) for _, _, raws in feeds.values())
    return {sheet: Feed(*feed) for sheet, feed in feeds.items()}


def _csv_feeds(run: ImportRun, sources: list[Source]) -> dict[str, Feed]:
    for source in sources:
        run.expected += count_records(source)
        if source.encoding != "utf-8":
            run.report.notes.append(f"{source.path.name} was read as {source.encoding}.")
    return {
        source.sheet: Feed(
            source.sheet, source.columns, records(source), None if source.mapped.named else source.columns
        )
        for source in sources
    }


def _note_files(run: ImportRun, directory: Path, sources: list[Source], told: Mapping) -> None:
    """Say which lines were no records, and which files of the folder were not read."""
    notes = run.report.notes
    for source in sources:
        if source.skipped:
            what = ", ".join(f"{count} × {kind}" for kind, count in sorted(source.skipped.items()))
            notes.append(f"{source.path.name}: lines that are no records of this sheet: {what}.")
    if sources and not told.sheets and (strange := tables_not_read(directory, sources)):
        notes.append(
            f"Not read: {', '.join(strange)}. A packed file must be unpacked; docs/import.md names the files."
        )
    missing = sorted(sheet.file for sheet in told.sheets.values() if not (directory / sheet.file).is_file())
    if missing:
        notes.append(f"The mapping names files that are not there: {', '.join(missing)}.")


def _take_in(run: ImportRun, feeds: dict[str, Feed], *, fhir: bool, many: bool) -> None:
    bad: dict[str, Where] = {}
    lines = Lines()
    if patients := feeds.get("patients"):
        import_patients(run, _rows(run, patients, run.set_aside, "chart_number"))
    if relations := feeds.get("relations"):
        import_relations(run, _rows(run, relations))
    end_other_relations(run)
    if appointments := feeds.get("appointments"):
        import_appointments(run, _rows(run, appointments))
    if many:
        gc.collect()  # what the transactions so far have left: from here on most rows wait for their turn
    if invoice_lines := feeds.get("invoice_lines"):
        for row in _rows(run, invoice_lines, lines.bad, "invoice_number"):
            lines.by_number.setdefault(row.invoice_number, []).append(row)
    invoices = _rows(run, feeds["invoices"]) if "invoices" in feeds else []
    payments = _rows(run, feeds["payments"], bad, "payment_key") if "payments" in feeds else []
    if many:
        _all_is_read()
    unread = any(count.unread for count in run.report.counts.values())
    if (
        ("payments" in feeds or fhir)
        and not unread
        and not (run.illegible if fhir else "payments" in run.illegible)
    ):
        run.payments_said = payments_said(payments, bad)
        if fhir:
            _not_balanced(run.payments_said, invoices)
    gone = run.payments_said.gone if run.payments_said else set[str]()
    know_older_payments(run, {row.payment_key for row in payments} | bad.keys() | gone)
    _lose_other_parts(run, payments, bad)
    import_billing(run, invoices, lines, payments)
    for sheet, take in (
        ("plans", import_plans),
        ("memberships", import_memberships),
        ("enrolments", import_enrolments),
        ("agreements", import_agreements),
    ):
        if sheet in feeds:
            take(run, _rows(run, feeds[sheet]))


def _lose_other_parts(run: ImportRun, payments: list[Row], bad: dict[str, Where]) -> None:
    """A payment of which one row cannot be read is set aside with all its rows."""
    for row in payments:
        if where := bad.get(row.payment_key):
            lose_payment(run, [row], "payment_key", f"its row in line {where.line} was set aside")
    payments[:] = (row for row in payments if row.payment_key not in bad)


def _not_balanced(said: PaymentsSaid, invoices: list[Row]) -> None:
    """An invoice that is not balanced takes back the payment which its being balanced implied."""
    open_now = (row.invoice_number for row in invoices if row.status != "void")
    said.gone = {balanced_key(number) for number in open_now} - said.keys


def _rows(run: ImportRun, feed: Feed, bad: dict[str, Where] | None = None, key: str = "") -> list[Row]:
    """The records whose every value could be read; the others are reported and set aside."""
    sheet = feed.sheet
    good: list[Row] = []
    roundings = 0
    count, reader = run.count(sheet), SheetReader(sheet, run.options, feed.kept)
    shape = RowShape("", row_kind(reader), feed.given)
    for raw in feed.raws:
        if raw.file != shape.file:
            shape = shape._replace(file=raw.file)
        count.rows += 1 + raw.unread
        if not raw.wrong and (values := reader.values_of(raw.names, raw.cells)):
            good.append(row_of(shape, raw, values))
        elif row := _with_remarks(run, sheet, raw, reader, shape):
            good.append(row)
        else:
            if bad is not None:
                if not raw.about and not raw.values.get(key):
                    run.illegible.add(sheet)
                for said in (raw.values, *raw.swallowed):
                    if said.get(key):
                        bad.setdefault(said[key], raw.where)
            continue
        if run.options.round:
            roundings += any(loses_decimals(raw.values.get(c, ""), run.options) for c in ("total", "amount"))
    if roundings:
        run.report.notes.append(f"{sheet}: {roundings} amounts were rounded to the cent, half to even.")
    return good


def _with_remarks(run: ImportRun, sheet: str, raw: Raw, reader: SheetReader, shape: RowShape) -> Row | None:
    """The record, with what is to be said about it; None when it is set aside."""
    if raw.unrelated:
        run.related.add(raw.unrelated)
    row = ReadRow(wrong=[(raw.column, raw.wrong)]) if raw.wrong else reader.read(raw.values)
    if row.wrong:
        ending = row_of(shape, raw, reader.values_in(row), row.without) if row.values else None
        _set_aside(run, sheet, raw, row, ending)
        return None
    for column, reason in row.doubtful:
        run.warn(raw, column, reason)
    return row_of(shape, raw, reader.values_in(row), row.without)


def _set_aside(run: ImportRun, sheet: str, raw: Raw, row: ReadRow, ending: Row | None) -> None:
    """Report a row that cannot come in; what it ends all the same is done. `ending`: it, as far as it was read."""
    run.step(1 + raw.unread)
    if ending and _ends_something(run, sheet, row, ending):
        return
    if sheet == "patients" and raw.withdrawn:  # merged at the source, and never here
        run.count(sheet).unchanged += 1
        return
    run.aside(sheet, raw, *row.wrong[0])
    run.count(sheet).unread += raw.unread
    for column, reason in row.wrong[1:]:
        run.warn(raw, column, reason)
    for values in (raw.values, *raw.swallowed):
        _lose(run, sheet, values)


def _ends_something(run: ImportRun, sheet: str, row: ReadRow, ending: Row) -> bool:
    """Does the row end a known person's access, or withdraw an invoice? That counts, whatever else it lacks."""
    status, wrong = row.values.get("status"), {column for column, _ in row.wrong}
    if "status" in wrong:
        return False
    if sheet == "patients" and status not in (None, PatientStatus.ACTIVE):
        if row.values["chart_number"] not in run.people:
            return False
        run.endings.append(ending)
    elif sheet == "invoices" and status == "void" and "invoice_number" not in wrong:
        run.withdrawals.append(ending)
    elif sheet == "appointments" and status == "cancelled" and "appointment_key" not in wrong:
        run.cancellations.append(ending)
    else:
        return False
    return True


def _lose(run: ImportRun, sheet: str, values: dict[str, str]) -> None:
    """What a row that cannot be read would have been worth, where that much can be read."""
    column, sign = {"invoices": ("total", 1), "payments": ("amount", -1)}.get(sheet, ("", 0))
    if not column:
        return
    try:
        amount = read_amount(values.get(column, ""), run.options)
    except Unreadable:
        return
    run.lost(Money(sign * amount.minor, amount.currency))


def _receivables(principal: Principal) -> int:
    with reading(principal) as tx:
        tx.use_small_cache()
        found = tx.exec(select(func.sum(LedgerEntry.amount))).one()
    return found.minor if isinstance(found, Money) else int(found or 0)


def _conclude(run: ImportRun, before: int) -> None:
    report, currency = run.report, run.options.currency
    after = before + run.entered
    if not run.check:
        _sign_off(run)
        after = _receivables(run.principal)
    aside = run.aside_by_currency
    money = {code: Money(minor, code) for code, minor in {currency: 0, **aside}.items()}
    report.totals[currency] = Totals(
        Money(before, currency),
        Money(after, currency),
        Money(run.source, currency),
        Money(run.ours, currency),
        money[currency],
        Money(run.balance_there, currency),
        Money(run.balance_here, currency),
        Money(run.balance_explained, currency),
    )
    for code in sorted(aside.keys() - {currency}):
        none = Money(0, code)
        report.totals[code] = Totals(none, none, none, none, money[code], none, none, none)
    run.progress(run.expected, run.expected)


def _sign_off(run: ImportRun) -> None:
    """One line in the audit trail for the whole import; who sees whom is to be decided anew."""
    counts = {
        sheet: {"added": c.added, "changed": c.changed, "set_aside": c.set_aside}
        for sheet, c in run.report.counts.items()
    }
    with transaction(run.principal) as tx:
        tx.add_as_system(entry(run.principal, "import", details=counts))
        practice = tx.get(Practice, "practice")
        if practice and (run.report.changes or run.moved_accounts):
            tx.bulk_update(Practice, [{"id": "practice", "version": practice.version + 1}])
