"""`portal …`: what the practice's own people run on their server.

Services are imported when a command needs them: `portal --help` answers at once.
"""

import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from portal_app import clock
from portal_app.domain.access import Role, system_principal
from portal_app.domain.errors import UserError

app = typer.Typer(
    help="The patient portal of one practice.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
staff = typer.Typer(help="Who works at the practice.", no_args_is_help=True)
audit = typer.Typer(help="The audit trail.", no_args_is_help=True)
app.add_typer(staff, name="staff")
app.add_typer(audit, name="audit")
jobs = typer.Typer(help="What the portal does by itself, again and again.")
app.add_typer(jobs, name="jobs")
out = Console(highlight=False, soft_wrap=True)
_MOST_ROWS = 50


@app.callback()
def before_all(
    database: Annotated[str, typer.Option(help="Another database than the settings name.")] = "",
) -> None:
    if database:
        from portal_app.db.engine import bind  # noqa: PLC0415

        bind(database)


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    from portal_app.db import migrations  # noqa: PLC0415
    from portal_app.settings import settings  # noqa: PLC0415

    if settings().demo:  # a practice's database is not even brought up to date by a demo
        _right_database("migrate")
    before = migrations.current_revision()
    migrations.upgrade()
    now = migrations.current_revision()
    out.print(
        f"The database is up to date ({now})." if before == now else f"Migrated: {before or 'empty'} → {now}."
    )


@app.command()
def demo(
    who: Annotated[bool, typer.Option("--who", help="Say whom one may sign in as; load nothing.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Show what the demo made, and take it away.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --remove: do not ask.")] = False,
) -> None:
    """Load the demo practice; once loaded it stays as it is."""
    from portal_app.demo import load, sign_in_lines  # noqa: PLC0415
    from portal_app.demo import staff as demo_staff  # noqa: PLC0415
    from portal_app.demo.removal import remove as remove_it  # noqa: PLC0415

    if who and remove:
        sys.exit("portal: --who or --remove, not both.")
    if who:
        for line in ("Patients", *sign_in_lines(), "Staff", *demo_staff.sign_in_lines()):
            _plain_line(line)
        return
    if remove:
        remove_it(system_principal("demo removal"), say=_plain_line, agree=partial(_agree, yes=yes))
        return
    from portal_app.services.practice.installation import require_demo  # noqa: PLC0415

    require_demo(system_principal("demo"))  # in production mode too: a practice's empty database is no demo's
    with _progress() as show:
        report = load(system_principal("demo"), progress=show)
    demo_staff.add_staff(system_principal("demo"))
    _print_report(report, _MOST_ROWS)


def _plain_line(line: str) -> None:
    out.print(line, markup=False)


def _agree(question: str, *, yes: bool) -> None:
    """SystemExit with one line unless somebody says yes, or `--yes` did."""
    if yes:
        return
    if not sys.stdin.isatty():
        sys.exit("portal: nobody is here to ask; add --yes if you mean it.")
    if not typer.confirm(question):
        sys.exit("portal: nothing was changed.")


@app.command("import")
def import_(
    directory: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="The folder with the files.")
    ],
    fhir: Annotated[bool, typer.Option("--fhir", help="FHIR R4 (NDJSON or bundles) instead of CSV.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Say what would happen; write nothing.")] = False,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Which of your columns is which of ours.")
    ] = None,
    date_format: Annotated[
        str | None, typer.Option(help="How the files write dates, like MM/DD/YYYY.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="utf-8 or windows-1252, where it is not plain.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List every row set aside, not the first 50.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, also where this is a demo.")] = False,
) -> None:
    """Read the practice's own records; bad rows are set aside and said, good ones come in."""
    from portal_app.services.imports.run import run_import  # noqa: PLC0415
    from portal_app.settings import settings  # noqa: PLC0415

    _right_database("import")
    if settings().demo and not check:
        out.print(
            "This is a demo: whoever opens it reads every code and link at /outbox. Real patients do not belong here."
        )
        _agree("Import into the demo all the same?", yes=yes)
    with _progress() as show:
        report = run_import(
            system_principal("import"),
            directory,
            fhir=fhir,
            check=check,
            mapping=mapping,
            date_format=date_format,
            encoding=encoding,
            progress=show,
        )
    _print_report(report, None if everything else _MOST_ROWS)


def _print_report(report: Any, at_most: int | None) -> None:
    if not report.counts:
        for note in report.notes:
            out.print(note, markup=False)
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
        out.print(note, markup=False)
    for currency, sums in report.totals.items():
        agree = "as in the files" if sums.agree else "NOT as in the files"
        aside = f", set aside {_plain(sums.set_aside)}" if sums.set_aside else ""
        files = f"the files say {_plain(sums.source)}{aside}"
        out.print(
            f"{currency}: owed before {_plain(sums.before)}, after {_plain(sums.after)}, {agree}; {files}"
        )
    out.print("Nothing was written (--check)." if report.check else f"{report.changes} records written.")


@app.command()
def reconcile(
    minutes: Annotated[int, typer.Option(help="Leave attempts younger than this to their own answer.")] = 2,
) -> None:
    """Ask the card processor about every open attempt, and book what it knows and we do not."""
    from portal_app.services.jobs.payments import reconcile_payments  # noqa: PLC0415

    _right_database("reconcile")
    result = reconcile_payments(_job_run("reconcile"), older_than=timedelta(minutes=minutes))
    for line in result.lines:
        out.print(line, markup=False)
    repaired, open_ = result.values["repaired"], result.values["open"]
    out.print(f"{repaired} put right." if repaired else "Nothing to put right.")
    if open_:
        out.print(f"{open_} for a person to look at: there is a task for each at /staff/tasks.")


@app.command()
def deliver() -> None:
    """Send the messages that wait."""
    from portal_app.services.jobs.outbox import deliver_messages  # noqa: PLC0415

    _right_database("deliver")
    _print_result(deliver_messages(_job_run("deliver")))


@app.command()
def export() -> None:
    """Bring to the practice's own system what was posted and waits."""
    from portal_app.services.jobs.exports import export_entries  # noqa: PLC0415

    _right_database("export")
    _print_result(export_entries(_job_run("export")))


@app.command()
def notify() -> None:
    """Tell households what falls due, is past due or expires: once each, one message per household and day."""
    from portal_app.services.jobs.digests import write_digests  # noqa: PLC0415

    _right_database("notify")
    _print_result(write_digests(_job_run("notify")))


@jobs.callback(invoke_without_command=True)
def jobs_list(context: typer.Context) -> None:
    """What the portal does by itself: when it last ran, how that ended, when it is next due, who runs it."""
    if context.invoked_subcommand:
        return
    from portal_app.services.jobs.view import list_jobs  # noqa: PLC0415

    rows = [("job", "state", "last run", "took", "next run", "held by", "result")]
    for job in list_jobs(system_principal("jobs")):
        took = f"{job.duration_ms / 1000:.1f} s" if job.last_run else ""
        result = _sentence(job.message, job.values)
        state = job.condition.value
        rows.append((job.name, state, _when(job.last_run), took, _when(job.next_run), job.holder, result))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:  # not a Table: that would cut the lines where no terminal says how wide it is
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.print("  ".join(cells).rstrip(), markup=False)


@jobs.command("run")
def jobs_run(name: Annotated[str, typer.Argument(help="Its name, as `portal jobs` shows it.")]) -> None:
    """Run one job now, whether it is due or not. Not while a server runs it."""
    from portal_app.services.jobs.runner import run_job_now  # noqa: PLC0415
    from portal_app.services.jobs.view import list_jobs  # noqa: PLC0415

    _right_database("jobs run")
    principal = system_principal("jobs")
    run_job_now(principal, name, gateways=_job_gateways())
    (job,) = (job for job in list_jobs(principal) if job.name == name)
    out.print(_sentence(job.message, job.values), markup=False)
    if job.failures:
        raise typer.Exit(1)


def _job_gateways() -> Any:
    from portal_app.gateways import gateways, practice_system  # noqa: PLC0415
    from portal_app.services.jobs.base import JobGateways  # noqa: PLC0415

    return JobGateways.of(gateways(), practice_system())


def _job_run(name: str) -> Any:
    """The same function as the job's, beside its row: a server may do the same at this moment."""
    from portal_app.services.jobs.base import JobRun  # noqa: PLC0415

    return JobRun(system_principal(name), _job_gateways())


def _print_result(result: Any) -> None:
    out.print(_sentence(result.message, result.values), markup=False)


def _sentence(message: str, values: Any) -> str:
    from portal_app.i18n import translate  # noqa: PLC0415

    return translate("en", message, **(values or {})) if message else ""


def _when(moment: Any) -> str:
    from portal_app.clock import zone  # noqa: PLC0415

    return f"{moment.astimezone(zone()):%Y-%m-%d %H:%M:%S}" if moment else ""


@staff.command("add")
def staff_add(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[Role, typer.Option(prompt=True)] = Role.OWNER,
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="PORTAL_STAFF_PASSWORD"),
    ] = "",
) -> None:
    """A new member of staff, and a link by which they set up their authenticator app."""
    from portal_app.services.sign_in.staff import add_staff_member as add  # noqa: PLC0415

    _right_database("staff add")
    add(system_principal("staff add"), email, name, role, password)
    out.print(f"{name} may sign in at /staff as {email} ({role}).", markup=False)
    _print_set_up_link(email)


