"""What every command uses: printing, questions, the progress bar, the checks before anything is written."""

import sys
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from portal_app.domain.access import system_principal

out = Console(highlight=False, soft_wrap=True)


def print_line(line: str) -> None:
    """One line as it is: brackets in it are no markup."""
    out.print(line, markup=False)


def require_confirmation(question: str, *, yes: bool) -> None:
    """Ask, and raise SystemExit with one line unless the answer is yes; `yes` (`--yes`) answers for a script."""
    if yes:
        return
    if not sys.stdin.isatty():
        sys.exit("portal: nobody is here to ask; add --yes if you mean it.")
    if not typer.confirm(question):
        sys.exit("portal: nothing was changed.")


def require_right_database(command: str) -> None:
    """Refuse a database that this mode may not touch. Raises: IsDemo, IsNoDemo."""
    from portal_app.services.practice.installation import require_database_of_mode

    require_database_of_mode(system_principal(command))


def require_ready_database(command: str) -> None:
    """Refuse a database that this portal cannot serve. Raises as `require_right_database`, and PracticeMissing."""
    from portal_app.services.practice.details import require_practice

    require_right_database(command)
    require_practice(system_principal(command))


class ProgressBar:
    """Takes (done, total). Shows nothing where no terminal is."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=out,
            transient=True,
        )
        self._task: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self._task is None:
            self._task = self._bar.add_task("rows", total=total)
        self._bar.update(self._task, completed=done, total=total)

    def __enter__(self) -> "ProgressBar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def money_text(money: Any) -> str:
    """An amount as English readers write it."""
    from portal_app.i18n import money_text as text

    return text("en", money)


def sentence(message: str, values: Any) -> str:
    """A message of the catalog in English, its placeholders filled; "" for no message."""
    from portal_app.i18n import translate

    return translate("en", message, **(values or {})) if message else ""


def moment_text(moment: Any) -> str:
    """Local time of the practice, to the second; "" for no moment."""
    from portal_app.clock import zone

    return f"{moment.astimezone(zone()):%Y-%m-%d %H:%M:%S}" if moment else ""
