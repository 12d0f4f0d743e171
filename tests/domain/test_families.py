"""Who sees whom, as a table of persons (DOMAIN.md; VIS and DEP)."""

from dataclasses import replace
from datetime import date

import pytest

from portal_app.domain.families import (
    Bond,
    Circle,
    GrantKind,
    PatientStatus,
    Person,
    Seen,
    Share,
    age_on,
    birthday,
    is_younger_than,
    may_sign_in,
    seen_by,
)
from portal_app.domain.ids import AccountId, PatientId

TODAY = date(2026, 6, 15)
BORN = {
    "ana": date(1985, 3, 1),
    "ben": date(1983, 2, 2),
    "cal": date(2017, 1, 9),
    "dee": date(2010, 6, 15),  # 16 today
    "eli": date(2010, 6, 16),  # 16 tomorrow
    "fay": date(2007, 4, 4),
    "gus": date(1956, 1, 1),
    "hal": date(1986, 1, 1),
    "ida": date(2012, 2, 29),
}
GUARANTOR = {"cal": "ana", "dee": "ana", "eli": "ana", "fay": "fay", "ida": "ana"}


def person(name: str, **changes: object) -> Person:
    id_, guarantor = PatientId(name), PatientId(GUARANTOR.get(name, name))
    return replace(Person(id_, BORN.get(name), guarantor), **changes)  # type: ignore[arg-type]


def bond(patient: str, adult: str, until: date | None = None) -> Bond:
    return Bond(PatientId(patient), PatientId(adult), until)


FATHER = tuple(bond(child, "ben") for child in ("cal", "dee", "eli"))
FAMILY = tuple(person(name) for name in BORN)


def sees(
    viewer: str,
    *,
    family: tuple[Person, ...] = FAMILY,
    relations: tuple[Bond, ...] = FATHER,
    marks: tuple[Bond, ...] = (),
    today: date = TODAY,
    age: int = 16,
) -> set[str]:
    me = next(p for p in family if p.id == viewer)
    return set(seen_by(Circle(me, family, relations, marks), age, today).patients)


ONLY = tuple(p for p in FAMILY if p.id != "ida")


@pytest.mark.parametrize(
    ("case", "viewer", "relations", "marks", "whom"),
    [
        ("VIS-1", "ana", FATHER, (), "ana cal eli"),
        ("VIS-2", "ben", FATHER, (), "ben cal eli"),
        ("VIS-2", "dee", FATHER, (), "dee"),
        ("VIS-2", "fay", FATHER, (), "fay"),
        ("VIS-3", "ana", FATHER, (bond("fay", "ana"),), "ana cal eli fay"),
        ("VIS-3", "ben", FATHER, (bond("fay", "ana"),), "ben cal eli"),
        ("VIS-3", "fay", FATHER, (bond("fay", "ana"),), "fay"),
        ("VIS-4", "hal", (), (bond("gus", "hal"),), "hal gus"),
        ("VIS-4", "gus", (), (bond("gus", "hal"),), "gus"),
        ("VIS-5", "ben", (), (), "ben"),
    ],
)
def test_who_sees_whom(
    case: str, viewer: str, relations: tuple[Bond, ...], marks: tuple[Bond, ...], whom: str
):
    assert sees(viewer, family=ONLY, relations=relations, marks=marks) == set(whom.split()), case


@pytest.mark.parametrize(
    ("day", "seen"), [(date(2028, 2, 28), True), (date(2028, 2, 29), False), (date(2028, 3, 1), False)]
)
def test_vis_6_born_on_29_february(day: date, seen: bool):
    assert ("ida" in sees("ana", today=day)) is seen


@pytest.mark.parametrize(
    ("age", "day", "younger"),
    [
        (15, date(2027, 2, 28), True),  # a common year: 1 March
        (15, date(2027, 3, 1), False),
        (16, date(2028, 2, 28), True),
        (16, date(2028, 2, 29), False),
    ],
)
def test_vis_6_in_a_common_year_the_birthday_counts_on_1_march(age: int, day: date, younger: bool):
    assert is_younger_than(date(2012, 2, 29), age, day) is younger


@pytest.mark.parametrize(("day", "seen"), [(date(2026, 5, 9), True), (date(2026, 5, 10), False)])
def test_dep_1_and_3_access_ends_as_the_sixteenth_birthday_begins(day: date, seen: bool):
    family = (person("ana"), person("cal", birth_date=date(2010, 5, 10)))
    assert ("cal" in sees("ana", family=family, today=day)) is seen


def test_dep_4_the_guarantor_still_answers_for_the_account():
    accounts = (AccountId("acc_ana"),)
    seen = seen_by(Circle(person("ana"), (person("dee"),), accounts=accounts), 16, TODAY)
    assert (seen.patients, seen.accounts) == ({"ana"}, {"acc_ana"})


@pytest.mark.parametrize(
    ("day", "seen"), [(date(2026, 12, 31), True), (date(2027, 1, 1), False), (date(2027, 1, 2), False)]
)
def test_dep_5_a_mark_holds_to_its_last_day(day: date, seen: bool):
    marks = (bond("dee", "hal", until=date(2026, 12, 31)),)
    assert ("dee" in sees("hal", marks=marks, today=day)) is seen


def test_dep_6_without_the_mark_there_is_no_access():
    assert "fay" in sees("ana", marks=(bond("fay", "ana"),))
    assert "fay" not in sees("ana", marks=())


