"""After a dispute is lost staff send the invoice again or write it off; each is done once."""

import pytest

from portal_app.domain.billing.disputes import DisputeStatus, LossDecision
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import DisputeId
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.disputes.decide import send_again, view_disputes, write_off_loss
from portal_app.services.billing.disputes.errors import DisputeNotLost, LossDecided
from tests.payments_helper import check_ledger, invoice
from tests.people import INVOICE, People
from tests.services.billing.billing_helper import outbox, pay
from tests.services.billing.disputes.dispute_helper import CLOSED, CREATED, disputes, hear, open_tasks


def lose(sample_people: People, processor: FakeProcessor) -> DisputeId:
    row = pay(sample_people, processor, 50_00)
    dispute_id = processor.dispute(row.processor_intent_id or "")
    processor.close_dispute(dispute_id, DisputeStatus.LOST)
    hear(processor, dispute_id, CREATED, CLOSED)
    return disputes()[0].id


def test_disp_1_the_invoice_is_sent_again_once(sample_people: People, processor: FakeProcessor) -> None:
    id_ = lose(sample_people, processor)
    assert send_again(sample_people.nora, id_) == 1
    (message, *_) = outbox("invoice_again")
    assert "$120.00" in message.body
    assert open_tasks() == []
    assert disputes()[0].decision == LossDecision.SEND_AGAIN
    with pytest.raises(LossDecided):
        send_again(sample_people.nora, id_)
    with pytest.raises(LossDecided):
        write_off_loss(sample_people.nora, id_)


def test_disp_1_the_invoice_is_written_off(sample_people: People, processor: FakeProcessor) -> None:
    id_ = lose(sample_people, processor)
    assert write_off_loss(sample_people.nora, id_, reason="card stolen") == 1
    assert (invoice(INVOICE).status, invoice(INVOICE).due) == (InvoiceStatus.WRITTEN_OFF, Money(0))
    assert open_tasks() == []
    check_ledger()


def test_what_staff_see_of_a_dispute(sample_people: People, processor: FakeProcessor) -> None:
    lose(sample_people, processor)
    (view,) = view_disputes(sample_people.nora, disputes()[0].payment_id)
    assert (view.amount, view.fee, view.lost, view.undecided) == (
        Money(50_00),
        Money(15_00),
        Money(50_00),
        True,
    )
    assert [(one.id, one.due) for one in view.due_again] == [(INVOICE, Money(120_00))]


def test_an_open_dispute_is_not_decided_here(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    hear(processor, processor.dispute(row.processor_intent_id or ""), CREATED)
    for decide in (send_again, write_off_loss):
        with pytest.raises(DisputeNotLost):
            decide(sample_people.nora, disputes()[0].id)


def test_patients_decide_nothing_and_the_desk_writes_nothing_off(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = lose(sample_people, processor)
    for who in (sample_people.maria, sample_people.kim):
        for ask in (send_again, write_off_loss):
            with pytest.raises(PermissionDenied):
                ask(who, id_)
        with pytest.raises(PermissionDenied):
            view_disputes(who, disputes()[0].payment_id)
    with pytest.raises(PermissionDenied):
        write_off_loss(sample_people.dana, id_)
    assert len(open_tasks()) == 1
