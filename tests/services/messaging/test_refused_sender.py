"""The carrier refuses the practice as the sender: no recipient is blamed, staff have one task, nothing is lost (PROC)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal_app.clock import held_at, now
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import system_principal
from portal_app.domain.families import ContactKind
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sending import refused_sender
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.messaging import delivery, outbox

NOW = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
PORTAL = system_principal("test")
WRONG = "noreply"  # no mail server takes it


@pytest.fixture(autouse=True)
def practice(db: str) -> Iterator[None]:
    assert db
    with held_at(NOW):
        with transaction(PORTAL) as tx:
            tx.add(Practice(id="practice", name="Cedar Family Practice", phone="(202) 555-0100"))
        yield


def write(kind: str, to: str, **values: object) -> None:
    channel = ContactKind.EMAIL if "@" in to else ContactKind.PHONE
    expires = now() + timedelta(minutes=15) if "code" in values else None
    with transaction(PORTAL) as tx:
        outbox.write_message(
            tx,
            kind,
            once=f"{kind}:{to}",
            to_contact=(channel, to),
            language="en",
            values=values,
            expires_at=expires,
        )


def write_refunds(*to: str) -> None:
    for address in to:
        write("refund", address, amount=Money(5_00), date=NOW.date())


def deliver(mail: FakeMailer, sms: FakeTexter | None = None) -> int:
    return delivery.deliver(PORTAL, mail=mail, sms=sms or FakeTexter())


def tasks() -> list[Task]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(Task)))


def failures() -> set[str]:
    with reading(PORTAL) as tx:
        return {row.failed for row in tx.exec(select(OutboxMessage))}


def test_proc_nobodys_address_is_called_wrong_and_staff_have_one_task() -> None:
    write_refunds("maria@example.com", "luis@example.com", "nina@example.com")
    mail = FakeMailer(sender=WRONG)
    for minute in range(0, 60 * 48, 15):
        with held_at(NOW + timedelta(minutes=minute)):
            assert deliver(mail) == 0
    assert failures() == {""}
    (task,) = tasks()
    assert task.kind == "sender_refused:email"
    assert task.values == {"reason": "SMTP_FROM is no address"}
    assert (task.account_id, task.patient_id) == (None, None)


def test_proc_what_waited_a_week_goes_out_once_within_a_quarter_of_an_hour_after_it_is_put_right() -> None:
    write_refunds("maria@example.com", "luis@example.com")
    wrong, right = FakeMailer(sender=WRONG), FakeMailer()
    for hour in range(24 * 7):
        with held_at(NOW + timedelta(hours=hour)):
            deliver(wrong)
    with held_at(NOW + timedelta(days=7)):
        sent = deliver(right)
    with held_at(NOW + timedelta(days=7, minutes=15)):
        sent += deliver(right)
    with held_at(NOW + timedelta(days=8)):
        sent += deliver(right)
    assert sent == 2
    assert sorted(letter.to for letter in right.sent) == ["luis@example.com", "maria@example.com"]


def test_proc_a_code_that_waited_too_long_is_not_sent_later() -> None:
    write("sign_in_code", "maria@example.com", code="123456", reference="K7")
    deliver(FakeMailer(sender=WRONG))
    right = FakeMailer()
    with held_at(NOW + timedelta(minutes=16)):
        assert deliver(right) == 0
    assert right.sent == []


def test_proc_a_refusal_of_the_sender_is_asked_once_a_run_and_texts_still_go_out() -> None:
    write_refunds(*(f"p{n}@example.com" for n in range(5)), "+12025550123")
    mail, sms = (
        FakeMailer(answers=[refused_sender("the mail server refused our password (535)")] * 9),
        FakeTexter(),
    )
    assert deliver(mail, sms) == 1
    assert len(mail.answers) == 8
    assert len(sms.sent) == 1


def test_proc_staff_are_told_again_when_it_goes_on_after_they_finished_the_task() -> None:
    write_refunds("maria@example.com")
    mail = FakeMailer(sender=WRONG)
    deliver(mail)
    with transaction(PORTAL) as tx:
        for task in tx.exec(select(Task)):
            task.done_at = now()
    with held_at(NOW + timedelta(hours=2)):
        deliver(mail)
    assert [task.kind for task in tasks()] == ["sender_refused:email"] * 2


def test_proc_the_numbers_own_refusal_is_told_as_the_practices() -> None:
    write_refunds("+12025550123")
    deliver(FakeMailer(), FakeTexter(answers=[refused_sender("the SMS service said no (21606)")]))
    assert [task.kind for task in tasks()] == ["sender_refused:phone"]
    assert failures() == {""}
