"""Who sees whom, in sessions that are open while it changes (DEP cases): through services and handlers."""

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
from portal_app.domain.errors import NotFound, PermissionDenied, ReasonMissing
from portal_app.domain.families import RelationKind
from portal_app.domain.ids import AppointmentId, new_id
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.invoices.shared_invoices import list_shared_invoices
from portal_app.services.documents import payment_documents
from portal_app.services.patients import change_requests, contact_details, members, relations
from portal_app.services.patients.errors import (
    AdultUnusable,
    ChartNumberUnknown,
    LastDayPast,
    NewBirthDateUnusable,
    NewValueMissing,
    OwnDependent,
    RequestAnswered,
)
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.sessions import principal_of
from tests.conftest import NEW_YORK
from tests.people import EVA, LUIS, MARIA, NINA, RIVERA, ROSA, TIM, People, add_invoice
from tests.services.credentials_helper import TEST, new_session, recipients_of, trail

LAST_EVENING = datetime(2026, 6, 14, 23, 59, tzinfo=NEW_YORK)
MIDNIGHT = datetime(2026, 6, 15, 0, 0, tzinfo=NEW_YORK)
BORN = date(2010, 6, 15)


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def again(principal: Principal) -> Principal:
    """Whoever this session is with its next event."""
    return principal_of(principal.session_ref, Side.PATIENT)


def born(who: Any, day: date | None) -> None:
    with transaction(TEST) as tx:
        person = tx.get_or_404(Patient, who.id)
        person.birth_date = day
        tx.add(person)
        relations.families_changed(tx)


