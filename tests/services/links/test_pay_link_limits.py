"""What a pay link asks for when the same payment comes to its bill in parts, and when money goes back (ALL-9)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.payments import amounts_left_since
from portal_app.domain.credentials import Purpose
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome, RefundFacts
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import use_credit
from portal_app.services.billing.ledger.entries import correct_amount
from portal_app.services.billing.payments.refunds import refund_payment, settle_refund
from portal_app.services.links import action_links, pay_links
from portal_app.services.sign_in import rate_limits
from tests.payments_helper import check_ledger, fake_processor
from tests.people import INVOICE, MARIA, People
from tests.services.credentials_helper import NOBODY, TEST, make_link, sign_in_as
from tests.services.links.test_pay_links import at_home_pays, opened, pays, token_of


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


@pytest.fixture
def processor(sample_people: People) -> FakeProcessor:
    return fake_processor()


def refund_of(sample_people: People, processor: FakeProcessor, paid: PaymentId, minor: int) -> RefundId:
    id_ = RefundId(new_id("ref"))
    refund_payment(sample_people.olga, id_, paid, Money(minor), processor=processor)
    return id_


def receives(paid: PaymentId, minor: int) -> None:
    """The processor turns out to have taken another amount than was asked."""
    with transaction(TEST) as tx:
        assert correct_amount(tx, tx.get_or_404(Payment, paid), Money(minor))


@pytest.mark.parametrize("more", [1, 3])
def test_all_9_credit_of_a_payment_that_had_paid_part_of_it_before_is_taken_off_too(
    sample_people: People, processor: FakeProcessor, more: int
):
    """60.00 came where 50.00 were asked; a link for 60.00 is made, then the rest of it is used, bit by bit."""
    paid = at_home_pays(sample_people, processor, 50_00).payment_id
    receives(paid, 60_00)
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        made = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(60_00))
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
        for bit in range(1, more + 1):
            receives(paid, 60_00 + (bit - 1) * 1_00)
            use_credit(sample_people.maria)
        used = 10_00 + (more - 1) * 1_00
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(60_00 - used)
        with pytest.raises(UserError):
            pays(guest, processor, 60_01 - used)
    with clock.held_at(clock.now() + timedelta(minutes=3)):
        later = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(30_00))
        # What was given back since counts no more, and what was used before a link was made never did.
        refund_of(sample_people, processor, paid, 4_00)
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(60_00 - used + 4_00)
        other = sign_in_as(action_links.open_link(NOBODY, token_of(later.address), MARIA.birth_date))
        assert pay_links.view_linked_invoice(other).payability.payable == Money(30_00)
    check_ledger()


def test_all_9_a_refund_that_came_back_is_no_payment_since(sample_people: People, processor: FakeProcessor):
    """The bill is as it was when the link was made: 70.00 are asked, as then."""
    paid = at_home_pays(sample_people, processor, 50_00).payment_id
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        guest = opened(sample_people)  # for the 70.00 that are left
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        refund = refund_of(sample_people, processor, paid, 50_00)
        settle_refund(TEST, refund, RefundFacts(Outcome.DECLINED))
        assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    check_ledger()


def test_all_9_what_came_since_was_refunded_and_came_back_counts_again(
    sample_people: People, processor: FakeProcessor
):
    paid = at_home_pays(sample_people, processor, 50_00).payment_id
    receives(paid, 60_00)
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
        ([(2, 50)], 50),  # at that very moment: since
        ([(0, 50), (3, 10)], 10),
        ([(0, 50), (1, 5), (3, 10)], 10),
        ([(0, 50), (3, 10), (4, -4)], 6),  # the latest first
        ([(0, 50), (3, 10), (4, -15)], 0),
        ([(0, 50), (3, 10), (4, -60)], 0),
        ([(0, 50), (3, 10), (4, -60), (4, 20)], 20),
        ([(0, 50), (3, 10), (4, 0)], 10),
    ],
)
def test_all_9_what_is_still_there_of_what_came_since(changes: list[tuple[int, int]], left: int):
    came = amounts_left_since(MOMENTS[2], [(MOMENTS[at], Money(minor)) for at, minor in changes])
    assert sum(part.minor for part in came) == left
