"""The family's pages, through the real guard: the session is read again with every event (DEP cases)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import ContactPoint, DependentMark, Patient
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotFound, ReasonMissing
from portal_app.domain.families import GrantKind
from portal_app.domain.ids import new_id
from portal_app.services.patients import access, grants, relations
from portal_app.services.patients.errors import NoWayChosen, OnlyContact
from portal_app.services.sign_in import rate_limits
from portal_app.state import base
from portal_app.state.billing.invoice import InvoiceState
from portal_app.state.billing.invoices import InvoicesState
from portal_app.state.errors import NothingToShareChosen
from portal_app.state.family.contact import ContactState
from portal_app.state.family.grants import GrantsState
from portal_app.state.family.members import MembersState
from portal_app.state.layout import LayoutState
from portal_app.state.staff.families import FamilyState
from portal_app.state.staff.requests import RequestsState
from tests.conftest import NEW_YORK
from tests.people import EVA, INVOICE, KIM, LUIS, MARIA, NINA, RIVERA, ROSA, People, add_invoice
from tests.services.credentials_helper import TEST, code_sent, new_session, with_password
from tests.state_helper import happens, look_from, on_screen, shows_refusal

LAST_EVENING = datetime(2026, 6, 14, 23, 59, tzinfo=NEW_YORK)
MIDNIGHT = datetime(2026, 6, 15, 0, 0, tzinfo=NEW_YORK)


@pytest.fixture
def sample_people(sqlite_db: str) -> Iterator[People]:
    rate_limits.forget_all()
    yield People.create()
    rate_limits.forget_all()


@pytest.fixture
def sign_in_as(monkeypatch: pytest.MonkeyPatch) -> Any:
    """This browser has the principal's session: the guard reads it with each event."""

    def sit_down(principal: Principal, language: str = "en") -> None:
        monkeypatch.setattr(base, "language_now", lambda: language)
        monkeypatch.setattr(base, "visitor_now", lambda: base.Visitor(principal.session_ref, "", "192.0.2.9"))
        monkeypatch.setattr(base, "page_now", lambda: "/")

    monkeypatch.setattr(base, "asked_now", lambda: "/")

    return sit_down


def turns_sixteen(who: Any, day: date) -> None:
    with transaction(TEST) as tx:
        person = tx.get_or_404(Patient, who.id)
        person.birth_date = day.replace(year=day.year - 16)
        tx.add(person)
        access.families_changed(tx)


async def opened(state: Any, address: str) -> Any:
    page = on_screen(state, address)
    await happens(page.load)
    return page


def contact(who: Any) -> str:
    return f"/members/contact?id={who.id}"


async def test_the_family_is_listed_with_a_way_to_edit_each(sample_people: People, sign_in_as: Any):
    sign_in_as(new_session(MARIA))
    page = await opened(MembersState, "/members")
    assert [row.name for row in page.people] == ["Maria Rivera", "Tim Rivera", "Tom Rivera", "Eva Rivera"]
    assert page.people[0].is_me and page.people[3].href == contact(EVA)
    assert page.people[0].about == "Born April 12, 1981"


async def test_dep_1_and_2_a_page_open_past_midnight_refuses_and_then_shows_nothing(
    sample_people: People, sign_in_as: Any
):
    turns_sixteen(EVA, date(2026, 6, 15))
    with clock.held_at(LAST_EVENING):
        sign_in_as(new_session(MARIA))
        page = await opened(ContactState, contact(EVA))
        assert page.name == "Eva Rivera"
    with clock.held_at(MIDNIGHT):
        await happens(page.save_address, form={"line1": "1 Main St"})
        assert shows_refusal(page, NotFound)
        family = await opened(MembersState, "/members")
        assert "Eva Rivera" not in [row.name for row in family.people]
        gone = await opened(ContactState, contact(EVA))
        assert gone.missing and not gone.name
    with reading(TEST) as tx:
        assert tx.get_or_404(Patient, EVA.id).line1 == ""


async def test_dep_3_and_4_the_childs_invoice_says_services_after_midnight(
    sample_people: People, sign_in_as: Any
):
    turns_sixteen(EVA, date(2026, 6, 15))
    invoice = add_invoice(RIVERA, (EVA, "Counselling", 75_00))
    with clock.held_at(LAST_EVENING):
        sign_in_as(new_session(MARIA))
        page = await opened(InvoiceState, f"/invoices/{invoice}")
        assert page.title == "Counselling"
    with clock.held_at(MIDNIGHT):
        await happens(page.load)
        assert (page.title, page.people, page.figure) == ("Services", "", "$75.00")
        assert [line.what for line in page.lines] == ["Services"]


