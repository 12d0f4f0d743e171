"""Invoice and receipt on paper: the figures of the screen, what the reader may see and nothing else."""

import io
from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, the_portal
from portal_app.domain.billing.words import PaymentStatus
from portal_app.domain.errors import Refused
from portal_app.domain.ids import InvoiceId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services import documents
from portal_app.services.billing.invoices import view_invoice
from portal_app.services.billing.views import ReceiptPart, ReceiptView
from portal_app.services.letterhead import letterhead, shown_phone
from portal_app.services.messaging import delivery, outbox
from portal_app.services.paper import printed
from portal_app.speech import money_text
from tests.cast import (
    EVA,
    INVOICE,
    KIM_INVOICE,
    MARIA,
    NINA,
    PARK,
    RIVERA,
    ROSA,
    Cast,
    add_invoice,
    add_payment,
)

RECEIPT = ReceiptView(
    payment_id=PaymentId("pay_1"),
    number="R-1042",
    amount=Money(70_00),
    refunded=Money(0),
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
    return text_of(printed("receipt", facts | documents.receipt_facts(view, language) | {"to": []}).content)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_paper_says_the_figures_of_the_page(cast: Cast, language: str) -> None:
    add_payment(INVOICE, 50_00)
    view = view_invoice(cast.maria, INVOICE)
    text = text_of(documents.invoice_paper(cast.maria, INVOICE, language).content)
    for amount in (view.total, -view.paid, view.due, *(line.amount for line in view.lines)):
        assert money_text(language, amount) in text
    assert "INV-1001" in text
    assert "Crown, lower left" in text
    assert "Maria Rivera" in text
    assert "Riverside Family Dental" in text
    assert "(212) 555-0100" in text


def test_a_masked_line_says_services_dep_4(cast: Cast) -> None:
    bill = add_invoice(PARK, (NINA, "Counselling", 80_00), (ROSA, "Filling", 20_00))
    text = text_of(documents.invoice_paper(cast.rosa, bill, "en").content)
    assert "Services" in text
    assert "$80.00" in text
    assert "Filling" in text
    assert "Counselling" not in text
    assert "Nina" not in text


def test_the_paper_of_a_family_names_each_person(cast: Cast) -> None:
    bill = add_invoice(RIVERA, (MARIA, "Crown", 80_00), (EVA, "Cleaning", 20_00))
    text = text_of(documents.invoice_paper(cast.maria, bill, "en").content)
    assert "Eva" in text
    assert "$100.00" in text


@pytest.mark.parametrize("who", ["luis", "kim", "nina", "ivy"])
def test_another_persons_paper_does_not_exist(cast: Cast, who: str) -> None:
    principal: Principal = getattr(cast, who)
    for id_ in (INVOICE, InvoiceId(new_id("inv"))):
        with pytest.raises(Refused):
            documents.invoice_paper(principal, id_, "en")


def test_staff_who_read_a_paper_leave_a_line_in_the_trail(cast: Cast) -> None:
    documents.invoice_paper(cast.nora, KIM_INVOICE, "en")
    documents.invoice_paper(cast.kim, KIM_INVOICE, "en")
    with reading(the_portal("test")) as tx:
        lines = tx.exec(select(AuditEntry).where(AuditEntry.action == "read:invoice")).all()
        assert [(line.actor, line.subject) for line in lines] == [(cast.nora.name, KIM_INVOICE)]


@pytest.mark.parametrize(("paper", "width"), [("a4", 595.28), ("us-letter", 612)])
def test_the_paper_has_the_practices_size(cast: Cast, paper: str, width: float) -> None:
    with transaction(the_portal("test")) as tx:
        tx.find(Practice, "practice").paper = paper
    pdf = documents.invoice_paper(cast.maria, INVOICE, "en").content
    assert PdfReader(io.BytesIO(pdf)).pages[0].mediabox.width == pytest.approx(width, abs=0.1)


def test_the_file_is_named_after_the_number_and_nothing_else(cast: Cast) -> None:
    assert documents.invoice_paper(cast.maria, INVOICE, "en").file_name == "invoice-INV-1001.pdf"
    odd = add_invoice(RIVERA, (MARIA, "Crown", 1_00), number='20/41"\r\nX-Evil: é')
    assert documents.invoice_paper(cast.maria, odd, "en").file_name == "invoice-20-41---X-Evil.pdf"


def test_a_receipt_names_every_bill_it_paid_all_7() -> None:
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
    masked = receipt_text(documents.masked(RECEIPT))
    for word in ("Crown", "Cleaning", "Eva", "Tim"):
        assert word not in masked
    assert "2042" in masked
    assert "$10.00" in masked


def test_a_service_date_of_this_year_still_has_its_year(cast: Cast) -> None:
    assert view_invoice(cast.maria, INVOICE).issue_date == date(2026, 6, 5)
    assert "June 5, 2026" in text_of(documents.invoice_paper(cast.maria, INVOICE, "en").content)


@pytest.mark.parametrize(
    ("given", "shown"), [("+12125550100", "(212) 555-0100"), ("ask at the desk", "ask at the desk"), ("", "")]
)
def test_a_phone_number_is_written_as_people_do(given: str, shown: str) -> None:
    assert shown_phone(given) == shown


def test_the_receipt_in_the_outbox_is_attached_and_masked(cast: Cast) -> None:
    bill = add_invoice(RIVERA, (EVA, "Sealants", 30_00))
    payment = add_payment(bill, 30_00)
    with transaction(cast.maria) as tx:
        outbox.write_each_way(
            tx,
            "receipt",
            once="r",
            to_patient=MARIA.id,
            values={"number": "R-1", "amount": Money(30_00), "date": date(2026, 6, 15)},
            attachments=[{"name": "receipt.pdf", "document": "receipt", "id": payment}],
        )
    mail = FakeMailer()
    assert delivery.deliver(the_portal("outbox"), mail=mail, sms=FakeTexter()) == 2
    (attached,) = mail.sent[0].attachments
    text = text_of(attached.content)
    assert (attached.name, attached.media_type) == ("receipt.pdf", "application/pdf")
    assert "$30.00" in text
    assert "Sealants" not in text + mail.sent[0].text
    assert "Eva" not in text + mail.sent[0].text
    assert "Sealants" in text_of(documents.receipt_paper(cast.maria, payment, "en").content)


def test_an_attempt_that_brought_no_money_has_no_receipt(cast: Cast) -> None:
    payment = add_payment(INVOICE, 30_00, status=PaymentStatus.FAILED)
    with pytest.raises(Refused):
        documents.receipt_paper(cast.maria, payment, "en")
