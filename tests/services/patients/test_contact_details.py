"""Contact details, sharing between adults, and the reset at the desk."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import ContactPoint, Grant, Patient
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Side
from portal_app.domain.credentials.types import Locked, Proof, Purpose
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, ReasonMissing
from portal_app.domain.families import ContactKind, GrantKind
from portal_app.services.credentials import passwords, resets, second_factor
from portal_app.services.credentials.errors import (
    ChallengeOver,
    ReauthRequired,
    ResetLinkOver,
    WrongCode,
    WrongPassword,
)
from portal_app.services.links import action_links
from portal_app.services.patients import contact_details, grants
from portal_app.services.patients.contact_details import Address
from portal_app.services.patients.errors import (
    AddressLineTooLong,
    ContactIsNoEmail,
    ContactIsNoPhone,
    ContactOnFile,
    NameIncomplete,
    NoContactForWay,
    NotAnAdult,
    NoWayChosen,
    OnlyContact,
    SharingWithOneself,
    TooManyContacts,
    TooMuchShared,
    TooYoungToShare,
    WishMissing,
)
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import check_code, request_code
from portal_app.services.sign_in.errors import SignInCodeOver
from portal_app.services.sign_in.sessions import principal_of
from tests.people import EVA, INVOICE, IVY, KIM, LUIS, MARIA, NINA, OSCAR, ROSA, People
from tests.services.credentials_helper import (
    NOBODY,
    PASSWORD,
    TEST,
    code_sent,
    make_link,
    new_session,
    outbox,
    recipients_of,
    trail,
    with_app,
    with_password,
)

EMAIL, NEW = "maria@example.com", "maria.new@example.com"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def emails(who) -> set[str]:
    with reading(TEST) as tx:
        points = tx.exec(select(ContactPoint).where(ContactPoint.patient_id == who.id)).all()
    return {p.value for p in points if p.kind is ContactKind.EMAIL}


def test_code_12_a_new_email_is_confirmed_there_and_the_old_one_told(sample_people: People):
    maria = new_session(MARIA)
    asked = contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, " Maria.New@Example.com")
    assert emails(MARIA) == {EMAIL}
    assert recipients_of("contact_code") == {NEW}
    contact_details.confirm_contact(maria, asked.id, code_sent("contact_code", NEW))
    assert emails(MARIA) == {NEW}
    assert emails(LUIS) == {EMAIL}  # his own stays his
    assert recipients_of("contact_changed") == {EMAIL}
    assert "change:contact" in [entry.action for entry in trail()]
    with pytest.raises(ChallengeOver):
        contact_details.confirm_contact(maria, asked.id, code_sent("contact_code", NEW))


def test_code_12_old_codes_and_links_die(sample_people: People):
    code = request_code(NOBODY, EMAIL)
    link = make_link(sample_people.dana, Purpose.PAY, INVOICE)
    with_password(MARIA, "maria")
    asked = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    second_factor.send_second_code(NOBODY, asked.id, Proof.EMAIL)
    maria = new_session(MARIA, way="passkey")
    change = contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, NEW)
    contact_details.confirm_contact(maria, change.id, code_sent("contact_code", NEW))
    with pytest.raises(SignInCodeOver):
        check_code(NOBODY, code.id, code_sent("sign_in_code", EMAIL))
    with pytest.raises(ChallengeOver):
        second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, code_sent("second_code", EMAIL))
    with pytest.raises(action_links.LinkOver):
        action_links.open_link(NOBODY, link.address.partition("#")[2], MARIA.birth_date)


def test_the_same_address_may_change_for_all_one_acts_for(sample_people: People):
    maria = new_session(MARIA)
    asked = contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, NEW, everywhere=True)
    contact_details.confirm_contact(maria, asked.id, code_sent("contact_code", NEW))
    assert emails(EVA) == {NEW}
    assert emails(LUIS) == {EMAIL}


def test_a_parent_changes_a_childs_phone_and_no_other_adults(sample_people: People):
    maria = new_session(MARIA)
    asked = contact_details.change_contact(maria, EVA.id, ContactKind.PHONE, "(212) 555-0199")
    contact_details.confirm_contact(maria, asked.id, code_sent("contact_code", "+12125550199"))
    for other in (LUIS, KIM):
        with pytest.raises(NotFound):
            contact_details.change_contact(maria, other.id, ContactKind.EMAIL, NEW)
        with pytest.raises(NotFound):
            contact_details.change_address(maria, other.id, Address("1 Main St"))
    assert {p.name for p in contact_details.view_people(maria)} >= {"Maria Rivera", "Eva Rivera"}
    assert "Luis Rivera" not in {p.name for p in contact_details.view_people(maria)}


def test_a_session_that_may_not_change_the_sign_in_confirms_no_change(sample_people: People):
    """Its own name and the right code are not enough: a page in a frame, or a link, has fewer permissions."""
    maria = new_session(MARIA)
    asked = contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, NEW)
    framed = replace(maria, permissions=maria.permissions - {Permission.MY_ACCOUNT})
    with pytest.raises(PermissionDenied):
        contact_details.confirm_contact(framed, asked.id, code_sent("contact_code", NEW))
    assert emails(MARIA) == {EMAIL}


def test_nobody_else_confirms_a_change_and_five_wrong_codes_end_it(sample_people: People):
    maria, luis = new_session(MARIA), new_session(LUIS)
    asked = contact_details.change_contact(maria, EVA.id, ContactKind.EMAIL, NEW)
    code = code_sent("contact_code", NEW)
    with pytest.raises(NotFound):
        contact_details.confirm_contact(luis, asked.id, code)
    for attempt in range(5):
        with pytest.raises(ChallengeOver if attempt == 4 else WrongCode):
            contact_details.confirm_contact(maria, asked.id, "000000")
    with pytest.raises(ChallengeOver):
        contact_details.confirm_contact(maria, asked.id, code)
    assert emails(EVA) == {EMAIL}


def test_changing_how_one_is_reached_needs_a_fresh_proof(sample_people: People):
    maria = with_password(MARIA)
    with pytest.raises(ReauthRequired):
        contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, NEW)


def test_the_last_way_to_reach_somebody_stays(sample_people: People):
    maria = new_session(MARIA)
    first, last = contact_details.view_people(maria)[0].contacts
    contact_details.remove_contact(maria, first.id)
    assert recipients_of("contact_changed") == {EMAIL}
    with pytest.raises(OnlyContact):
        contact_details.remove_contact(maria, last.id)


def test_address_and_preferences_are_ones_own(sample_people: People):
    maria = new_session(MARIA)
    contact_details.change_address(maria, EVA.id, Address("  1 Main   St ", city="Albany"))
    contact_details.set_preferences(maria, EVA.id, by_email=False, by_text=True, language="es")
    eva = next(p for p in contact_details.view_people(maria) if p.id == EVA.id)
    assert (eva.address.line1, eva.address.city, eva.language) == ("1 Main St", "Albany", "es")
    assert (eva.by_email, eva.by_text) == (False, True)
    with pytest.raises(NoWayChosen):
        contact_details.set_preferences(maria, EVA.id, by_email=False, by_text=False, language="es")


def test_what_cannot_be_kept_is_refused_at_its_field(sample_people: People):
    maria = new_session(MARIA)
    with pytest.raises(AddressLineTooLong) as long:
        contact_details.change_address(maria, EVA.id, Address("1 Main St", city="x" * 121))
    assert (long.value.field, long.value.values) == ("city", {"most": 120})
    with pytest.raises(WishMissing):
        contact_details.ask_for_change(maria, EVA.id, Locked.NAME, "  ")
    with pytest.raises(ContactIsNoEmail):
        contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, "+1 212 555 0177")
    with pytest.raises(ContactIsNoPhone):
        contact_details.change_contact(maria, MARIA.id, ContactKind.PHONE, NEW)
    with pytest.raises(ContactOnFile):
        contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, EMAIL)
    with transaction(TEST) as tx:
        for point in tx.exec(select(ContactPoint).where(ContactPoint.patient_id == EVA.id)).all():
            if point.kind is ContactKind.PHONE:
                tx.delete(point)
    with pytest.raises(NoContactForWay):
        contact_details.set_preferences(maria, EVA.id, by_email=False, by_text=True, language="en")
    with transaction(TEST) as tx:
        for number in range(9):
            phone = f"+1212555018{number}"
            tx.add(ContactPoint(id=f"con_{number}", patient_id=MARIA.id, kind=ContactKind.PHONE, value=phone))
    with pytest.raises(TooManyContacts):
        contact_details.change_contact(maria, MARIA.id, ContactKind.EMAIL, NEW, add=True)


def test_name_birth_date_and_sex_are_asked_of_the_practice(sample_people: People):
    maria = new_session(MARIA)
    contact_details.ask_for_change(maria, EVA.id, Locked.NAME, "Eve, not Eva")
    with reading(TEST) as tx:
        task = tx.exec(select(Task)).one()
        assert tx.get_or_404(Patient, EVA.id).given_name == "Eva"
    assert task.patient_id == EVA.id
    with pytest.raises(NotFound):
        contact_details.ask_for_change(maria, LUIS.id, Locked.NAME, "Lou")


def test_dep_11_contact_details_of_another_adult_only_when_shared(sample_people: People):
    oscar, ivy = new_session(OSCAR), new_session(IVY)
    with pytest.raises(NotFound):
        grants.contacts_of(oscar, IVY.id)
    wish = grants.share(ivy, GrantKind.CONTACT, "óscar", "HILL", OSCAR.birth_date)
    assert {c.shown for c in grants.contacts_of(oscar, IVY.id)} == {"ivy@example.com", "+12125550146"}
    assert [(s.name, s.kind) for s in grants.shared_with_me(oscar)] == [("Ivy Hill", GrantKind.CONTACT)]
    assert recipients_of("sharing_changed") == {"ivy@example.com", "+12125550146"}
    grants.stop_sharing(ivy, wish)
    with pytest.raises(NotFound):
        grants.contacts_of(oscar, IVY.id)
    assert len(outbox("sharing_changed")) == 4


def test_each_kind_is_shared_alone(sample_people: People):
    ivy = new_session(IVY)
    grants.share(ivy, GrantKind.PAY, "Oscar", "Hill", OSCAR.birth_date)
    with pytest.raises(NotFound):
        grants.contacts_of(new_session(OSCAR), IVY.id)
    with reading(TEST) as tx:
        assert [g.kind for g in tx.exec(select(Grant))] == [GrantKind.PAY]


def test_sharing_does_not_tell_whom_the_practice_knows(sample_people: People):
    ivy = new_session(IVY)
    known = grants.share(ivy, GrantKind.PAY, "Kim", "Okafor", KIM.birth_date)
    unknown = grants.share(ivy, GrantKind.PAY, "Kim", "Okafor", date(1980, 1, 1))
    assert known[:4] == unknown[:4]
    assert [(s.given_name, s.family_name) for s in grants.list_sharing(ivy)] == [("Kim", "Okafor")] * 2
    assert len(grants.shared_with_me(new_session(KIM))) == 1
    grants.stop_sharing(ivy, unknown)
    with pytest.raises(NotFound):
        grants.stop_sharing(new_session(KIM), known)


def test_only_adults_share_and_with_adults(sample_people: People):
    with pytest.raises(TooYoungToShare):
        grants.share(new_session(NINA), GrantKind.PAY, "Rosa", "Park", ROSA.birth_date)
    with pytest.raises(NotAnAdult):
        grants.share(new_session(ROSA), GrantKind.PAY, "Nina", "Park", NINA.birth_date)


def test_sharing_names_one_other_adult_and_has_a_limit(sample_people: People):
    ivy = new_session(IVY)
    for given, family, field in ((" ", "Hill", "given_name"), ("Oscar", "-", "family_name")):
        with pytest.raises(NameIncomplete) as refused:
            grants.share(ivy, GrantKind.PAY, given, family, OSCAR.birth_date)
        assert refused.value.field == field
    with pytest.raises(SharingWithOneself):
        grants.share(ivy, GrantKind.PAY, "Ivy", "Hill", IVY.birth_date)
    for number in range(20):
        grants.share(ivy, GrantKind.PAY, f"Person {chr(65 + number)}", "Hill", OSCAR.birth_date)
    with pytest.raises(TooMuchShared):
        grants.share(ivy, GrantKind.PAY, "Oscar", "Hill", OSCAR.birth_date)


def test_lost_everything_waits_a_day_and_everybody_hears(sample_people: People):
    maria = with_password(MARIA, "maria")
    with_app(maria)
    with pytest.raises(PermissionDenied):
        resets.start_reset(sample_people.nora, MARIA.id, "lost her phone")
    with pytest.raises(ReasonMissing):
        resets.start_reset(sample_people.dana, MARIA.id, " ")
    started = resets.start_reset(sample_people.dana, MARIA.id, "lost her phone")
    assert started.effective == clock.now() + timedelta(hours=24)
    assert recipients_of("reset_started") == {EMAIL, "+12125550142"}
    assert resets.carry_out_resets(TEST) == 0
    with clock.held_at(clock.now() + timedelta(hours=24)):
        assert resets.carry_out_resets(TEST) == 1
        assert resets.carry_out_resets(TEST) == 0
        with pytest.raises(WrongPassword):
            passwords.password_sign_in(NOBODY, "maria", PASSWORD)
        shown = passwords.view_sign_in(new_session(MARIA))
        assert (shown.has_password, shown.has_app, shown.recovery_codes) == (False, False, 0)
    with pytest.raises(NotSignedIn):
        principal_of(maria.session_ref, Side.PATIENT)
    (line,) = (line for line in trail() if line.action == "end_all_sessions")
    assert (line.patient_id, line.details) == (
        MARIA.id,
        {"count": 1},
    )  # whose they were, by the portal's errand


def test_a_reset_is_stopped_by_the_message_or_in_a_session(sample_people: People):
    maria = with_password(MARIA, "maria")
    resets.start_reset(sample_people.dana, MARIA.id, "lost her phone")
    token = outbox("reset_started")[0].body.partition("/stop-reset#")[2].split()[0]
    with pytest.raises(ResetLinkOver):
        resets.stop_reset_by_link(NOBODY, "another")
    resets.stop_reset_by_link(NOBODY, token)
    resets.start_reset(sample_people.dana, MARIA.id, "again")
    assert passwords.view_sign_in(maria).reset_at
    resets.stop_reset(maria)
    with clock.held_at(clock.now() + timedelta(days=2)):
        assert resets.carry_out_resets(TEST) == 0
        assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways


def test_link_1_a_dead_link_to_stop_a_reset_is_known_before_it_is_pressed(sample_people: People):
    with_password(MARIA, "maria")
    resets.start_reset(sample_people.dana, MARIA.id, "lost her phone")
    token = outbox("reset_started")[0].body.partition("/stop-reset#")[2].split()[0]
    assert resets.is_reset_link_open(NOBODY, token)
    assert not resets.is_reset_link_open(NOBODY, "another")
    with clock.held_at(clock.now() + timedelta(hours=24)):
        assert resets.carry_out_resets(TEST) == 1
        assert not resets.is_reset_link_open(NOBODY, token)


def test_the_job_is_not_for_people(sample_people: People):
    for principal in (sample_people.olga, sample_people.maria, NOBODY):
        with pytest.raises(NotFound):
            resets.carry_out_resets(principal)


def test_a_code_to_a_phone_that_said_stop_is_not_offered(sample_people: People):
    with transaction(TEST) as tx:
        for point in tx.exec(select(ContactPoint).where(ContactPoint.patient_id == MARIA.id)):
            point.may_text = False
            tx.add(point)
    assert second_factor.start_reauth(new_session(MARIA)).ways == (Proof.EMAIL,)
