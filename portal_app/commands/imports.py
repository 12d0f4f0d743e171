"""`portal import`: reads the practice's own records."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from portal_app.commands.console import (
    ProgressBar,
    money_text,
    out,
    print_line,
    require_confirmation,
    require_ready_database,
)
from portal_app.domain.access import system_principal

MOST_ROWS = 50  # rows set aside that are listed without --all

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder with the files.")]
Fhir = Annotated[bool, typer.Option("--fhir", help="FHIR R4 (NDJSON or bundles) instead of CSV.")]
Check = Annotated[bool, typer.Option("--check", help="Say what would happen; write nothing.")]
MappingFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Which of your columns is which of ours.")
]
DateFormat = Annotated[str | None, typer.Option(help="How the files write dates, like MM/DD/YYYY.")]
Encoding = Annotated[str | None, typer.Option(help="utf-8 or windows-1252, where it is not plain.")]
All = Annotated[bool, typer.Option("--all", help="List every row set aside, not the first 50.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, also where this is a demo.")]


def import_records(
    directory: Folder,
    fhir: Fhir = False,
    check: Check = False,
    mapping: MappingFile = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    everything: All = False,
    yes: Yes = False,
) -> None:
    """Read the practice's own records. Bad rows are set aside and listed, good ones are written.

    Ends with a failure when lines of the files could not be read, or the sums are not those of the files.
    """
    from portal_app.services.imports.run import run_import

    require_ready_database("import")
    if not check:
        _require_confirmation_in_a_demo(yes=yes)
    with ProgressBar() as progress:
        report = run_import(
            system_principal("import"),
            directory,
            fhir=fhir,
            check=check,
            mapping=mapping,
            date_format=date_format,
            encoding=encoding,
            progress=progress,
        )
    print_report(report, None if everything else MOST_ROWS)
    if not report.complete:
        sys.exit("portal: not everything in the files is in the portal as they say; see above.")


def _require_confirmation_in_a_demo(*, yes: bool) -> None:
    from portal_app.settings import settings

    if settings().demo:
        out.print(
            "This is a demo: whoever opens it reads every code and link at /outbox. Real patients do not belong here."
        )
        require_confirmation("Import into the demo all the same?", yes=yes)


def print_report(report: Any, at_most: int | None) -> None:
    """Counts by file, the rows set aside (the first `at_most` of them), notes and sums of money."""
    if not report.counts:
        for note in report.notes:
            print_line(note)
        return
    counts = Table("file", "rows", "new", "changed", "unchanged", "set aside", box=None, pad_edge=False)
    for name, c in report.counts.items():
        counts.add_row(name, *map(str, (c.rows, c.added, c.changed, c.unchanged, c.set_aside)))
    out.print(counts)
    for problem in report.problems[:at_most]:
        out.print(str(problem), style="yellow" if problem.warning else "red", markup=False)
    if at_most and len(report.problems) > at_most:
        out.print(f"… and {len(report.problems) - at_most} more; --all lists them.")
    for note in report.notes:
        print_line(note)
    for currency, sums in report.totals.items():
        _print_sums(currency, sums)
    out.print("Nothing was written (--check)." if report.check else f"{report.changes} records written.")


def _print_sums(currency: str, sums: Any) -> None:
    agree = "as in the files" if sums.agree else "NOT as in the files"
    aside = f", set aside {money_text(sums.set_aside)}" if sums.set_aside else ""
    files = f"the files say {money_text(sums.source)}, of these rows the portal has {money_text(sums.ours)}{aside}"
    before, after = money_text(sums.before), money_text(sums.after)
    out.print(f"{currency}: owed before {before}, after {after}, {agree}; {files}")
    if sums.balance_there or sums.balance_here:
        known = (
            f", and {money_text(sums.balance_explained)} was paid here that they do not know"
            if sums.balance_explained
            else ""
        )
        out.print(
            f"{currency}: due by the files' balance column {money_text(sums.balance_there)}, "
            f"of the same invoices here {money_text(sums.balance_here)}{known}"
        )
