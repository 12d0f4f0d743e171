"""Rows of prepared queries that read like rows of their table."""

import pytest

from portal_app.db.plain_rows import PlainRows
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import Membership
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.money import Money


def test_a_row_has_the_columns_that_were_asked_for_and_the_tables_own_properties():
    rows = PlainRows(Invoice, "id", "status", "total", "adjusted", "allocated")
    row = rows.of(("inv_1", InvoiceStatus.OPEN, Money(100_00), Money(-10_00), Money(30_00)))
    assert (row.id, row.status, row.due) == ("inv_1", InvoiceStatus.OPEN, Money(60_00))
    with pytest.raises(AttributeError):
        assert row.number


def test_without_names_a_row_has_every_column():
    names = [column.key for column in PlainRows(Membership).columns]
    assert set(names) == set(Membership.__table__.columns.keys())  # type: ignore[attr-defined]


def test_a_row_cannot_be_changed():
    row = PlainRows(Invoice, "id", "note").of(("inv_1", ""))
    with pytest.raises(AttributeError):
        row.note = "changed"
