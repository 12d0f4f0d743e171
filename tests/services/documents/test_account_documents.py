"""Statements by person, history, taxes, itemised receipts and their papers, on both databases."""

import io
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from pypdf import PdfReader
from sqlmodel import select

from portal_app import clock
from portal_app.db import migrations
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import InvoiceLine, LedgerPersonShare
from portal_app.db.tables.families import ContactPoint
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome, RefundFacts
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.i18n import money_text
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.history import list_payments, payments_of_year, years_with_payments
from portal_app.services.billing.invoices.itemized_receipt import itemize_invoice, itemize_period
from portal_app.services.billing.payments.pay import pay_account, pay_invoice
from portal_app.services.billing.payments.refunds import refund_payment, settle_refund
from portal_app.services.billing.statements import view_statement
from portal_app.services.documents.account_documents import (
    itemised_document,
    statement_document,
    tax_document,
)
from portal_app.services.documents.errors import NoEmailOnFile
from portal_app.services.documents.statement_email import email_statement
from portal_app.services.messaging import delivery
from tests import people
from tests.payments_helper import check_ledger, fake_processor, set_practice
from tests.people import INVOICE, RIVERA, VISA, People, add_invoice, add_payment

JUNE = (date(2026, 6, 1), date(2026, 6, 30))
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    yield fake_processor()
    check_ledger()


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def paid(sample_people: People, processor: FakeProcessor, minor: int) -> PaymentId:
    payment = PaymentId(new_id("pay"))
    pay_account(sample_people.maria, payment, Money(minor), processor=processor, payment_method_id=VISA)
    return payment


def test_a_statement_of_one_person_has_their_share_of_charges_payments_and_refunds(
    sample_people: People, processor: FakeProcessor
) -> None:
    add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), (people.TIM, "Visit", 20_00), due=date(2026, 6, 20))
    payment = paid(sample_people, processor, 90_00)
    refund_payment(sample_people.nora, RefundId(new_id("ref")), payment, Money(45_00), processor=processor)
    whole = view_statement(sample_people.maria, *JUNE)
    sums = {person.name: person.total for person in whole.people}
    assert sum((sum_.minor for sum_ in sums.values()), 0) == whole.closing.minor == 135_00
    for who in (people.MARIA, people.EVA, people.TIM):
        one = view_statement(sample_people.maria, *JUNE, patient_id=who.id)
        assert (one.person, one.closing) == (who.given_name, sums[who.given_name])
        july = view_statement(sample_people.maria, date(2026, 7, 1), date(2026, 7, 31), patient_id=who.id)
        assert july.opening == one.closing
        assert {name for row in one.rows for name in row.people} == {who.given_name}


def test_what_a_person_owes_is_the_same_cent_on_the_payments_page_and_on_the_statement(
    sample_people: People, processor: FakeProcessor
) -> None:
    """The odd cent of a share goes to the first line's person, in whatever order the lines are kept."""
    for number, lines in enumerate(
        [
            [(people.TIM, "Test", 79_35), (people.TOM, "Test", 97_65)],
            [(people.TOM, "Test", 97_65), (people.TIM, "Test", 79_35)],
            [(people.EVA, "Test", 10_00), (people.TIM, "Test", 10_00), (people.TOM, "Test", 10_00)],
            [(people.TOM, "Test", 10_00), (people.EVA, "Test", 10_00), (people.TIM, "Test", 10_00)],
        ]
    ):
        invoice = add_invoice(RIVERA, *lines, number=f"odd-{number}", due=date(2026, 6, 20))
        pay = (sample_people.maria, PaymentId(new_id("pay")), invoice, Money(10_01 + 10_00 * number % 20_00))
        pay_invoice(*pay, processor=processor, payment_method_id=VISA)
    owed = {person.name: person.owed for person in view_account(sample_people.maria).people}
    assert owed == {person.name: person.total for person in view_statement(sample_people.maria, *JUNE).people}


