"""The daily digest says what is still current: each kind brings its own check, and a new kind needs no other change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import Engine, event
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Invoice, PaymentMethod
from portal_app.db.tables.memberships import Membership
from portal_app.db.tables.messages import BillingNotice, OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import InvoiceId, MembershipId
from portal_app.domain.memberships.types import MembershipStatus
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.messaging.delivery import deliver
from portal_app.services.messaging.digests import (
    CurrentNotice,
    NewNotice,
    add_notice,
    add_notices,
    current_notices,
    refresh_pending_digest,
    write_digest,
    write_digests,
)
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.templates.types import Registry, Template, Values
from tests import people
from tests.memberships_helper import add_membership, add_plan
from tests.people import VISA, People, add_invoice, add_payment

PORTAL = system_principal("test")
TODAY = date(2026, 6, 15)
MEMBERSHIP = MembershipId("mem_" + "1" * 32)


def _active(tx: Tx, membership_ids: Sequence[str]) -> dict[str, Values]:
    found = [tx.get_or_404(Membership, id_) for id_ in membership_ids]
    return {row.id: {"date": row.next_bill_date} for row in found if row.status is MembershipStatus.ACTIVE}


# A third kind, beside invoices and cards: all it takes is one more entry.
WITH_A_THIRD: Registry = {
    **TEMPLATES,
    "plan_renews": Template(
        subject="Your plan at {practice} renews",
        body="Your plan renews on {date}.",
        sms="{practice}: your plan renews on {date}.",
        digest_line="Your plan renews on {date}",
        current_values=_active,
    ),
}


@pytest.fixture
def membership(sample_people: People) -> MembershipId:
    return add_membership(people.RIVERA, add_plan(), start=TODAY, next_bill_date=date(2026, 7, 15))


def owed(minor: int = 70_00) -> InvoiceId:
    return add_invoice(people.RIVERA, (people.EVA, "Root canal", minor), number="A-1")


def noted(*notices: tuple[str, str]) -> int:
    """Notes these and writes the digest; how many messages."""
    with transaction(PORTAL) as tx:
        for kind, about in notices:
            add_notice(tx, people.RIVERA, kind, about)
        tx.flush()
        return write_digest(tx, people.RIVERA, clock.now(), templates=WITH_A_THIRD)


def refresh() -> None:
    with transaction(PORTAL) as tx:
        refresh_pending_digest(tx, people.RIVERA, templates=WITH_A_THIRD)


def mails() -> list[OutboxMessage]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(OutboxMessage).where(OutboxMessage.channel == ContactKind.EMAIL)))


def is_current(kind: str, about: str) -> bool:
    with reading(PORTAL) as tx:
        notice = BillingNotice(
            id="not_1", once="x", account_id=people.RIVERA, kind=kind, about=about, created_at=clock.now()
        )
        return [one.notice for one in current_notices(tx, [notice], WITH_A_THIRD)] == [notice]


def end_membership(membership: MembershipId) -> None:
    with transaction(PORTAL) as tx:
        tx.get_or_404(Membership, membership).status = MembershipStatus.ENDED


def test_a_third_kind_is_written_and_delivered(membership: MembershipId) -> None:
    assert noted(("plan_renews", membership)) == 2  # by email and by text
    mail = FakeMailer()
    assert deliver(PORTAL, mail=mail, sms=FakeTexter(), templates=WITH_A_THIRD) == 2
    assert "Your plan renews on July 15." in mail.sent[0].text
    assert "plan_renews" not in TEMPLATES


def test_a_third_kind_shares_the_digest_and_is_taken_out_when_it_is_no_longer_current(
    membership: MembershipId,
) -> None:
    noted(("plan_renews", membership), ("invoice_issued", owed()))
    (both,) = mails()
    assert both.kind == "money_news"
    assert "Your plan renews on" in both.body and "New invoice A-1: $70.00" in both.body
    end_membership(membership)
    refresh()
    (left,) = mails()
    assert left.kind == "invoice_issued" and "$70.00" in left.body and "plan" not in left.body


def test_when_nothing_is_current_the_message_goes(membership: MembershipId) -> None:
    noted(("plan_renews", membership))
    end_membership(membership)
    refresh()
    assert mails() == []
    assert deliver(PORTAL, mail=FakeMailer(), sms=FakeTexter(), templates=WITH_A_THIRD) == 0


def test_what_went_out_stays_as_it_was(membership: MembershipId) -> None:
    noted(("plan_renews", membership))
    deliver(PORTAL, mail=FakeMailer(), sms=FakeTexter(), templates=WITH_A_THIRD)
    end_membership(membership)
    refresh()
    assert [row.kind for row in mails()] == ["plan_renews"]


@pytest.mark.parametrize("kind", ["invoice_issued", "due_soon", "overdue"])
@pytest.mark.parametrize(
    ("status", "current"),
    [
        (InvoiceStatus.OPEN, True),
        (InvoiceStatus.PARTLY_PAID, True),
        (InvoiceStatus.VOID, False),
        (InvoiceStatus.WRITTEN_OFF, False),
        (InvoiceStatus.DRAFT, False),
    ],
)
@pytest.mark.loose_rows
def test_an_invoice_is_current_while_it_takes_money(
    sample_people: People, kind: str, status: InvoiceStatus, current: bool
) -> None:
    invoice = owed()
    with transaction(PORTAL) as tx:
        tx.get_or_404(Invoice, invoice).status = status
    assert is_current(kind, invoice) is current


def test_an_invoice_is_not_current_when_it_is_paid_or_a_payment_on_its_way_covers_it(
    sample_people: People,
) -> None:
    paid, under_way, part = (
        owed(),
        *(add_invoice(people.RIVERA, (people.EVA, "Crown", 70_00)) for _ in range(2)),
    )
    add_payment(paid, 70_00)
    add_payment(under_way, 70_00, status=PaymentStatus.PROCESSING)
    add_payment(part, 20_00, status=PaymentStatus.PROCESSING)
    assert [is_current("due_soon", id_) for id_ in (paid, under_way, part)] == [False, False, True]
    assert noted(("due_soon", paid), ("due_soon", part)) == 2
    assert [row.kind for row in mails()] == ["due_soon"] and "$50.00" in mails()[0].body


def test_a_card_is_current_while_it_is_on_file_and_its_last_day_is_known(sample_people: People) -> None:
    assert is_current("card_expiring", VISA)
    for change in ({"exp_year": None}, {"removed_at": clock.now()}):
        with transaction(PORTAL) as tx:
            card = tx.get_or_404(PaymentMethod, VISA)
            for name, value in change.items():
                setattr(card, name, value)
        assert not is_current("card_expiring", VISA)
        with transaction(PORTAL) as tx:
            tx.get_or_404(PaymentMethod, VISA).exp_year = 2030


def test_of_two_notices_about_one_invoice_the_newer_is_said(sample_people: People) -> None:
    invoice = owed()
    assert noted(("due_soon", invoice), ("overdue", invoice)) == 2
    with reading(PORTAL) as tx:
        notices = list(tx.exec(select(BillingNotice).order_by(BillingNotice.once)))
    assert {notice.said_on for notice in notices} == {TODAY}
    assert [row.kind for row in mails()] == ["overdue"]


def test_a_kind_without_a_check_of_its_own_stays_current() -> None:
    template = Template(subject="", body="", sms="")
    with_it = {"happened": template}
    notice = BillingNotice(
        id="not_1", once="x", account_id=people.RIVERA, kind="happened", about="any", created_at=clock.now()
    )
    assert current_notices(Tx(), [notice], with_it) == [CurrentNotice(notice, {})]


def test_many_accounts_are_told_with_as_many_queries_as_one(sample_people: People) -> None:
    accounts = [people.RIVERA, people.LUIS_S, people.PARK, people.HILL]
    counted: list[int] = []
    for some in (accounts[:1], accounts[1:]):
        owing = {account: add_invoice(account, (people.MARIA, "Crown", 70_00)) for account in some}
        with transaction(PORTAL) as tx:
            add_notices(tx, [NewNotice(account, "invoice_issued", id_) for account, id_ in owing.items()])
        with _statements() as counting, transaction(PORTAL) as tx:
            assert write_digests(tx, some, clock.now()) >= len(some)
        counted.append(len(counting))
    assert counted[1] <= counted[0]


@contextmanager
def _statements() -> Iterator[list[str]]:
    """The statements that SQLAlchemy sends while the block lasts."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
