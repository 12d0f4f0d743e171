"""`portal doctor` and `portal serve`."""

import signal
from typing import Annotated

import typer

from portal_app.commands.console import out


def doctor() -> None:
    """Say what is configured, what is missing, what is unsafe."""
    from portal_app.doctor import Verdict, examine

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


def serve(
    workers: Annotated[int, typer.Option(help="Processes; more than one needs REDIS_URL.")] = 1,
) -> None:
    """Serve the built portal until it is stopped."""
    from portal_app.serve import serve as run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run(workers=workers)
