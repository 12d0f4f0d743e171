"""A pay link: one bill, at most what it was for, paid for real by whoever knows the date of birth (CODE-14)."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account, Invoice, PaymentMethod
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.billing.payability import WhyNot
from portal_app.domain.billing.types import InvoiceHeld, InvoiceStatus, Origin, PaymentStatus
from portal_app.domain.credentials import Purpose
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, UserError
from portal_app.domain.ids import InvoiceId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.billing.payments.pay import pay_account, pay_invoice
from portal_app.services.billing.payments.payability import LinkLimit
from portal_app.services.billing.payments.payment_methods import list_payment_methods
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.links import action_links, pay_links
from portal_app.services.links.action_links import LinkOver
from portal_app.services.messaging import delivery, log
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.sessions import redeem
from tests.payments_helper import books_agree, fake_processor, new_payment, payment, payments, set_practice
from tests.people import EVA, INVOICE, KIM, MARIA, OSCAR, RIVERA, VISA, People, add_invoice, add_payment
from tests.services.credentials_helper import NOBODY, TEST, make_link, outbox, sign_in_as, told, trail

FULL = Money(120_00)


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


@pytest.fixture
def processor(sample_people: People) -> FakeProcessor:
    return fake_processor()


def opened(sample_people: People, invoice: InvoiceId = INVOICE) -> Principal:
    """Whoever came by a fresh link of the front desk."""
    return sign_in_as(
        action_links.open_link(
            NOBODY, token_of(pay_links.make_pay_link(sample_people.dana, invoice).address), MARIA.birth_date
        )
    )


def token_of(address: str) -> str:
    parts = urlsplit(address)
    assert parts.path == "/links" and not parts.query
    return parts.fragment


def pays(guest: Principal, processor: FakeProcessor, minor: int, **more: object):
    return pay_links.pay_linked_invoice(
        guest,
        new_payment(),
        Money(minor),
        token=processor.token(),
        processor=processor,
        **more,  # type: ignore[arg-type]
    )


def at_home_pays(sample_people: People, processor: FakeProcessor, minor: int):
    return pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(minor), processor=processor, payment_method_id=VISA
    )


def test_a_link_pays_its_invoice_and_the_guarantor_gets_the_receipt(
    sample_people: People, processor: FakeProcessor
):
    guest = opened(sample_people)
    assert pay_links.view_linked_invoice(guest).payability.payable == FULL
    outcome = pays(guest, processor, 120_00)
    assert outcome.status is PaymentStatus.SUCCEEDED
    paid = payment(outcome.payment_id)
    assert (paid.origin, paid.paid_by, paid.payer_id) == (Origin.PAY_LINK, guest.name, None)
    assert told("receipt") == {"maria@example.com", "+12125550142"}
    shown = pay_links.view_linked_invoice(guest)
    assert (shown.status, shown.payability.payable, shown.paid) == (InvoiceStatus.PAID, Money(0), FULL)
    with pytest.raises(UserError, match="already paid"):
        pays(guest, processor, 1_00)
    books_agree()


def test_all_8_what_is_charged_later_is_not_the_links(sample_people: People, processor: FakeProcessor):
    """The same bill grows by a refund of what was paid before the link was made."""
    earlier = at_home_pays(sample_people, processor, 50_00).payment_id
    guest = opened(sample_people)  # for the 70.00 that are left
    refund_payment(sample_people.olga, RefundId(new_id("ref")), earlier, Money(50_00), processor=processor)
    add_invoice(RIVERA, (EVA, "Sealant", 40_00))
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    with pytest.raises(UserError, match="up to") as refused:
        pays(guest, processor, 70_01)
    assert refused.value.values["amount"] == Money(70_00)
    assert pays(guest, processor, 70_00).status is PaymentStatus.SUCCEEDED
    with pytest.raises(UserError):
        pays(guest, processor, 1_00)
    books_agree()


def test_all_9_what_was_paid_since_is_taken_off(sample_people: People, processor: FakeProcessor):
    guest = opened(sample_people)
    at_home_pays(sample_people, processor, 50_00)
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    with pytest.raises(UserError):
        pays(guest, processor, 120_00)
    assert pays(guest, processor, 70_00).status is PaymentStatus.SUCCEEDED
    books_agree()


def test_all_9_of_a_part_of_the_invoice_too(sample_people: People, processor: FakeProcessor):
    """A link for 60.00 of 120.00: 50.00 paid since leave 10.00, not 60.00 of the 70.00 still due."""
    made = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(60_00))
    guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
    at_home_pays(sample_people, processor, 50_00)
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(10_00)
    with pytest.raises(UserError):
        pays(guest, processor, 10_01)
    assert pays(guest, processor, 10_00).status is PaymentStatus.SUCCEEDED
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(0)


def test_two_links_at_once_never_take_more_than_the_invoice(sample_people: People, processor: FakeProcessor):
    guests = [opened(sample_people), opened(sample_people)]
    ready, seen = threading.Barrier(2), []

    def go(guest: Principal) -> None:
        ready.wait()
        try:
            seen.append(pays(guest, processor, 120_00).status)
        except UserError as refusal:
            seen.append(str(refusal.message))

    threads = [threading.Thread(target=go, args=(guest,)) for guest in guests]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert seen.count(PaymentStatus.SUCCEEDED) == 1 and len(seen) == 2
    assert [p.amount for p in payments()] == [FULL]
    books_agree()


def test_code_14_neither_the_guarantors_cards_nor_a_card_to_keep(
    sample_people: People, processor: FakeProcessor
):
    guest = opened(sample_people)
    narrowed, _ = action_links.payer(guest)
    limit = LinkLimit(FULL, clock.now())
    with pytest.raises(NotFound):
        pay_invoice(
            narrowed, new_payment(), INVOICE, FULL, processor=processor, payment_method_id=VISA, limit=limit
        )
    with pytest.raises(UserError, match="your own bills"):
        pay_invoice(
            narrowed,
            new_payment(),
            INVOICE,
            FULL,
            processor=processor,
            token="ctoken_x",
            save=True,
            limit=limit,
        )
    assert payments() == []
    pays(guest, processor, 120_00)
    with reading(TEST) as tx:
        assert [row.id for row in tx.exec(select(PaymentMethod))] == [VISA]
        customer = tx.get_or_404(Account, RIVERA).processor_customer_id
    assert len(processor.list_payment_methods(customer)) == 1


def test_code_14_the_receipt_is_for_the_session_that_paid(sample_people: People, processor: FakeProcessor):
    made = pay_links.make_pay_link(sample_people.dana, INVOICE)
    guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
    mine = pays(guest, processor, 50_00).payment_id
    receipt = pay_links.view_linked_receipt(guest, mine)
    assert (receipt.amount, receipt.still_due) == (Money(50_00), Money(70_00))
    hers = at_home_pays(sample_people, processor, 20_00).payment_id
    with pytest.raises(NotFound):
        pay_links.view_linked_receipt(guest, hers)
    with clock.held_at(clock.now() + timedelta(minutes=1)):  # opened once more: another session
        later = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
        with pytest.raises(NotFound):
            pay_links.view_linked_receipt(later, mine)
        with pytest.raises(NotSignedIn):
            pay_links.view_linked_receipt(guest, mine)


def test_the_banks_question_is_answered_and_a_decline_is_said(
    sample_people: People, processor: FakeProcessor
):
    guest = opened(sample_people)
    processor.answers(Outcome.DECLINED, "insufficient_funds")
    assert pays(guest, processor, 50_00).decline_code == "insufficient_funds"
    processor.answers(Outcome.REQUIRES_ACTION)
    asked = pays(guest, processor, 50_00)
    assert asked.client_secret
    shown = pay_links.view_linked_invoice(guest)
    assert (shown.payability.held and shown.payability.held.id, shown.held_here) == (asked.payment_id, True)
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    done = pay_links.confirm_linked_payment(guest, asked.payment_id, processor=processor)
    assert done.status is PaymentStatus.SUCCEEDED
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)


def test_somebody_elses_payment_is_neither_continued_nor_cancelled(
    sample_people: People, processor: FakeProcessor
):
    guest = opened(sample_people)
    processor.answers(Outcome.REQUIRES_ACTION)
    hers = at_home_pays(sample_people, processor, 50_00)
    shown = pay_links.view_linked_invoice(guest)
    assert (shown.payability.held and shown.payability.held.id, shown.held_here) == (hers.payment_id, False)
    for service in (pay_links.confirm_linked_payment, pay_links.cancel_linked_payment):
        with pytest.raises(NotFound):
            service(guest, hers.payment_id, processor=processor)
    with pytest.raises(InvoiceHeld):
        pays(guest, processor, 20_00)
    with pytest.raises(NotFound):  # nor gone on with by its own id, which would tell the bank's secret
        pay_links.pay_linked_invoice(
            guest, hers.payment_id, Money(50_00), processor=processor, token="ctoken_x"
        )
    assert payment(hers.payment_id).status is PaymentStatus.REQUIRES_ACTION


def test_a_link_session_may_do_nothing_else(sample_people: People, processor: FakeProcessor):
    guest = opened(sample_people)
    other = add_invoice(RIVERA, (EVA, "Sealant", 40_00))
    for wrong in (
        lambda: view_invoice(guest, INVOICE),
        lambda: list_invoices(guest),
        lambda: list_payment_methods(guest),
        lambda: pay_account(guest, new_payment(), Money(10_00), processor=processor, token="ctoken_x"),
        lambda: pay_invoice(guest, new_payment(), other, Money(10_00), processor=processor, token="t"),
        lambda: view_receipt(guest, new_payment()),
        lambda: pay_links.make_pay_link(guest, INVOICE),
        lambda: log.list_messages(guest),
    ):
        with pytest.raises(PermissionDenied):
            wrong()
    with reading(guest) as tx:
        assert tx.exec(select(Invoice)).all() == []


def test_revoked_while_it_is_open_it_pays_nothing_more(sample_people: People, processor: FakeProcessor):
    made = pay_links.make_pay_link(sample_people.nora, INVOICE)
    guest = sign_in_as(action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date))
    assert [link.id for link in pay_links.open_pay_links(sample_people.nora, INVOICE)] == [made.id]
    action_links.revoke_link(sample_people.nora, made.id)
    assert pay_links.open_pay_links(sample_people.nora, INVOICE) == ()
    with pytest.raises(NotSignedIn):
        pays(guest, processor, 50_00)
    with pytest.raises(LinkOver):
        action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date)
    assert payments() == []
    assert view_invoice(sample_people.maria, INVOICE).due == FULL  # the debt outlives the link


@pytest.mark.parametrize("days", [1, 30])
def test_it_lives_as_long_as_the_practice_says(sample_people: People, days: int):
    set_practice(pay_link_days=days)
    made = pay_links.make_pay_link(sample_people.dana, INVOICE)
    life = timedelta(days=days)
    with clock.held_at(clock.now() + life - timedelta(seconds=1)):
        assert action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date)
    with clock.held_at(clock.now() + life), pytest.raises(LinkOver):
        action_links.open_link(NOBODY, token_of(made.address), MARIA.birth_date)


def test_the_practice_decides_about_paying_online_here_too(sample_people: People, processor: FakeProcessor):
    guest = opened(sample_people)
    set_practice(minimum_payment=Money(20_00))
    assert pay_links.view_linked_invoice(guest).payability.smallest == Money(20_00)
    with pytest.raises(UserError, match="smallest"):
        pays(guest, processor, 10_00)
    set_practice(online_payments=False)
    assert pay_links.view_linked_invoice(guest).payability.why_not is WhyNot.OFFLINE
    with pytest.raises(UserError, match="turned off"):
        pays(guest, processor, 50_00)


@pytest.mark.parametrize("status", [InvoiceStatus.DRAFT, InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF])
def test_all_14_no_link_for_what_never_takes_money(sample_people: People, status: InvoiceStatus):
    invoice = add_invoice(RIVERA, (EVA, "Sealant", 40_00), status=status)
    with pytest.raises(UserError):
        pay_links.make_pay_link(sample_people.dana, invoice)


def test_no_link_for_what_could_not_be_paid_by_it(sample_people: People):
    """The desk's button and the service agree: too little for the processor, or paying online turned off."""
    tiny = add_invoice(RIVERA, (EVA, "Rest", 30))
    assert not view_invoice(sample_people.dana, tiny).linkable
    with pytest.raises(UserError, match="at the practice"):
        pay_links.make_pay_link(sample_people.dana, tiny)
    assert view_invoice(sample_people.dana, INVOICE).linkable
    set_practice(online_payments=False)
    assert not view_invoice(sample_people.dana, INVOICE).linkable
    with pytest.raises(UserError, match="turned off"):
        pay_links.make_pay_link(sample_people.dana, INVOICE)


