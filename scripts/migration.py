"""make migration m="…": write what the tables have that the migrations do not make yet."""

import sys
import tempfile
from pathlib import Path

from alembic import command

from portal_app.db import engine, migrations


def main() -> None:
    message = sys.argv[1] if len(sys.argv) > 1 else ""
    if not message:
        raise SystemExit('portal: say what changes: make migration m="add a column for …"')
    with tempfile.TemporaryDirectory() as folder:
        engine.bind(f"sqlite:///{Path(folder) / 'empty.db'}")
        migrations.upgrade()
        head = migrations.newest_revision()
        number = f"{int(head) + 1 if head else 1:04d}"
        command.revision(migrations.configuration(), message, autogenerate=True, rev_id=number)
        engine.dispose()


if __name__ == "__main__":
    main()
