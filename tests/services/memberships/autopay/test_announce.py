"""Telling of the next charge: in good time, once, and never more taken than told (DOMAIN.md, Autopay)."""

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlsplit

from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.memberships import Membership, PlanPrice
from portal_app.domain.access import Principal
from portal_app.domain.ids import InvoiceId
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.invoices.shared_invoices import list_shared_invoices
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.billing.staff.patient_billing import view_patient_billing
from portal_app.services.links import action_links, pay_links
from portal_app.services.memberships.autopay.announce import announce_charges
from portal_app.services.memberships.autopay.upcoming import UpcomingCharge, upcoming_charges
from tests.memberships_helper import enrol
from tests.people import EVA, MARIA, RIVERA, TIM, People
from tests.services.credentials_helper import NOBODY, sign_in_as
from tests.services.memberships.autopay.autopay_helper import (
    MARCH_15,
    SYSTEM,
    charges,
    family,
    invoice_of,
    march,
    noon,
    row_of,
    run_on,
    sent,
    use_card,
)


def announce_on(day: date) -> int:
    with clock.held_at(noon(day)):
        return announce_charges(SYSTEM)


def test_a_raised_amount_is_told_once_while_there_is_time(processor: FakeProcessor):
    membership = family()
    assert announce_on(march(3)) == 0
    enrol(membership, RIVERA, TIM.id, start=MARCH_15)
    assert [announce_on(march(4)), announce_on(march(4)), announce_on(march(5))] == [1, 0, 0]
    assert row_of(membership).announced_amount == Money(140_00)
    with clock.held_at(noon(march(4))):
        send_daily_digests(SYSTEM)
    assert "$140.00" in sent("autopay_announced")[0].body
    run_on(MARCH_15, processor)
    assert charges() == [140_00]


def test_told_too_late_the_announced_amount_is_charged_and_the_rest_later(processor: FakeProcessor):
    membership = family()
    enrol(membership, RIVERA, TIM.id, start=MARCH_15)
    assert announce_on(march(8)) == 0
    run_on(MARCH_15, processor)
    assert charges() == [110_00]
    for day in range(16, 27):
        run_on(march(day), processor)
    assert charges() == [110_00, 30_00]


def test_while_tries_follow_nothing_is_announced_and_afterwards_the_next_charge_is(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    run_on(MARCH_15, processor)
    assert announce_on(march(16)) == 0
    for day in range(16, 24):
        run_on(march(day), processor)
    assert announce_on(march(24)) == 1
    assert row_of(membership).announced_for == date(2026, 4, 15)


def test_invoices_in_retry_are_not_reminded_as_overdue(processor: FakeProcessor):
    family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    run_on(MARCH_15, processor)
    with clock.held_at(noon(march(17))):
        send_daily_digests(SYSTEM)
    assert sent("overdue") == []
    assert not any("was due on March 15" in row.body for row in sent("money_news"))


def test_a_lower_amount_is_charged_without_a_word(processor: FakeProcessor):
    membership = family()
    with transaction(SYSTEM) as tx:
        row = tx.get_or_404(Membership, membership)
        price = tx.exec(select(PlanPrice).where(PlanPrice.plan_id == row.plan_id)).one()
        price.bands = [{"name": "all", "below": None, "minor": 20_00}]
    assert announce_on(march(4)) == 0
    run_on(MARCH_15, processor)
    assert charges() == [40_00]
    assert EVA.account == RIVERA


def test_invoices_in_retry_are_not_shown_as_overdue_and_afterwards_they_are(processor: FakeProcessor):
    membership = family()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    for day in range(15, 23):
        if day > 15:
            with clock.held_at(noon(march(day)) - timedelta(hours=8)):
                assert not shown_as_overdue(invoice_of(membership))
        run_on(march(day), processor)
    with clock.held_at(noon(march(23))):
        assert shown_as_overdue(invoice_of(membership))


def shown_as_overdue(invoice: InvoiceId) -> bool:
    """The same on the list, its own page, the page of payments, for who may pay, by a pay link and for staff."""
    on_list = next(row.overdue for row in list_invoices(People.maria).rows if row.id == invoice)
    on_account = next(row.overdue for row in view_account(People.maria).open if row.id == invoice)
    on_page = view_invoice(People.maria, invoice).overdue
    sharing = replace(People.kim, granted_accounts=frozenset({RIVERA}))
    shared = next(row.overdue for row in list_shared_invoices(sharing) if row.id == invoice)
    for_staff = next(
        row.overdue for row in view_patient_billing(People.dana, MARIA.id).invoices if row.id == invoice
    )
    linked = pay_links.view_linked_invoice(guest_of(invoice)).overdue
    assert on_list == on_account == on_page == shared == for_staff == linked
    return on_page


def guest_of(invoice: InvoiceId) -> Principal:
    """The session of a new pay link for the invoice."""
    token = urlsplit(pay_links.make_pay_link(People.dana, invoice).address).fragment
    return sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))


def test_payment_options_list_the_next_charges_with_day_amount_and_card(processor: FakeProcessor):
    family()
    shown = "Visa ending in 4242"
    assert upcoming_charges(People.maria) == (
        UpcomingCharge("Family plan", MARCH_15, Money(110_00), shown, False),
    )
    assert upcoming_charges(People.kim) == ()
    use_card(processor, "pm_card_visa_chargeDeclinedInsufficientFunds")
    run_on(MARCH_15, processor)
    with clock.held_at(noon(march(15))):
        assert upcoming_charges(People.maria) == (
            UpcomingCharge("Family plan", march(16), Money(110_00), shown, True),
        )
