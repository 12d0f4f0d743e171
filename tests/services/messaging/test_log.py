"""The log of messages: staff find them and send failed ones again."""

from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.domain.errors import PermissionDenied
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sending import Failed
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.messaging import log
from portal_app.services.messaging.errors import CannotSendAgain
from portal_app.services.messaging.log import Fate
from portal_app.services.messaging.outbox import write_message
from tests import people
from tests.people import People, add_invoice
from tests.services.billing.billing_helper import DAY, EMAIL, PORTAL, TODAY, deliver, send_new_invoice


def test_staff_find_messages_by_state_kind_and_name(sample_people: People) -> None:
    send_new_invoice(sample_people)
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


def test_staff_send_a_message_again_that_failed_for_good(sample_people: People) -> None:
    send_new_invoice(sample_people)
    no = Failed(permanent=True, reason="the mail server refused the address (550)")
    with clock.held_at(clock.now() + timedelta(minutes=6)):
        deliver(mail=FakeMailer(answers=[no]))
        (row,) = log.list_messages(sample_people.dana, fate=Fate.FAILED).rows
        assert row.why == no.reason and row.can_send_again
        log.send_again(sample_people.dana, row.id)
        mail = FakeMailer()
        assert deliver(mail=mail) == 1
        assert mail.sent[0].to == "maria@example.com"
        with pytest.raises(CannotSendAgain):
            log.send_again(sample_people.dana, row.id)


def test_a_code_is_never_sent_again(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        values = {"code": "123456", "reference": "K7"}
        write_message(tx, "sign_in_code", once="c", to_contact=(EMAIL, "maria@example.com"), values=values)
    deliver(mail=FakeMailer(answers=[Failed(permanent=True, reason="no")]))
    (row,) = log.list_messages(sample_people.olga, fate=Fate.FAILED).rows
    assert not row.can_send_again
    with pytest.raises(CannotSendAgain):
        log.send_again(sample_people.olga, row.id)