async def test_dep_5_and_6_a_mark_opens_and_closes_in_the_open_session(
    sample_people: People, sign_in_as: Any
):
    sign_in_as(new_session(ROSA))
    page = await opened(MembersState, "/members")
    assert len(page.people) == 1
    mark = relations.mark_dependent(sample_people.olga, NINA.id, ROSA.id, "Long illness")
    await happens(page.load)
    assert [row.name for row in page.people] == ["Rosa Park", "Nina Park"]
    relations.unmark_dependent(sample_people.olga, mark)
    other = await opened(ContactState, contact(NINA))
    assert other.missing


async def test_dep_8_another_adult_is_as_if_they_did_not_exist(sample_people: People, sign_in_as: Any):
    sign_in_as(new_session(MARIA))
    page = await opened(ContactState, contact(LUIS))
    assert page.missing and page.name == ""
    await happens(page.remove_contact, contact="con_" + "0" * 32)
    assert shows_refusal(page, NotFound)


async def test_code_12_a_new_email_counts_once_its_code_is_typed(sample_people: People, sign_in_as: Any):
    sign_in_as(new_session(MARIA))
    page = await opened(ContactState, contact(MARIA))
    email = page.contacts[0]
    await happens(page.edit_contact, contact=email.id)
    await happens(page.send_code, form={"new": "maria.new@example.com"})
    assert page.code_for == "maria.new@example.com"
    await happens(page.check_code, form={"code": "000000"})
    assert "not right" in page.field_errors["code"] and page.code_for
    await happens(page.check_code, form={"code": code_sent("contact_code", "maria.new@example.com")})
    assert page.message == "Confirmed. We use it from now on."
    assert page.contacts[0].shown == "maria.new@example.com" and page.editing == ""


async def test_a_change_waits_for_re_authentication_and_goes_on_then(sample_people: People, sign_in_as: Any):
    sign_in_as(with_password(MARIA, "maria"))
    page = await opened(ContactState, contact(EVA))
    await happens(page.edit_contact, contact="email")
    await happens(page.send_code, form={"new": "eva@example.com"})
    assert page.needs_reauth and page.way == "password" and page.code_for == ""
    await happens(page.check_proof, form={"code": "violet kettle on the moon"})
    assert not page.needs_reauth
    assert page.code_for == "eva@example.com"


async def test_the_last_contact_cannot_be_removed_and_preferences_are_saved(
    sample_people: People, sign_in_as: Any
):
    sign_in_as(new_session(MARIA), "es")
    page = await opened(ContactState, "/es" + contact(EVA))
    await happens(page.remove_contact, contact=page.contacts[0].id)
    assert len(page.contacts) == 1 and page.contacts[0].only
    await happens(page.remove_contact, contact=page.contacts[0].id)
    assert page.message.startswith("Es la única manera") and shows_refusal(page, OnlyContact)
    await happens(page.save_preferences, form={"by_text": "on", "spoken": "es"})
    assert (page.by_email, page.by_text, page.spoken) == (False, True, "es")
    await happens(page.save_preferences, form={"spoken": "es"})
    assert shows_refusal(page, NoWayChosen, "by_email")


async def test_sharing_is_granted_and_taken_back(sample_people: People, sign_in_as: Any):
    sign_in_as(new_session(MARIA))
    page = await opened(GrantsState, "/members/sharing")
    who = {
        "given_name": "Luis",
        "family_name": "Rivera",
        "born_month": "2",
        "born_day": "3",
        "born_year": "1979",
    }
    await happens(page.start_sharing, form=who)
    assert shows_refusal(page, NothingToShareChosen)
    await happens(page.start_sharing, form=who | {"share_pay": "on", "share_contact": "on"})
    assert [row.what for row in page.mine] == ["Pay for me", "My contact details"]
    sign_in_as(new_session(LUIS))
    family = await opened(MembersState, "/members")
    (friend,) = family.friends
    assert friend.lets == ["You may pay their invoices", "You see their contact details"]
    assert friend.contacts == ["maria@example.com", "+12125550142"]
    listed = await opened(InvoicesState, "/invoices")
    assert [(row.about, row.amount) for row in listed.for_others] == [("For Maria Rivera", "$120.00")]
    invoice = await opened(InvoiceState, f"/invoices/{INVOICE}")
    assert (invoice.whose, invoice.title, invoice.payment_methods) == ("Maria Rivera", "Services", [])
    assert invoice.can_pay
    sign_in_as(new_session(MARIA))
    await happens(page.stop_sharing, grant=page.mine[0].id)
    assert [row.what for row in page.mine] == ["My contact details"]


