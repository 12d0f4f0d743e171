"""The page Automatic payment: on, off, another card, and what a charge did not take."""

from collections.abc import Iterator
from typing import Any

import pytest

from portal_app import clock, gateways
from portal_app.domain.billing.types import RECEIVED
from portal_app.domain.memberships.types import BilledBy
from portal_app.gateways import Gateways
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.state.billing import payments as payments_state
from portal_app.state.billing.payments import PaymentsState
from portal_app.state.errors import NoPaymentMethodChosen
from portal_app.state.memberships.autopay import AutopayState
from portal_app.state.memberships.memberships import MembershipsState
from tests.payments_helper import fake_processor, payments
from tests.people import RIVERA, VISA, People
from tests.services.memberships.autopay.autopay_helper import (
    MARCH_15,
    charges,
    family,
    march,
    noon,
    row_of,
    run_on,
    save_card,
    sent,
    tries,
    use_card,
)
from tests.state_helper import happens, look_from, on_screen, shows_refusal

POOR, ASKS = "pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_authenticationRequired"


@pytest.fixture
def processor(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProcessor]:
    made, fake = People.create(), fake_processor()
    look_from(monkeypatch, made.maria)
    monkeypatch.setattr(payments_state, "watch", lambda *_: None)
    gateways.use(Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    yield fake
    gateways.use(None)


async def opened(membership: str, state: Any = AutopayState, address: str = "") -> Any:
    page = on_screen(state, address or f"/memberships/autopay?id={membership}")
    await happens(page.load)
    return page


async def overview(membership: str) -> Any:
    (card,) = (await opened(membership, MembershipsState, "/memberships")).current
    return card


async def test_it_is_turned_on_with_all_that_is_agreed_on_the_page(processor: FakeProcessor):
    membership = family(on=False)
    with clock.held_at(noon(march(3))):
        card = await overview(membership)
        assert card.autopay_href == f"/memberships/autopay?id={membership}"
        assert not card.is_automatic
        page = await opened(membership)
        assert (page.is_on, page.may_be_on, page.plan) == (False, True, "Family plan")
        assert [(one.label, one.note, one.first) for one in page.methods] == [
            ("Visa ending in 4242", "Will be charged $110.00 on March 15, 2026", True)
        ]
        await happens(page.turn_on, form={})
        assert shows_refusal(page, NoPaymentMethodChosen)
        await happens(page.turn_on, form={"payment_method": VISA})
        assert page.message == "Automatic payment is on."
        assert page.now == "Visa ending in 4242 will be charged $110.00 on March 15, 2026"
        assert page.methods == []  # none but what is used
        assert (await overview(membership)).is_automatic
    assert row_of(membership).payment_method_id == VISA
    assert "/memberships" in sent("autopay_on")[0].body


async def test_it_is_turned_off_and_the_invoices_stay_to_pay(processor: FakeProcessor):
    membership = family()
    with clock.held_at(noon(march(4))):
        page = await opened(membership)
        await happens(page.turn_off)
        assert (page.is_on, page.message) == (
            False,
            "Automatic payment is off. You pay each invoice yourself.",
        )
    assert row_of(membership).payment_method_id is None


async def test_auto_1_a_failed_charge_says_what_happens_next_and_when(processor: FakeProcessor):
    membership = family()
    use_card(processor, POOR)
    run_on(MARCH_15, processor)
    with clock.held_at(noon(MARCH_15)):
        card = await overview(membership)
        assert (card.owed, card.owed_note) == (
            "$110.00 is open",
            "We try again on March 16, 2026. If you pay before, that try falls away.",
        )
        pay = await opened(membership, PaymentsState, card.pay_href)
        assert (pay.reviewing, [part.amount for part in pay.parts]) == (True, ["$110.00"])


async def test_pay_8_save_and_pay_charges_once_at_once_with_the_new_card(processor: FakeProcessor):
    membership = family()
    use_card(processor, POOR)
    run_on(MARCH_15, processor)
    new = save_card(processor)
    with clock.held_at(noon(march(17))):
        page = await opened(membership)
        assert (page.owed, page.pay_now) == ("$110.00 is open", "Save and pay $110.00")
        assert page.now == "Automatically, with Visa ending in 4242"
        assert all(one.note.startswith("Expires December") for one in page.methods)
        form = {"payment": page.payment, "payment_method": new}
        *_, leads = await happens(page.save_and_pay, form=form)
        assert "/receipt?id=pay_" in str(leads)
        await happens(page.save_and_pay, form=form)
    by_hand = [row for row in payments() if row.status in RECEIVED and row.paid_by != "portal:autopay"]
    assert [row.amount.minor for row in by_hand] == [110_00]
    assert row_of(membership).payment_method_id == new
    assert tries(membership)[-1][2] == "dropped"
    assert charges() == []


async def test_pay_8_the_banks_question_is_answered_on_the_page_of_payments(processor: FakeProcessor):
    membership = family()
    use_card(processor, POOR)
    run_on(MARCH_15, processor)
    new = save_card(processor, ASKS)
    with clock.held_at(noon(march(17))):
        page = await opened(membership)
        form = {"payment": page.payment, "payment_method": new}
        *_, leads = await happens(page.save_and_pay, form=form)
        assert f"/payments?account={RIVERA}" in str(leads)
        pay = await opened(membership, PaymentsState, f"/payments?account={RIVERA}")
        assert pay.held_by_bank and not pay.card_key
        await happens(pay.continue_payment)
        assert pay.bank_secret
        assert (pay.card_key, pay.card_amount) == (processor.publishable_key, 110_00)


async def test_pay_8_declined_it_says_why_and_keeps_the_way_to_pay(processor: FakeProcessor):
    membership = family()
    use_card(processor, POOR)
    run_on(MARCH_15, processor)
    with clock.held_at(noon(march(17))):
        page = await opened(membership)
        first = page.payment
        await happens(page.save_and_pay, form={"payment": first, "payment_method": VISA})
        assert page.tone == "late" and page.message
        assert page.pay_now == "Save and pay $110.00"
        assert page.payment != first


async def test_auto_3_the_banks_question_is_named_with_its_last_day(processor: FakeProcessor):
    membership = family()
    use_card(processor, ASKS)
    run_on(MARCH_15, processor)
    with clock.held_at(noon(march(16))):
        card = await overview(membership)
        assert card.owed_note == (
            "Your bank asks you to confirm it. Pay and confirm by March 22, 2026: we do not try again by ourselves."
        )


async def test_an_expired_card_is_not_offered(processor: FakeProcessor):
    membership = family(on=False)
    with clock.held_at(noon(march(3)).replace(year=2031)):
        page = await opened(membership)
        assert (page.methods, page.may_be_on) == ([], True)


async def test_what_the_practice_bills_and_somebody_elses_have_none(
    processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
):
    membership = family(on=False, billed_by=BilledBy.PRACTICE)
    page = await opened(membership)
    assert (page.may_be_on, page.pay_now) == (False, "")
    await happens(page.turn_on, form={"payment_method": VISA})
    assert page.tone == "late" and not page.is_on
    for who in (People.luis, People.kim):
        look_from(monkeypatch, who)
        page = await opened(membership)
        assert page.missing and not page.plan
        await happens(page.turn_off)
        assert page.message == "We could not find that."
    assert row_of(membership).account_id == RIVERA