def test_a_link_may_be_made_while_a_payment_is_on_its_way(sample_people: People, processor: FakeProcessor):
    """That may fail, and the link lives for days; until then it says what is left."""
    add_payment(INVOICE, 120_00, status=PaymentStatus.PROCESSING)
    assert view_invoice(sample_people.dana, INVOICE).linkable
    assert pay_links.view_linked_invoice(opened(sample_people)).payability.payable == Money(0)


def test_a_link_of_an_early_version_takes_what_is_due_and_pays_what_it_shows(
    sample_people: People, processor: FakeProcessor
):
    """It was made for no amount: what was paid since is in what is due, and is not taken off twice."""
    guest = opened(sample_people)
    with transaction(TEST) as tx:
        for row in tx.exec(select(ActionLink)):
            row.at_most = None
    at_home_pays(sample_people, processor, 50_00)
    assert pay_links.view_linked_invoice(guest).payability.payable == Money(70_00)
    assert pays(guest, processor, 70_00).status is PaymentStatus.SUCCEEDED


def test_no_link_that_nobody_could_open(sample_people: People):
    with transaction(TEST) as tx:
        tx.get_or_404(Patient, OSCAR.id, lock=True).birth_date = None
    invoice = add_invoice(OSCAR.account, (OSCAR, "Sealant", 40_00))
    with pytest.raises(UserError, match="date of birth"):
        pay_links.make_pay_link(sample_people.dana, invoice)


