"""`portal jobs`, and each job's own command: what the server also runs by itself."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from portal_app.commands.console import moment_text, out, print_line, require_ready_database, sentence
from portal_app.domain.access import system_principal


def reconcile(
    minutes: Annotated[
        int, typer.Option(help="Leave attempts younger than this: their answer may still come.")
    ] = 2,
) -> None:
    """Ask the card processor about every open attempt, and book what it knows and the portal does not."""
    from portal_app.services.jobs.payments import reconcile_payments

    require_ready_database("reconcile")
    result = reconcile_payments(_job_run("reconcile"), older_than=timedelta(minutes=minutes))
    for line in result.lines:
        print_line(line)
    repaired, open_ = result.values["repaired"], result.values["open"]
    out.print(f"{repaired} put right." if repaired else "Nothing to put right.")
    if open_:
        out.print(f"{open_} for a person to look at: there is a task for each at /staff/tasks.")


def deliver() -> None:
    """Send the messages that wait."""
    from portal_app.services.jobs.outbox import deliver_messages

    require_ready_database("deliver")
    _print_result(deliver_messages(_job_run("deliver")))


def export() -> None:
    """Send the postings that wait to the practice's own system."""
    from portal_app.services.jobs.exports import export_entries

    require_ready_database("export")
    _print_result(export_entries(_job_run("export")))


def notify() -> None:
    """Tell households what falls due, is past due or expires: once each, one message per household and day."""
    from portal_app.services.jobs.digests import write_digests

    require_ready_database("notify")
    _print_result(write_digests(_job_run("notify")))


def bill() -> None:
    """Make the invoices of memberships that are due; run again it makes none twice."""
    from portal_app.services.jobs.memberships import make_membership_invoices

    require_ready_database("bill")
    _print_result(make_membership_invoices(_job_run("bill")))


def autopay() -> None:
    """Charge memberships with automatic payment that are due; run again it charges none twice."""
    from portal_app.services.jobs.memberships import charge_memberships

    require_ready_database("autopay")
    _print_result(charge_memberships(_job_run("autopay")))


def list_jobs(context: typer.Context) -> None:
    """What the portal does by itself: when it last ran, how that ended, when it is next due, who runs it."""
    if context.invoked_subcommand:
        return
    from portal_app.services.jobs import view

    rows = [("job", "state", "last run", "took", "next run", "held by", "result")]
    for job in view.list_jobs(system_principal("jobs")):
        took = f"{job.duration_ms / 1000:.1f} s" if job.last_run else ""
        result = sentence(job.message, job.values)
        times = moment_text(job.last_run), took, moment_text(job.next_run)
        rows.append((job.name, job.condition.value, *times, job.holder, result))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:  # not a Table: that would cut the lines where no terminal says how wide it is
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print_line("  ".join(cells).rstrip())


def run_job(name: Annotated[str, typer.Argument(help="Its name, as `portal jobs` shows it.")]) -> None:
    """Run one job now, whether it is due or not. Not while a server runs it."""
    from portal_app.services.jobs import view
    from portal_app.services.jobs.runner import run_job_now

    require_ready_database("jobs run")
    principal = system_principal("jobs")
    run_job_now(principal, name, gateways=_job_gateways())
    (job,) = (job for job in view.list_jobs(principal) if job.name == name)
    print_line(sentence(job.message, job.values))
    if job.failures:
        raise typer.Exit(1)


def _job_gateways() -> Any:
    from portal_app.gateways import gateways, practice_system
    from portal_app.services.jobs.base import JobGateways

    return JobGateways.of(gateways(), practice_system())


def _job_run(name: str) -> Any:
    """A run beside the job's own row: a server may run the same job at this moment."""
    from portal_app.services.jobs.base import JobRun

    return JobRun(system_principal(name), _job_gateways())


def _print_result(result: Any) -> None:
    print_line(sentence(result.message, result.values))