@staff.command("reset")
def staff_reset(
    email: Annotated[str, typer.Argument()],
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="PORTAL_STAFF_PASSWORD"),
    ] = "",
) -> None:
    """Password or phone lost: another password, and a link by which they set up their authenticator app anew."""
    from portal_app.services.staff.sign_in_settings import reset_staff_sign_in  # noqa: PLC0415

    _right_database("staff reset")
    reset_staff_sign_in(system_principal("staff reset"), email, password)
    out.print(f"{email} has a new password; the authenticator app they had does not count.", markup=False)
    _print_set_up_link(email)


def _print_set_up_link(email: str) -> None:
    from portal_app.i18n import date_text, time_text  # noqa: PLC0415
    from portal_app.services.sign_in.set_up_links import make_set_up_link  # noqa: PLC0415
    from portal_app.settings import settings  # noqa: PLC0415

    if settings().demo:
        out.print("In a demo they set up their authenticator app when they sign in.")
        return
    link = make_set_up_link(system_principal("staff link"), email)
    until = f"{date_text('en', clock.local_date(link.expires_at))}, {time_text('en', link.expires_at)}"
    out.print("Give them this link. With their password they set up their authenticator app there:")
    out.print(f"  {link.address}", markup=False)
    out.print(f"It works once, until {until}. A new one: portal staff reset {email}", markup=False)


