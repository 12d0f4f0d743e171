"""Statements: STMT cases."""

from datetime import date, datetime

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import LedgerEntry
from portal_app.domain.access import system_principal
from portal_app.domain.billing.errors import (
    PeriodReversed,
)
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import EntryId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.statements import view_statement
from tests import people
from tests.payments_helper import (
    fake_processor,
    new_payment,
    set_practice,
)
from tests.people import People
from tests.services.billing.billing_helper import NEW_YORK, pay


def entry(kind: EntryKind, minor: int, on: date) -> None:
    with transaction(system_principal("test")) as tx:
        tx.add(
            LedgerEntry(
                id=EntryId(new_id("ent")),
                account_id=people.OKAFOR,
                kind=kind,
                amount=Money(minor),
                source=new_id("src"),
                happened_on=on,
                posted_on=on,
                posted_at=datetime(on.year, on.month, on.day, 12, tzinfo=NEW_YORK),
            )
        )


@pytest.fixture
def kims_march(sample_people: People) -> None:
    entry(EntryKind.CHARGE, 120_00, date(2026, 2, 10))
    entry(EntryKind.CHARGE, 80_00, date(2026, 3, 5))
    entry(EntryKind.PAYMENT, -150_00, date(2026, 3, 10))
    entry(EntryKind.ADJUSTMENT, -20_00, date(2026, 3, 15))
    entry(EntryKind.REFUND, 30_00, date(2026, 3, 20))


@pytest.mark.loose_rows
def test_stmt_1_and_stmt_2_a_month_and_the_next(sample_people: People, kims_march: None) -> None:
    march = view_statement(sample_people.kim, date(2026, 3, 1), date(2026, 3, 31))
    assert march.opening == Money(120_00)
    assert [row.running.minor for row in march.rows] == [200_00, 50_00, 30_00, 60_00]
    assert march.closing == Money(60_00)
    april = view_statement(sample_people.kim, date(2026, 4, 1), date(2026, 4, 30))
    assert (april.opening, april.closing, april.rows) == (Money(60_00), Money(60_00), ())


def test_stmt_3_a_payment_late_on_the_last_day_counts_in_that_month(
    sample_people: People, processor: FakeProcessor
) -> None:
    with clock.held_at(datetime(2026, 3, 31, 23, 30, tzinfo=NEW_YORK)):
        pay(sample_people, processor, 50_00)
    march = view_statement(sample_people.maria, date(2026, 3, 1), date(2026, 3, 31))
    assert march.payments == Money(-50_00)


@pytest.mark.loose_rows
def test_stmt_5_payments_being_posted_are_a_line_of_their_own(
    sample_people: People, kims_march: None
) -> None:
    set_practice(post_automatically=False)
    with clock.held_at(datetime(2026, 3, 31, 10, tzinfo=NEW_YORK)):
        token = fake_processor().token()
        assert token
        processor = FakeProcessor()
        pay_invoice(
            sample_people.kim,
            new_payment(),
            people.KIM_INVOICE,
            Money(25_00),
            processor=processor,
            token=processor.token(),
        )
    march = view_statement(sample_people.kim, date(2026, 3, 1), date(2026, 3, 31))
    assert (march.closing, march.being_posted_total, march.after_posting) == (
        Money(60_00),
        Money(25_00),
        Money(35_00),
    )


def test_stmt_7_a_reversed_period_ten_years_and_an_empty_account(sample_people: People) -> None:
    with pytest.raises(PeriodReversed):
        view_statement(sample_people.kim, date(2026, 3, 2), date(2026, 3, 1))
    decade = view_statement(sample_people.kim, date(2016, 1, 1), date(2026, 12, 31))
    assert decade.closing == Money(90_00)
    assert view_statement(sample_people.oscar, date(2026, 1, 1), date(2026, 1, 31)).rows == ()
    with pytest.raises(NotFound):
        view_statement(sample_people.luis, date(2026, 1, 1), date(2026, 1, 31), patient_id=people.MARIA.id)
