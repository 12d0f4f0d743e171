"""More is recorded at the desk than is owed: staff are asked once, and the answer counts for that amount only."""

import pytest

from portal_app.domain.money import Money
from portal_app.services.billing.staff.patient_billing import view_patient_billing
from portal_app.state.staff.billing import patient
from portal_app.state.staff.billing.patient import PatientState
from tests.payments_helper import check_ledger, invoice, payments
from tests.people import INVOICE, MARIA, People
from tests.state_helper import happens, look_from, on_screen


@pytest.fixture
async def desk(sample_people: People, monkeypatch: pytest.MonkeyPatch) -> PatientState:
    """The front desk has opened the form of a payment for Maria, who owes 120.00."""
    monkeypatch.setattr(patient, "watch", lambda *_: None)
    look_from(monkeypatch, sample_people.dana)
    page = on_screen(PatientState, f"/staff/patients/{MARIA.id}")
    await happens(page.load)
    await happens(page.open_payment_form)
    return page


def form_of(desk: PatientState, amount: str) -> dict[str, str]:
    """What the form sends: the payment's id, and the amount that was asked about."""
    return {"payment": desk.payment, "amount": amount, "method": "cash", "deposit_for": desk.deposit_for}


async def test_what_exceeds_the_balance_is_asked_about_and_nothing_is_recorded(desk: PatientState):
    await happens(desk.record_payment, form=form_of(desk, "150"))
    assert "$30.00" in desk.deposit_question and desk.deposit_for == "150.00"
    assert desk.recording and desk.message == "" and payments() == []


async def test_the_answer_records_it_and_the_rest_is_credit(desk: PatientState, sample_people: People):
    await happens(desk.record_payment, form=form_of(desk, "150"))
    await happens(desk.record_payment, form=form_of(desk, "150"))
    assert (desk.message, desk.tone, desk.recording) == ("$150.00 was recorded.", "paid", False)
    assert desk.credit == "$30.00" and invoice(INVOICE).due == Money(0)
    assert [row.amount for row in payments()] == [Money(150_00)]
    assert view_patient_billing(sample_people.dana, MARIA.id, note=False).credit == Money(30_00)
    check_ledger()


async def test_another_amount_is_asked_about_again(desk: PatientState):
    await happens(desk.record_payment, form=form_of(desk, "150"))
    await happens(desk.record_payment, form=form_of(desk, "1500"))
    assert "$1,380.00" in desk.deposit_question and payments() == []
    await happens(desk.record_payment, form=form_of(desk, "120"))  # fits: there is nothing to ask
    assert (desk.deposit_question, desk.recording) == ("", False)
    assert invoice(INVOICE).due == Money(0)


async def test_a_form_that_is_opened_anew_has_no_answer_in_it(desk: PatientState):
    await happens(desk.record_payment, form=form_of(desk, "150"))
    await happens(desk.close_payment_form)
    await happens(desk.open_payment_form)
    assert (desk.deposit_question, desk.deposit_for) == ("", "")
