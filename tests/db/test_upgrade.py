"""A database of the version before tables were renamed keeps every row and every sum when it is upgraded."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlmodel import select

from portal_app.clock import now
from portal_app.db import engine, migrations
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Payment, ReceivedWebhook
from portal_app.db.tables.messages import BillingNotice
from portal_app.demo import load
from portal_app.domain.access import system_principal
from portal_app.domain.ids import new_id
from tests.conftest import DATABASES
from tests.people import add_payment_method

BEFORE = "0007"  # the last version whose tables had their old names
RENAMED = {
    "payment_source": "payment_method",
    "one_time_link": "action_link",
    "payment_part": "intended_allocation",
    "ledger_share": "ledger_person_share",
    "processor_event": "received_webhook",
    "money_notice": "billing_notice",
    "sharing_wish": "grant_request",
}
MONEY = {
    "invoice": ("total", "adjusted", "allocated"),
    "invoice_line": ("amount",),
    "ledger_entry": ("amount",),
    "ledger_share": ("amount",),
    "payment": ("amount", "refunded", "allocated"),
    "payment_part": ("amount",),
    "allocation": ("amount",),
    "refund": ("amount",),
}


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path):
    """A database with nothing in it."""
    if request.param == "sqlite":
        engine.bind(f"sqlite:///{tmp_path / 'previous.db'}")
        yield
    else:
        server = request.getfixturevalue("postgres")
        server.command("DROP DATABASE IF EXISTS previous_portal WITH (FORCE)")
        server.command("CREATE DATABASE previous_portal")
        engine.bind(server.url("previous_portal"))
        yield
    engine.dispose()
    engine.unbind()


def counts() -> dict[str, int]:
    """Rows of each table, by its name in the database."""
    with engine.engine().connect() as connection:
        names = set(inspect(connection).get_table_names()) - {"alembic_version"}
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


def sums(names: dict[str, str]) -> dict[tuple[str, str], int]:
    """Sums of the money columns in minor units, by the old name of the table."""
    with engine.engine().connect() as connection:
        return {
            (table, column): int(
                connection.execute(text(f"SELECT sum({column}) FROM {names.get(table, table)}")).scalar() or 0
            )
            for table, columns in MONEY.items()
            for column in columns
        }


def previous_database() -> None:
    """The demo and what the demo lacks, in the tables of the version before."""
    migrations.upgrade()
    load(system_principal("demo"))
    with transaction(system_principal("test")) as tx:
        payment = tx.exec(select(Payment).where(Payment.status == "succeeded")).first()
        assert payment
        account = payment.account_id
    card = add_payment_method(account)
    with transaction(system_principal("test")) as tx:
        paid = tx.get_or_404(Payment, payment.id)
        paid.payment_method_id, paid.paid_with = card, "Visa ending in 4242"
        tx.add(
            BillingNotice(
                id=new_id("not"),
                once="overdue:1",
                account_id=account,
                kind="overdue",
                about="1",
                created_at=now(),
            )
        )
        tx.add(ReceivedWebhook(id="evt_1", kind="charge.succeeded", received_at=now()))
    migrations.downgrade(BEFORE)


@pytest.mark.usefixtures("empty")
def test_a_database_of_the_previous_version_keeps_its_rows_and_sums():
    previous_database()
    rows, money = counts(), sums({})
    assert rows["payment_source"] and rows["money_notice"] and rows["processor_event"] == 1
    assert money["invoice", "total"]
    migrations.upgrade()
    after = counts()
    assert {RENAMED.get(name, name): count for name, count in rows.items()} == {
        name: after[name] for name in (RENAMED.get(name, name) for name in rows)
    }
    assert sums(RENAMED) == money
    assert migrations.drift() == []


@pytest.mark.usefixtures("empty")
def test_a_payment_still_names_the_card_it_was_made_with():
    previous_database()
    question = "SELECT id, {} FROM payment WHERE {} IS NOT NULL ORDER BY id"
    with engine.engine().connect() as connection:
        before = connection.execute(text(question.format("source_id, source_shown", "source_id"))).all()
    migrations.upgrade()
    with engine.engine().connect() as connection:
        after = connection.execute(
            text(question.format("payment_method_id, paid_with", "payment_method_id"))
        ).all()
    assert before and [tuple(row) for row in before] == [tuple(row) for row in after]
