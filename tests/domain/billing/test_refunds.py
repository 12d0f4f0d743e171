"""How much is refunded, and from which invoices: REF cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.billing.errors import (
    NothingToRefund,
    RefundExceedsChosenInvoices,
    RefundTooLarge,
)
from portal_app.domain.billing.refunds import check_refund_amount, split_refund
from portal_app.domain.ids import InvoiceId
from portal_app.domain.money import InvalidAmount, Money


def test_ref_1_no_more_than_was_received() -> None:
    with pytest.raises(RefundTooLarge) as refusal:
        check_refund_amount(Money(100_00), Money(100_01))
    assert refusal.value.values == {"amount": Money(100_00)}
    assert check_refund_amount(Money(70_00), Money(70_00)) == Money(70_00)
    with pytest.raises(InvalidAmount):
        check_refund_amount(Money(70_00), Money(0))


def test_ref_2_a_payment_without_money_has_nothing_to_refund() -> None:
    with pytest.raises(NothingToRefund):
        check_refund_amount(Money(0), Money(10_00))


def test_a_refund_takes_unused_money_first_and_then_the_latest_allocation() -> None:
    held = [(InvoiceId("A"), Money(60_00)), (InvoiceId("B"), Money(40_00))]
    assert split_refund(Money(50_00), Money(0), held) == [("B", Money(40_00)), ("A", Money(10_00))]
    assert split_refund(Money(50_00), Money(20_00), held) == [("B", Money(30_00))]
    assert split_refund(Money(50_00), Money(0), held, [InvoiceId("A")]) == [("A", Money(50_00))]
    with pytest.raises(RefundExceedsChosenInvoices):
        split_refund(Money(70_00), Money(0), held, [InvoiceId("A")])


@given(st.lists(st.integers(1, 90_00), max_size=5), st.integers(0, 50_00), st.data())
def test_the_amounts_taken_back_and_the_unused_credit_add_up_to_the_refund(
    parts: list[int], unused: int, data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(parts) + unused))
    held = [(InvoiceId(f"I{n}"), Money(minor)) for n, minor in enumerate(parts)]
    taken = split_refund(Money(amount), Money(unused), held)
    assert sum(p.minor for _, p in taken) == max(amount - unused, 0)
    assert all(p <= dict(held)[i] for i, p in taken)
