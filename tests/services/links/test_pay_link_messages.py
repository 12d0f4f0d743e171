"""Pay links in messages: sent by staff, and in reminders."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.families import ContactPoint
from portal_app.domain.access import Permission, Side
from portal_app.domain.ids import InvoiceId
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.links import action_links, pay_links
from portal_app.services.links.errors import NoContactOnFile
from portal_app.services.messaging import delivery, log
from portal_app.services.sign_in.sessions import redeem
from tests.payments_helper import set_practice
from tests.people import EVA, INVOICE, KIM, MARIA, RIVERA, People, add_invoice
from tests.services.credentials_helper import NOBODY, TEST, outbox, sign_in_as, trail


def test_a_pay_link_is_sent_in_each_chosen_way_and_its_text_is_deleted(
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
    assert sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date)).may(Permission.ACTION_LINK)
    monkeypatch.setattr(delivery, "settings", lambda: type("Real", (), {"demo": False}))
    delivery.deliver(TEST, mail=FakeMailer(), sms=FakeTexter())
    assert {row.body for row in outbox("pay_link")} == {""}
    assert [e.action for e in trail() if e.action == "send:pay_link"] == ["send:pay_link"]


def test_a_pay_link_without_contact_is_shown_but_not_sent(sample_people: People):
    with transaction(TEST) as tx:
        for point in tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == MARIA.id)).all():
            tx.delete(point)
    with pytest.raises(NoContactOnFile):
        pay_links.send_pay_link(sample_people.dana, INVOICE)
    assert outbox("pay_link") == []
    made = pay_links.make_pay_link(sample_people.dana, INVOICE)
    assert made.qr_svg.startswith("<svg")


def open_links_of(invoice: InvoiceId) -> list[ActionLink]:
    with reading(TEST) as tx:
        rows = tx.exec(select(ActionLink).where(col(ActionLink.subject_id) == invoice)).all()
        return [row for row in rows if action_links.still_opens(row)]


def test_a_message_about_one_invoice_has_a_pay_link_if_the_setting_is_on(sample_people: People):
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


def test_a_rewritten_message_leaves_at_most_one_open_link(sample_people: People):
    set_practice(link_in_messages=True)
    soon = clock.today() + timedelta(days=2)
    invoice = add_invoice(KIM.account, (KIM, "Root canal", 70_00), due=soon)
    send_daily_digests(TEST)
    add_invoice(KIM.account, (KIM, "Sealant", 20_00), due=soon)
    send_daily_digests(TEST)
    assert {row.kind for row in outbox("money_news")} == {"money_news"}
    assert len(open_links_of(invoice)) <= 1
    assert all("/links#" not in row.body for row in outbox("money_news"))
