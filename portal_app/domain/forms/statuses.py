"""When a form is due: pure functions of what was submitted, judged on a day (DOMAIN.md, "Form"; FORM-1 to FORM-13)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from portal_app.domain.families import ADULT_AGE, birthday
from portal_app.domain.memberships.periods import add_months

_Form = TypeVar("_Form")


class FormStatus(StrEnum):
    OUTSTANDING = "outstanding"  # nothing was submitted
    OUTDATED = "outdated"  # what was submitted is too old
    IN_PROGRESS = "in_progress"  # due, and somebody has begun
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class FormTerms:
    """When a published form is due.

    Args:
        validity_months: calendar months for which a response counts; None for a form that is filled once.
        asked_again_at: the newest version published with "ask again"; 0 where none was.
        least_age, greatest_age: in whole years, for whom the form is; None without a limit.
        is_consent: what a responsible adult gives for a child ends when the child turns 18.
        is_required: part of "Fill all required"; an optional one never is (FORM-12).
    """

    validity_months: int | None = None
    asked_again_at: int = 0
    least_age: int | None = None
    greatest_age: int | None = None
    is_consent: bool = False
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Submitted:
    """The newest response: on screen by a patient, or on paper, recorded by staff (FORM-7).

    Args:
        on: the day in the practice's zone.
        version: of the form.
        by_adult: a responsible adult gave it for the patient.
        is_refusal: a consent that was refused. It is an answer like any other, and never counts as given (FORM-34).
    """

    on: date
    version: int
    by_adult: bool = False
    is_refusal: bool = False


def judging_day(today: date, next_appointment: date | None) -> date:
    """The day on which forms are judged: that of the next appointment, so that they are asked for before it (FORM-2)."""
    return today if next_appointment is None else max(today, next_appointment)


def ends_on(terms: FormTerms, submitted: Submitted, birth_date: date | None) -> date | None:
    """The first day on which a response no longer counts; None for one that counts for good."""
    ends: list[date] = []
    if terms.validity_months is not None:
        ends.append(add_months(submitted.on, terms.validity_months))
    if terms.is_consent and submitted.by_adult and birth_date is not None:
        ends.append(birthday(birth_date, ADULT_AGE))
    return min(ends, default=None)


def form_status(
    terms: FormTerms, submitted: Submitted | None, *, is_begun: bool, birth_date: date | None, judged_on: date
) -> FormStatus:
    """The status of a form for one patient on a day (VALID-1, FORM-1, FORM-5).

    A version published without "ask again" changes nothing: who answered an earlier one stays current.

    Args:
        submitted: the newest response, None without one.
        is_begun: answers are saved that were not submitted.
    """
    if submitted is not None:
        end = ends_on(terms, submitted, birth_date)
        is_superseded = submitted.version < terms.asked_again_at
        if not is_superseded and (end is None or judged_on < end):
            return FormStatus.CURRENT
    if is_begun:
        return FormStatus.IN_PROGRESS
    return FormStatus.OUTSTANDING if submitted is None else FormStatus.OUTDATED


def is_for_age(terms: FormTerms, birth_date: date | None, judged_on: date) -> bool:
    """Whether a form is for a patient of this age on a day; who turns 18 that day is 18 (FORM-4).

    A patient without a date of birth is asked.
    """
    if birth_date is None:
        return True
    if terms.least_age is not None and judged_on < birthday(birth_date, terms.least_age):
        return False
    return terms.greatest_age is None or judged_on < birthday(birth_date, terms.greatest_age + 1)


def is_given(terms: FormTerms, submitted: Submitted | None, *, birth_date: date | None, on: date) -> bool:
    """Whether a consent is given on a day: current and not refused (FORM-34)."""
    if submitted is None or submitted.is_refusal:
        return False
    status = form_status(terms, submitted, is_begun=False, birth_date=birth_date, judged_on=on)
    return status is FormStatus.CURRENT


def to_fill(forms: Iterable[tuple[_Form, FormTerms, FormStatus]]) -> list[_Form]:
    """What "Fill all required" walks, in the given order: what is required and not current (FORM-12, FORM-13)."""
    return [form for form, terms, status in forms if terms.is_required and status is not FormStatus.CURRENT]
