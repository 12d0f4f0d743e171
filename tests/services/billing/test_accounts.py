"""The account, credit, the desk, statements and saved cards, on both databases."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import LedgerEntry, Payment
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, Method, PaymentStatus
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.ids import EntryId, InvoiceId, MembershipId, PlanId, RefundId, new_id
from portal_app.domain.memberships import MembershipStatus, Period
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import past_due_offer, use_credit, view_account
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import cancel_payment, pay_invoice
from portal_app.services.billing.payments.payment_methods import (
    finish_adding_payment_method,
    list_payment_methods,
    make_default,
    remove_payment_method,
    rename_payment_method,
    start_adding_payment_method,
    uses,
)
from portal_app.services.billing.payments.receipts import todays_payments, view_receipt
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.staff.record_payment import post_payments, record_payment
from portal_app.services.billing.statements import view_statement
from portal_app.services.billing.views import NewLine
from tests import people
from tests.payments_helper import (
    balance,
    books_agree,
    fake_processor,
    invoice,
    new_payment,
    payment,
    set_practice,
)
from tests.people import INVOICE, RIVERA, VISA, People, add_invoice

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    yield fake_processor()
    books_agree()


def pay(sample_people: People, processor: FakeProcessor, minor: int) -> Payment:
    outcome = pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(minor), processor=processor, payment_method_id=VISA
    )
    return payment(outcome.payment_id)


def with_credit(sample_people: People, processor: FakeProcessor, minor: int) -> None:
    """Maria has paid a bill whose charge was taken back afterwards: the money is hers to use."""
    invoice = add_invoice(RIVERA, (people.MARIA, "Visit", minor))
    processor.answers(Outcome.REQUIRES_ACTION)
    outcome = pay_invoice(
        sample_people.maria, new_payment(), invoice, Money(minor), processor=processor, payment_method_id=VISA
    )
    cancel_payment(sample_people.maria, outcome.payment_id, processor=processor)
    void_invoice(sample_people.nora, invoice)
    charge = processor.finish(payment(outcome.payment_id).processor_intent_id or "")
    settle(system_principal("test"), outcome.payment_id, charge)


# --- the account ------------------------------------------------------------------------------
def test_ledg_1_balance_recent_payment_and_what_will_be_owed(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    pay(sample_people, processor, 25_00)
    seen = view_account(sample_people.maria)
    assert (seen.balance, seen.being_posted_total, seen.will_owe) == (
        Money(120_00),
        Money(25_00),
        Money(95_00),
    )
    assert seen.payability.payable == seen.will_owe
    assert [row.shown for row in seen.being_posted] == ["Visa ending in 4242"]


def test_ledg_2_posted_by_staff_the_line_goes(sample_people: People, processor: FakeProcessor) -> None:
    set_practice(post_automatically=False)
    row = pay(sample_people, processor, 25_00)
    with pytest.raises(PermissionDenied):
        post_payments(sample_people.dana, [row.id])
    assert post_payments(sample_people.nora, [row.id]) == 1
    assert post_payments(sample_people.nora, [row.id]) == 0
    seen = view_account(sample_people.maria)
    assert (seen.balance, seen.being_posted, seen.will_owe) == (Money(95_00), (), Money(95_00))


def test_only_received_payments_are_posted(sample_people: People, processor: FakeProcessor) -> None:
    processor.answers(Outcome.DECLINED, "expired_card")
    row = pay(sample_people, processor, 25_00)
    with pytest.raises(UserError, match="received"):
        post_payments(sample_people.nora, [row.id])


def test_dep_4_the_account_names_only_whom_one_may_see(
    sample_people: People, processor: FakeProcessor
) -> None:
    add_invoice(people.PARK, (people.ROSA, "Visit", 30_00), (people.NINA, "Consultation", 70_00))
    seen = view_account(sample_people.rosa)
    assert {(p.name, p.owed.minor) for p in seen.people} == {("Rosa", 30_00), ("", 70_00)}
    assert seen.payability.payable == Money(100_00)


def test_all_15_two_adults_two_accounts(sample_people: People, processor: FakeProcessor) -> None:
    assert view_account(sample_people.luis).balance == Money(60_00)
    with pytest.raises(NotFound):
        view_account(sample_people.luis, RIVERA)
    with pytest.raises(NotFound):  # Nina answers for no account
        view_account(sample_people.nina)


# --- credit -----------------------------------------------------------------------------------
def test_cred_2_credit_is_used_only_when_asked_and_takes_nothing_in(
    sample_people: People, processor: FakeProcessor
) -> None:
    with_credit(sample_people, processor, 30_00)
    assert view_account(sample_people.maria).credit == Money(30_00)
    assert invoice(INVOICE).due == Money(120_00)
    takings, before = todays_payments(sample_people.nora).received, balance()
    assert use_credit(sample_people.maria) == Money(30_00)
    assert (invoice(INVOICE).due, invoice(INVOICE).status) == (Money(90_00), InvoiceStatus.PARTLY_PAID)
    assert view_account(sample_people.maria).credit == Money(0)
    assert todays_payments(sample_people.nora).received == takings
    assert balance() == before
    with pytest.raises(UserError, match="no credit"):
        use_credit(sample_people.maria)


def test_cred_5_credit_stays_on_its_account(sample_people: People, processor: FakeProcessor) -> None:
    with_credit(sample_people, processor, 40_00)
    with pytest.raises(UserError):
        use_credit(sample_people.luis)
    with pytest.raises(NotFound):
        use_credit(sample_people.luis, RIVERA)
    use_credit(sample_people.nora, RIVERA)
    assert invoice(people.LUIS_INVOICE).due == Money(60_00)


def test_credit_leaves_an_invoice_alone_whose_payment_is_in_flight(
    sample_people: People, processor: FakeProcessor
) -> None:
    with_credit(sample_people, processor, 30_00)
    processor.answers(Outcome.PROCESSING)
    pay(sample_people, processor, 50_00)
    with pytest.raises(UserError, match="no bill"):
        use_credit(sample_people.maria)


# --- the desk ---------------------------------------------------------------------------------
def test_cash_at_the_desk_pays_oldest_first_and_once(sample_people: People, processor: FakeProcessor) -> None:
    id_ = new_payment()
    for _ in range(2):
        done = record_payment(sample_people.dana, id_, RIVERA, Money(20), method=Method.CASH)
        assert done.status is PaymentStatus.SUCCEEDED
    assert balance() == Money(119_80)
    assert payment(id_).receipt_number
    assert view_receipt(sample_people.maria, id_).shown == "Cash"
    with pytest.raises(UserError):
        record_payment(sample_people.dana, id_, RIVERA, Money(30), method=Method.CASH)
    with pytest.raises(UserError, match="up to"):
        record_payment(sample_people.dana, new_payment(), RIVERA, Money(200_00), method=Method.CHECK)
    with pytest.raises(UserError, match="how it was paid"):
        record_payment(sample_people.dana, new_payment(), RIVERA, Money(2_00), method=Method.CARD)
    with pytest.raises(PermissionDenied):
        record_payment(sample_people.maria, new_payment(), RIVERA, Money(2_00), method=Method.CASH)


def test_cash_is_given_back_at_the_desk(sample_people: People, processor: FakeProcessor) -> None:
    id_ = new_payment()
    record_payment(sample_people.dana, id_, RIVERA, Money(120_00), method=Method.CASH)
    refund_payment(sample_people.nora, RefundId(new_id("ref")), id_, Money(20_00), processor=processor)
    assert (balance(), invoice(INVOICE).due) == (Money(20_00), Money(20_00))


def test_an_invoice_is_made_sent_once_and_then_seen(sample_people: People, processor: FakeProcessor) -> None:
    id_ = InvoiceId(new_id("inv"))
    lines = [
        NewLine(people.MARIA.id, "Filling", Money(40_00), quantity=2),
        NewLine(people.EVA.id, "Sealant", Money(20_00)),
    ]
    due = clock.today() + timedelta(days=30)
    for _ in range(2):
        create_invoice(sample_people.nora, id_, RIVERA, lines, due_date=due)
    with pytest.raises(NotFound):
        view_invoice(sample_people.maria, id_)
    assert balance() == Money(120_00)
    for _ in range(2):
        send_invoice(sample_people.nora, id_)
    assert balance() == Money(220_00)
    assert view_invoice(sample_people.maria, id_).due == Money(100_00)


def test_an_invoice_names_only_those_of_its_account(sample_people: People, processor: FakeProcessor) -> None:
    line, due = NewLine(people.KIM.id, "Filling", Money(40_00)), clock.today()
    with pytest.raises(NotFound):
        create_invoice(sample_people.olga, InvoiceId(new_id("inv")), RIVERA, [line], due_date=due)


def test_part_4_staff_write_the_rest_off(sample_people: People, processor: FakeProcessor) -> None:
    pay(sample_people, processor, 119_70)
    with pytest.raises(PermissionDenied):
        write_off(sample_people.dana, INVOICE)
    write_off(sample_people.nora, INVOICE, reason="thirty cents")
    write_off(sample_people.nora, INVOICE)
    assert (invoice(INVOICE).status, invoice(INVOICE).due, balance()) == (
        InvoiceStatus.WRITTEN_OFF,
        Money(0),
        Money(0),
    )
    assert view_invoice(sample_people.maria, INVOICE).payability.payable == Money(0)


def test_void_only_without_money_on_it_or_on_its_way(sample_people: People, processor: FakeProcessor) -> None:
    processor.answers(Outcome.PROCESSING)
    pay(sample_people, processor, 50_00)
    with pytest.raises(UserError, match="on its way"):
        void_invoice(sample_people.nora, INVOICE)
    pay(sample_people, processor, 20_00)
    reconcile(system_principal("test"), processor=processor)
    other = add_invoice(RIVERA, (people.MARIA, "Visit", 10_00))
    record_payment(
        sample_people.dana, new_payment(), RIVERA, Money(5_00), method=Method.CASH, invoice_ids=[other]
    )
    with pytest.raises(UserError, match="Refund it first"):
        void_invoice(sample_people.nora, other)


def test_todays_payments_newest_first_with_their_sums(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay(sample_people, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        processor.answers(Outcome.DECLINED, "expired_card")
        pay(sample_people, processor, 20_00)
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        processor.answers(Outcome.PROCESSING)
        pay(sample_people, processor, 10_00)
        today = todays_payments(sample_people.nora)
    assert [row.amount.minor for row in today.rows] == [10_00, 20_00, 50_00]
    assert (today.received, today.count, today.failed, today.waiting) == (Money(50_00), 1, 1, 1)
    assert (today.rows[0].who, today.rows[0].for_what) == ("Maria Rivera", "INV-1001")
    with pytest.raises(PermissionDenied):
        todays_payments(sample_people.maria)
    with clock.held_at(clock.now() + timedelta(days=1)):
        assert todays_payments(sample_people.nora).count == 0


# --- statements -------------------------------------------------------------------------------
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


def test_stmt_3_late_on_the_last_day_counts_in_that_month(
    sample_people: People, processor: FakeProcessor
) -> None:
    with clock.held_at(datetime(2026, 3, 31, 23, 30, tzinfo=NEW_YORK)):
        pay(sample_people, processor, 50_00)
    march = view_statement(sample_people.maria, date(2026, 3, 1), date(2026, 3, 31))
    assert march.payments == Money(-50_00)


@pytest.mark.loose_rows
def test_stmt_5_received_and_being_posted(sample_people: People, kims_march: None) -> None:
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


def test_stmt_7_backwards_ten_years_and_an_empty_account(sample_people: People) -> None:
    with pytest.raises(UserError):
        view_statement(sample_people.kim, date(2026, 3, 2), date(2026, 3, 1))
    decade = view_statement(sample_people.kim, date(2016, 1, 1), date(2026, 12, 31))
    assert decade.closing == Money(90_00)
    assert view_statement(sample_people.oscar, date(2026, 1, 1), date(2026, 1, 31)).rows == ()
    with pytest.raises(NotFound):
        view_statement(sample_people.luis, date(2026, 1, 1), date(2026, 1, 31), patient_id=people.MARIA.id)


# --- saved cards ------------------------------------------------------------------------------
def add_card(sample_people: People, processor: FakeProcessor, card: str = "pm_card_mastercard"):
    started = start_adding_payment_method(sample_people.maria, new_id("sup"), processor=processor)
    processor.finish_setup(started.setup_id, card)
    return finish_adding_payment_method(sample_people.maria, started.setup_id, processor=processor)


def test_src_1_a_default_used_by_autopay_asks_who_takes_over(
    sample_people: People, processor: FakeProcessor
) -> None:
    added = add_card(sample_people, processor)
    membership = MembershipId(new_id("mem"))
    with transaction(system_principal("test")) as tx:
        plan = PlanId(new_id("pln"))
        tx.add(Plan(id=plan, practice_key="gold", name="Gold", period=Period.MONTH))
        tx.flush()
        tx.add(
            Membership(
                id=membership,
                account_id=RIVERA,
                practice_key="m-1",
                plan_id=plan,
                status=MembershipStatus.ACTIVE,
                start=clock.today(),
                anchor_day=1,
                payment_method_id=VISA,
                created_at=clock.now(),
            )
        )
    assert uses(sample_people.maria, RIVERA) == {VISA: ("Gold",)}
    with pytest.raises(UserError, match="from now on"):
        remove_payment_method(sample_people.maria, VISA, processor=processor)
    remove_payment_method(sample_people.maria, VISA, processor=processor, next_default=added.id)
    assert [(s.id, s.is_default) for s in list_payment_methods(sample_people.maria)] == [(added.id, True)]
    with reading(system_principal("test")) as tx:
        assert tx.get_or_404(Membership, membership).payment_method_id == added.id


def test_src_2_the_last_one_cannot_be_removed(sample_people: People, processor: FakeProcessor) -> None:
    with pytest.raises(UserError, match="Add another first"):
        remove_payment_method(sample_people.maria, VISA, processor=processor)


def test_src_3_past_due_invoices_are_offered(sample_people: People, processor: FakeProcessor) -> None:
    assert past_due_offer(sample_people.maria).rows == ()
    late = add_invoice(RIVERA, (people.EVA, "Visit", 35_00), due=clock.today() - timedelta(days=1))
    add_card(sample_people, processor)
    offer = past_due_offer(sample_people.maria)
    assert [(row.id, row.payable) for row in offer.rows] == [(late, Money(35_00))]
    assert offer.amount == Money(35_00)


def test_cards_are_named_made_default_and_removed_at_the_processor(
    sample_people: People, processor: FakeProcessor
) -> None:
    added = add_card(sample_people, processor)
    assert not added.is_default
    rename_payment_method(sample_people.maria, added.id, "  Family   card ")
    make_default(sample_people.maria, added.id)
    first, second = list_payment_methods(sample_people.maria)
    assert (first.name, first.is_default, second.is_default) == ("Family card", True, False)
    remove_payment_method(sample_people.maria, added.id, processor=processor)
    assert [(s.id, s.is_default) for s in list_payment_methods(sample_people.maria)] == [(VISA, True)]
    assert len(processor.list_payment_methods(processor.customer(RIVERA, ""))) == 1
    with pytest.raises(NotFound):
        make_default(sample_people.maria, added.id)


def test_somebody_elses_card_is_not_there(sample_people: People, processor: FakeProcessor) -> None:
    for attempt in (
        lambda: rename_payment_method(sample_people.kim, VISA, "mine"),
        lambda: make_default(sample_people.kim, VISA),
        lambda: remove_payment_method(sample_people.kim, VISA, processor=processor),
    ):
        with pytest.raises(NotFound):
            attempt()
    started = start_adding_payment_method(sample_people.maria, new_id("sup"), processor=processor)
    processor.finish_setup(started.setup_id)
    with pytest.raises(NotFound):
        finish_adding_payment_method(sample_people.kim, started.setup_id, processor=processor)
