"""The pages of a pay link, called as a hostile browser calls them: this invoice, this much, nothing else (CODE-14)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import select

from portal_app import gateways
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Payment
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.errors import PaymentTooLarge
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import new_id
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.links import action_links, pay_links
from portal_app.services.sign_in import rate_limits
from portal_app.state.billing import pay_link
from portal_app.state.billing.invoice import InvoiceState
from portal_app.state.billing.pay_link import LinkedReceiptState, PayLinkState
from portal_app.state.billing.receipt import ReceiptState
from portal_app.state.sign_in.other_methods import LinkSignInState
from tests.payments_helper import fake_processor, set_practice
from tests.people import INVOICE, MARIA, VISA, People
from tests.services.credentials_helper import NOBODY, TEST, sign_in_as
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    rate_limits.forget_all()
    return People.create()


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    fake = fake_processor()
    gateways.use(gateways.Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    yield fake
    gateways.use(None)


@pytest.fixture
def seen_by(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setattr(pay_link, "watch", lambda *_: None)
    return lambda who, language="en": look_from(monkeypatch, who, language)


@pytest.fixture
def token(sample_people: People) -> str:
    return pay_links.make_pay_link(sample_people.dana, INVOICE).address.partition("#")[2]


@pytest.fixture
def guest(token: str) -> Principal:
    return sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))


@pytest.fixture
async def page(guest: Principal, processor: FakeProcessor, seen_by: Any) -> PayLinkState:
    seen_by(guest)
    return await opened()


async def opened() -> PayLinkState:
    page = on_screen(PayLinkState, "/links/bill")
    await happens(page.load)
    return page


def payments() -> list[Payment]:
    with reading(TEST) as tx:
        return list(tx.exec(select(Payment)))


async def pays(page: PayLinkState, processor: FakeProcessor, amount: str = "") -> list[Any]:
    how = {"how_much": "part", "amount": amount} if amount else {"how_much": "all"}
    said = await happens(page.pay, form={"payment": page.payment, **how})
    if page.card_asked:
        said += await happens(page.pay_with_card, token=processor.token())
    return said


def on_the_page(page: Any) -> str:
    return " ".join(str(value) for value in page.dict()[page.get_full_name()].values())


async def test_every_handler_has_the_guard_of_link_sessions(page: PayLinkState):
    for state in (PayLinkState, LinkedReceiptState):
        guards = {name: getattr(h.fn, "guard", None) for name, h in state.event_handlers.items()}
        ours = {name: guard for name, guard in guards.items() if guard is not None}
        assert ours and set(ours.values()) == {Permission.ACTION_LINK}


async def test_it_pays_and_shows_the_receipt(page: PayLinkState, processor: FakeProcessor):
    assert (page.can_pay, page.card_wanted, page.payment_methods) == (True, True, [])
    assert page.at_least == "From $0.50 to $120.00"
    paid = page.payment
    said = await pays(page, processor, "50")
    assert f"/links/receipt?id={paid}" in str(said[-1])
    receipt = on_screen(LinkedReceiptState, f"/links/receipt?id={paid}")
    await happens(receipt.load)
    assert (receipt.amount, receipt.left, receipt.received) == ("$50.00", "$70.00", True)
    again = await opened()
    assert (again.figure, again.can_pay) == ("$70.00", True)
    for shown in (page, receipt, again):
        for word in ("Maria", "Rivera", "Eva", "Crown", "visit", "example.com"):
            assert word not in on_the_page(shown)


async def test_all_8_an_amount_above_the_links_limit_is_refused(page: PayLinkState, processor: FakeProcessor):
    await pays(page, processor, "120.01")
    assert shows_refusal(page, PaymentTooLarge, "amount") and "$120.00" in page.message
    assert payments() == []


@pytest.mark.parametrize("typed", ["−5", "0", "10.005", "1e3", "NaN", "1" + "0" * 12, ""])
async def test_all_11_an_amount_that_cannot_be_read_is_refused(
    page: PayLinkState, processor: FakeProcessor, typed: str
):
    before = page.payment
    await happens(page.pay, form={"payment": page.payment, "how_much": "part", "amount": typed})
    assert page.message and page.payment != before
    assert payments() == []


async def test_a_link_session_cannot_charge_the_guarantors_saved_card(
    page: PayLinkState, processor: FakeProcessor
):
    await happens(page.pay, form={"payment": page.payment, "how_much": "all", "source": VISA, "save": "on"})
    assert page.card_asked == 1  # asked to type one
    await happens(page.pay_with_card, token=f"pm_{VISA}")
    assert shows_refusal(page, NotFound)
    assert payments() == []


async def test_a_declined_card_and_a_card_with_a_bank_question(page: PayLinkState, processor: FakeProcessor):
    processor.answers(Outcome.DECLINED, "lost_card")
    await pays(page, processor, "50")
    assert page.message.startswith("Your bank declined the card.") and page.can_pay
    processor.answers(Outcome.REQUIRES_ACTION)
    await pays(page, processor, "50")
    assert page.bank_secret
    processor.finish(payments()[-1].processor_intent_id or "")
    said = await happens(page.check_bank_answer, result={"id": "pi_x", "status": "succeeded"})
    assert "/links/receipt?id=" in str(said[-1])


async def test_a_payment_in_flight_of_somebody_else_has_no_buttons(
    sample_people: People, page: PayLinkState, processor: FakeProcessor
):
    from portal_app.domain.money import Money  # noqa: PLC0415
    from portal_app.services.billing.payments.pay import pay_invoice  # noqa: PLC0415
    from tests.payments_helper import new_payment  # noqa: PLC0415

    processor.answers(Outcome.REQUIRES_ACTION)
    pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(50_00), processor=processor, payment_method_id=VISA
    )
    await happens(page.refresh)
    assert (page.can_pay, page.held_elsewhere, bool(page.held)) == (False, True, True)
    await happens(page.cancel_payment)
    assert shows_refusal(page, NotFound)


async def test_a_setting_of_the_practice_reaches_the_open_page(page: PayLinkState, processor: FakeProcessor):
    set_practice(online_payments=False)
    await happens(page.refresh)
    assert (page.can_pay, page.why_not) == (False, "offline")
    await pays(page, processor, "50")
    assert payments() == []


async def test_a_link_session_opens_no_other_page(guest: Principal, processor: FakeProcessor, seen_by: Any):
    seen_by(guest)
    invoice = on_screen(InvoiceState, f"/invoices/{INVOICE}")
    for handler, given in (
        (invoice.load, {}),
        (invoice.pay, {"form": {"payment": new_id("pay"), "how_much": "all", "source": VISA}}),
        (invoice.pay_with_card, {"token": processor.token()}),
        (invoice.cancel_payment, {}),
        (on_screen(ReceiptState, f"/receipt?id={new_id('pay')}").load, {}),
    ):
        said = await happens(handler, **given)
        assert "/sign-in" in str(said[-1].args)
    assert not invoice.ready and invoice.notice == ""
    assert payments() == []


async def test_the_links_page_needs_a_link_session(
    sample_people: People, processor: FakeProcessor, seen_by: Any
):
    seen_by(sample_people.maria)
    page = on_screen(PayLinkState, "/links/bill")
    said = await happens(page.load)
    assert not page.ready and "/links" in str(said[-1].args)


async def test_a_revoked_link_leads_to_the_page_that_says_how_to_get_a_new_one(
    sample_people: People, token: str, page: PayLinkState, processor: FakeProcessor
):
    action_links.revoke_link(sample_people.dana, pay_links.open_pay_links(sample_people.dana, INVOICE)[0].id)
    said = await happens(page.refresh)
    assert "/links" in str(said[-1].args) and "sign-in" not in str(said[-1].args)
    said = await pays(page, processor)
    assert "/links" in str(said[-1].args)
    assert payments() == []


@pytest.mark.parametrize("how", ["revoked", "guessed", "blocked"])
async def test_revoked_guessed_and_blocked_links_get_the_same_answer(
    sample_people: People, token: str, processor: FakeProcessor, seen_by: Any, how: str
):
    born = {"born_month": "4", "born_day": "12", "born_year": "1981"}
    seen_by(NOBODY)
    sign_in = on_screen(LinkSignInState, "/links")
    if how == "revoked":
        action_links.revoke_link(
            sample_people.dana, pay_links.open_pay_links(sample_people.dana, INVOICE)[0].id
        )
    elif how == "blocked":
        wrong = {"born_month": "5", "born_day": "5", "born_year": "1988"}
        for _ in range(3):
            await happens(sign_in.open_link, form={"token": token, **wrong})
        await happens(sign_in.load)
    await happens(sign_in.open_link, form={"token": "x" * 43 if how == "guessed" else token, **born})
    assert (sign_in.over, sign_in.ticket, sign_in.field_errors) == (True, "", {})


async def test_in_spanish(guest: Principal, processor: FakeProcessor, seen_by: Any):
    seen_by(guest, "es")
    page = await opened()
    assert page.at_least == "De $0.50 a $120.00"
    said = await pays(page, processor)
    assert "/es/links/receipt?id=" in str(said[-1])
