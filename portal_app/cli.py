"""`portal …`: what the practice's own people run on their server. The commands are in `portal_app/commands`."""

import os
import sys
from typing import Annotated

import typer

from portal_app.commands import agreements, audit, database, demo, imports, jobs, practice, server, staff
from portal_app.domain.errors import UserError

app = typer.Typer(
    help="The patient portal of one practice.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def choose_database(
    database: Annotated[str, typer.Option(help="Another database than the settings name.")] = "",
) -> None:
    if database:
        from portal_app.db.engine import bind  # noqa: PLC0415  (`portal --help` needs no database)

        bind(database)


def _group(name: str, summary: str, *, no_args_is_help: bool = True) -> typer.Typer:
    group = typer.Typer(help=summary, no_args_is_help=no_args_is_help)
    app.add_typer(group, name=name)
    return group


_practice = _group("practice", "Your practice's name and how it is reached.", no_args_is_help=False)
_practice.callback(invoke_without_command=True)(practice.show)
_practice.command("set")(practice.set_)
_staff = _group("staff", "Who works at the practice.")
_staff.command("add")(staff.add)
_staff.command("reset")(staff.reset)
_audit = _group("audit", "The audit trail.")
_audit.command("verify")(audit.verify)
_seal_key = _group("seal-key", "The key that seals copies of signed agreements.")
_seal_key.command("replace")(agreements.replace)
_jobs = _group("jobs", "What the portal does by itself, again and again.", no_args_is_help=False)
_jobs.callback(invoke_without_command=True)(jobs.list_jobs)
_jobs.command("run")(jobs.run_job)

for _name, _command in {
    "migrate": database.migrate,
    "demo": demo.demo,
    "import": imports.import_records,
    "reconcile": jobs.reconcile,
    "deliver": jobs.deliver,
    "export": jobs.export,
    "bill": jobs.bill,
    "autopay": jobs.autopay,
    "notify": jobs.notify,
    "verify": agreements.verify,
    "doctor": server.doctor,
    "serve": server.serve,
}.items():
    app.command(_name)(_command)


def _is_not_migrated(error: Exception) -> bool:
    """Whether the database says that a table or column is missing."""
    text = str(getattr(error, "orig", ""))
    return "no such table" in text or "no such column" in text or "does not exist" in text


def main() -> None:
    """Run one command. A refusal is one line; only a bug has a traceback."""
    os.umask(0o027)  # files are for the portal's own user
    try:
        app()
    except UserError as refusal:
        from portal_app.i18n import translate  # noqa: PLC0415  (costs start-up time)

        sys.exit(f"portal: {translate('en', refusal.message, **refusal.values)}")
    except Exception as error:
        if _is_not_migrated(error):
            sys.exit("portal: the database is empty or older than the portal: run portal migrate.")
        raise


if __name__ == "__main__":
    main()
