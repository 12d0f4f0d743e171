"""When a form is due, judged on a day."""

from datetime import date

import pytest

from portal_app.domain.forms.statuses import (
    FormStatus,
    FormTerms,
    Submitted,
    form_status,
    is_for_age,
    is_given,
    judging_day,
    to_fill,
)

BORN = date(2008, 9, 1)


def judged(
    terms: FormTerms,
    submitted: Submitted | None,
    day: date,
    *,
    is_begun: bool = False,
    born: date | None = BORN,
) -> str:
    return form_status(terms, submitted, is_begun=is_begun, birth_date=born, judged_on=day).value


@pytest.mark.parametrize(
    ("submitted", "day", "status"),
    [
        (date(2025, 3, 10), date(2026, 3, 9), "current"),
        (date(2025, 3, 10), date(2026, 3, 10), "outdated"),
        (date(2025, 6, 15), date(2026, 6, 14), "current"),
        (date(2025, 6, 15), date(2026, 6, 15), "outdated"),
        (date(2024, 2, 29), date(2025, 2, 27), "current"),
        (date(2024, 2, 29), date(2025, 2, 28), "outdated"),
    ],
)
def test_form_1_and_valid_1_twelve_months_end_on_the_same_day_a_year_later(
    submitted: date, day: date, status: str
):
    assert judged(FormTerms(validity_months=12), Submitted(submitted, 1), day) == status


def test_form_2_an_appointment_ahead_is_the_day_that_counts():
    today = date(2026, 2, 20)
    answered, terms = Submitted(date(2025, 3, 10), 1), FormTerms(validity_months=12)
    assert judged(terms, answered, judging_day(today, date(2026, 3, 15))) == "outdated"
    assert judged(terms, answered, judging_day(today, date(2026, 3, 5))) == "current"
    assert judged(terms, answered, judging_day(today, None)) == "current"
    assert judging_day(today, date(2026, 1, 1)) == today


def test_form_4_a_form_for_children_is_not_for_who_turns_18_that_day():
    children, adults = FormTerms(least_age=0, greatest_age=17), FormTerms(least_age=18)
    eve, day = date(2026, 8, 31), date(2026, 9, 1)
    assert [is_for_age(children, BORN, on) for on in (eve, day)] == [True, False]
    assert [is_for_age(adults, BORN, on) for on in (eve, day)] == [False, True]
    assert is_for_age(children, None, day)


def test_form_5_only_a_version_published_with_ask_again_makes_a_form_due():
    answered = Submitted(date(2020, 1, 1), 3)
    day = date(2026, 6, 15)
    assert judged(FormTerms(), answered, day) == "current"
    assert judged(FormTerms(asked_again_at=4), answered, day) == "outdated"
    assert judged(FormTerms(asked_again_at=4), Submitted(date(2026, 1, 1), 4), day) == "current"


def test_form_7_what_staff_recorded_from_paper_counts():
    assert (
        judged(FormTerms(validity_months=12), Submitted(date(2026, 6, 1), 1), date(2026, 6, 15)) == "current"
    )


def test_begun_answers_show_only_while_the_form_is_due():
    day, terms = date(2026, 6, 15), FormTerms(validity_months=12)
    assert judged(terms, None, day) == "outstanding"
    assert judged(terms, None, day, is_begun=True) == "in_progress"
    assert judged(terms, Submitted(date(2020, 1, 1), 1), day, is_begun=True) == "in_progress"
    assert judged(terms, Submitted(day, 1), day, is_begun=True) == "current"


def test_a_consent_that_an_adult_gave_for_a_child_ends_when_the_child_turns_18():
    terms, by_adult = FormTerms(is_consent=True), Submitted(date(2026, 1, 1), 1, by_adult=True)
    assert judged(terms, by_adult, date(2026, 8, 31)) == "current"
    assert judged(terms, by_adult, date(2026, 9, 1)) == "outdated"
    assert judged(terms, Submitted(date(2026, 1, 1), 1), date(2026, 9, 1)) == "current"
    assert judged(FormTerms(), by_adult, date(2026, 9, 1)) == "current"
    assert judged(terms, by_adult, date(2026, 9, 1), born=None) == "current"


def test_form_34_a_refused_consent_is_current_and_never_given():
    refused, terms = (
        Submitted(date(2026, 6, 1), 1, is_refusal=True),
        FormTerms(is_consent=True, validity_months=12),
    )
    day = date(2026, 6, 15)
    assert judged(terms, refused, day) == "current"
    assert not is_given(terms, refused, birth_date=BORN, on=day)
    assert not is_given(terms, None, birth_date=BORN, on=day)
    given = Submitted(date(2026, 6, 1), 1)
    assert is_given(terms, given, birth_date=BORN, on=day)
    assert not is_given(terms, given, birth_date=BORN, on=date(2027, 6, 1))


def test_form_12_fill_all_required_leaves_out_what_is_optional_or_current():
    required, optional = FormTerms(), FormTerms(is_required=False)
    forms = [
        ("history", required, FormStatus.OUTDATED),
        ("marketing", optional, FormStatus.OUTSTANDING),
        ("privacy", required, FormStatus.CURRENT),
        ("mood", required, FormStatus.IN_PROGRESS),
        ("contact", required, FormStatus.OUTSTANDING),
    ]
    assert to_fill(forms) == ["history", "mood", "contact"]