def test_staff_send_it_in_each_way_the_guarantor_chose_and_the_outbox_forgets_it(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    assert pay_links.send_pay_link(sample_people.dana, INVOICE) == 2
    mail, text = sorted(outbox("pay_link"), key=lambda row: row.channel)
    assert {mail.to, text.to} == {"maria@example.com", "+12125550142"}
    for row in (mail, text):
        assert "/links#" in row.body and "$120.00" in row.body
        for word in ("Crown", "Eva", "Rivera"):
            assert word not in row.subject + row.body
    token = mail.body.partition("/links#")[2].split()[0]
    assert sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date)).may(Permission.LINKED)
    monkeypatch.setattr(delivery, "settings", lambda: type("Real", (), {"demo": False}))
    delivery.deliver(TEST, mail=FakeMailer(), sms=FakeTexter())
    assert {row.body for row in outbox("pay_link")} == {""}
    assert [e.action for e in trail() if e.action == "send:pay_link"] == ["send:pay_link"]


def test_without_any_contact_it_is_shown_instead(sample_people: People):
    with transaction(TEST) as tx:
        for point in tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == MARIA.id)).all():
            tx.delete(point)
    with pytest.raises(UserError, match="Show the QR code"):
        pay_links.send_pay_link(sample_people.dana, INVOICE)
    assert outbox("pay_link") == []
    made = pay_links.make_pay_link(sample_people.dana, INVOICE)
    assert made.qr_svg.startswith("<svg")


