"""The rules of billing without a database: cases by their id, and properties that always hold."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.billing import payment_methods
from portal_app.domain.billing.declines import DECLINE_CODES, decline_texts
from portal_app.domain.billing.errors import (
    BelowProcessorMinimum,
    DuplicatePaymentWarning,
    InvoiceAlreadyPaid,
    InvoiceClosed,
    InvoiceHeld,
    NextDefaultNeeded,
    NothingToRefund,
    OnlyPaymentMethod,
    PaymentTooLarge,
    PaymentTooSmall,
    PeriodReversed,
    RefundExceedsChosenInvoices,
    RefundTooLarge,
)
from portal_app.domain.billing.payability import Channel, InvoiceToPay, Payability, payability
from portal_app.domain.billing.payment_methods import next_default
from portal_app.domain.billing.payments import (
    InFlightPayment,
    PayableInvoice,
    allocate,
    is_overdue,
    payable_amount,
    spend_credit,
    status_for,
    warn_of_duplicate,
)
from portal_app.domain.billing.refunds import check_refund_amount, split_refund
from portal_app.domain.billing.statements import StatementEntry, build_statement, check_period
from portal_app.domain.billing.types import (
    EntryKind,
    InvoiceStatus,
    PaymentStatus,
)
from portal_app.domain.errors import UserError
from portal_app.domain.ids import InvoiceId, PaymentId, PaymentMethodId
from portal_app.domain.money import InvalidAmount, Money, total

DAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 16, tzinfo=UTC)
# The codes that Stripe documents.
STRIPES = """
authentication_required approve_with_id call_issuer card_not_supported card_velocity_exceeded
currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card fraudulent
generic_decline incorrect_number incorrect_cvc incorrect_pin incorrect_zip insufficient_funds
invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number
invalid_pin issuer_not_available lost_card merchant_blacklist new_account_information_available
no_action_taken not_permitted offline_pin_required online_or_offline_pin_required pickup_card
pin_try_exceeded processing_error reenter_transaction restricted_card
revocation_of_all_authorizations revocation_of_authorization security_violation
service_not_allowed stolen_card stop_payment_order testmode_decline transaction_not_allowed
try_again_later withdrawal_count_limit_exceeded
"""
ONLINE = Channel(online=True)
SENSELESS = ("-5", "0.001", "10.005", "1e3", "NaN", " 12,50 ", "1000000000000", "", None)
CLOSED = sorted(set(InvoiceStatus) - {InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID})


def invoice(name: str, minor: int, due: date = DAY, issued: date = DAY) -> PayableInvoice:
    return PayableInvoice(InvoiceId(name), name, issued, due, Money(minor))


def paid(minor: int, *invoices: PayableInvoice) -> dict[str, int]:
    return {b.id: part.minor for b, part in allocate(Money(minor), invoices)}


def asked(owed: Money, minimum: Money | None = None, attempts: Sequence[InFlightPayment] = ()) -> Payability:
    """An open invoice, online."""
    owing = InvoiceToPay(InvoiceStatus.OPEN, owed, attempts)
    return payability([owing], Channel(online=True, practice_minimum=minimum), owed.currency)


def accepted(owed: Money, offered: Money, minimum: Money | None = None) -> Money:
    return asked(owed, minimum).accept(offered)


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


def test_part_2_a_payment_is_at_most_what_is_left() -> None:
    with pytest.raises(PaymentTooLarge) as refusal:
        accepted(Money(70_00), Money(70_01))
    assert refusal.value.values == {"amount": Money(70_00)}


def test_part_4_an_amount_below_the_processors_minimum_is_refused() -> None:
    with pytest.raises(BelowProcessorMinimum):
        accepted(Money(30), Money(30))
    assert accepted(Money(50), Money(50)) == Money(50)
    with pytest.raises(BelowProcessorMinimum):
        accepted(Money(40, "JPY"), Money(40, "JPY"))


@pytest.mark.parametrize(
    ("owed", "offered", "allowed"),
    [(15_00, 15_00, True), (15_00, 10_00, False), (100_00, 10_00, False), (100_00, 20_00, True),
     (100_00, 100_01, False)],
)  # fmt: skip
def test_all_10_the_practices_minimum(owed: int, offered: int, allowed: bool) -> None:
    minimum = Money(20_00)
    if allowed:
        assert accepted(Money(owed), Money(offered), minimum) == Money(offered)
    else:
        with pytest.raises((PaymentTooLarge, PaymentTooSmall)):
            accepted(Money(owed), Money(offered), minimum)


@pytest.mark.parametrize("typed", ["$20", "$ 20.00", " $20.0 ", "20"])
def test_the_sign_of_the_currency_may_precede_an_amount(typed: str) -> None:
    assert Money.parse(typed) == Money(20_00)


@pytest.mark.parametrize("typed", ["€5", "$"])
def test_another_currencys_sign_or_only_a_sign_is_no_amount(typed: str) -> None:
    with pytest.raises(InvalidAmount):
        Money.parse(typed)


@pytest.mark.parametrize(
    "typed",
    ["-5", "$$5", "-$5", "$-5", "0.001", "10.005", "1e3", "NaN", " 12,50 ", "1000000000000", "", None],
)
def test_all_11_what_is_no_amount_is_refused(typed: object) -> None:
    with pytest.raises(InvalidAmount):
        Money.parse(typed)


@given(st.integers(-10, 200_00), st.integers(-10, 200_00), st.integers(0, 50_00))
def test_an_accepted_amount_is_within_the_limits_and_the_smallest_is_always_accepted(
    owed: int, offered: int, minimum: int
) -> None:
    try:
        amount = accepted(Money(owed), Money(offered), Money(minimum))
    except UserError:
        return
    assert Money(50) <= amount <= Money(owed)
    least = asked(Money(owed), Money(minimum)).smallest
    assert accepted(Money(owed), least, Money(minimum)) == least


def test_all_13_an_unknown_outcome_blocks_and_an_accepted_debit_does_not() -> None:
    def attempt(status: PaymentStatus, known: bool) -> InFlightPayment:
        return InFlightPayment(PaymentId("pay"), status, Money(50_00), known)

    for held, can_continue in (
        (attempt(PaymentStatus.PROCESSING, known=False), False),
        (attempt(PaymentStatus.REQUIRES_ACTION, known=True), True),
    ):
        with pytest.raises(InvoiceHeld) as refusal:
            asked(Money(120_00), attempts=[held]).require()
        assert refusal.value.can_continue is can_continue
    asked(Money(120_00), attempts=[attempt(PaymentStatus.PROCESSING, known=True)]).require()
    assert payable_amount(Money(120_00), [Money(50_00)]) == Money(70_00)
    assert payable_amount(Money(20_00), [Money(50_00)]) == Money(0)


@pytest.mark.parametrize(
    "status", sorted(set(InvoiceStatus) - {InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID})
)
def test_all_14_only_open_invoices_take_money(status: InvoiceStatus) -> None:
    closed = payability([InvoiceToPay(status, Money(120_00))], ONLINE, "USD")
    assert closed.payable == Money(0)
    with pytest.raises((InvoiceAlreadyPaid, InvoiceClosed)):
        closed.require()


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, None), (119, None), (120, 2), (599, 9)],  # None: "a minute ago"
)
def test_the_warning_of_a_duplicate_says_how_long_ago(seconds: int, minutes: int | None) -> None:
    with pytest.raises(DuplicatePaymentWarning) as asked:
        warn_of_duplicate(Money(50_00), NOW - timedelta(seconds=seconds), NOW)
    assert asked.value.values.get("minutes") == minutes


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


def test_every_decline_code_has_texts_that_accuse_nobody() -> None:
    assert set(STRIPES.split()) <= DECLINE_CODES
    for code in (*DECLINE_CODES, "never_heard_of_it", ""):
        words = decline_texts(code)
        said = f"{words.for_payer} {words.for_staff}".lower()
        assert not any(bad in said for bad in ("stolen", "fraud", "lost", "blacklist", "restricted"))
        assert words.for_payer.endswith(".") and 0 < len(words.for_staff) <= 30
    assert decline_texts("stolen_card") == decline_texts("generic_decline")


def entry(kind: EntryKind, minor: int, day: int, month: int = 3, person: str = "") -> StatementEntry:
    on = date(2026, month, day)
    return StatementEntry(kind, Money(minor), on, on, person=person)


MARCH = [
    entry(EntryKind.CHARGE, 80_00, 5),
    entry(EntryKind.PAYMENT, -150_00, 10),
    entry(EntryKind.ADJUSTMENT, -20_00, 15),
    entry(EntryKind.REFUND, 30_00, 20),
]


def test_stmt_1_and_stmt_2_running_and_closing() -> None:
    said = build_statement(Money(120_00), MARCH, Money(0))
    assert [row.running.minor for row in said.rows] == [200_00, 50_00, 30_00, 60_00]
    assert said.closing == Money(60_00)
    assert (said.charges, said.payments) == (Money(80_00), Money(-150_00))
    april = build_statement(said.closing, [], Money(0))
    assert (april.opening, april.closing, april.rows) == (Money(60_00), Money(60_00), ())


def test_stmt_5_payments_being_posted_are_a_line_of_their_own() -> None:
    said = build_statement(Money(120_00), MARCH, Money(25_00))
    assert (said.closing, said.being_posted, said.after_posting) == (Money(60_00), Money(25_00), Money(35_00))


def test_stmt_7_a_reversed_period_is_refused() -> None:
    with pytest.raises(PeriodReversed):
        check_period(date(2026, 3, 2), date(2026, 3, 1))


@given(st.lists(st.integers(-90_00, 90_00), max_size=12), st.integers(0, 12), st.integers(-50_00, 50_00))
def test_a_closing_balance_is_the_next_opening_balance(amounts: list[int], cut: int, opening: int) -> None:
    entries = [entry(EntryKind.ADJUSTMENT, minor, 1) for minor in amounts]
    first = build_statement(Money(opening), entries[:cut], Money(0))
    second = build_statement(first.closing, entries[cut:], Money(0))
    assert second.closing == build_statement(Money(opening), entries, Money(0)).closing
    assert total(p.total for p in first.people) + first.opening == first.closing


def test_src_2_the_last_payment_method_cannot_be_removed() -> None:
    with pytest.raises(OnlyPaymentMethod):
        next_default(PaymentMethodId("a"), [], None, must_choose=False)


def test_src_1_a_default_that_pays_memberships_needs_a_chosen_successor() -> None:
    a, b, c = PaymentMethodId("a"), PaymentMethodId("b"), PaymentMethodId("c")
    assert next_default(a, [b, c], None, must_choose=False) == b
    with pytest.raises(NextDefaultNeeded):
        next_default(a, [b, c], None, must_choose=True)
    assert next_default(a, [b, c], c, must_choose=True) == c


@pytest.mark.parametrize(
    ("month", "year", "expired", "expiring"),
    [(5, 2026, True, False), (6, 2026, False, True), (7, 2026, False, False), (12, 2027, False, False),
     (None, None, False, False)],
)  # fmt: skip
def test_a_card_is_valid_to_the_end_of_its_month(
    month: int | None, year: int | None, expired: bool, expiring: bool
) -> None:
    assert payment_methods.is_expired(month, year, DAY) is expired
    assert payment_methods.expires_soon(month, year, DAY) is expiring


def test_an_invoice_is_overdue_the_day_after_its_due_date() -> None:
    assert not is_overdue(InvoiceStatus.OPEN, DAY, DAY)
    assert is_overdue(InvoiceStatus.OPEN, DAY, DAY + timedelta(days=1))
    assert not is_overdue(InvoiceStatus.PAID, DAY, DAY + timedelta(days=1))