def test_a_refund_that_came_back_is_taken_from_whom_it_had_been_given(
    sample_people: People, processor: FakeProcessor
) -> None:
    payment, refund = paid(sample_people, processor, 120_00), RefundId(new_id("ref"))
    refund_payment(sample_people.nora, refund, payment, Money(45_00), processor=processor)
    settle_refund(system_principal("test"), refund, RefundFacts(Outcome.DECLINED))
    (told,) = list_payments(sample_people.maria).rows[0].refunds
    assert told.status is RefundStatus.FAILED  # they were told that it is on its way
    hers = view_statement(sample_people.maria, *JUNE, patient_id=people.MARIA.id)
    back = [row.amount.minor for row in hers.rows if row.kind in (EntryKind.REFUND, EntryKind.REVERSAL)]
    assert sorted(back) == [-45_00, 45_00]  # written in one moment of the held clock
    assert hers.closing == view_statement(sample_people.maria, *JUNE).closing == Money(0)


def test_the_shares_of_books_that_were_kept_before_are_written_when_they_begin_to_be(
    sample_people: People, processor: FakeProcessor
) -> None:
    add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), (people.TIM, "Visit", 20_01), due=date(2026, 6, 20))
    payment = paid(sample_people, processor, 150_00)
    for minor, outcome in ((45_00, Outcome.SUCCEEDED), (20_00, Outcome.DECLINED)):
        refund = RefundId(new_id("ref"))
        refund_payment(sample_people.nora, refund, payment, Money(minor), processor=processor)
        settle_refund(system_principal("test"), refund, RefundFacts(outcome))
    kept = shares()
    assert len(kept) >= 5
    command.stamp(migrations.configuration(), "head")  # the tests' tables are not made by migrations
    migrations.downgrade("0005")
    migrations.upgrade()
    assert shares() == kept


def shares() -> set[tuple[str, str, date, int]]:
    with reading(system_principal("test")) as tx:
        return {
            (row.entry_id, row.patient_id, row.posted_on, row.amount.minor)
            for row in tx.exec(select(LedgerPersonShare))
            if row.amount
        }


def test_stmt_5_of_one_person_what_is_being_posted_is_their_share(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), due=date(2026, 6, 1))
    paid(sample_people, processor, 50_00)
    eva = view_statement(sample_people.maria, *JUNE, patient_id=people.EVA.id)
    assert (eva.closing, eva.being_posted_total, eva.after_posting) == (Money(40_00), Money(40_00), Money(0))


def test_dep_4_a_statement_names_only_whom_one_may_see(sample_people: People) -> None:
    add_invoice(people.PARK, (people.ROSA, "Visit", 30_00), (people.NINA, "Consultation", 70_00))
    view = view_statement(sample_people.rosa, *JUNE)
    assert {(person.name, person.total.minor) for person in view.people} == {("Rosa", 30_00), ("", 70_00)}
    with pytest.raises(NotFound):
        view_statement(sample_people.rosa, *JUNE, patient_id=people.NINA.id)
    paper = text_of(statement_document(sample_people.rosa, *JUNE, "en").content)
    assert "$100.00" in paper
    assert "Nina" not in paper


def test_the_history_has_refunds_under_their_payments_page_by_page(
    sample_people: People, processor: FakeProcessor
) -> None:
    payment = paid(sample_people, processor, 100_00)
    refund_payment(sample_people.nora, RefundId(new_id("ref")), payment, Money(40_00), processor=processor)
    (row,) = list_payments(sample_people.maria).rows
    assert (row.payment.id, [refund.amount for refund in row.refunds]) == (payment, [Money(40_00)])
    assert list_payments(sample_people.kim).count == 0
    with pytest.raises(NotFound):
        list_payments(sample_people.kim, account_id=RIVERA)


def test_the_list_for_taxes_is_of_the_practices_year_and_less_what_came_back(
    sample_people: People, processor: FakeProcessor
) -> None:
    with clock.held_at(datetime(2025, 12, 31, 23, 30, tzinfo=NEW_YORK)):
        add_payment(INVOICE, 20_00, at=clock.now())
    payment = paid(sample_people, processor, 60_00)
    refund_payment(sample_people.nora, RefundId(new_id("ref")), payment, Money(10_00), processor=processor)
    assert years_with_payments(sample_people.maria) == (2026, 2025)
    before, now = (payments_of_year(sample_people.maria, year) for year in (2025, 2026))
    assert [row.amount for row in before.rows] == [Money(20_00)]
    assert (now.paid, now.refunded, now.total) == (Money(60_00), Money(-10_00), Money(50_00))
    paper = text_of(tax_document(sample_people.maria, 2026, "en").content)
    for figure in (now.paid, now.refunded, now.total):
        assert money_text("en", figure) in paper
    assert "Pagado en 2026" in text_of(tax_document(sample_people.maria, 2026, "es").content)
    assert payments_of_year(sample_people.maria, 2020).rows == ()