@audit.command("verify")
def audit_verify() -> None:
    """Check the chain of the audit trail; says where it was broken."""
    from portal_app.services.audit import verify_chain  # noqa: PLC0415

    found = verify_chain(system_principal("audit verify"))
    if not found.whole:
        out.print(
            f"The audit trail was changed: line {found.broken_at} is missing or not as it was sealed.",
            style="red",
        )
        raise typer.Exit(1)
    out.print(f"The audit trail is whole: {found.sealed} lines sealed, {found.waiting} wait for their seal.")


@app.command()
def doctor() -> None:
    """What is configured, what is missing, what is unsafe."""
    from portal_app.doctor import Verdict, examine  # noqa: PLC0415

    findings = examine()
    marks = {
        Verdict.GOOD: "[green]ok      [/]",
        Verdict.NOTE: "[yellow]note    [/]",
        Verdict.BAD: "[red]trouble [/]",
    }
    for finding in findings:
        out.print(f"{marks[finding.verdict]}{finding.about:<10} {finding.text}", soft_wrap=True)
    if any(finding.verdict is Verdict.BAD for finding in findings):
        raise typer.Exit(1)


@app.command()
def serve(
    workers: Annotated[int, typer.Option(help="Processes; more than one needs REDIS_URL.")] = 1,
) -> None:
    """Serve the built portal until it is stopped."""
    from portal_app.serve import serve as run  # noqa: PLC0415

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run(workers=workers)


def _right_database(errand: str) -> None:
    """In production a practice's database, in demo mode a demo's; Refused otherwise."""
    from portal_app.services.practice.installation import require_database_of_mode  # noqa: PLC0415

    require_database_of_mode(system_principal(errand))


class _Shown:
    """A progress bar for (done, total), and nothing where nobody watches."""

    def __init__(self) -> None:
        self.bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=out,
            transient=True,
        )
        self.task: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self.task is None:
            self.task = self.bar.add_task("rows", total=total)
        self.bar.update(self.task, completed=done, total=total)

    def __enter__(self) -> "_Shown":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


def _progress() -> _Shown:
    return _Shown()


def _plain(money: Any) -> str:
    from portal_app.i18n import money_text  # noqa: PLC0415

    return money_text("en", money)


def _not_migrated(trouble: Exception) -> bool:
    said = str(getattr(trouble, "orig", ""))  # the database's own words
    return "no such table" in said or "no such column" in said or "does not exist" in said


def main() -> None:
    """A refusal is one line; only a bug has a traceback."""
    os.umask(0o027)  # what is kept is for the portal's own user
    try:
        app()
    except UserError as refusal:
        from portal_app.i18n import translate  # noqa: PLC0415

        sys.exit(f"portal: {translate('en', refusal.message, **refusal.values)}")
    except Exception as trouble:
        if _not_migrated(trouble):
            sys.exit("portal: the database is empty or older than the portal: run portal migrate.")
        raise


if __name__ == "__main__":
    main()
