"""The outbox: written with what it speaks of, sent once, tried again, given up, told."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal_app.clock import held_at
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, Family, Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import PATIENT_PERMISSIONS, Principal, Side, system_principal
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, FamilyId, PatientId
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sending import Failed
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.messaging import delivery, log, outbox
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.rendering import render_template
from portal_app.settings import Mode, settings

NOW = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
PORTAL = system_principal("test")
EMAIL = (ContactKind.EMAIL, "maria@example.com")
PHONE = (ContactKind.PHONE, "+12025550123")
MARIA = PatientId("pat_" + "1" * 32)
ACCOUNT = AccountId("acc_" + "1" * 32)
AS_MARIA = Principal(
    f"patient:{MARIA}", Side.PATIENT, PATIENT_PERMISSIONS, frozenset({ACCOUNT}), frozenset({MARIA}), MARIA
)
TROUBLE = Failed(permanent=False, reason="no mail server (TimeoutError)")


@pytest.fixture(autouse=True)
def practice(db: str) -> Iterator[None]:
    assert db
    with held_at(NOW), transaction(PORTAL) as tx:
        tx.add(Practice(id="practice", name="Cedar Family Practice", phone="(202) 555-0100"))
        tx.add(Family(id=FamilyId("fam_1"), practice_key="F1"))
        tx.add(Account(id=ACCOUNT, guarantor_id=MARIA, created_at=NOW))
        tx.flush()
        tx.add(
            Patient(
                id=MARIA,
                chart_number="1",
                family_id=FamilyId("fam_1"),
                account_id=ACCOUNT,
                given_name="Maria",
                family_name="Alvarez",
                language="es",
                created_at=NOW,
            )
        )
        tx.flush()
        tx.add(ContactPoint(id="con_1", patient_id=MARIA, kind=ContactKind.PHONE, value=PHONE[1]))
        tx.add(ContactPoint(id="con_2", patient_id=MARIA, kind=ContactKind.EMAIL, value=EMAIL[1]))
    with held_at(NOW):
        yield


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    production = settings().model_copy(update={"mode": Mode.PRODUCTION})
    for module in (delivery, log):
        monkeypatch.setattr(module, "settings", lambda: production)


def write_code(once: str = "code:1", to: tuple[ContactKind, str] = EMAIL, **more: object) -> bool:
    with transaction(AS_MARIA) as tx:
        return outbox.write_message(
            tx,
            "sign_in_code",
            once=once,
            to_contact=to,
            language="en",
            values={"code": "123456", "reference": "K7"},
            **more,  # type: ignore[arg-type]
        )


def deliver(mail: FakeMailer, sms: FakeTexter | None = None) -> int:
    return delivery.deliver(PORTAL, mail=mail, sms=sms or FakeTexter())


def rows() -> list[OutboxMessage]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(OutboxMessage)))


def tasks() -> list[Task]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(Task)))


def test_what_is_written_is_sent_once() -> None:
    mail = FakeMailer()
    assert write_code()
    assert [deliver(mail), deliver(mail)] == [1, 0]
    assert mail.sent[0].to == "maria@example.com"
    assert "123456" in mail.sent[0].text
    assert mail.sent[0].sender_name == "Cedar Family Practice"


def test_the_same_thing_is_said_once_and_the_callers_transaction_lives_on() -> None:
    with transaction(AS_MARIA) as tx:
        for _ in range(2):
            outbox.write_message(
                tx, "refund", once="r", to_contact=EMAIL, values={"amount": Money(1), "date": NOW}
            )
        outbox.write_message(
            tx, "refund", once="other", to_contact=EMAIL, values={"amount": Money(2), "date": NOW}
        )
    assert sorted(row.once for row in rows()) == ["other", "r"]


def test_a_message_of_a_transaction_that_failed_was_never_written() -> None:
    def fails() -> None:
        with transaction(AS_MARIA) as tx:
            values = {"code": "1", "reference": "K"}
            outbox.write_message(tx, "sign_in_code", once="c", to_contact=EMAIL, values=values)
            raise NotFound

    with pytest.raises(NotFound):
        fails()
    assert rows() == []


def test_a_patient_cannot_read_the_outbox() -> None:
    write_code()
    with reading(AS_MARIA) as tx:
        assert tx.exec(select(OutboxMessage)).all() == []


@pytest.mark.parametrize("writes", [40])
def test_two_deliverers_send_each_message_once(writes: int) -> None:
    for n in range(writes):
        write_code(once=f"code:{n}")
    mail, start = FakeMailer(), threading.Barrier(2)

    def work() -> None:
        start.wait()
        deliver(mail)

    both = [threading.Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(mail.sent) == writes
    assert len({m.id for m in mail.sent}) == writes


def test_it_is_tried_again_with_growing_delays_under_one_message_id() -> None:
    write_code(expires_at=NOW + timedelta(days=1))
    mail = FakeMailer(answers=[TROUBLE] * 7)
    at, waits = NOW, []
    for _ in range(7):
        with held_at(at):
            assert deliver(mail) == 0
        (row,) = rows()
        assert row.next_try_at
        waits.append((row.next_try_at - at) / timedelta(minutes=1))
        with held_at(row.next_try_at - timedelta(seconds=1)):
            assert deliver(mail) == 0
            assert rows()[0].tries == row.tries
        at = row.next_try_at
    assert waits == [1, 5, 15, 60, 180, 360, 360]
    with held_at(at):
        assert deliver(mail) == 1
    assert mail.sent[0].id == rows()[0].id


def test_a_deliverer_that_died_leaves_the_message_to_the_next_one() -> None:
    write_code()
    assert delivery._claim(PORTAL)
    mail = FakeMailer()
    assert deliver(mail) == 0
    with held_at(NOW + timedelta(minutes=5)):
        assert deliver(mail) == 1


def test_an_expired_code_is_dropped_and_nobody_is_bothered() -> None:
    write_code(expires_at=NOW + timedelta(minutes=15))
    with held_at(NOW + timedelta(minutes=15)):
        assert deliver(FakeMailer()) == 0
    assert rows()[0].failed == "expired"
    assert tasks() == []


def test_a_receipt_that_could_never_be_sent_is_told_to_staff() -> None:
    with transaction(AS_MARIA) as tx:
        outbox.write_each_way(
            tx,
            "receipt",
            once="r",
            to_patient=MARIA,
            account_id=ACCOUNT,
            values={"amount": Money(50_00), "date": NOW.date(), "number": "R-7"},
        )
    with held_at(NOW + timedelta(days=4)):
        deliver(FakeMailer())
    assert [(t.kind, t.account_id) for t in tasks()] == [("message_failed", ACCOUNT)] * 2  # each way


def test_a_refused_address_is_marked_and_told_to_staff_once_a_day() -> None:
    for n in range(3):
        write_code(once=f"c{n}")
    deliver(
        FakeMailer(answers=[Failed(permanent=True, reason="the mail server refused the address (550)")] * 3)
    )
    assert {row.failed for row in rows()} == {"the mail server refused the address (550)"}
    (task,) = tasks()
    assert task.values["to"] == "maria@example.com"


def test_stop_is_remembered_for_the_number() -> None:
    write_code(to=PHONE)
    sms = FakeTexter(answers=[Failed(permanent=True, reason="21610", opted_out=True)])
    deliver(FakeMailer(), sms)
    with reading(PORTAL) as tx:
        assert not tx.get_or_404(ContactPoint, "con_1").may_text


def test_who_chose_no_way_is_reached_by_email_in_their_own_language() -> None:
    with transaction(PORTAL) as tx:
        for contact in ("con_1", "con_2"):
            tx.get_or_404(ContactPoint, contact).preferred = False
    with transaction(AS_MARIA) as tx:
        assert outbox.write_each_way(
            tx, "refund", once="r", to_patient=MARIA, values={"amount": Money(5), "date": NOW}
        )
    (row,) = rows()
    assert (row.channel, row.to, row.language) == (*EMAIL, "es")


def test_a_patient_without_a_usable_contact_point_gets_nothing() -> None:
    with transaction(PORTAL) as tx:
        tx.exec(select(ContactPoint)).all()
        tx.delete(tx.get_or_404(ContactPoint, "con_2"))
        tx.get_or_404(ContactPoint, "con_1").may_text = False
    with transaction(AS_MARIA) as tx:
        said = outbox.write_each_way(
            tx, "refund", once="r", to_patient=MARIA, values={"amount": Money(5), "date": NOW}
        )
    assert not said
    assert rows() == []


def test_the_code_by_sms_ends_with_the_line_that_phones_fill_in() -> None:
    write_code(to=PHONE)
    sms = FakeTexter()
    deliver(FakeMailer(), sms)
    ((to, text),) = sms.sent
    assert to == PHONE[1]
    assert "household" in text
    assert "K7" in text
    assert text.splitlines()[-1] == "@localhost #123456"
    assert text.isascii()
    assert len(text) <= 160


def test_a_code_is_forgotten_once_it_is_sent_where_the_portal_is_real(real: None) -> None:
    write_code()
    deliver(FakeMailer())
    assert rows()[0].body == ""


def test_every_message_has_words_and_every_sms_fits_in_two_parts() -> None:
    practice = Practice(id="practice", name="Cedar Family Practice")
    values = {
        "verify": "https://my.example.org/verify",
        "practice": practice.name,
        "portal": "https://portal.example.com",
        "host": "portal.example.com",
        "code": "123456",
        "reference": "K7",
        "amount": Money(1_250_50),
        "date": NOW.date(),
        "number": "R-1042",
        "card": "Visa ending in 4242",
        "news": "Invoice INV-1001: $40.00 is due on June 18, 2026",
        "count": 3,
        "notice": "A payment of $40.00 needs a look.",
        "first": NOW.date(),
        "last": NOW.date(),
        "left": Money(20_00),
        "due": Money(20_00),
        "before": Money(20_00),
        "end": NOW.date(),
        "by": NOW.date(),
        "next": NOW.date(),
        "next_amount": Money(20_00),
        "next_card": "Visa ending in 4242",
        "next_date": NOW.date(),
        "body": "Invoice INV-1001: $40.00 is due on June 18, 2026",
        "effective": NOW.date(),
        "cancel": "https://portal.example.com/stop-reset",
        "link": "https://portal.example.com/links",
        "name": "Maria",
        "value": "m…@example.com",
    }
    for kind in TEMPLATES:
        for language in ("en", "es"):
            said = render_template(practice, kind, "email", language, values)
            assert said.subject
            assert "{" not in said.subject + said.body
            assert len(render_template(practice, kind, "phone", language, values).body) <= 306


def test_the_practices_own_words_are_used_unless_they_leave_out_what_is_needed() -> None:
    practice = Practice(id="practice", name="Cedar")
    values = {"practice": "Cedar", "code": "123456", "reference": "K7", "host": "h", "portal": "p"}
    own = "{practice} says {code}, {reference}, {code.__class__} {unknown}"
    practice.wording = {"sign_in_code": {"en": {"subject": "Hi from {practice}", "body": own}}}
    said = render_template(practice, "sign_in_code", "email", "en", values)
    assert said.subject == "Hi from Cedar"
    assert said.body.startswith("Cedar says 123456, K7, {code.__class__} {unknown}")
    practice.wording = {"sign_in_code": {"en": {"body": "no code in here"}}}
    assert "123456" in render_template(practice, "sign_in_code", "email", "en", values).body


def test_the_outbox_page_does_not_exist_where_the_portal_is_real(real: None) -> None:
    write_code()
    with pytest.raises(NotFound):
        log.sent_messages(AS_MARIA)


def test_the_outbox_page_of_the_demo_shows_what_was_sent() -> None:
    write_code()
    deliver(FakeMailer())
    (shown,) = log.sent_messages(AS_MARIA)
    assert "123456" in shown.body
    assert shown.to == "maria@example.com"


async def test_the_loop_is_woken_by_what_is_written_and_outlives_a_bug() -> None:
    class Moody(FakeMailer):
        def send(self, mail: object) -> object:  # type: ignore[override]
            if not heard.is_set():
                heard.set()
                raise RuntimeError("a bug")
            return super().send(mail)  # type: ignore[arg-type]

    heard = threading.Event()
    mail = Moody()
    from portal_app.gateways import Gateways  # noqa: PLC0415

    loop = asyncio.create_task(
        delivery.deliver_when_woken(Gateways(payments=None, mail=mail, sms=FakeTexter(), documents=None))  # type: ignore[arg-type]
    )
    await asyncio.sleep(0.1)
    await asyncio.to_thread(write_code, "a")
    await asyncio.to_thread(heard.wait, 2)
    await asyncio.to_thread(write_code, "b")
    for _ in range(40):
        await asyncio.sleep(0.05)
        if mail.sent:
            break
    loop.cancel()
    assert len(mail.sent) == 1
