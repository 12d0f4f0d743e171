"""One import from its first file to the report."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlmodel import func, select

from portal_app.clock import today, zone
from portal_app.db.audit import entry
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import LedgerEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.imports import (
    ImportOptions,
    ImportReport,
    Totals,
    Unreadable,
    read_amount,
    read_row,
    rounded,
)
from portal_app.domain.money import Money
from portal_app.services.imports.appointments import import_appointments
from portal_app.services.imports.billing import Lines, import_billing
from portal_app.services.imports.fhir.read import read_fhir
from portal_app.services.imports.files import Raw, count_records, find_sources, records
from portal_app.services.imports.import_run import ImportRun, Progress, Row
from portal_app.services.imports.mapping import Mapping, read_mapping
from portal_app.services.imports.memberships import import_enrolments, import_memberships, import_plans
from portal_app.services.imports.people import import_patients, import_relations, know_everybody
from portal_app.settings import settings

Feed = tuple[str, frozenset[str], Iterable[Raw]]  # sheet, the columns it has, its records


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
    desk = ImportRun(principal, _manner(told), check, report, progress or _quiet)
    feeds = _feeds(desk, Path(directory), told, fhir=fhir)
    before = _receivables(principal)
    with _seldom_collecting():
        know_everybody(desk)
        _take_in(desk, feeds)
    _conclude(desk, before)
    return report


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Hundreds of thousands of rows and hardly a reference cycle: collecting cycles took a fifth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _manner(told: Mapping) -> ImportOptions:
    return ImportOptions(
        settings().currency, zone(), today(), told.date_format, told.round, told.decimal_mark, told.thousands
    )


def _feeds(desk: ImportRun, directory: Path, told: Mapping, *, fhir: bool) -> dict[str, Feed]:
    if fhir:
        feeds, notes = read_fhir(directory)
        desk.report.notes.extend(notes)
        desk.expected = sum(len(raws) for _, _, raws in feeds.values())
        return dict(feeds)
    sources = find_sources(directory, told)
    for source in sources:
        desk.expected += count_records(source)
        if source.encoding != "utf-8":
            desk.report.notes.append(f"{source.path.name} was read as {source.encoding}.")
    return {source.sheet: (source.sheet, source.columns, records(source)) for source in sources}


def _take_in(desk: ImportRun, feeds: dict[str, Feed]) -> None:
    bad: dict[str, Any] = {}
    lines = Lines()
    if patients := feeds.get("patients"):
        import_patients(desk, _rows(desk, patients, desk.set_aside, "chart_number"))
    desk.guarantors = {account: guarantor for guarantor, account in desk.accounts.items()}
    if relations := feeds.get("relations"):
        import_relations(desk, _rows(desk, relations))
    if appointments := feeds.get("appointments"):
        import_appointments(desk, _rows(desk, appointments))
    if invoice_lines := feeds.get("invoice_lines"):
        for row in _rows(desk, invoice_lines, lines.bad, "invoice_number"):
            lines.by_number.setdefault(row["invoice_number"], []).append(row)
    invoices = _rows(desk, feeds["invoices"]) if "invoices" in feeds else []
    payments = _rows(desk, feeds["payments"], bad, "payment_key") if "payments" in feeds else []
    import_billing(desk, invoices, lines, [row for row in payments if row["payment_key"] not in bad])
    for sheet, take in (
        ("plans", import_plans),
        ("memberships", import_memberships),
        ("enrolments", import_enrolments),
    ):
        if sheet in feeds:
            take(desk, _rows(desk, feeds[sheet]))


def _rows(desk: ImportRun, feed: Feed, bad: dict[str, Any] | None = None, key: str = "") -> list[Row]:
    """The records whose every value could be read; the others are reported and set aside."""
    sheet, given, raws = feed
    good: list[Row] = []
    roundings = 0
    for raw in raws:
        desk.count(sheet).rows += 1
        if raw.wrong:
            values, wrong = {}, [(raw.column, raw.wrong)]
        else:
            values, wrong = read_row(sheet, raw.values, desk.manner)
        if not wrong:
            good.append(Row(raw.where, values, given, raw.about))
            if desk.manner.round:
                roundings += any(rounded(raw.values.get(c, ""), desk.manner) for c in ("total", "amount"))
            continue
        desk.aside(sheet, raw, *wrong[0])
        for column, reason in wrong[1:]:
            desk.warn(raw, column, reason)
        _lose(desk, sheet, raw)
        if bad is not None and raw.values.get(key):
            bad.setdefault(raw.values[key], raw.where)
        desk.step(1)
    if roundings:
        desk.report.notes.append(f"{sheet}: {roundings} amounts were rounded to the cent, half to even.")
    return good


def _lose(desk: ImportRun, sheet: str, raw: Raw) -> None:
    """What a row that cannot be read would have been worth, where that much can be read."""
    column, sign = {"invoices": ("total", 1), "payments": ("amount", -1)}.get(sheet, ("", 0))
    if not column:
        return
    try:
        amount = read_amount(raw.values.get(column, ""), desk.manner)
    except Unreadable:
        return
    desk.lost(Money(sign * amount.minor, amount.currency))


def _receivables(principal: Principal) -> int:
    with reading(principal) as tx:
        found = tx.exec(select(func.sum(LedgerEntry.amount))).one()
    return found.minor if isinstance(found, Money) else int(found or 0)


def _conclude(desk: ImportRun, before: int) -> None:
    report, currency = desk.report, desk.manner.currency
    after = before + desk.entered
    if not desk.check:
        _sign_off(desk)
        after = _receivables(desk.principal)
    aside = desk.aside_by_currency
    money = {code: Money(minor, code) for code, minor in {currency: 0, **aside}.items()}
    report.totals[currency] = Totals(
        Money(before, currency),
        Money(after, currency),
        Money(desk.source, currency),
        Money(desk.ours, currency),
        money[currency],
    )
    for code in sorted(aside.keys() - {currency}):
        nothing = Money(0, code)
        report.totals[code] = Totals(nothing, nothing, nothing, nothing, money[code])
    desk.progress(desk.expected, desk.expected)


def _sign_off(desk: ImportRun) -> None:
    """One line in the audit trail for the whole import; who sees whom is to be decided anew."""
    counts = {
        sheet: {"added": c.added, "changed": c.changed, "set_aside": c.set_aside}
        for sheet, c in desk.report.counts.items()
    }
    with transaction(desk.principal) as tx:
        tx.add_as_system(entry(desk.principal, "import", details=counts))
        practice = tx.get(Practice, "practice")
        if practice and desk.report.changes:
            tx.bulk_update(Practice, [{"id": "practice", "version": practice.version + 1}])
