"""The migrations make exactly the tables, on both kinds of database, and can be taken back."""

from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import SQLModel

from portal_app.db import engine, migrations
from portal_app.settings import settings
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path):
    """A database with nothing in it."""
    if request.param == "sqlite":
        engine.bind(f"sqlite:///{tmp_path / 'empty.db'}")
        yield
        engine.dispose()
        return
    server, name = request.getfixturevalue("postgres"), "empty_portal"
    server.command(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.command(f"CREATE DATABASE {name}")
    engine.bind(server.url(name))
    yield
    engine.dispose()
    server.command(f"DROP DATABASE {name} WITH (FORCE)")


def tables() -> set[str]:
    return set(inspect(engine.engine()).get_table_names()) - {"alembic_version"}


@pytest.mark.usefixtures("empty")
def test_from_nothing_to_every_table_without_drift():
    assert migrations.current_revision() is None
    migrations.upgrade()
    assert migrations.current_revision() == migrations.newest_revision()
    assert tables() == set(SQLModel.metadata.tables)
    assert migrations.drift() == []


@pytest.mark.usefixtures("empty")
def test_one_step_back_and_forth_again():
    migrations.upgrade()
    migrations.downgrade()
    assert migrations.current_revision() != migrations.newest_revision()
    migrations.upgrade()
    assert migrations.drift() == []


@pytest.mark.usefixtures("empty")
def test_all_the_way_back_leaves_nothing():
    migrations.upgrade()
    migrations.downgrade("base")
    assert tables() == set()
    assert migrations.current_revision() is None


@pytest.mark.usefixtures("empty")
def test_up_to_date_is_up_to_date():
    migrations.upgrade()
    migrations.upgrade()
    assert migrations.current_revision() == migrations.newest_revision()


NEW_STAFF = (
    "INSERT INTO staff_member (id, email, name, role, language, password_hash, totp_secret, totp_waiting,"
    " totp_last_step, active, created_at)"
    " VALUES ('stf', '{email}', 'Olga', 'owner', 'en', '', '', '', 0, true, '2026-01-01')"
)
STAFF_BEFORE_0014 = NEW_STAFF.replace("totp_last_step,", "totp_last_step, failures,").replace(
    "0, true", "0, 0, true"
)
NEW_PRACTICE = (
    "INSERT INTO practice (id, name, phone, email, line1, line2, city, region, postal_code, country, website,"
    " opening_hours, paper, timezone, currency, locale, dependent_age, online_payments, post_automatically,"
    " embed_origins, reminders, announce_imported, link_in_messages, pay_link_days, wording, version)"
    " VALUES ('practice', 'Some Practice', '', '{email}', '', '', '', '', '', 'US', '', '{{}}', 'us-letter', 'UTC',"
    " 'USD', 'en_US', 16, true, true, '[]', true, false, false, 14, '{{}}', 1)"
)
REAL, DEMOS = "olga@riverside.example", "Olga@Juniper.example"


def mark() -> bool | None:
    with engine.engine().connect() as connection:
        kept = connection.exec_driver_sql("SELECT demo FROM installation").all()
    return bool(kept[0][0]) if kept else None


def write(row: str) -> None:
    with engine.engine().begin() as connection:
        connection.exec_driver_sql(row)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("rows", "demo"),
    [
        ([STAFF_BEFORE_0014.format(email=DEMOS)], True),
        ([NEW_PRACTICE.format(email=DEMOS)], True),
        ([NEW_PRACTICE.format(email=REAL), STAFF_BEFORE_0014.format(email=DEMOS)], True),
        ([NEW_PRACTICE.format(email=REAL), STAFF_BEFORE_0014.format(email=REAL)], False),
        ([NEW_PRACTICE.format(email="")], False),
    ],
)
def test_a_database_from_before_is_a_demos_when_it_holds_the_demos_staff_or_practice(
    rows: list[str], demo: bool
):
    """Whatever the mode says: it speaks for an empty database only."""
    migrations.upgrade("0007")
    for row in rows:
        write(row)
    migrations.upgrade()
    assert mark() is demo


@pytest.mark.usefixtures("empty")
def test_an_empty_database_is_what_the_mode_says_and_stays_so():
    migrations.upgrade()
    assert settings().demo and mark() is True
    write(NEW_STAFF.format(email=REAL))
    migrations.upgrade()
    assert mark() is True


@pytest.mark.usefixtures("empty")
def test_a_mark_that_was_lost_is_found_out_again():
    migrations.upgrade()
    write("DELETE FROM installation")
    write(NEW_STAFF.format(email=REAL))
    migrations.upgrade()
    assert mark() is False


@pytest.mark.usefixtures("empty")
def test_what_payments_pay_is_counted_when_it_begins_to_be_kept():
    migrations.upgrade()
    migrations.downgrade("0001")
    rows = (
        "INSERT INTO account (id, guarantor_id, processor_customer_id, created_at)"
        " VALUES ('acc', 'pat', '', '2026-01-01')",
        "INSERT INTO invoice (id, account_id, number, status, issue_date, due_date, total, adjusted, allocated, note,"
        " created_at) VALUES ('inv', 'acc', '1', 'partly_paid', '2026-01-01', '2026-02-01', 900, 0, 700, '', '2026-01-01')",
        *(
            "INSERT INTO payment (id, account_id, amount, refunded, status, method, origin, paid_by, source_shown,"
            " save_source, processor_charge_id, decline_code, outcome_known, receipt_to, note, posted, created_at)"
            f" VALUES ('{id_}', 'acc', 1000, 0, 'succeeded', 'card', 'portal', '', '', false, '', '', false, '', '',"
            " true, '2026-01-01')"
            for id_ in ("used", "unused")
        ),
        "INSERT INTO allocation (id, account_id, payment_id, invoice_id, amount, made_at, position)"
        " VALUES ('alc', 'acc', 'used', 'inv', 700, '2026-01-01', 0)",
    )
    with engine.engine().begin() as connection:
        for row in rows:
            connection.exec_driver_sql(row)
    migrations.upgrade()
    with engine.engine().connect() as connection:
        kept = connection.exec_driver_sql("SELECT id, allocated FROM payment ORDER BY id").all()
    assert [tuple(row) for row in kept] == [("unused", 0), ("used", 700)]
