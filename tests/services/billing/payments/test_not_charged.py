"""The processor answers with an error of its own before it charges: nothing is held, and the payer is told."""

from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.billing import IntendedAllocation
from portal_app.domain.billing.declines import decline_texts
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.state.billing.labels import why_declined
from tests.payments_helper import invoice, payment, tasks
from tests.people import INVOICE, People
from tests.services.billing.billing_helper import PORTAL, outbox, reconciled, try_payment


def test_nothing_is_held_and_the_next_press_pays(sample_people: People, processor: FakeProcessor) -> None:
    due = invoice(INVOICE).due
    processor.answers(Outcome.NOT_CHARGED)
    refused = try_payment(sample_people, processor, 50_00)
    assert (refused.status, refused.decline_code) == (PaymentStatus.CANCELLED, "processor_busy")
    assert processor.attempts == 0
    shown = view_invoice(sample_people.maria, INVOICE)
    assert (shown.payability.held, shown.payability.payable) == (None, due)
    paid = try_payment(sample_people, processor, 50_00)  # at once, and no duplicate warning
    assert paid.status is PaymentStatus.SUCCEEDED
    assert invoice(INVOICE).due == due - Money(50_00)
    assert (reconciled(processor), tasks()) == ([], [])
    with reading(PORTAL) as tx:
        assert len(tx.exec(select(IntendedAllocation)).all()) == 2
    assert [row.kind for row in outbox() if "fail" in row.kind] == []


def test_the_words_say_that_nothing_was_charged() -> None:
    words = why_declined("en", "processor_busy")
    assert words.endswith("Nothing was charged.")
    assert "bank" not in words
    assert why_declined("es", "processor_busy").endswith("No se cobró nada.")
    assert decline_texts("processor_busy").for_staff == "The card processor was busy"


def test_a_charge_that_shows_up_after_all_is_booked_and_staff_look_at_it(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.answers(Outcome.NOT_CHARGED)
    refused = try_payment(sample_people, processor, 50_00)
    processor.charge(
        "", Money(50_00), key=refused.payment_id, description="x", token=processor.token("pm_card_visa")
    )
    assert reconciled(processor) == ["charged_not_posted"]
    assert payment(refused.payment_id).status is PaymentStatus.SUCCEEDED
    assert tasks() == ["paid_late"]
