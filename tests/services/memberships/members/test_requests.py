"""An adult who is a patient already joins only after agreeing through a message of their own."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Grant
from portal_app.db.tables.memberships import Membership
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.errors import NotFound
from portal_app.domain.families import GrantKind
from portal_app.domain.ids import MembershipId, new_id
from portal_app.services.memberships.members import errors
from portal_app.services.memberships.members.open_requests import withdraw_request
from portal_app.services.memberships.members.requests import answer_member_request
from portal_app.services.memberships.view import view_memberships
from tests.memberships_helper import enrol
from tests.people import EVA, LUIS, LUIS_S, MARIA, RIVERA, TIM, People
from tests.services.memberships.members.helper import SYSTEM, add, bill, enrolments, family, history, on


@pytest.fixture
def people(sample_people: People) -> People:
    return sample_people


@pytest.fixture
def asked(people: People) -> Iterator[MembershipId]:
    """Luis shares his contact details with Maria, so she knows him to be a patient; she adds him."""
    with transaction(SYSTEM) as tx:
        grant = Grant(id=new_id("grt"), patient_id=LUIS.id, to_id=MARIA.id, kind=GrantKind.CONTACT)
        grant.created_at = clock.now()
        tx.add(grant)
    membership = family()
    with on(3, 3):
        assert add(people.maria, membership, LUIS.id).is_asked
        assert add(people.maria, membership, LUIS.id).is_asked
    with on(3, 4):
        yield membership


def test_nothing_is_billed_before_the_adult_agrees(db: str, people: People, asked: MembershipId):
    assert len(enrolments(asked)) == 2
    (request,) = view_memberships(people.luis).requests
    assert (request.plan, request.owner, request.start) == ("Family", "Maria Rivera", date(2026, 3, 15))
    with reading(SYSTEM) as tx:
        said = tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "member_request")).all()
    assert {message.patient_id for message in said} == {LUIS.id}
    assert len({message.channel for message in said}) == len(said)


def test_agreeing_starts_on_the_next_bill_date_and_keeps_the_guarantor(
    db: str, people: People, asked: MembershipId
):
    (request,) = view_memberships(people.luis).requests
    with on(3, 5):
        assert answer_member_request(people.luis, request.id, agreed=True) == date(2026, 3, 15)
    assert {one.patient_id for one in enrolments(asked)} == {MARIA.id, EVA.id, LUIS.id}
    assert history(asked) == ["member_asked", "member_added"]
    assert LUIS.account == LUIS_S
    assert view_memberships(people.luis).requests == ()
    with pytest.raises(errors.RequestAnswered):
        answer_member_request(people.luis, request.id, agreed=True)


def test_declining_enrols_nobody(db: str, people: People, asked: MembershipId):
    (request,) = view_memberships(people.luis).requests
    assert answer_member_request(people.luis, request.id, agreed=False) is None
    assert len(enrolments(asked)) == 2


def test_at_a_higher_price_than_the_owner_saw_the_request_is_refused(
    db: str, people: People, asked: MembershipId
):
    enrol(asked, RIVERA, TIM.id, start=date(2026, 3, 15))
    (request,) = view_memberships(people.luis).requests
    with on(3, 5), pytest.raises(errors.RequestOutdated):
        answer_member_request(people.luis, request.id, agreed=True)


def test_a_membership_that_is_past_due_holds_the_answer(db: str, people: People, asked: MembershipId):
    with on(3, 15):
        bill()
    (request,) = view_memberships(people.luis).requests
    with on(3, 20), pytest.raises(errors.AddingHeld):
        answer_member_request(people.luis, request.id, agreed=True)


def test_the_request_is_for_that_adult_alone(db: str, people: People, asked: MembershipId):
    (request,) = view_memberships(people.luis).requests
    for other in (people.maria, people.kim):
        assert view_memberships(other).requests == ()
        with pytest.raises(NotFound):
            answer_member_request(other, request.id, agreed=True)


def test_a_request_can_be_answered_for_thirty_days(db: str, people: People, asked: MembershipId):
    with on(4, 2):
        (request,) = view_memberships(people.luis).requests
        assert request.answer_by == date(2026, 4, 2)
    with on(4, 3):
        assert view_memberships(people.luis).requests == ()
        with pytest.raises(errors.RequestExpired):
            answer_member_request(people.luis, request.id, agreed=True)


def test_after_it_expired_the_owner_can_ask_again(db: str, people: People, asked: MembershipId):
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Membership, asked).next_bill_date = date(2026, 4, 15)
    with on(4, 3):
        assert add(people.maria, asked, LUIS.id).is_asked
        (request,) = view_memberships(people.luis).requests
        assert answer_member_request(people.luis, request.id, agreed=True) == date(2026, 4, 15)


def test_the_owner_sees_whom_they_asked_and_withdraws_it(db: str, people: People, asked: MembershipId):
    with on(3, 4):
        (waiting,) = view_memberships(people.maria).current[0].asked
        assert (waiting.name, waiting.answer_by) == (
            f"{LUIS.given_name} {LUIS.family_name}",
            date(2026, 4, 2),
        )
        withdraw_request(people.maria, waiting.id)
        withdraw_request(people.maria, waiting.id)
        assert view_memberships(people.maria).current[0].asked == ()
        assert view_memberships(people.luis).requests == ()
        with pytest.raises(errors.RequestWithdrawn):
            answer_member_request(people.luis, waiting.id, agreed=True)
    assert history(asked) == ["member_asked", "member_request_withdrawn"]
    assert len(enrolments(asked)) == 2


def test_only_the_owner_withdraws_and_nothing_that_was_answered(db: str, people: People, asked: MembershipId):
    (request,) = view_memberships(people.luis).requests
    for other in (people.luis, people.kim):
        with pytest.raises(NotFound):
            withdraw_request(other, request.id)
    answer_member_request(people.luis, request.id, agreed=True)
    with pytest.raises(errors.RequestAnswered):
        withdraw_request(people.maria, request.id)


def test_the_owner_is_told_that_somebody_does_not_join(db: str, people: People, asked: MembershipId):
    (request,) = view_memberships(people.luis).requests
    answer_member_request(people.luis, request.id, agreed=False)
    with reading(SYSTEM) as tx:
        told = tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "member_declined")).all()
    assert {message.patient_id for message in told} == {MARIA.id}
    assert not any("Luis" in message.body for message in told)
    assert history(asked) == ["member_asked", "member_declined"]
