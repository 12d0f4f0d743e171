"""What somebody has typed and not yet sent: theirs alone, for two weeks."""

from datetime import timedelta

import pytest
from sqlmodel import col, func, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.drafts import Draft
from portal_app.domain.access import nobody, system_principal
from portal_app.domain.errors import NotFound, PermissionDenied, TextTooLong
from portal_app.services import drafts
from portal_app.services.drafts import draft_of, drop_draft, forget_drafts, keep_field, keep_fields
from tests.attacks.test_codes_timing import in_parallel
from tests.people import MARIA, People

FORM = "new invoice"


def count() -> int:
    with reading(system_principal("test")) as tx:
        return tx.exec(select(func.count(col(Draft.id)))).one()


def test_field_by_field_and_the_last_word_counts(sample_people: People):
    keep_field(sample_people.dana, FORM, MARIA.id, "what_1", "Crown")
    keep_field(sample_people.dana, FORM, MARIA.id, "amount_1", "12")
    keep_field(sample_people.dana, FORM, MARIA.id, "amount_1", "120.00")
    assert draft_of(sample_people.dana, FORM, MARIA.id) == {"what_1": "Crown", "amount_1": "120.00"}
    assert count() == 1


def test_nobody_elses_and_of_no_other_form_or_thing(sample_people: People):
    keep_field(sample_people.dana, FORM, MARIA.id, "what_1", "Crown")
    assert draft_of(sample_people.olga, FORM, MARIA.id) == {}
    assert draft_of(sample_people.dana, FORM, "pat_other") == {}
    assert draft_of(sample_people.dana, "wording", MARIA.id) == {}
    drop_draft(sample_people.olga, FORM, MARIA.id)
    assert draft_of(sample_people.dana, FORM, MARIA.id)
    for service in (draft_of, drop_draft):
        with pytest.raises(PermissionDenied):
            service(nobody("127.0.0.1", "en"), FORM, MARIA.id)
    with pytest.raises(PermissionDenied):
        keep_field(nobody("127.0.0.1", "en"), FORM, MARIA.id, "what_1", "x")


def test_a_patients_steps_are_kept_for_them_alone(sample_people: People):
    keep_fields(sample_people.maria, "new member", "mem_1", {"given_name": "Cara", "step": "contact"})
    keep_field(sample_people.maria, "new member", "mem_1", "given_name", "Clara")
    assert draft_of(sample_people.maria, "new member", "mem_1") == {"given_name": "Clara", "step": "contact"}
    for other in (sample_people.luis, sample_people.olga):
        assert draft_of(other, "new member", "mem_1") == {}


def test_it_is_gone_when_it_is_sent(sample_people: People):
    keep_field(sample_people.dana, FORM, MARIA.id, "what_1", "Crown")
    drop_draft(sample_people.dana, FORM, MARIA.id)
    assert (draft_of(sample_people.dana, FORM, MARIA.id), count()) == ({}, 0)


def test_after_two_weeks_without_anybody_it_is_forgotten(sample_people: People):
    keep_field(sample_people.dana, FORM, "old", "what_1", "x")
    with clock.held_at(clock.now() + timedelta(days=10)):
        keep_field(sample_people.dana, FORM, "new", "what_1", "x")
    with clock.held_at(clock.now() + timedelta(days=14, minutes=1)):
        with pytest.raises(NotFound):
            forget_drafts(sample_people.olga)
        assert forget_drafts(system_principal("drafts")) == 1
    assert draft_of(sample_people.dana, FORM, "new") and not draft_of(sample_people.dana, FORM, "old")


def test_it_cannot_be_filled_without_end(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drafts, "_FIELDS", 3)
    for n in range(5):
        keep_field(sample_people.dana, FORM, "full", f"what_{n}", "x")
    assert len(draft_of(sample_people.dana, FORM, "full")) == 3
    for name, value in (("x" * 41, ""), ("what_1", "x" * 2_001)):
        with pytest.raises(TextTooLong):
            keep_field(sample_people.dana, FORM, "full", name, value)
    for n in range(drafts.MOST + 5):
        with clock.held_at(clock.now() + timedelta(minutes=n)):
            keep_field(sample_people.dana, FORM, f"pat_{n}", "what_1", "x")
    assert count() == drafts.MOST
    assert draft_of(sample_people.dana, FORM, f"pat_{drafts.MOST + 4}") and not draft_of(
        sample_people.dana, FORM, "full"
    )


def test_two_tabs_at_once_make_one_draft(sample_people: People):
    names = iter([f"what_{n}" for n in range(6)])

    def leave() -> None:
        keep_field(sample_people.dana, FORM, MARIA.id, next(names), "x")

    in_parallel(leave, 6)
    assert count() == 1
    assert len(draft_of(sample_people.dana, FORM, MARIA.id)) == 6