def test_dep_8_two_adults_of_one_file_share_the_children_and_nothing_of_each_other():
    both = tuple(bond(child, adult) for child in ("cal", "eli") for adult in ("ana", "ben"))
    assert sees("ana", relations=both, family=ONLY) == {"ana", "cal", "eli"}
    assert sees("ben", relations=both, family=ONLY) == {"ben", "cal", "eli"}


@pytest.mark.parametrize("born", [None, date(2026, 6, 16), date(2100, 1, 1)])
def test_dep_10_without_a_credible_birth_date_one_is_an_adult(born: date | None):
    child = person("cal", birth_date=born)
    assert sees("ana", family=(person("ana"), child)) == {"ana"}
    assert may_sign_in(child, 16, TODAY)


def test_dep_11_sharing_a_membership_or_an_invoice_shows_no_other_adult():
    ben = person("ben", guarantor=PatientId("ana"))
    assert sees("ana", family=(person("ana"), ben)) == {"ana"}


@pytest.mark.parametrize("status", [PatientStatus.INACTIVE, PatientStatus.DECEASED, PatientStatus.MERGED])
def test_who_is_no_patient_any_more_is_no_viewer(status: PatientStatus):
    gone = person("ana", status=status)
    seen = seen_by(Circle(gone, FAMILY, accounts=(AccountId("acc"),)), 16, TODAY)
    assert (seen.patients, seen.accounts) == (frozenset(), frozenset())


def test_a_merged_chart_is_seen_under_its_new_number_only():
    assert sees("ana", family=(person("ana"), person("cal", status=PatientStatus.MERGED))) == {"ana"}


def test_a_parent_still_sees_the_invoices_of_a_child_who_left_or_died():
    for status in (PatientStatus.INACTIVE, PatientStatus.DECEASED):
        assert "cal" in sees("ana", family=(person("ana"), person("cal", status=status)))


def test_a_child_does_not_sign_in():
    assert sees("cal") == set()
    assert not may_sign_in(person("cal"), 16, TODAY)


def test_a_marked_dependent_adult_still_signs_in_and_sees_themself():
    assert sees("fay", marks=(bond("fay", "ana"),)) == {"fay"}


def test_a_mother_of_seventeen_sees_only_herself():
    mother = person("dee", birth_date=date(2009, 1, 1))
    baby = person("cal", guarantor=PatientId("dee"))
    assert sees("dee", family=(mother, baby), relations=(bond("cal", "dee"),)) == {"dee"}


def test_a_mark_names_one_adult_and_opens_nothing_to_the_guarantor():
    gus = person("gus", guarantor=PatientId("ana"))
    marks = (bond("gus", "hal"),)
    assert "gus" in sees("hal", family=(person("hal"), person("ana"), gus), marks=marks)
    assert "gus" not in sees("ana", family=(person("hal"), person("ana"), gus), marks=marks)


def test_a_sibling_is_no_responsible_adult():
    assert sees("fay") == {"fay"}


def test_a_relation_ends_with_its_last_day():
    ended = (bond("cal", "ben", until=date(2026, 6, 14)),)
    assert sees("ben", relations=ended) == {"ben"}
    assert "cal" in sees("ben", relations=(bond("cal", "ben", until=TODAY),))


@pytest.mark.parametrize(("age", "seen"), [(14, False), (15, False), (16, True), (18, True)])
def test_the_age_is_the_practices(age: int, seen: bool):
    assert ("eli" in sees("ana", age=age)) is seen


def test_birthdays():
    assert birthday(date(2012, 2, 29), 16) == date(2028, 2, 29)
    assert birthday(date(2012, 2, 29), 17) == date(2029, 3, 1)
    assert birthday(date(2012, 12, 31), 1) == date(2013, 12, 31)


def shared(kind: GrantKind, viewer: str = "ben", granter: Person | None = None) -> Seen:
    share = Share(granter or person("ana"), kind, (AccountId("acc_ana"),))
    return seen_by(Circle(person(viewer), FAMILY, shares=(share,)), 16, TODAY)


def test_each_kind_of_sharing_opens_its_own_list_and_no_chart():
    pay, visits = shared(GrantKind.PAY), shared(GrantKind.APPOINTMENTS_AND_FORMS)
    assert (pay.patients, pay.accounts, pay.granted_accounts, pay.granted_patients) == (
        {"ben"},
        set(),
        {"acc_ana"},
        set(),
    )
    assert (visits.patients, visits.granted_accounts, visits.granted_patients) == ({"ben"}, set(), {"ana"})
    contact = shared(GrantKind.CONTACT)
    assert (contact.patients, contact.granted_accounts, contact.granted_patients) == ({"ben"}, set(), set())


def test_sharing_is_between_living_adults():
    assert not shared(GrantKind.PAY, viewer="dee").granted_accounts  # 16
    assert not shared(GrantKind.PAY, granter=person("dee")).granted_accounts
    assert not shared(GrantKind.PAY, granter=person("ana", status=PatientStatus.DECEASED)).granted_accounts


def test_age_in_whole_years():
    assert age_on(date(2012, 2, 29), date(2028, 2, 28)) == 15
    assert age_on(date(2012, 2, 29), date(2027, 3, 1)) == 15
    assert age_on(date(2012, 2, 29), date(2027, 2, 28)) == 14