def visit(who: Any, start: datetime) -> None:
    with transaction(TEST) as tx:
        tx.add(
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


def test_dep_1_and_dep_4_a_parents_open_session_at_midnight(sample_people: People):
    born(EVA, BORN)
    invoice = add_invoice(RIVERA, (EVA, "Counselling", 75_00), number="INV-7")
    visit(EVA, LAST_EVENING + timedelta(days=9))
    with clock.held_at(LAST_EVENING):
        maria = new_session(MARIA)
        assert "Eva" in names_seen(maria)
        shown = list_invoices(maria)
        assert shown.next_appointment and shown.next_appointment.patient_name == "Eva"
        assert view_invoice(maria, invoice).title == "Counselling"
    with clock.held_at(MIDNIGHT):
        maria = again(maria)
        assert "Eva" not in names_seen(maria)
        shown = list_invoices(maria)
        assert shown.next_appointment is None
        row = next(row for row in shown.rows if row.id == invoice)
        assert (row.title, row.people, row.due.minor) == ("", (), 75_00)  # DEP-4: payable, masked
        line = view_invoice(maria, invoice).lines[0]
        assert (line.description, line.person, line.amount.minor) == ("", "", 75_00)


def test_dep_2_what_was_begun_before_midnight_is_refused_after_it(sample_people: People):
    born(EVA, BORN)
    with clock.held_at(LAST_EVENING):
        maria = new_session(MARIA)
    with clock.held_at(MIDNIGHT), pytest.raises(NotFound):
        contact_details.change_address(again(maria), EVA.id, contact_details.Address("1 Main St"))


def test_dep_3_papers_name_nothing_of_the_child_after_the_cut_off(sample_people: People):
    born(EVA, BORN)
    invoice = add_invoice(RIVERA, (EVA, "Counselling", 75_00), number="INV-7")
    with clock.held_at(LAST_EVENING):
        maria, luis = new_session(MARIA), new_session(LUIS)
    with clock.held_at(MIDNIGHT):
        facts = payment_documents.invoice_facts(view_invoice(again(maria), invoice), "en")
        assert "Counselling" not in str(facts) and "Eva" not in str(facts)
        with pytest.raises(NotFound):
            payment_documents.invoice_document(again(luis), invoice, "en")


def test_dep_5_a_mark_holds_to_its_day_is_in_the_trail_and_the_patient_is_told(sample_people: People):
    rosa = new_session(ROSA)
    assert "Nina" not in names_seen(rosa)
    until = clock.today() + timedelta(days=30)
    relations.mark_dependent(sample_people.olga, NINA.id, ROSA.id, "Long illness", until)
    assert "Nina" in names_seen(again(rosa))
    assert recipients_of("dependent_marked") == {"rosa@example.com", "+12125550143"}
    said = [(entry.action, entry.actor) for entry in trail()]
    assert ("mark_dependent", sample_people.olga.name) in said
    assert members.acting_for_me(new_session(NINA)) == ("Rosa Park",)
    for day, seen in ((until, True), (until + timedelta(days=1), False)):
        with clock.held_at(datetime(day.year, day.month, day.day, 9, tzinfo=NEW_YORK)):
            assert ("Nina" in names_seen(new_session(ROSA))) is seen


def test_dep_6_without_the_mark_access_ends_in_the_open_session(sample_people: People):
    mark = relations.mark_dependent(sample_people.olga, NINA.id, ROSA.id, "Long illness")
    rosa = new_session(ROSA)
    assert "Nina" in names_seen(rosa)
    relations.unmark_dependent(sample_people.olga, mark)
    rosa = again(rosa)
    assert "Nina" not in names_seen(rosa)
    with pytest.raises(NotFound):
        contact_details.change_address(rosa, NINA.id, contact_details.Address("1 Main St"))
    assert recipients_of("dependent_unmarked")


def test_dep_8_no_row_of_the_other_adult_anywhere(sample_people: People):
    maria, luis = new_session(MARIA), new_session(LUIS)
    assert names_seen(maria) == {"Maria", "Eva", "Tim", "Tom"}
    assert names_seen(luis) == {"Luis", "Eva", "Tim", "Tom"}
    assert {row.number for row in list_invoices(maria).rows} == {"INV-1001"}
    assert list_shared_invoices(maria) == ()
    assert not members.view_coverage(maria).others
    assert (maria.granted_accounts, maria.granted_patients) == (frozenset(), frozenset())


@pytest.mark.parametrize("day", [None, date(2100, 1, 1)])
def test_dep_10_a_doubtful_birth_date_ends_access_and_is_flagged(sample_people: People, day: date | None):
    maria = new_session(MARIA)
    born(EVA, day)
    assert "Eva" not in names_seen(again(maria))
    flagged = relations.doubtful_birth_dates(sample_people.olga)
    assert [(person.name, person.doubtful) for person in flagged] == [("Eva Rivera", True)]


def test_a_recorded_parent_sees_at_once_and_no_more_once_it_ends(sample_people: People):
    rosa = new_session(ROSA)
    relations.add_relation(sample_people.olga, TIM.id, ROSA.id, RelationKind.GUARDIAN)
    assert "Tim" in names_seen(again(rosa))
    file = relations.view_family(sample_people.olga, TIM.id)
    guardian = next(row for row in file.relations if row.adult == "Rosa Park")
    relations.end_relation(sample_people.olga, guardian.id)
    assert "Tim" not in names_seen(again(rosa))
    relations.add_relation(sample_people.olga, TIM.id, ROSA.id, RelationKind.GUARDIAN)
    assert "Tim" in names_seen(again(rosa))


def test_links_name_living_adults_only_and_never_the_past(sample_people: People):
    with pytest.raises(OwnDependent):
        relations.mark_dependent(sample_people.olga, NINA.id, NINA.id, "x")
    with pytest.raises(AdultUnusable):
        relations.add_relation(sample_people.olga, EVA.id, NINA.id, RelationKind.PARENT)
    with pytest.raises(LastDayPast):
        relations.mark_dependent(sample_people.olga, NINA.id, ROSA.id, "x", clock.today() - timedelta(days=1))
    with pytest.raises(ReasonMissing):
        relations.mark_dependent(sample_people.olga, NINA.id, ROSA.id, "  ")
    with pytest.raises(ChartNumberUnknown):
        relations.person_by_chart(sample_people.olga, "C-9999")


def test_only_who_manages_families_reads_or_changes_them(sample_people: People):
    for who in (sample_people.dana, sample_people.nora, sample_people.maria):
        with pytest.raises(PermissionDenied):
            relations.view_family(who, EVA.id)
        with pytest.raises(PermissionDenied):
            relations.add_relation(who, EVA.id, ROSA.id, RelationKind.PARENT)
        with pytest.raises(PermissionDenied):
            relations.mark_dependent(who, NINA.id, ROSA.id, "x")
        with pytest.raises(PermissionDenied):
            relations.doubtful_birth_dates(who)
    relations.view_family(sample_people.olga, EVA.id)
    assert "read:family" in [entry.action for entry in trail()]


def test_a_change_that_was_asked_for_is_made_and_the_patient_told(sample_people: People):
    contact_details.ask_for_change(new_session(MARIA), EVA.id, contact_details.Locked.NAME, "Eve, not Eva")
    (row,) = change_requests.list_change_requests(sample_people.dana)
    assert (row.given_name, row.what, row.wish) == ("Eva", "name", "Eve, not Eva")
    with pytest.raises(PermissionDenied):
        change_requests.apply_change(sample_people.nora, row.id, given_name="Eve", family_name="Rivera")
    with pytest.raises(NewValueMissing):
        change_requests.apply_change(sample_people.dana, row.id, given_name=" ", family_name="Rivera")
    change_requests.apply_change(sample_people.dana, row.id, given_name="Eve", family_name="Rivera")
    assert change_requests.list_change_requests(sample_people.dana) == ()
    assert recipients_of("details_changed") == {"maria@example.com", "+12125550142"}
    with reading(TEST) as tx:
        assert tx.get_or_404(Patient, EVA.id).given_name == "Eve"
    with pytest.raises(RequestAnswered):
        change_requests.dismiss_change(sample_people.dana, row.id)


def test_a_new_birth_date_counts_in_open_sessions_and_is_never_in_the_future(sample_people: People):
    maria = new_session(MARIA)
    contact_details.ask_for_change(maria, EVA.id, contact_details.Locked.BIRTH_DATE, "2009, not 2017")
    (row,) = change_requests.list_change_requests(sample_people.dana)
    with pytest.raises(NewBirthDateUnusable):
        change_requests.apply_change(sample_people.dana, row.id, birth_date=date(2100, 1, 1))
    change_requests.apply_change(sample_people.dana, row.id, birth_date=date(2009, 3, 9))
    assert "Eva" not in names_seen(again(maria))


def test_a_dismissed_request_changes_nothing(sample_people: People):
    contact_details.ask_for_change(new_session(MARIA), EVA.id, contact_details.Locked.SEX, "female")
    (row,) = change_requests.list_change_requests(sample_people.dana)
    change_requests.dismiss_change(sample_people.dana, row.id)
    assert recipients_of("details_kept")
    with reading(TEST) as tx:
        assert tx.exec(select(Patient).where(Patient.id == EVA.id)).one().sex == ""
