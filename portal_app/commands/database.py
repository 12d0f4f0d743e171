"""`portal migrate`."""

from portal_app.commands.console import out, require_right_database


def migrate() -> None:
    """Bring the database up to date."""
    from portal_app.db import migrations
    from portal_app.settings import settings

    if settings().demo:  # a demo does not even bring a practice's database up to date
        require_right_database("migrate")
    before = migrations.current_revision()
    migrations.upgrade()
    now = migrations.current_revision()
    out.print(
        f"The database is up to date ({now})." if before == now else f"Migrated: {before or 'empty'} → {now}."
    )
