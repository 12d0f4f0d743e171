"""Billing digests: each thing is told once, in one message a day, never what a service was."""

from datetime import timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import PaymentMethod
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.billing.types import Method
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.money import Money
from portal_app.services.billing.invoices.issue import void_invoice, write_off
from portal_app.services.billing.invoices.read import list_invoices
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.staff.record_payment import record_payment
from tests import people
from tests.payments_helper import check_ledger, fake_processor, new_payment, set_practice
from tests.people import VISA, People, add_invoice
from tests.services.billing.billing_helper import (
    DAY,
    EMAIL,
    PHONE,
    PORTAL,
    TODAY,
    deliver,
    only_by,
    outbox,
    send_new_invoice,
    to_maria,
)


def test_an_issued_invoice_is_announced_by_email_and_text_in_its_transaction(
    sample_people: People,
) -> None:
    send_new_invoice(sample_people)
    assert [(row.kind, row.channel) for row in to_maria()] == [
        ("invoice_issued", EMAIL),
        ("invoice_issued", PHONE),
    ]
    assert "$40.00" in to_maria()[0].body


def test_several_invoices_of_one_day_are_one_message(sample_people: People) -> None:
    send_new_invoice(sample_people, 40_00)
    send_new_invoice(sample_people, 25_00)
    mail, text = to_maria()
    assert mail.kind == text.kind == "money_news"
    assert "$40.00" in mail.body and "$25.00" in mail.body
    assert deliver() == 0  # it waits a few minutes for others
    with clock.held_at(clock.now() + timedelta(minutes=6)):
        assert deliver() == 2
        send_new_invoice(sample_people, 10_00)
        assert len(to_maria()) == 2  # told today already
    with clock.held_at(clock.now() + DAY):
        send_daily_digests(PORTAL)
        assert [row.kind for row in to_maria()[2:]] == ["invoice_issued"] * 2


def test_at_night_a_digest_waits_until_the_practice_opens(sample_people: People) -> None:
    with clock.held_at(clock.now() - timedelta(hours=8)):
        send_new_invoice(sample_people)
    assert {row.next_try_at.astimezone(clock.zone()).hour for row in to_maria() if row.next_try_at} == {9}


def test_in_the_evening_an_invoice_is_announced_with_the_next_digest(sample_people: People) -> None:
    evening = clock.now().astimezone(clock.zone()).replace(hour=20, minute=0)
    with clock.held_at(evening):
        send_new_invoice(sample_people)
        assert to_maria() == []
    with clock.held_at(evening + timedelta(hours=13)):
        send_daily_digests(PORTAL)
        assert [row.kind for row in to_maria()] == ["invoice_issued"] * 2


def test_an_invoice_voided_or_written_off_before_its_digest_is_sent_is_left_out(
    sample_people: People,
) -> None:
    void_invoice(sample_people.nora, send_new_invoice(sample_people))
    assert to_maria() == []
    write_off(sample_people.nora, send_new_invoice(sample_people))
    assert to_maria() == []
    assert deliver() == 0


def test_an_invoice_paid_before_its_digest_is_sent_is_left_out(sample_people: People) -> None:
    first, second = send_new_invoice(sample_people, 40_00), send_new_invoice(sample_people, 25_00)
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


def test_an_invoice_in_a_sent_digest_is_not_announced_again(sample_people: People) -> None:
    invoice = send_new_invoice(sample_people)
    with clock.held_at(clock.now() + timedelta(minutes=6)):
        deliver()
        void_invoice(sample_people.nora, invoice)
        assert [row.kind for row in to_maria()] == ["invoice_issued"] * 2 and deliver() == 0


@pytest.mark.parametrize(
    ("due", "kind"), [(3, "due_soon"), (0, "due_soon"), (-1, "overdue"), (4, ""), (-8, "")]
)
def test_reminders_are_sent_three_days_before_and_after_the_due_date(
    sample_people: People, due: int, kind: str
) -> None:
    add_invoice(people.RIVERA, (people.EVA, "Root canal", 70_00), due=TODAY + due * DAY)
    send_daily_digests(PORTAL)
    assert [row.kind for row in to_maria()] == [kind] * (2 if kind else 0)


def test_a_second_run_announces_nothing_twice(sample_people: People) -> None:
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


def test_an_invoice_paid_meanwhile_is_not_in_the_next_digest(sample_people: People) -> None:
    processor = fake_processor()
    send_new_invoice(sample_people, 120_00)
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
    late = send_new_invoice(sample_people, 30_00)
    mail = next(row for row in to_maria() if row.once.startswith("money:"))
    assert mail.kind == "invoice_issued" and "$30.00" in mail.body and "$120.00" not in mail.body
    assert late
    check_ledger()


def test_an_account_gets_one_message_however_much_there_is(sample_people: People) -> None:
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


def test_dep_8_two_adults_of_one_address_get_separate_messages(sample_people: People) -> None:
    add_invoice(people.RIVERA, (people.MARIA, "Crown", 70_00), due=TODAY + DAY, number="M-1")
    add_invoice(people.LUIS_S, (people.LUIS, "Crown", 80_00), due=TODAY + DAY, number="L-1")
    send_daily_digests(PORTAL)
    for row in outbox():
        assert ("M-1" in row.body) <= (row.account_id == people.RIVERA)
        assert ("L-1" in row.body) <= (row.account_id == people.LUIS_S)
    assert len(outbox()) == 4


def test_no_message_names_a_service_or_a_person(sample_people: People) -> None:
    send_new_invoice(sample_people)
    add_invoice(people.PARK, (people.NINA, "Pregnancy test", 70_00), due=TODAY + DAY)
    send_daily_digests(PORTAL)
    said = " ".join(row.subject + row.body for row in outbox())
    for word in ("Root canal", "Pregnancy", "Nina", "Eva", "Maria", "Osei"):
        assert word not in said


def test_digests_use_the_chosen_channel_and_language(sample_people: People) -> None:
    only_by(people.MARIA, PHONE)
    send_new_invoice(sample_people)
    (text,) = to_maria()
    assert (text.channel, text.language) == (PHONE, "es")
    assert "nueva factura" in text.body and "ALTO" in text.body
    assert len(text.body) <= 306


def test_digests_use_the_practices_own_texts(sample_people: People) -> None:
    set_practice(wording={"invoice_issued": {"en": {"body": "Hello! {amount} from {practice}."}}})
    send_new_invoice(sample_people)
    assert to_maria()[0].body.startswith("Hello! $40.00 from Riverside Family Dental.")


def test_imported_invoices_are_announced_only_where_the_practice_has_turned_it_on(
    sample_people: People,
) -> None:
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


def test_a_deceased_guarantor_gets_no_message(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, people.MARIA.id).status = "deceased"  # type: ignore[assignment]
    send_new_invoice(sample_people)
    assert to_maria() == []


def test_only_the_portal_itself_sends_digests(sample_people: People) -> None:
    for who in (sample_people.maria, sample_people.olga):
        with pytest.raises(PermissionDenied):
            send_daily_digests(who)


def test_a_phone_that_accepts_no_texts_gets_none(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        for point in tx.exec(select(ContactPoint).where(ContactPoint.kind == PHONE)):
            point.may_text = False
    send_new_invoice(sample_people)
    assert [row.channel for row in to_maria()] == [EMAIL]
