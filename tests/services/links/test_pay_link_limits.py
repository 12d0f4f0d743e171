"""What a pay link may pay after one payment was allocated in parts, and after refunds (ALL-9)."""

from datetime import UTC, datetime, timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.errors import PaymentTooLarge
from portal_app.domain.billing.payments import amounts_left_since
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.ids import PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome, RefundFacts
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import use_credit
from portal_app.services.billing.ledger.entries import correct_amount
from portal_app.services.billing.payments.refunds import refund_payment, settle_refund
from portal_app.services.links import action_links, pay_links
from tests.payments_helper import check_ledger, fake_processor
from tests.people import INVOICE, MARIA, People
from tests.services.credentials_helper import NOBODY, TEST, make_link, sign_in_as
from tests.services.links.test_pay_links import open_pay_link, pay_by_link, pay_signed_in, token_of


@pytest.fixture
def processor(sample_people: People) -> FakeProcessor:
    return fake_processor()


def refund_of(sample_people: People, processor: FakeProcessor, paid: PaymentId, minor: int) -> RefundId:
    id_ = RefundId(new_id("ref"))
    refund_payment(sample_people.olga, id_, paid, Money(minor), processor=processor)
    return id_


def correct_received(paid: PaymentId, minor: int) -> None:
    """The processor turns out to have taken another amount than was asked."""
    with transaction(TEST) as tx:
        assert correct_amount(tx, tx.get_or_404(Payment, paid), Money(minor))


@pytest.mark.parametrize("more", [1, 3])
def test_all_9_later_credit_of_an_earlier_payment_is_taken_off_too(
    sample_people: People, processor: FakeProcessor, more: int
):
    """60.00 arrived where 50.00 were due; after a link for 60.00 is made, the rest is used in parts."""
    paid = pay_signed_in(sample_people, processor, 50_00).payment_id
    correct_received(paid, 60_00)
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        made = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(60_00))
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
        for part in range(1, more + 1):
            correct_received(paid, 60_00 + (part - 1) * 1_00)
            use_credit(sample_people.maria)
        used = 10_00 + (more - 1) * 1_00
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(60_00 - used)
        with pytest.raises(PaymentTooLarge):
            pay_by_link(guest, processor, 60_01 - used)
    with clock.held_at(clock.now() + timedelta(minutes=3)):
        later = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(30_00))
        # A part that was refunded no longer counts, and what was used before the link was made never did.
        refund_of(sample_people, processor, paid, 4_00)
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(60_00 - used + 4_00)
        other = sign_in_as(action_links.open_link(NOBODY, token_of(later.address), MARIA.birth_date))
        assert pay_links.view_linked_invoice(other).payability.payable == Money(30_00)
    check_ledger()


def test_all_9_a_failed_refund_is_no_payment_since_the_link(sample_people: People, processor: FakeProcessor):
    """The invoice is as it was when the link was made: 70.00 may be paid, as then."""
    paid = pay_signed_in(sample_people, processor, 50_00).payment_id
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        guest = open_pay_link(sample_people)  # for the 70.00 that are left
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        refund = refund_of(sample_people, processor, paid, 50_00)
        settle_refund(TEST, refund, RefundFacts(Outcome.DECLINED))
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    check_ledger()


def test_all_9_a_payment_since_counts_again_when_its_refund_fails(
    sample_people: People, processor: FakeProcessor
):
    paid = pay_signed_in(sample_people, processor, 50_00).payment_id
    correct_received(paid, 60_00)
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        made = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(60_00))
        guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        use_credit(sample_people.maria)
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(50_00)
        refund = refund_of(sample_people, processor, paid, 10_00)
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(60_00)
        settle_refund(TEST, refund, RefundFacts(Outcome.DECLINED))
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(50_00)
    check_ledger()


MOMENTS = [datetime(2026, 6, 15, hour, tzinfo=UTC) for hour in range(5)]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([(0, 50)], 0),
        ([(2, 50)], 50),  # at the same moment counts as since
        ([(0, 50), (3, 10)], 10),
        ([(0, 50), (1, 5), (3, 10)], 10),
        ([(0, 50), (3, 10), (4, -4)], 6),  # the latest first
        ([(0, 50), (3, 10), (4, -15)], 0),
        ([(0, 50), (3, 10), (4, -60)], 0),
        ([(0, 50), (3, 10), (4, -60), (4, 20)], 20),
        ([(0, 50), (3, 10), (4, 0)], 10),
    ],
)
def test_all_9_what_remains_of_the_payments_since_the_link(changes: list[tuple[int, int]], left: int):
    came = amounts_left_since(MOMENTS[2], [(MOMENTS[at], Money(minor)) for at, minor in changes])
    assert sum(part.minor for part in came) == left