async def test_the_menu_names_the_people_one_may_see(sample_people: People, sign_in_as: Any):
    sign_in_as(new_session(MARIA))
    shell = on_screen(LayoutState, "/members")
    await happens(shell.load_patient_layout)
    assert shell.sees == "You see: Maria, Tim, Tom and Eva"


async def test_a_child_may_not_be_shared_with_and_a_stranger_changes_nothing(
    sample_people: People, sign_in_as: Any
):
    sign_in_as(new_session(KIM))
    page = await opened(ContactState, contact(MARIA))
    assert page.missing
    grants.share(new_session(MARIA), GrantKind.CONTACT, "Kim", "Okafor", KIM.birth_date)
    page = await opened(ContactState, contact(MARIA))
    assert page.missing  # seeing is not changing
    with reading(TEST) as tx:
        assert tx.exec(select(ContactPoint).where(ContactPoint.patient_id == MARIA.id)).all()


async def test_staff_mark_and_unmark_on_the_page_of_families(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.olga)
    page = await opened(FamilyState, f"/staff/family?id={NINA.id}")
    assert [row.name for row in page.members] == ["Rosa Park", "Nina Park"]
    form = {"patient": NINA.id, "adult": ROSA.id, "reason": "Long illness", "until": "2026-12-31"}
    await happens(page.mark_dependent, form=form | {"reason": ""})
    assert shows_refusal(page, ReasonMissing)
    await happens(page.mark_dependent, form=form)
    assert page.marks[0].people == "Rosa Park for Nina Park"
    assert "Until December 31, 2026" in page.marks[0].about
    await happens(page.unmark_dependent, mark_id=page.marks[0].id)
    assert page.marks[0].over
    await happens(page.add_relation, form={"patient": NINA.id, "chart": "C-0010", "kind": "guardian"})
    assert page.relations[0].people == "Kim Okafor for Nina Park"
    await happens(page.end_relation, relation=page.relations[0].id)
    assert page.relations[0].over


async def test_the_front_desk_reads_no_family_file_but_answers_requests(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.dana)
    page = await opened(FamilyState, f"/staff/family?id={NINA.id}")
    assert not page.ready and "change who may act for whom" in page.notice
    requests = await opened(RequestsState, "/staff/requests")
    assert requests.ready and requests.rows == []


async def test_a_request_travels_from_the_patient_to_the_desk_and_back(
    sample_people: People, sign_in_as: Any, monkeypatch: pytest.MonkeyPatch
):
    sign_in_as(new_session(MARIA))
    page = await opened(ContactState, contact(EVA))
    await happens(page.open_request)
    await happens(page.request_change, form={"what": "name", "wish": "Eve"})
    assert page.message.startswith("We have your request")
    look_from(monkeypatch, sample_people.dana)
    requests = await opened(RequestsState, "/staff/requests")
    (row,) = requests.rows
    assert (row.patient, row.field_label, row.wish) == ("Eva Rivera", "Name", "Eve")
    await happens(
        requests.apply_change, form={"request": row.id, "given_name": "Eve", "family_name": "Rivera"}
    )
    assert requests.rows == [] and requests.message == "Changed. The patient is told."


async def test_a_mark_whose_last_day_was_yesterday_acts_for_nobody(sample_people: People, sign_in_as: Any):
    with transaction(TEST) as tx:
        tx.add(
            DependentMark(
                id=new_id("mrk"),
                patient_id=NINA.id,
                adult_id=ROSA.id,
                reason="x",
                until=clock.today() - timedelta(days=1),
                marked_by="staff:x",
                created_at=clock.now(),
            )
        )
    sign_in_as(new_session(NINA))
    page = await opened(MembersState, "/members")
    assert page.acting == ""