def test_an_itemised_receipt_says_who_what_when_by_whom_charge_and_paid(
    sample_people: People, processor: FakeProcessor
) -> None:
    invoice = add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), (people.TIM, "Sealants", 20_00))
    with transaction(system_principal("test")) as tx:
        for line in tx.exec(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice)):
            line.code = "D1120"
    add_payment(invoice, 30_00)
    view = itemize_invoice(sample_people.maria, invoice)
    assert [(row.person, row.charge.minor, row.paid.minor) for row in view.rows] == [
        ("Eva Rivera", 40_00, 20_00),
        ("Tim Rivera", 20_00, 10_00),
    ]
    paper = text_of(itemised_document(sample_people.maria, invoice, "en").content)
    for said in (
        "Eva Rivera",
        "Cleaning",
        "D1120",
        "Dr. Ada Osei",
        "June 5, 2026",
        "$40.00",
        "$20.00",
        "$30.00",
    ):
        assert said in paper
    period = itemize_period(sample_people.maria, *JUNE, patient_id=people.EVA.id)
    assert [row.description for row in period.rows] == ["Cleaning"]
    assert itemize_period(sample_people.maria, date(2020, 1, 1), date(2020, 12, 31)).rows == ()


def test_dep_4_an_itemised_receipt_hides_whom_one_may_not_see(sample_people: People) -> None:
    invoice = add_invoice(people.PARK, (people.NINA, "Consultation", 70_00))
    (row,) = itemize_invoice(sample_people.rosa, invoice).rows
    assert (row.person, row.description, row.service_date, row.charge) == ("", "", None, Money(70_00))
    assert itemize_period(sample_people.rosa, *JUNE).rows == ()


def test_drafts_void_and_others_invoices_are_not_itemised(sample_people: People) -> None:
    for status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        invoice = add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), status=status)
        with pytest.raises(NotFound):
            itemize_invoice(sample_people.maria, invoice)
    with pytest.raises(NotFound):
        itemize_invoice(sample_people.kim, INVOICE)


def test_stmt_8_page_pdf_and_email_say_the_same_figures_and_the_mail_no_names(
    sample_people: People, processor: FakeProcessor
) -> None:
    add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00))
    paid(sample_people, processor, 25_00)
    view = view_statement(sample_people.maria, *JUNE)
    assert email_statement(sample_people.maria, *JUNE) == "maria@example.com"
    mail = FakeMailer()
    delivery.deliver(system_principal("outbox"), mail=mail, sms=FakeTexter())
    sent = next(message for message in mail.sent if "statement" in message.subject)
    assert money_text("en", view.closing) in sent.text
    page = text_of(statement_document(sample_people.maria, *JUNE, "en").content)
    mailed = text_of(sent.attachments[0].content)
    for amount in (
        view.opening,
        view.charges,
        view.payments,
        view.closing,
        *(row.running for row in view.rows),
    ):
        assert money_text("en", amount) in page
        assert money_text("en", amount) in mailed
    assert "Eva" in page
    assert "Eva" not in mailed + sent.text


def test_the_same_statement_is_mailed_once_in_ten_minutes(sample_people: People) -> None:
    for _ in range(3):
        email_statement(sample_people.maria, *JUNE)
    with reading(system_principal("test")) as tx:
        assert len(tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "statement")).all()) == 1


def test_without_an_email_address_it_says_so(sample_people: People) -> None:
    with transaction(system_principal("test")) as tx:
        for point in tx.exec(
            select(ContactPoint).where(
                ContactPoint.patient_id == people.KIM.id, ContactPoint.kind == ContactKind.EMAIL
            )
        ):
            tx.delete(point)
    with pytest.raises(NoEmailOnFile):
        email_statement(sample_people.kim, *JUNE)