def open_links_of(invoice: InvoiceId) -> list[ActionLink]:
    with reading(TEST) as tx:
        rows = tx.exec(select(ActionLink).where(col(ActionLink.subject_id) == invoice)).all()
        return [row for row in rows if action_links.still_opens(row)]


def test_a_message_about_one_invoice_opens_it_where_the_practice_wants_it_so(sample_people: People):
    due = clock.today() + timedelta(days=3)
    invoice = add_invoice(RIVERA, (EVA, "Root canal", 70_00), due=due)
    send_daily_digests(TEST)
    assert "/links#" not in outbox("due_soon")[0].body
    assert open_links_of(invoice) == []
    set_practice(link_in_messages=True)
    add_invoice(KIM.account, (KIM, "Root canal", 70_00), due=due)
    send_daily_digests(TEST)
    body = next(row.body for row in outbox("due_soon") if row.to == "kim@example.com")
    token = body.partition("/links#")[2].split()[0]
    guest = redeem(action_links.open_link(NOBODY, token, KIM.birth_date))
    assert guest.side is Side.PATIENT
    shown = log.list_messages(sample_people.nora)
    assert all(not row.can_send_again for row in shown.rows if row.kind == "pay_link")


def test_a_message_that_is_rewritten_leaves_one_link_only(sample_people: People):
    set_practice(link_in_messages=True)
    soon = clock.today() + timedelta(days=2)
    invoice = add_invoice(KIM.account, (KIM, "Root canal", 70_00), due=soon)
    send_daily_digests(TEST)
    add_invoice(KIM.account, (KIM, "Sealant", 20_00), due=soon)
    send_daily_digests(TEST)
    assert {row.kind for row in outbox("money_news")} == {"money_news"}
    assert len(open_links_of(invoice)) <= 1
    assert all("/links#" not in row.body for row in outbox("money_news"))
