"""The agreement of a plan: asked for when a membership begins, and signed anew before a renewal (REN-5)."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementRequest, Signature
from portal_app.db.tables.memberships import Membership, MembershipTerm, Plan, PlanPrice
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.types import AgreementKind, RequestReason, RequestStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, MembershipId, PlanId, new_id
from portal_app.domain.money import Money
from portal_app.services.agreements.errors import AgreementUnsigned, NothingPublished
from portal_app.services.agreements.requests.memberships import request_to_sign, set_plan_agreement
from portal_app.services.agreements.signing.lists import list_my_agreements
from portal_app.services.agreements.signing.view import open_request
from portal_app.services.agreements.texts.draft import create_agreement
from portal_app.services.agreements.texts.publish import publish_draft
from portal_app.services.memberships.creation import MembershipToMake, make_membership
from portal_app.services.memberships.renewals.renew import SeenRenewal, renew_membership
from portal_app.services.memberships.view import view_membership
from tests.memberships_helper import BANDS, add_membership, add_plan, add_price
from tests.people import MARIA, RIVERA, People
from tests.services.agreements_helper import add_agreement, sign, write_text

SYSTEM = system_principal("test")
TEXT = "{{guarantor}} pays {{price}} for {{plan}}."


@pytest.fixture(autouse=True)
def _people(sample_people: People) -> None:
    pass


def all_of(table: Any) -> list[Any]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(table)).all())


def contract() -> tuple[MembershipId, PlanId, AgreementId]:
    """Maria's contract to 30 June 2026 on a plan whose agreement she has not signed."""
    plan = add_plan("Care", contract_months=12)
    membership = add_membership(
        RIVERA,
        plan,
        [MARIA.id],
        start=date(2025, 7, 1),
        contract_end=date(2026, 6, 30),
        next_bill_date=date(2026, 7, 1),
    )
    agreement = add_agreement(TEXT, kind=AgreementKind.MEMBERSHIP, countersigned=True)
    set_plan_agreement(People.olga, plan, agreement)
    return membership, plan, agreement


def renew(membership: MembershipId) -> None:
    shown = view_membership(People.maria, membership).renewal
    assert shown is not None and shown.price is not None
    renew_membership(
        People.maria, membership, SeenRenewal(shown.first_day, shown.price_id, shown.price.amount)
    )


def terms() -> int:
    return len(all_of(MembershipTerm))


def test_ren_5_a_renewal_completes_only_with_the_newest_version_signed():
    membership, plan, agreement = contract()
    add_price(plan, date(2026, 6, 1), [BANDS[0], BANDS[1] | {"minor": 95_00}])
    with pytest.raises(AgreementUnsigned):
        renew(membership)
    with pytest.raises(AgreementUnsigned) as refused:
        renew(membership)
    (request,) = all_of(AgreementRequest)  # asked for once, however often Renew is pressed
    assert refused.value.values == {"request": request.id}
    assert (request.reason, request.patient_id) == (RequestReason.RENEWAL, MARIA.id)
    assert open_request(People.maria, request.id).blocks[0].text == "Maria Rivera pays $95.00 for Care."
    assert terms() == 1
    sign(People.maria, request.id)
    publish_draft(People.olga, agreement, changed=write_text(agreement, TEXT + "\n\nNew."))
    with pytest.raises(AgreementUnsigned):  # what she signed is of the earlier version now
        renew(membership)
    assert terms() == 1
    (waiting,) = [row for row in all_of(AgreementRequest) if row.status is RequestStatus.WAITING]
    sign(People.maria, waiting.id)
    renew(membership)
    assert terms() == 2
    assert len(all_of(Signature)) == 2


def test_ren_5_both_signed_versions_stay_readable():
    membership, _, agreement = contract()
    plain = write_text(agreement, TEXT)  # without the practice's signature
    publish_draft(People.olga, agreement, changed=plain)
    for version in ("Two", "Three"):
        with transaction(SYSTEM) as tx:
            request_to_sign(tx, tx.get_or_404(Membership, membership), RequestReason.RENEWAL)
        waiting = list_my_agreements(People.maria).to_sign[0].request_id
        sign(People.maria, waiting)
        publish_draft(People.olga, agreement, changed=write_text(agreement, f"{TEXT}\n\n{version}"))
    signed = list_my_agreements(People.maria).signed
    assert sorted(item.version for item in signed) == [2, 3]
    assert {open_request(People.maria, item.request_id).version for item in signed} == {2, 3}


def test_the_owner_is_asked_when_a_membership_begins():
    _, plan_id, _ = contract()
    with transaction(SYSTEM) as tx:
        plan, price = tx.get_or_404(Plan, plan_id), tx.exec(select(PlanPrice)).first()
        assert price is not None
        new = MembershipToMake(
            id=MembershipId(new_id("mem")),
            account_id=RIVERA,
            plan=plan,
            price_id=price.id,
            start=date(2026, 7, 1),
            members=(MARIA.id,),
            names=("Maria Rivera",),
            amount=Money(80_00),
        )
        made = make_membership(tx, new).id
    (request,) = all_of(AgreementRequest)
    assert (request.reason, request.membership_id) == (RequestReason.ENROLMENT, made)
    assert open_request(People.maria, request.id).blocks[0].text == "Maria Rivera pays $80.00 for Care."


def test_a_plan_has_a_published_membership_contract_or_none():
    plan = add_plan("Care")
    with pytest.raises(NotFound):
        set_plan_agreement(People.olga, plan, add_agreement())
    with pytest.raises(NothingPublished):
        set_plan_agreement(People.olga, plan, create_agreement(People.olga, "New", AgreementKind.MEMBERSHIP))
    set_plan_agreement(People.olga, plan, None)
