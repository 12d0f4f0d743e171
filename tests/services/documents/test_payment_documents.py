"""Invoice and receipt on paper: the figures of the screen, what the reader may see and nothing else."""

import io
from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import InvoiceId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.i18n import money_text
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.views import ReceiptPart, ReceiptView
from portal_app.services.documents import payment_documents
from portal_app.services.documents.document import render
from portal_app.services.documents.letterhead import letterhead, shown_phone
from portal_app.services.messaging import delivery, outbox
from tests.people import (
    EVA,
    INVOICE,
    KIM_INVOICE,
    MARIA,
    NINA,
    PARK,
    RIVERA,
    ROSA,
    People,
    add_invoice,
    add_payment,
)

RECEIPT = ReceiptView(
    payment_id=PaymentId("pay_1"),
    number="R-1042",
    amount=Money(70_00),
    refunded=Money(0),
    lost=Money(0),
    status=PaymentStatus.SUCCEEDED,
    paid_at=datetime(2026, 6, 15, 2, 30, tzinfo=UTC),
    shown="Visa ending in 4242",
    payer="Maria Rivera",
    email="",
    parts=(
        ReceiptPart(InvoiceId("inv_1"), "2041", "Crown", ("Maria",), Money(60_00), Money(0)),
        ReceiptPart(InvoiceId("inv_2"), "2042", "Cleaning", ("Eva", "Tim"), Money(10_00), Money(5_00)),
    ),
    credit=Money(0),
    posted=True,
)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def receipt_text(view: ReceiptView, language: str = "en") -> str:
    facts = letterhead(Practice(id="practice", name="Cedar"), language)
    return text_of(
        render("receipt", facts | payment_documents.receipt_facts(view, language) | {"to": []}).content
    )


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_paper_says_the_figures_of_the_page(sample_people: People, language: str) -> None:
    add_payment(INVOICE, 50_00)
    view = view_invoice(sample_people.maria, INVOICE)
    text = text_of(payment_documents.invoice_document(sample_people.maria, INVOICE, language).content)
    for amount in (view.total, -view.paid, view.due, *(line.amount for line in view.lines)):
        assert money_text(language, amount) in text
    assert "INV-1001" in text
    assert "Crown, lower left" in text
    assert "Maria Rivera" in text
    assert "Riverside Family Dental" in text
    assert "(212) 555-0100" in text


def test_a_masked_line_says_services_dep_4(sample_people: People) -> None:
    invoice = add_invoice(PARK, (NINA, "Counselling", 80_00), (ROSA, "Filling", 20_00))
    text = text_of(payment_documents.invoice_document(sample_people.rosa, invoice, "en").content)
    assert "Services" in text
    assert "$80.00" in text
    assert "Filling" in text
    assert "Counselling" not in text
    assert "Nina" not in text


def test_the_paper_of_a_family_names_each_person(sample_people: People) -> None:
    invoice = add_invoice(RIVERA, (MARIA, "Crown", 80_00), (EVA, "Cleaning", 20_00))
    text = text_of(payment_documents.invoice_document(sample_people.maria, invoice, "en").content)
    assert "Eva" in text
    assert "$100.00" in text


@pytest.mark.parametrize("who", ["luis", "kim", "nina", "ivy"])
def test_another_persons_paper_does_not_exist(sample_people: People, who: str) -> None:
    principal: Principal = getattr(sample_people, who)
    for id_ in (INVOICE, InvoiceId(new_id("inv"))):
        with pytest.raises(NotFound):
            payment_documents.invoice_document(principal, id_, "en")


def test_staff_who_read_a_paper_leave_a_line_in_the_trail(sample_people: People) -> None:
    payment_documents.invoice_document(sample_people.nora, KIM_INVOICE, "en")
    payment_documents.invoice_document(sample_people.kim, KIM_INVOICE, "en")
    with reading(system_principal("test")) as tx:
        lines = tx.exec(select(AuditEntry).where(AuditEntry.action == "read:invoice")).all()
        assert [(line.actor, line.subject) for line in lines] == [(sample_people.nora.name, KIM_INVOICE)]


