"""Messages about payments: receipts, refunds, failures."""

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Membership
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.memberships.types import MembershipStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.refunds import refund_payment
from tests import people
from tests.memberships_helper import add_membership, add_plan
from tests.payments_helper import check_ledger, fake_processor, new_payment, payment
from tests.people import INVOICE, VISA, People, add_invoice
from tests.services.billing.billing_helper import DAY, EMAIL, PHONE, PORTAL, TODAY, only_by, outbox


def test_a_receipt_is_sent_by_each_chosen_channel_and_the_pdf_with_the_email(sample_people: People) -> None:
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


def test_a_refund_is_announced_by_each_chosen_channel(sample_people: People) -> None:
    processor = fake_processor()
    paid = pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(50_00), processor=processor, payment_method_id=VISA
    ).payment_id
    refund_payment(sample_people.nora, RefundId(new_id("ref")), paid, Money(5_00), processor=processor)
    assert [row.channel for row in outbox("refund")] == [EMAIL, PHONE]


def test_a_bank_debit_returned_days_later_is_announced(sample_people: People) -> None:
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


def test_a_payer_who_sees_the_decline_on_the_page_gets_no_message(sample_people: People) -> None:
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


def test_ref_6_a_refunded_membership_invoice_leaves_the_membership_active(sample_people: People) -> None:
    membership = add_membership(people.RIVERA, add_plan(), start=TODAY)
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
        assert tx.get_or_404(Membership, membership).status is MembershipStatus.ACTIVE
    assert len(outbox("refund")) == 4  # two refunds, each by email and text
    check_ledger()
