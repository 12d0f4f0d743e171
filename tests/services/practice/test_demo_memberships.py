"""The demo has a membership in every state."""

from sqlmodel import select

from portal_app import demo
from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import PATIENT_PERMISSIONS, Principal, Side, system_principal
from portal_app.domain.memberships.types import MembershipStatus, Standing
from portal_app.domain.memberships.upcoming import ChangeKind
from portal_app.services.memberships.joining.price import list_join_plans
from portal_app.services.memberships.joining.waiting import list_waiting_joins
from portal_app.services.memberships.view import view_memberships
from portal_app.services.memberships.views.types import HowPaid, MembershipView, RenewalState
from portal_app.services.practice.facts import view_practice

DEMO = system_principal("demo")


def views() -> dict[str, MembershipView]:
    """Each membership as its owner sees it, by the key in the demo's file."""
    with reading(DEMO) as tx:
        keys = {row.id: row.practice_key or "" for row in tx.exec(select(Membership))}
        accounts = frozenset(row.account_id for row in tx.exec(select(Membership)))
    owner = Principal("patient:demo", Side.PATIENT, PATIENT_PERMISSIONS, accounts)
    shown = view_memberships(owner)
    return {keys[view.id]: view for view in (*shown.current, *shown.previous)}


def test_the_demo_has_a_membership_in_every_state(sqlite_db: str):
    demo.load(DEMO)
    found = views()
    assert found["M-1"].how_paid is HowPaid.AUTOPAY
    assert found["M-1"].price
    assert found["M-1"].price.saved_by_cap
    assert found["M-2"].renewal.state is found["M-11"].renewal.state is RenewalState.OFFERED
    assert ChangeKind.MEMBER_STARTS in {change.kind for change in found["M-3"].changes}
    assert found["M-4"].status is found["M-7"].status is MembershipStatus.ENDED
    assert found["M-5"].how_paid is HowPaid.PRACTICE
    assert found["M-6"].status is MembershipStatus.PENDING
    assert found["M-8"].renewal.state is RenewalState.AUTOMATIC
    assert found["M-9"].standing
    assert found["M-9"].standing.standing is Standing.PAST_DUE
    assert found["M-10"].status is MembershipStatus.PAUSED


def test_somebody_has_joined_online_and_waits(sqlite_db: str):
    demo.load(DEMO)
    demo.load(DEMO)
    assert view_practice(DEMO).joins_online
    assert {plan.name for plan in list_join_plans(DEMO)} == {"Juniper Care", "Juniper Year"}
    (waiting,) = list_waiting_joins(DEMO)
    assert [person.name for person in waiting.people] == ["Grace Lindqvist", "Ella Lindqvist"]
