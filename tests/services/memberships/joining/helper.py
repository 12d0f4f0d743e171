"""Joining, step by step, for tests: Zoe Quinn, 41, and her child Pip, whom the practice does not know."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import JoinRequest, Membership
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, nobody, system_principal
from portal_app.domain.ids import PlanId
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.memberships.joining.contact import request_join_code, verify_join_contact
from portal_app.services.memberships.joining.draft import JoinChoice, JoinOwner
from portal_app.services.memberships.joining.pay import pay_first_invoice
from portal_app.services.memberships.joining.view import keep_join_owner
from portal_app.services.memberships.members.person import NewPerson
from portal_app.services.patients.contact_details import Address
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_plan
from tests.payments_helper import new_payment
from tests.services.sign_in.code_steps import code_in

SYSTEM = system_principal("test")
VISITOR = nobody("203.0.113.7", "en")
ZOE_MAIL = "zoe@example.org"
ADDRESS = Address("1 Elm St", "", "Springfield", "NY", "10001", "US")
ZOE = JoinOwner("Zoe", "Quinn", date(1985, 3, 2), "female", ADDRESS)
PIP = NewPerson("Pip", "Quinn", date(2018, 5, 4), "male", "child")
TODAY = date(2026, 6, 15)


def join_settings(**values: object) -> None:
    """Joining is on; the rest as said."""
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Practice, "practice").membership_settings = {"join_online": True, **values}


def offer(name: str = "Family", **values: object) -> PlanId:
    """A plan on the page: adult 80.00, child 30.00 a month."""
    return add_plan(name, **({"joined_online": True} | values))  # type: ignore[arg-type]


def both(plan: PlanId, **values: object) -> JoinChoice:
    """Zoe and Pip: 110.00 a month."""
    choice = JoinChoice(plan, owner_is_member=True, owner_birth_date=ZOE.birth_date, members=(PIP,))
    return replace(choice, **values)  # type: ignore[arg-type]


def code_sent(code_id: str) -> OutboxMessage:
    with reading(SYSTEM) as tx:
        return tx.exec(select(OutboxMessage).where(OutboxMessage.once == f"join_code:{code_id}")).one()


def verified(choice: JoinChoice | None, contact: str = ZOE_MAIL, visitor: Principal = VISITOR) -> str:
    """The id of a code that was asked for and typed correctly; the page goes on with it."""
    request = request_join_code(visitor, contact)
    assert not verify_join_contact(visitor, request.id, code_in(code_sent(request.id)), contact, choice).known
    return request.id


def ready(choice: JoinChoice, contact: str = ZOE_MAIL) -> str:
    """As `verified`, with Zoe's name and address too: what is left is to pay."""
    code = verified(choice, contact)
    keep_join_owner(VISITOR, code, ZOE)
    return code


def pay(processor: FakeProcessor, code: str, shown: Money, card: str = "pm_card_visa") -> PaymentOutcome:
    return pay_first_invoice(
        VISITOR, code, new_payment(), shown, token=processor.token(card), processor=processor
    )


@dataclass(frozen=True)
class Joined:
    request: JoinRequest
    membership: Membership | None
    people: list[Patient]


def joined(contact: str = ZOE_MAIL) -> Joined:
    """The last request of the contact, and what came of it."""
    with reading(SYSTEM) as tx:
        wanted = select(JoinRequest).where(JoinRequest.contact_value == contact)
        request = tx.exec(wanted.order_by(col(JoinRequest.created_at).desc())).first()
        assert request
        row = tx.get(Membership, request.membership_id) if request.membership_id else None
        wanted_people = select(Patient).where(Patient.family_name == "Quinn")
        people = tx.exec(wanted_people.order_by(col(Patient.birth_date))).all()
    return Joined(request, row, list(people))


def count(table: type) -> int:
    with reading(SYSTEM) as tx:
        return len(tx.exec(select(table)).all())


def on(day: date, hour: int = 12):
    return clock.held_at(datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK))


def messages(kind: str) -> list[OutboxMessage]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(OutboxMessage).where(OutboxMessage.kind == kind)))
