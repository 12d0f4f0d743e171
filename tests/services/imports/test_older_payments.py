"""Payments of imports from before the practice's keys were kept are recognised, and none comes in twice."""

from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Allocation, LedgerEntry, Payment
from portal_app.domain.ids import PaymentId
from portal_app.domain.money import Money
from portal_app.services.imports.import_run import keyed_id
from tests.services.imports.import_helper import (
    IMPORT,
    INVOICE,
    INVOICES,
    LINE,
    LINES,
    PAYMENTS,
    assert_invariants,
    balance,
    bring,
    everything,
    tasks,
    write,
)

P1 = "P1,A,20.00,2026-05-09,check,"
P2 = "P2,A,30.00,2026-05-10,cash,"


def keys() -> set[str | None]:
    with reading(IMPORT) as tx:
        return set(tx.exec(select(Payment.practice_key)))


@pytest.fixture
def older(folder: Path) -> Path:
    """Two payments as an earlier version wrote them: without key, with ids that were made of the keys."""
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, P1, P2)
    assert bring(folder).complete
    assert keys() == {"P1", "P2"}
    with transaction(IMPORT) as tx:
        for payment in tx.exec(select(Payment)).all():
            id_ = PaymentId(keyed_id("pay", "payment", str(payment.practice_key)))
            tx.add(Payment.model_validate(payment.model_dump() | {"id": id_, "practice_key": None}))
            tx.flush()
            for table in (Allocation, LedgerEntry):
                for row in tx.exec(select(table).where(table.payment_id == payment.id)):
                    row.payment_id = id_
                    if isinstance(row, LedgerEntry):
                        row.source = id_
            tx.flush()
            tx.delete(payment)
    assert keys() == {None}
    return folder


def test_the_same_files_change_nothing_but_the_keys(older: Path):
    before = everything()
    checked = bring(older, check=True)
    assert (checked.changes, keys()) == (0, {None})
    for _ in range(2):
        report = bring(older)
        assert (report.changes, report.problems, keys()) == (0, [], {"P1", "P2"})
    assert everything() == before
    assert balance() == Money(50_00)
    assert_invariants()


@pytest.mark.parametrize("check", [True, False], ids=["check", "import"])
def test_one_that_is_gone_is_told_and_the_other_is_not(older: Path, check: bool):
    write(older, "payments", PAYMENTS, P1, "P3,A,5.00,2026-05-12,cash,")
    report = bring(older, check=check)
    assert [p.column for p in report.problems] == ["payment_key"]
    assert "30.00 of 2026-05-10" in report.problems[0].reason
    assert len(tasks()) == (0 if check else 1)


@pytest.mark.parametrize("check", [True, False], ids=["check", "import"])
def test_one_whose_row_can_no_longer_be_read_is_not_gone(older: Path, check: bool):
    write(older, "payments", PAYMENTS, P1, "P2,A,?,2026-05-10,cash,")
    assert [p.column for p in bring(older, check=check).problems] == ["amount"]
    assert tasks() == []
