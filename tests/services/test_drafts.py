"""What staff have typed and not yet sent: theirs alone, for two weeks."""

from datetime import timedelta

import pytest
from sqlmodel import col, func, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.drafts import Draft
from portal_app.domain.access import the_portal
from portal_app.domain.errors import NotAllowed, NotFound, Refused
from portal_app.services import drafts
from portal_app.services.drafts import draft_of, drop_draft, forget_drafts, keep_field
from tests.attacks.test_codes_timing import in_parallel
from tests.cast import MARIA, Cast

FORM = "new invoice"


def count() -> int:
    with reading(the_portal("test")) as tx:
        return tx.exec(select(func.count(col(Draft.id)))).one()


def test_field_by_field_and_the_last_word_counts(cast: Cast):
    keep_field(cast.dana, FORM, MARIA.id, "what_1", "Crown")
    keep_field(cast.dana, FORM, MARIA.id, "amount_1", "12")
    keep_field(cast.dana, FORM, MARIA.id, "amount_1", "120.00")
    assert draft_of(cast.dana, FORM, MARIA.id) == {"what_1": "Crown", "amount_1": "120.00"}
    assert count() == 1


def test_nobody_elses_and_of_no_other_form_or_thing(cast: Cast):
    keep_field(cast.dana, FORM, MARIA.id, "what_1", "Crown")
    assert draft_of(cast.olga, FORM, MARIA.id) == {}
    assert draft_of(cast.dana, FORM, "pat_other") == {}
    assert draft_of(cast.dana, "wording", MARIA.id) == {}
    drop_draft(cast.olga, FORM, MARIA.id)
    assert draft_of(cast.dana, FORM, MARIA.id)
    for service in (draft_of, drop_draft):
        with pytest.raises(NotAllowed):
            service(cast.maria, FORM, MARIA.id)
    with pytest.raises(NotAllowed):
        keep_field(cast.maria, FORM, MARIA.id, "what_1", "x")


def test_it_is_gone_when_it_is_sent(cast: Cast):
    keep_field(cast.dana, FORM, MARIA.id, "what_1", "Crown")
    drop_draft(cast.dana, FORM, MARIA.id)
    assert (draft_of(cast.dana, FORM, MARIA.id), count()) == ({}, 0)


def test_after_two_weeks_without_anybody_it_is_forgotten(cast: Cast):
    keep_field(cast.dana, FORM, "old", "what_1", "x")
    with clock.held_at(clock.now() + timedelta(days=10)):
        keep_field(cast.dana, FORM, "new", "what_1", "x")
    with clock.held_at(clock.now() + timedelta(days=14, minutes=1)):
        with pytest.raises(NotFound):
            forget_drafts(cast.olga)
        assert forget_drafts(the_portal("drafts")) == 1
    assert draft_of(cast.dana, FORM, "new") and not draft_of(cast.dana, FORM, "old")


def test_it_cannot_be_filled_without_end(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drafts, "_FIELDS", 3)
    for n in range(5):
        keep_field(cast.dana, FORM, "full", f"what_{n}", "x")
    assert len(draft_of(cast.dana, FORM, "full")) == 3
    for name, value in (("x" * 41, ""), ("what_1", "x" * 2_001)):
        with pytest.raises(Refused):
            keep_field(cast.dana, FORM, "full", name, value)
    for n in range(drafts.MOST + 5):
        with clock.held_at(clock.now() + timedelta(minutes=n)):
            keep_field(cast.dana, FORM, f"pat_{n}", "what_1", "x")
    assert count() == drafts.MOST
    assert draft_of(cast.dana, FORM, f"pat_{drafts.MOST + 4}") and not draft_of(cast.dana, FORM, "full")


def test_two_tabs_at_once_make_one_draft(cast: Cast):
    names = iter([f"what_{n}" for n in range(6)])

    def leave() -> None:
        keep_field(cast.dana, FORM, MARIA.id, next(names), "x")

    in_parallel(leave, 6)
    assert count() == 1
    assert len(draft_of(cast.dana, FORM, MARIA.id)) == 6
