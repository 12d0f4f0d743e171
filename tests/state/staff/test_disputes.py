"""The disputes of a payment in its panel, as a tab of staff holds it."""

from collections.abc import Iterator

import pytest

from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import new_id
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.disputes.errors import LossDecided
from portal_app.state.staff.billing import dispute_panel
from portal_app.state.staff.billing.dispute_panel import PaymentDisputesState
from tests.payments_helper import check_ledger, fake_processor, invoice
from tests.people import INVOICE, People
from tests.services.billing.billing_helper import outbox, pay
from tests.services.billing.disputes.dispute_helper import CREATED, disputes, hear
from tests.services.billing.disputes.test_decide import lose
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    """A fake processor that knows Maria's saved Visa; afterwards amounts and ledger agree."""
    yield fake_processor()
    check_ledger()


@pytest.fixture
async def panel(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
) -> PaymentDisputesState:
    """The panel of a payment whose dispute was lost, as billing staff see it."""
    lose(sample_people, processor)
    monkeypatch.setattr(dispute_panel, "watch", lambda *_: None)
    look_from(monkeypatch, sample_people.nora)
    page = on_screen(PaymentDisputesState, "/staff/transactions")
    await happens(page.load_disputes, payment=disputes()[0].payment_id)
    return page


async def test_disp_1_the_panel_shows_what_was_lost_and_what_is_due_again(panel: PaymentDisputesState):
    (shown,) = panel.disputes
    assert (shown.tone, shown.status, shown.amount, shown.fee) == ("late", "Lost", "$50.00", "$15.00")
    assert (shown.reason, shown.answer_by, shown.undecided) == ("The payer says it was not them", "", True)
    assert shown.due_again == "$120.00 is due: invoice INV-1001"
    assert (panel.may_decide, panel.may_write_off) == (True, True)


async def test_disp_1_a_write_off_is_asked_about_first_by_amount_and_person(panel: PaymentDisputesState):
    await happens(panel.ask_write_off, dispute=panel.disputes[0].id)
    assert panel.question == "Write off $120.00 of Maria Rivera?"
    await happens(panel.cancel_write_off)
    assert (panel.question, panel.asked_about) == ("", "")
    assert invoice(INVOICE).status is InvoiceStatus.OPEN
    await happens(panel.ask_write_off, dispute=panel.disputes[0].id)
    await happens(panel.write_off)
    assert (panel.message, panel.tone, panel.question) == ("1 invoice was written off.", "paid", "")
    assert invoice(INVOICE).status is InvoiceStatus.WRITTEN_OFF
    assert not panel.disputes[0].undecided


async def test_disp_1_sending_again_is_done_once_and_says_so(panel: PaymentDisputesState):
    lost = panel.disputes[0].id
    await happens(panel.send_again, dispute=lost)
    assert (panel.message, panel.tone) == ("1 invoice was sent again.", "paid")
    told = len(outbox("invoice_again"))
    await happens(panel.send_again, dispute=lost)
    assert shows_refusal(panel, LossDecided) and len(outbox("invoice_again")) == told
    await happens(panel.ask_write_off, dispute=lost)  # decided: nothing to ask
    assert panel.question == ""


async def test_the_desk_sees_a_dispute_and_writes_nothing_off(
    panel: PaymentDisputesState, sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.dana)
    await happens(panel.load_disputes, payment=disputes()[0].payment_id)
    assert (panel.disputes[0].undecided, panel.may_write_off) == (True, False)
    await happens(panel.ask_write_off, dispute=panel.disputes[0].id)
    await happens(panel.write_off)
    assert panel.question == "" and "Ask an owner of the portal" in panel.notice
    assert invoice(INVOICE).status is InvoiceStatus.OPEN


async def test_another_payment_shows_nothing_of_the_last_one(
    panel: PaymentDisputesState, sample_people: People, processor: FakeProcessor
):
    await happens(panel.ask_write_off, dispute=panel.disputes[0].id)
    other = pay(sample_people, processor, 20_00)
    await happens(panel.load_disputes, payment=other.id)
    assert (panel.disputes, panel.question, panel.asked_about) == ([], "", "")
    hear(processor, processor.dispute(other.processor_intent_id or ""), CREATED)
    await happens(panel.refresh)
    (shown,) = panel.disputes
    assert (shown.status, shown.undecided, shown.due_again) == ("To be answered", False, "")
    await happens(panel.ask_write_off, dispute=new_id("dsp"))
    assert panel.question == ""
