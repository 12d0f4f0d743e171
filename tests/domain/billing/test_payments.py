"""Allocation, credit, duplicate warnings and the status of an invoice: PART, ALL and CRED cases."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.billing.errors import (
    DuplicatePaymentWarning,
)
from portal_app.domain.billing.payability import Channel, InvoiceToPay, Payability, payability
from portal_app.domain.billing.payments import (
    InFlightPayment,
    PayableInvoice,
    allocate,
    is_overdue,
    spend_credit,
    status_for,
    warn_of_duplicate,
)
from portal_app.domain.billing.types import (
    InvoiceStatus,
)
from portal_app.domain.ids import InvoiceId, PaymentId
from portal_app.domain.money import Money, total

DAY = date(2026, 6, 15)


NOW = datetime(2026, 6, 15, 16, tzinfo=UTC)


def invoice(name: str, minor: int, due: date = DAY, issued: date = DAY) -> PayableInvoice:
    return PayableInvoice(InvoiceId(name), name, issued, due, Money(minor))


def paid(minor: int, *invoices: PayableInvoice) -> dict[str, int]:
    return {b.id: part.minor for b, part in allocate(Money(minor), invoices)}


def payability_of(
    owed: Money, minimum: Money | None = None, in_flight: Sequence[InFlightPayment] = ()
) -> Payability:
    """An open invoice, online."""
    invoice_to_pay = InvoiceToPay(InvoiceStatus.OPEN, owed, in_flight)
    return payability([invoice_to_pay], Channel(online=True, practice_minimum=minimum), owed.currency)


def test_part_1_oldest_due_first() -> None:
    a, b = invoice("A", 120_00, due=date(2026, 3, 1)), invoice("B", 80_00, due=date(2026, 2, 1))
    assert paid(100_00, a, b) == {"B": 80_00, "A": 20_00}


def test_all_1_the_second_charge_gets_the_rest() -> None:
    assert paid(50_00, invoice("1", 40_00), invoice("2", 40_00)) == {"1": 40_00, "2": 10_00}


def test_all_2_and_all_7_issue_date_decides_between_equal_due_dates() -> None:
    invoices = [
        invoice("own-1", 60_00, issued=DAY - timedelta(days=3)),
        invoice("own-2", 50_00, issued=DAY - timedelta(days=1)),
        invoice("child", 40_00, issued=DAY - timedelta(days=2)),
    ]
    assert list(paid(150_00, *invoices)) == ["own-1", "child", "own-2"]
    assert paid(70_00, *invoices) == {"own-1": 60_00, "child": 10_00}


def test_of_equal_dates_the_number_decides_and_9_comes_before_10() -> None:
    assert list(paid(30_00, invoice("INV-10", 10_00), invoice("INV-9", 10_00), invoice("A-1", 10_00))) == [
        "A-1",
        "INV-9",
        "INV-10",
    ]


@given(
    st.lists(st.tuples(st.integers(0, 500_00), st.integers(0, 60), st.integers(0, 60)), max_size=8),
    st.integers(0, 3000_00),
)
def test_an_allocation_never_exceeds_an_invoice_and_uses_all_it_can(
    rows: list[tuple[int, int, int]], minor: int
) -> None:
    invoices = [
        invoice(f"N-{n}", m, DAY + timedelta(days=d), DAY - timedelta(days=i))
        for n, (m, d, i) in enumerate(rows)
    ]
    parts = allocate(Money(minor), invoices)
    assert sum(p.minor for _, p in parts) == min(minor, sum(m for m, _, _ in rows))
    assert all(Money(0) < p <= b.payable for b, p in parts)
    assert all(p == b.payable for b, p in parts[:-1])  # only the last is paid in part
    dues = [b.due_date for b, _ in parts]
    assert dues == sorted(dues)


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, None), (119, None), (120, 2), (599, 9)],  # None: "a minute ago"
)
def test_the_warning_of_a_duplicate_says_how_long_ago(seconds: int, minutes: int | None) -> None:
    with pytest.raises(DuplicatePaymentWarning) as payability_of:
        warn_of_duplicate(Money(50_00), NOW - timedelta(seconds=seconds), NOW)
    assert payability_of.value.values.get("minutes") == minutes


def test_ten_minutes_later_there_is_no_warning() -> None:
    warn_of_duplicate(Money(50_00), NOW - timedelta(minutes=10), NOW)
    warn_of_duplicate(Money(50_00), None, NOW)


def test_cred_2_credit_pays_the_oldest_due() -> None:
    spent = spend_credit([(PaymentId("p"), Money(30_00))], [invoice("A", 50_00)])
    assert spent == [("p", "A", Money(30_00))]
    assert spend_credit([], [invoice("A", 50_00)]) == []


@given(st.lists(st.integers(0, 90_00), max_size=5), st.lists(st.integers(0, 90_00), max_size=5))
def test_credit_is_spent_once_and_fits(credits: list[int], dues: list[int]) -> None:
    invoices = [invoice(f"N-{n}", minor) for n, minor in enumerate(dues)]
    given_ = [(PaymentId(f"p{n}"), Money(minor)) for n, minor in enumerate(credits)]
    spent = spend_credit(given_, invoices)
    assert sum(p.minor for *_, p in spent) == min(sum(credits), sum(dues))
    for payment_id, most in given_:
        assert total(p for who, _, p in spent if who == payment_id) <= most
    for one in invoices:
        assert total(p for _, what, p in spent if what == one.id) <= one.payable


@pytest.mark.parametrize(
    ("total_", "adjusted", "allocated", "status"),
    [
        (100_00, 0, 0, InvoiceStatus.OPEN),
        (100_00, 0, 40_00, InvoiceStatus.PARTLY_PAID),
        (100_00, 0, 100_00, InvoiceStatus.PAID),
        (100_00, -40_00, 60_00, InvoiceStatus.PAID),
        (100_00, -100_00, 0, InvoiceStatus.VOID),
        (0, 0, 0, InvoiceStatus.PAID),
    ],
)
def test_the_status_follows_from_the_amounts(
    total_: int, adjusted: int, allocated: int, status: InvoiceStatus
) -> None:
    said = status_for(InvoiceStatus.OPEN, Money(total_), Money(adjusted), Money(allocated))
    assert said is status


@pytest.mark.parametrize("kept", [InvoiceStatus.DRAFT, InvoiceStatus.VOID])
@pytest.mark.parametrize("allocated", [0, 40_00, 100_00])
def test_a_draft_and_a_void_invoice_stay_what_they_are_whatever_their_amounts(
    kept: InvoiceStatus, allocated: int
) -> None:
    assert status_for(kept, Money(100_00), Money(0), Money(allocated)) is kept


def test_a_written_off_invoice_stays_so_until_something_is_due_again() -> None:
    kept = status_for(InvoiceStatus.WRITTEN_OFF, Money(100_00), Money(-60_00), Money(40_00))
    assert kept is InvoiceStatus.WRITTEN_OFF
    refunded = status_for(InvoiceStatus.WRITTEN_OFF, Money(100_00), Money(-60_00), Money(10_00))
    assert refunded is InvoiceStatus.PARTLY_PAID


def test_an_invoice_is_overdue_the_day_after_its_due_date() -> None:
    assert not is_overdue(InvoiceStatus.OPEN, DAY, DAY)
    assert is_overdue(InvoiceStatus.OPEN, DAY, DAY + timedelta(days=1))
    assert not is_overdue(InvoiceStatus.PAID, DAY, DAY + timedelta(days=1))
