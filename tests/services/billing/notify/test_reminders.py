"""What households are told of their money: once each, in one message a day, never what for."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import PaymentMethod
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import Method, PaymentStatus
from portal_app.domain.errors import PermissionDenied, UserError
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import InvoiceId, MembershipId, PlanId, RefundId, new_id
from portal_app.domain.memberships import MembershipStatus, Period
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.sending import Failed
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.read import list_invoices
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.staff.record_payment import record_payment
from portal_app.services.billing.views import NewLine
from portal_app.services.messaging import delivery, log
from portal_app.services.messaging.log import Fate
from portal_app.services.messaging.outbox import write_message
from portal_app.services.patients.contact_details import set_preferences
from tests import people
from tests.payments_helper import books_agree, fake_processor, new_payment, payment, set_practice
from tests.people import INVOICE, VISA, People, add_invoice

PORTAL = system_principal("test")
TODAY = date(2026, 6, 15)
DAY = timedelta(days=1)
EMAIL, PHONE = ContactKind.EMAIL, ContactKind.PHONE


def outbox(kind: str = "") -> list[OutboxMessage]:
    with reading(PORTAL) as tx:
        rows = tx.exec(select(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.once)).all()
        return [row for row in rows if kind in ("", row.kind)]


def to_maria() -> list[OutboxMessage]:
    return [row for row in outbox() if row.account_id == people.RIVERA]


def send(sample_people: People, minor: int = 40_00, days: int = 30) -> InvoiceId:
    id_ = InvoiceId(new_id("inv"))
    lines = [NewLine(people.EVA.id, "Root canal", Money(minor))]
    create_invoice(sample_people.nora, id_, people.RIVERA, lines, due_date=clock.today() + days * DAY)
    send_invoice(sample_people.nora, id_)
    return id_


def deliver(**more: object) -> int:
    mail, sms = more.pop("mail", FakeMailer()), more.pop("sms", FakeTexter())
    return delivery.deliver(PORTAL, mail=mail, sms=sms)  # type: ignore[arg-type]


def only_by(who: people.Person, kind: ContactKind) -> None:
    set_preferences(people.patient(who), who.id, by_email=kind is EMAIL, by_text=kind is PHONE, language="es")


def test_an_issued_invoice_is_told_by_email_and_text_in_the_transaction_that_issues_it(
    sample_people: People,
) -> None:
    send(sample_people)
    assert [(row.kind, row.channel) for row in to_maria()] == [
        ("invoice_issued", EMAIL),
        ("invoice_issued", PHONE),
    ]
    assert "$40.00" in to_maria()[0].body


def test_several_invoices_of_one_day_are_one_message(sample_people: People) -> None:
    send(sample_people, 40_00)
    send(sample_people, 25_00)
    mail, text = to_maria()
    assert mail.kind == text.kind == "money_news"
    assert "$40.00" in mail.body and "$25.00" in mail.body
    assert deliver() == 0  # it waits a few minutes for others
    with clock.held_at(clock.now() + timedelta(minutes=6)):
        assert deliver() == 2
        send(sample_people, 10_00)
        assert len(to_maria()) == 2  # told today already
    with clock.held_at(clock.now() + DAY):
        send_daily_digests(PORTAL)
        assert [row.kind for row in to_maria()[2:]] == ["invoice_issued"] * 2


def test_at_night_it_waits_until_the_practice_opens(sample_people: People) -> None:
    with clock.held_at(clock.now() - timedelta(hours=8)):
        send(sample_people)
    assert {row.next_try_at.astimezone(clock.zone()).hour for row in to_maria() if row.next_try_at} == {9}


def test_in_the_evening_it_is_told_with_the_next_days_news(sample_people: People) -> None:
    evening = clock.now().astimezone(clock.zone()).replace(hour=20, minute=0)
    with clock.held_at(evening):
        send(sample_people)
        assert to_maria() == []
    with clock.held_at(evening + timedelta(hours=13)):
        send_daily_digests(PORTAL)
        assert [row.kind for row in to_maria()] == ["invoice_issued"] * 2


def test_an_invoice_that_is_void_or_forgiven_before_its_message_goes_is_not_told_of(
    sample_people: People,
) -> None:
    void_invoice(sample_people.nora, send(sample_people))
    assert to_maria() == []
    write_off(sample_people.nora, send(sample_people))
    assert to_maria() == []
    assert deliver() == 0


def test_what_is_paid_before_the_message_goes_is_taken_out_of_it(sample_people: People) -> None:
    first, second = send(sample_people, 40_00), send(sample_people, 25_00)
    at = {row.next_try_at for row in to_maria()}
    record_payment(
        sample_people.nora,
        new_payment(),
        people.RIVERA,
        Money(25_00),
        method=Method.CASH,
        invoice_ids=[second],
    )
    waiting = [row for row in to_maria() if row.kind == "invoice_issued"]
    assert len(waiting) == 2 and {row.next_try_at for row in waiting} == at
    assert all("$40.00" in row.body and "$25.00" not in row.body for row in waiting)
    record_payment(
        sample_people.nora,
        new_payment(),
        people.RIVERA,
        Money(15_00),
        method=Method.CASH,
        invoice_ids=[first],
    )
    assert all("$25.00" in row.body for row in to_maria() if row.kind == "invoice_issued")
    record_payment(
        sample_people.nora,
        new_payment(),
        people.RIVERA,
        Money(25_00),
        method=Method.CASH,
        invoice_ids=[first],
    )
    assert {row.kind for row in to_maria()} == {"receipt"}


def test_what_went_out_is_not_said_again(sample_people: People) -> None:
    invoice = send(sample_people)
    with clock.held_at(clock.now() + timedelta(minutes=6)):
        deliver()
        void_invoice(sample_people.nora, invoice)
        assert [row.kind for row in to_maria()] == ["invoice_issued"] * 2 and deliver() == 0


@pytest.mark.parametrize(
    ("due", "kind"), [(3, "due_soon"), (0, "due_soon"), (-1, "overdue"), (4, ""), (-8, "")]
)
def test_an_invoice_is_told_of_three_days_before_and_after_it_is_due(
    sample_people: People, due: int, kind: str
) -> None:
    add_invoice(people.RIVERA, (people.EVA, "Root canal", 70_00), due=TODAY + due * DAY)
    send_daily_digests(PORTAL)
    assert [row.kind for row in to_maria()] == [kind] * (2 if kind else 0)


def test_run_again_it_tells_nothing_twice(sample_people: People) -> None:
    add_invoice(people.RIVERA, (people.EVA, "Root canal", 70_00), due=TODAY + 3 * DAY)
    assert [send_daily_digests(PORTAL), send_daily_digests(PORTAL)] == [2, 0]
    deliver()
    assert send_daily_digests(PORTAL) == 0
    for later in (1, 2):
        with clock.held_at(clock.now() + later * DAY):
            assert send_daily_digests(PORTAL) == 0
    with clock.held_at(clock.now() + 4 * DAY):
        assert send_daily_digests(PORTAL) == 2
    assert [row.kind for row in to_maria()] == ["due_soon"] * 2 + ["overdue"] * 2


def test_what_was_paid_meanwhile_is_not_asked_for(sample_people: People) -> None:
    processor = fake_processor()
    send(sample_people, 120_00)
    first = list_invoices(sample_people.maria, show="to_pay").rows
    for row in first:
        pay_invoice(
            sample_people.maria,
            new_payment(),
            row.id,
            row.due,
            processor=processor,
            payment_method_id=VISA,
            duplicate_confirmed=True,
        )
    late = send(sample_people, 30_00)
    mail = next(row for row in to_maria() if row.once.startswith("money:"))
    assert mail.kind == "invoice_issued" and "$30.00" in mail.body and "$120.00" not in mail.body
    assert late
    books_agree()


def test_one_household_one_message_however_much_there_is(sample_people: People) -> None:
    add_invoice(people.RIVERA, (people.EVA, "Root canal", 70_00), due=TODAY + DAY, number="A-1")
    add_invoice(people.RIVERA, (people.TIM, "X-ray", 20_00), due=TODAY - DAY, number="A-2")
    with transaction(PORTAL) as tx:
        card = tx.get_or_404(PaymentMethod, VISA)
        card.exp_month, card.exp_year = 7, 2026
    with clock.held_at(clock.now() + 16 * DAY):
        add_invoice(people.RIVERA, (people.TIM, "X-ray", 20_00), due=clock.today() + DAY, number="A-3")
        assert send_daily_digests(PORTAL) == 2
    mail = to_maria()[0]
    assert mail.kind == "money_news"
    assert "A-3" in mail.body and "Visa ending in 4242 can be used until" in mail.body


def test_dep_8_two_adults_of_one_address_are_told_apart(sample_people: People) -> None:
    add_invoice(people.RIVERA, (people.MARIA, "Crown", 70_00), due=TODAY + DAY, number="M-1")
    add_invoice(people.LUIS_S, (people.LUIS, "Crown", 80_00), due=TODAY + DAY, number="L-1")
    send_daily_digests(PORTAL)
    for row in outbox():
        assert ("M-1" in row.body) <= (row.account_id == people.RIVERA)
        assert ("L-1" in row.body) <= (row.account_id == people.LUIS_S)
    assert len(outbox()) == 4


def test_nothing_of_health_and_no_names_are_in_any_message(sample_people: People) -> None:
    send(sample_people)
    add_invoice(people.PARK, (people.NINA, "Pregnancy test", 70_00), due=TODAY + DAY)
    send_daily_digests(PORTAL)
    said = " ".join(row.subject + row.body for row in outbox())
    for word in ("Root canal", "Pregnancy", "Nina", "Eva", "Maria", "Osei"):
        assert word not in said


def test_it_is_told_the_way_and_in_the_language_they_chose(sample_people: People) -> None:
    only_by(people.MARIA, PHONE)
    send(sample_people)
    (text,) = to_maria()
    assert (text.channel, text.language) == (PHONE, "es")
    assert "nueva factura" in text.body and "ALTO" in text.body
    assert len(text.body) <= 306


def test_the_practices_own_words_are_used(sample_people: People) -> None:
    set_practice(wording={"invoice_issued": {"en": {"body": "Hello! {amount} from {practice}."}}})
    send(sample_people)
    assert to_maria()[0].body.startswith("Hello! $40.00 from Riverside Family Dental.")


def test_imported_invoices_are_announced_only_where_the_practice_wants_it(sample_people: People) -> None:
    add_invoice(people.RIVERA, (people.EVA, "Root canal", 70_00), issued=TODAY, due=TODAY + 30 * DAY)
    assert send_daily_digests(PORTAL) == 0
    set_practice(announce_imported=True)
    with clock.held_at(clock.now() + DAY):
        send_daily_digests(PORTAL)
    assert [row.kind for row in to_maria()] == ["invoice_issued"] * 2


def test_reminders_can_be_turned_off(sample_people: People) -> None:
    set_practice(reminders=False)
    add_invoice(people.RIVERA, (people.EVA, "Root canal", 70_00), due=TODAY + DAY)
    assert send_daily_digests(PORTAL) == 0


def test_nobody_is_written_to_after_death(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, people.MARIA.id).status = "deceased"  # type: ignore[assignment]
    send(sample_people)
    assert to_maria() == []


def test_a_receipt_goes_each_way_the_payer_chose_and_the_paper_with_the_email(sample_people: People) -> None:
    processor = fake_processor()

    def receipt(minor: int) -> tuple[str, list[tuple[ContactKind, str, list[str]]]]:
        paid = pay_invoice(
            sample_people.maria,
            new_payment(),
            INVOICE,
            Money(minor),
            processor=processor,
            payment_method_id=VISA,
        ).payment_id
        sent = [row for row in outbox("receipt") if row.once.startswith(f"receipt:{paid}:")]
        return payment(paid).receipt_to, [(r.channel, r.to, [a["name"] for a in r.attachments]) for r in sent]

    by_email = (EMAIL, "maria@example.com", ["receipt.pdf"])
    by_text = (PHONE, "+12125550142", [])
    assert receipt(20_00) == ("maria@example.com", [by_email, by_text])
    only_by(people.MARIA, PHONE)
    assert receipt(21_00) == ("", [by_text])
    only_by(people.MARIA, EMAIL)
    assert receipt(22_00) == ("maria@example.com", [by_email])


def test_a_refund_is_told_each_way_the_payer_chose(sample_people: People) -> None:
    processor = fake_processor()
    paid = pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(50_00), processor=processor, payment_method_id=VISA
    ).payment_id
    refund_payment(sample_people.nora, RefundId(new_id("ref")), paid, Money(5_00), processor=processor)
    assert [row.channel for row in outbox("refund")] == [EMAIL, PHONE]


def test_a_bank_debit_that_came_back_days_later_is_told(sample_people: People) -> None:
    processor = fake_processor()
    processor.answers(Outcome.PROCESSING)
    outcome = pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(50_00), processor=processor, payment_method_id=VISA
    )
    row = payment(outcome.payment_id)
    processor.finish(row.processor_intent_id or "", Outcome.DECLINED, "insufficient_funds")
    with clock.held_at(clock.now() + 3 * DAY):
        reconcile(PORTAL, processor=processor)
    assert payment(row.id).status is PaymentStatus.FAILED
    assert [row.channel for row in outbox("payment_failed")] == [EMAIL, PHONE]


def test_who_sees_the_decline_on_the_page_gets_no_message(sample_people: People) -> None:
    processor = fake_processor()
    pay_invoice(
        sample_people.maria,
        new_payment(),
        INVOICE,
        Money(50_00),
        processor=processor,
        token=processor.token("pm_card_visa_chargeDeclined"),
    )
    assert outbox() == []


def test_only_the_portals_errands_tell_households(sample_people: People) -> None:
    for who in (sample_people.maria, sample_people.olga):
        with pytest.raises(PermissionDenied):
            send_daily_digests(who)


def test_ref_6_a_refunded_membership_invoice_leaves_the_membership_active(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        tx.add(Plan(id=PlanId("pln_1"), practice_key="P", name="Family plan", period=Period.MONTH))
        tx.flush()
        tx.add(
            Membership(
                id=MembershipId("mem_1"),
                practice_key="M",
                account_id=people.RIVERA,
                plan_id=PlanId("pln_1"),
                status=MembershipStatus.ACTIVE,
                start=TODAY,
                anchor_day=15,
                created_at=clock.now(),
            )
        )
    invoice = add_invoice(people.RIVERA, (people.MARIA, "Family plan, June", 110_00))
    processor = fake_processor()
    paid = pay_invoice(
        sample_people.maria,
        new_payment(),
        invoice,
        Money(110_00),
        processor=processor,
        payment_method_id=VISA,
    )
    for void in (False, True):
        refund_payment(
            sample_people.nora,
            RefundId(new_id("ref")),
            paid.payment_id,
            Money(50_00),
            processor=processor,
            void_charge=void,
        )
    with reading(PORTAL) as tx:
        assert tx.get_or_404(Membership, "mem_1").status is MembershipStatus.ACTIVE
    assert len(outbox("refund")) == 4  # two refunds, each by email and text
    books_agree()


# --- the log of staff ---------------------------------------------------------------------------
def test_staff_find_messages_by_state_kind_and_name(sample_people: People) -> None:
    send(sample_people)
    add_invoice(people.PARK, (people.NINA, "Check-up", 70_00), due=TODAY + DAY)
    send_daily_digests(PORTAL)
    everything = log.list_messages(sample_people.dana)
    assert everything.count == 4
    assert {row.who for row in log.list_messages(sample_people.dana, search="rosa park").rows} == {
        "Rosa Park"
    }
    assert log.list_messages(sample_people.dana, search="+1212555014").count == 2
    assert log.list_messages(sample_people.dana, search="%").count == 0
    assert log.list_messages(sample_people.dana, kind="due_soon").count == 2
    assert log.list_messages(sample_people.dana, fate=Fate.WAITING, page=99).page == 1
    with pytest.raises(PermissionDenied):
        log.list_messages(sample_people.maria)


def test_what_failed_for_good_is_sent_again_by_staff(sample_people: People) -> None:
    send(sample_people)
    no = Failed(permanent=True, reason="the mail server refused the address (550)")
    with clock.held_at(clock.now() + timedelta(minutes=6)):
        deliver(mail=FakeMailer(answers=[no]))
        (row,) = log.list_messages(sample_people.dana, fate=Fate.FAILED).rows
        assert row.why == no.reason and row.can_send_again
        log.send_again(sample_people.dana, row.id)
        mail = FakeMailer()
        assert deliver(mail=mail) == 1
        assert mail.sent[0].to == "maria@example.com"
        with pytest.raises(UserError):
            log.send_again(sample_people.dana, row.id)


def test_a_code_is_never_sent_again(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        values = {"code": "123456", "reference": "K7"}
        write_message(tx, "sign_in_code", once="c", to_contact=(EMAIL, "maria@example.com"), values=values)
    deliver(mail=FakeMailer(answers=[Failed(permanent=True, reason="no")]))
    (row,) = log.list_messages(sample_people.olga, fate=Fate.FAILED).rows
    assert not row.can_send_again
    with pytest.raises(UserError):
        log.send_again(sample_people.olga, row.id)


def test_a_phone_that_takes_no_texts_is_left_alone(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        for point in tx.exec(select(ContactPoint).where(ContactPoint.kind == PHONE)):
            point.may_text = False
    send(sample_people)
    assert [row.channel for row in to_maria()] == [EMAIL]
