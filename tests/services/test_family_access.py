"""Who sees whom, in sessions that are open while it changes (DEP cases): through services and the door."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal, Side
from portal_app.domain.errors import NotAllowed, NotFound, Refused
from portal_app.domain.families import RelationKind
from portal_app.domain.ids import AppointmentId, new_id
from portal_app.services import change_requests, contact_details, documents, family_links, members
from portal_app.services.billing.for_others import bills_for_others
from portal_app.services.billing.invoices import list_invoices, view_invoice
from portal_app.services.sign_in import throttle
from portal_app.services.sign_in.sessions import principal_of
from tests.cast import EVA, LUIS, MARIA, NINA, RIVERA, ROSA, TIM, Cast, add_invoice
from tests.conftest import NEW_YORK
from tests.services.credentials_helpers import TEST, at_home, told, trail

LAST_EVENING = datetime(2026, 6, 14, 23, 59, tzinfo=NEW_YORK)
MIDNIGHT = datetime(2026, 6, 15, 0, 0, tzinfo=NEW_YORK)
BORN = date(2010, 6, 15)


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    throttle.forget_all()
    yield
    throttle.forget_all()


def again(principal: Principal) -> Principal:
    """Whoever this session is with its next event."""
    return principal_of(principal.session_ref, Side.PATIENT)


def born(who: Any, day: date | None) -> None:
    with transaction(TEST) as tx:
        person = tx.find(Patient, who.id)
        person.birth_date = day
        tx.keep(person)
        family_links.families_changed(tx)


def visit(who: Any, start: datetime) -> None:
    with transaction(TEST) as tx:
        tx.keep(
            Appointment(
                id=AppointmentId(new_id("apt")),
                practice_key=new_id("fam"),
                patient_id=who.id,
                provider="Dr. Ada Osei",
                start=start,
                status="booked",  # type: ignore[arg-type]
            )
        )


def names_seen(principal: Principal) -> set[str]:
    return {person.name.split()[0] for person in contact_details.view_people(principal)}


def test_dep_1_and_dep_4_a_parents_open_session_at_midnight(cast: Cast):
    born(EVA, BORN)
    bill = add_invoice(RIVERA, (EVA, "Counselling", 75_00), number="INV-7")
    visit(EVA, LAST_EVENING + timedelta(days=9))
    with clock.held_at(LAST_EVENING):
        maria = at_home(MARIA)
        assert "Eva" in names_seen(maria)
        shown = list_invoices(maria)
        assert shown.next_appointment and shown.next_appointment.patient_name == "Eva"
        assert view_invoice(maria, bill).title == "Counselling"
    with clock.held_at(MIDNIGHT):
        maria = again(maria)
        assert "Eva" not in names_seen(maria)
        shown = list_invoices(maria)
        assert shown.next_appointment is None
        row = next(row for row in shown.rows if row.id == bill)
        assert (row.title, row.people, row.due.minor) == ("", (), 75_00)  # DEP-4: payable, masked
        line = view_invoice(maria, bill).lines[0]
        assert (line.description, line.person, line.amount.minor) == ("", "", 75_00)


def test_dep_2_what_was_begun_before_midnight_is_refused_after_it(cast: Cast):
    born(EVA, BORN)
    with clock.held_at(LAST_EVENING):
        maria = at_home(MARIA)
    with clock.held_at(MIDNIGHT), pytest.raises(NotFound):
        contact_details.change_address(again(maria), EVA.id, contact_details.Address("1 Main St"))


def test_dep_3_papers_name_nothing_of_the_child_after_the_cut_off(cast: Cast):
    born(EVA, BORN)
    bill = add_invoice(RIVERA, (EVA, "Counselling", 75_00), number="INV-7")
    with clock.held_at(LAST_EVENING):
        maria, luis = at_home(MARIA), at_home(LUIS)
    with clock.held_at(MIDNIGHT):
        facts = documents.invoice_facts(view_invoice(again(maria), bill), "en")
        assert "Counselling" not in str(facts) and "Eva" not in str(facts)
        with pytest.raises(NotFound):
            documents.invoice_paper(again(luis), bill, "en")


def test_dep_5_a_mark_holds_to_its_day_is_in_the_trail_and_the_patient_is_told(cast: Cast):
    rosa = at_home(ROSA)
    assert "Nina" not in names_seen(rosa)
    until = clock.today() + timedelta(days=30)
    family_links.mark_dependent(cast.olga, NINA.id, ROSA.id, "Long illness", until)
    assert "Nina" in names_seen(again(rosa))
    assert told("dependent_marked") == {"rosa@example.com", "+12125550143"}
    said = [(entry.action, entry.actor) for entry in trail()]
    assert ("mark_dependent", cast.olga.name) in said
    assert members.acting_for_me(at_home(NINA)) == ("Rosa Park",)
    for day, seen in ((until, True), (until + timedelta(days=1), False)):
        with clock.held_at(datetime(day.year, day.month, day.day, 9, tzinfo=NEW_YORK)):
            assert ("Nina" in names_seen(at_home(ROSA))) is seen


def test_dep_6_without_the_mark_access_ends_in_the_open_session(cast: Cast):
    mark = family_links.mark_dependent(cast.olga, NINA.id, ROSA.id, "Long illness")
    rosa = at_home(ROSA)
    assert "Nina" in names_seen(rosa)
    family_links.unmark_dependent(cast.olga, mark)
    rosa = again(rosa)
    assert "Nina" not in names_seen(rosa)
    with pytest.raises(NotFound):
        contact_details.change_address(rosa, NINA.id, contact_details.Address("1 Main St"))
    assert told("dependent_unmarked")


def test_dep_8_no_row_of_the_other_adult_anywhere(cast: Cast):
    maria, luis = at_home(MARIA), at_home(LUIS)
    assert names_seen(maria) == {"Maria", "Eva", "Tim", "Tom"}
    assert names_seen(luis) == {"Luis", "Eva", "Tim", "Tom"}
    assert {row.number for row in list_invoices(maria).rows} == {"INV-1001"}
    assert bills_for_others(maria) == ()
    assert not members.covered_others(maria)
    assert (maria.pays_for, maria.visits) == (frozenset(), frozenset())


@pytest.mark.parametrize("day", [None, date(2100, 1, 1)])
def test_dep_10_a_doubtful_birth_date_ends_access_and_is_flagged(cast: Cast, day: date | None):
    maria = at_home(MARIA)
    born(EVA, day)
    assert "Eva" not in names_seen(again(maria))
    flagged = family_links.doubtful_birth_dates(cast.olga)
    assert [(person.name, person.doubtful) for person in flagged] == [("Eva Rivera", True)]


def test_a_recorded_parent_sees_at_once_and_no_more_once_it_ends(cast: Cast):
    rosa = at_home(ROSA)
    family_links.add_relation(cast.olga, TIM.id, ROSA.id, RelationKind.GUARDIAN)
    assert "Tim" in names_seen(again(rosa))
    file = family_links.view_family(cast.olga, TIM.id)
    guardian = next(row for row in file.relations if row.adult == "Rosa Park")
    family_links.end_relation(cast.olga, guardian.id)
    assert "Tim" not in names_seen(again(rosa))
    family_links.add_relation(cast.olga, TIM.id, ROSA.id, RelationKind.GUARDIAN)
    assert "Tim" in names_seen(again(rosa))


def test_links_name_living_adults_only_and_never_the_past(cast: Cast):
    with pytest.raises(Refused, match="own dependent"):
        family_links.mark_dependent(cast.olga, NINA.id, NINA.id, "x")
    with pytest.raises(Refused, match="active patient"):
        family_links.add_relation(cast.olga, EVA.id, NINA.id, RelationKind.PARENT)
    with pytest.raises(Refused, match="past"):
        family_links.mark_dependent(cast.olga, NINA.id, ROSA.id, "x", clock.today() - timedelta(days=1))
    with pytest.raises(Refused, match="why"):
        family_links.mark_dependent(cast.olga, NINA.id, ROSA.id, "  ")
    with pytest.raises(Refused, match="chart number"):
        family_links.person_by_chart(cast.olga, "C-9999")


def test_only_who_manages_families_reads_or_changes_them(cast: Cast):
    for who in (cast.dana, cast.nora, cast.maria):
        with pytest.raises(NotAllowed):
            family_links.view_family(who, EVA.id)
        with pytest.raises(NotAllowed):
            family_links.add_relation(who, EVA.id, ROSA.id, RelationKind.PARENT)
        with pytest.raises(NotAllowed):
            family_links.mark_dependent(who, NINA.id, ROSA.id, "x")
        with pytest.raises(NotAllowed):
            family_links.doubtful_birth_dates(who)
    family_links.view_family(cast.olga, EVA.id)
    assert "read:family" in [entry.action for entry in trail()]


def test_a_change_that_was_asked_for_is_made_and_the_patient_told(cast: Cast):
    contact_details.ask_for_change(at_home(MARIA), EVA.id, contact_details.Locked.NAME, "Eve, not Eva")
    (row,) = change_requests.list_change_requests(cast.dana)
    assert (row.given_name, row.what, row.wish) == ("Eva", "name", "Eve, not Eva")
    with pytest.raises(NotAllowed):
        change_requests.apply_change(cast.nora, row.id, given_name="Eve", family_name="Rivera")
    with pytest.raises(Refused, match="shall be"):
        change_requests.apply_change(cast.dana, row.id, given_name=" ", family_name="Rivera")
    change_requests.apply_change(cast.dana, row.id, given_name="Eve", family_name="Rivera")
    assert change_requests.list_change_requests(cast.dana) == ()
    assert told("details_changed") == {"maria@example.com", "+12125550142"}
    with reading(TEST) as tx:
        assert tx.find(Patient, EVA.id).given_name == "Eve"
    with pytest.raises(Refused, match="already"):
        change_requests.dismiss_change(cast.dana, row.id)


def test_a_new_birth_date_counts_in_open_sessions_and_is_never_in_the_future(cast: Cast):
    maria = at_home(MARIA)
    contact_details.ask_for_change(maria, EVA.id, contact_details.Locked.BIRTH_DATE, "2009, not 2017")
    (row,) = change_requests.list_change_requests(cast.dana)
    with pytest.raises(Refused, match="future"):
        change_requests.apply_change(cast.dana, row.id, birth_date=date(2100, 1, 1))
    change_requests.apply_change(cast.dana, row.id, birth_date=date(2009, 3, 9))
    assert "Eva" not in names_seen(again(maria))


def test_a_dismissed_request_changes_nothing(cast: Cast):
    contact_details.ask_for_change(at_home(MARIA), EVA.id, contact_details.Locked.SEX, "female")
    (row,) = change_requests.list_change_requests(cast.dana)
    change_requests.dismiss_change(cast.dana, row.id)
    assert told("details_kept")
    with reading(TEST) as tx:
        assert tx.exec(select(Patient).where(Patient.id == EVA.id)).one().sex == ""