@pytest.mark.parametrize(("paper", "width"), [("a4", 595.28), ("us-letter", 612)])
def test_the_paper_has_the_practices_size(sample_people: People, paper: str, width: float) -> None:
    with transaction(system_principal("test")) as tx:
        tx.get_or_404(Practice, "practice").paper = paper
    pdf = payment_documents.invoice_document(sample_people.maria, INVOICE, "en").content
    assert PdfReader(io.BytesIO(pdf)).pages[0].mediabox.width == pytest.approx(width, abs=0.1)


def test_the_file_is_named_after_the_number_and_nothing_else(sample_people: People) -> None:
    assert (
        payment_documents.invoice_document(sample_people.maria, INVOICE, "en").file_name
        == "invoice-INV-1001.pdf"
    )
    odd = add_invoice(RIVERA, (MARIA, "Crown", 1_00), number='20/41"\r\nX-Evil: é')
    assert (
        payment_documents.invoice_document(sample_people.maria, odd, "en").file_name
        == "invoice-20-41---X-Evil.pdf"
    )


def test_a_receipt_names_every_invoice_it_paid_all_7() -> None:
    text = receipt_text(RECEIPT)
    for said in (
        "R-1042",
        "$70.00",
        "2041",
        "2042",
        "Eva and Tim",
        "$60.00",
        "$10.00",
        "$5.00",
        "Visa ending in 4242",
    ):
        assert said in text
    assert "June 14, 2026" in text  # the practice's day, not Greenwich's
    assert "10:30" in text


def test_an_emailed_receipt_holds_no_service_and_no_other_person() -> None:
    masked = receipt_text(payment_documents.masked(RECEIPT))
    for word in ("Crown", "Cleaning", "Eva", "Tim"):
        assert word not in masked
    assert "2042" in masked
    assert "$10.00" in masked


def test_a_service_date_of_this_year_still_has_its_year(sample_people: People) -> None:
    assert view_invoice(sample_people.maria, INVOICE).issue_date == date(2026, 6, 5)
    assert "June 5, 2026" in text_of(
        payment_documents.invoice_document(sample_people.maria, INVOICE, "en").content
    )


@pytest.mark.parametrize(
    ("given", "shown"), [("+12125550100", "(212) 555-0100"), ("ask at the desk", "ask at the desk"), ("", "")]
)
def test_a_phone_number_is_written_as_people_do(given: str, shown: str) -> None:
    assert shown_phone(given) == shown


def test_the_receipt_in_the_outbox_is_attached_and_masked(sample_people: People) -> None:
    invoice = add_invoice(RIVERA, (EVA, "Sealants", 30_00))
    payment = add_payment(invoice, 30_00)
    with transaction(sample_people.maria) as tx:
        outbox.write_each_way(
            tx,
            "receipt",
            once="r",
            to_patient=MARIA.id,
            values={"number": "R-1", "amount": Money(30_00), "date": date(2026, 6, 15)},
            attachments=[{"name": "receipt.pdf", "document": "receipt", "id": payment}],
        )
    mail = FakeMailer()
    assert delivery.deliver(system_principal("outbox"), mail=mail, sms=FakeTexter()) == 2
    (attached,) = mail.sent[0].attachments
    text = text_of(attached.content)
    assert (attached.name, attached.media_type) == ("receipt.pdf", "application/pdf")
    assert "$30.00" in text
    assert "Sealants" not in text + mail.sent[0].text
    assert "Eva" not in text + mail.sent[0].text
    assert "Sealants" in text_of(
        payment_documents.receipt_document(sample_people.maria, payment, "en").content
    )


def test_an_attempt_that_brought_no_money_has_no_receipt(sample_people: People) -> None:
    payment = add_payment(INVOICE, 30_00, status=PaymentStatus.FAILED)
    with pytest.raises(NotFound):
        payment_documents.receipt_document(sample_people.maria, payment, "en")
