"""People, contacts, relations and visits come in from FHIR."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from portal_app.clock import zone
from portal_app.db.scope import reading
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, Patient, Relation
from portal_app.domain.appointments import AppointmentStatus
from portal_app.domain.families import PatientStatus
from portal_app.services.imports.fhir.values import person_name
from tests.services.imports.import_helper import IMPORT, bring

SMITH = {"use": "official", "family": "Smith", "given": ["Ana"]}
TODAY = date(2026, 6, 15)
ANA = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "Reyes", "given": ["Ana"]}],
    "birthDate": "1985-02-03",
}
KID = ANA | {"id": "kid", "name": [{"family": "Reyes", "given": ["Kid"]}], "birthDate": "2018-01-01"}
BOB = {
    "resourceType": "RelatedPerson",
    "id": "r1",
    "patient": {"reference": "Patient/kid"},
    "relationship": [{"coding": [{"code": "FTH"}]}],
    "name": [{"family": "Reyes", "given": ["Bob"]}],
    "birthDate": "1980-01-01",
}
VISIT = {
    "resourceType": "Appointment",
    "id": "v1",
    "status": "booked",
    "start": "2026-07-01T10:00:00-04:00",
    "participant": [{"actor": {"reference": "Patient/p1"}}],
}


def put(folder: Path, *resources: dict[str, Any]) -> None:
    (folder / "all.ndjson").write_text("\n".join(map(json.dumps, resources)))


def person(chart: str) -> Patient:
    with reading(IMPORT) as tx:
        return tx.exec(select(Patient).where(Patient.chart_number == chart)).one()


def guarantor_of(chart: str) -> str:
    with reading(IMPORT) as tx:
        account = tx.get_or_404(Account, person(chart).account_id)
        return tx.get_or_404(Patient, account.guarantor_id).chart_number


@pytest.mark.parametrize(
    "names",
    [
        [{"use": "old", "family": "Smith", "given": ["Ana"]}, {"family": "Reyes", "given": ["Ana"]}],
        [
            {"use": "maiden", "family": "Smith", "given": ["Ana"]},
            {"use": "nickname", "family": "Reyes", "given": ["Ana"]},
        ],
        [
            {"use": "official", "family": "Smith", "given": ["Ana"], "period": {"end": "2019"}},
            {"family": "Reyes", "given": ["Ana"]},
        ],
        [
            {"use": "official", "family": "Smith", "given": ["Ana"], "period": {"start": "2027"}},
            {"family": "Reyes", "given": ["Ana"]},
        ],
        [{"use": "usual", "given": ["Annie"]}, {"family": "Reyes", "given": ["Ana"]}],
        [
            {"use": "official", "family": "Reyes", "given": ["Ana"]},
            {"use": "usual", "family": "R", "given": ["A"]},
        ],
        [
            {"use": "anonymous", "family": "X", "given": ["X"]},
            {"use": "usual", "family": "Reyes", "given": ["Ana"]},
        ],
        [{"text": "Reyes, Ana"}],
        [{"text": "Ana Reyes"}],
        [{"text": "REYES,ANA".title()}],
        [{"text": "Dr. Ana Reyes"}],
        [{"text": "Ana Reyes, MD"}],
        [{"text": "Ana Reyes Jr."}],
        [{"text": "Reyes, Ana, Jr"}],
        [{"family": "Reyes", "text": "Ana Reyes"}],
        [{"family": "Reyes", "text": "Dr. Ana Reyes, MD"}],
        [{"given": ["Ana", ""], "text": "Reyes, Ana"}],
        ["nonsense", {"family": "Reyes", "given": ["Ana"]}],
        [{"use": 5, "family": "Reyes", "given": ["Ana"], "period": "x"}],
    ],
)
def test_the_name_of_today_is_taken(names: list[Any]):
    assert person_name({"name": names}, TODAY, zone()) == ("Ana", "Reyes")


@pytest.mark.parametrize(
    "telecom",
    [
        {"system": "email", "value": "old@example.com", "period": {"end": "2015"}},
        {"system": "email", "value": "old@example.com", "period": {"end": "2026-06-14"}},
        {"system": "email", "value": "old@example.com", "use": "old"},
        {"system": "email", "value": "old@example.com", "period": {"start": "2027-01-01"}},
        {"system": "email", "value": "old@example.com", "rank": 2},
        {"system": "email", "value": ""},
        {"system": "url", "value": "https://example.com"},
        {"system": "email", "value": "old@example.com", "period": {"end": "2026-06-15T02:00:00Z"}},
    ],
)
def test_a_contact_that_does_not_hold_today_is_not_taken(folder: Path, telecom: dict[str, Any]):
    put(folder, ANA | {"telecom": [telecom, {"system": "email", "value": "new@example.com", "rank": 1}]})
    bring(folder, fhir=True)
    with reading(IMPORT) as tx:
        assert [point.value for point in tx.exec(select(ContactPoint))] == ["new@example.com"]


@pytest.mark.parametrize(
    "over",
    [
        {"period": {"end": "2020-01-01"}},
        {"period": {"end": "2020"}},
        {"period": {"end": "2026-05"}},
        {"active": False},
        {"period": {"start": "2027-01-01"}},
    ],
)
def test_who_is_no_longer_or_not_yet_a_parent_answers_for_nobody(folder: Path, over: dict[str, Any]):
    put(folder, KID, BOB | over)
    bring(folder, fhir=True)
    assert guarantor_of("kid") == "kid"
    with reading(IMPORT) as tx:
        for relation in tx.exec(select(Relation)):
            assert (relation.until and relation.until < TODAY) or over == {"active": False}


@pytest.mark.parametrize(
    "period",
    [{}, {"period": {"end": "2026"}}, {"period": {"end": "2026-06-15"}}, {"period": {"start": "2018"}}],
)
def test_a_parent_of_today_answers_for_the_child(folder: Path, period: dict[str, Any]):
    put(folder, KID, BOB | period)
    bring(folder, fhir=True)
    assert guarantor_of("kid") == "RelatedPerson/r1"


@pytest.mark.parametrize(
    "account",
    [
        {"status": "entered-in-error"},
        {"status": "inactive"},
        {"guarantor": [{"party": {"reference": "Patient/p1"}, "period": {"end": "2020"}}]},
        {"guarantor": [{"party": {"reference": "Patient/p1"}, "onHold": True}]},
    ],
)
def test_an_account_that_does_not_hold_names_no_guarantor(folder: Path, account: dict[str, Any]):
    named = {"guarantor": [{"party": {"reference": "Patient/p1"}}]}
    whole = {
        "resourceType": "Account",
        "id": "a1",
        "status": "active",
        "subject": [{"reference": "Patient/kid"}],
    }
    put(folder, ANA, KID, whole | named)
    bring(folder, fhir=True)
    assert guarantor_of("kid") == "p1"
    put(folder, ANA, KID, whole | named | account)
    bring(folder, fhir=True)
    assert guarantor_of("kid") == "kid"


@pytest.mark.parametrize(
    ("gone", "status"),
    [
        ({"deceasedBoolean": True}, PatientStatus.DECEASED),
        ({"deceasedDateTime": "2026-01"}, PatientStatus.DECEASED),
        ({"active": False}, PatientStatus.INACTIVE),
        ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]}, PatientStatus.MERGED),
    ],
)
def test_who_is_gone_is_gone_also_without_a_name(folder: Path, gone: dict[str, Any], status: PatientStatus):
    put(folder, ANA)
    bring(folder, fhir=True)
    put(folder, {"resourceType": "Patient", "id": "p1"} | gone)
    assert not bring(folder, fhir=True).set_aside
    assert (person("p1").status, person("p1").full_name) == (status, "Ana Reyes")


def test_an_appointment_entered_in_error_is_cancelled_and_a_stranger_is_none(folder: Path):
    put(folder, ANA, VISIT)
    bring(folder, fhir=True)
    error = VISIT | {"status": "entered-in-error"}
    del error["start"]
    put(folder, ANA, error, VISIT | {"id": "v2", "status": "entered-in-error"})
    assert [p.about for p in bring(folder, fhir=True).set_aside] == ["Appointment/v2"]
    with reading(IMPORT) as tx:
        assert [one.status for one in tx.exec(select(Appointment))] == [AppointmentStatus.CANCELLED]


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
@pytest.mark.parametrize(
    "visit",
    [
        VISIT,
        {"resourceType": "Encounter", "id": "v1", "status": "planned", "subject": {"reference": "Patient/p1"}}
        | {"period": {"start": "2026-07-01T10:00:00-04:00"}},
    ],
    ids=["Appointment", "Encounter"],
)
def test_a_visit_is_taken_back_by_a_record_that_says_nothing_more(
    folder: Path, visit: dict[str, Any], status: str
):
    put(folder, ANA, visit)
    bring(folder, fhir=True)
    put(folder, ANA, {"resourceType": visit["resourceType"], "id": "v1", "status": status})
    assert not bring(folder, fhir=True).set_aside
    with reading(IMPORT) as tx:
        assert [one.status for one in tx.exec(select(Appointment))] == [AppointmentStatus.CANCELLED]


BARE_BOB = {"resourceType": "RelatedPerson", "id": "r1"}


@pytest.mark.parametrize(
    "gone",
    [
        BARE_BOB | {"active": False},
        BARE_BOB | {"active": False, "patient": {"reference": "Patient/kid"}},
        BOB | {"active": False, "name": []},
        BOB | {"active": False, "relationship": []},
    ],
)
def test_a_parent_is_gone_also_without_a_name(folder: Path, gone: dict[str, Any]):
    put(folder, KID, BOB)
    bring(folder, fhir=True)
    put(folder, KID, gone)
    assert not bring(folder, fhir=True).set_aside
    assert person("RelatedPerson/r1").status is PatientStatus.INACTIVE


def test_a_relation_ends_also_without_a_name(folder: Path):
    put(folder, KID, BOB)
    bring(folder, fhir=True)
    put(folder, KID, BOB | {"name": [], "period": {"end": "2026-06-01"}})
    assert not bring(folder, fhir=True).set_aside
    with reading(IMPORT) as tx:
        assert [one.until for one in tx.exec(select(Relation))] == [date(2026, 6, 1)]


@pytest.mark.parametrize("end", ["06/01/2026", "soon", "2026-13", "2026-06-01T00:00:00UTC"])
def test_nobody_gets_access_by_an_end_that_nobody_can_read(folder: Path, end: str):
    put(folder, KID, BOB | {"period": {"end": end}})
    assert [p.column for p in bring(folder, fhir=True).set_aside] == ["period.end"]
    assert guarantor_of("kid") == "kid"
    with reading(IMPORT) as tx:
        assert tx.exec(select(Relation)).all() == []


@pytest.mark.parametrize("there", [True, False], ids=["chart still in the file", "chart gone"])
def test_a_merged_chart_may_be_named_by_its_survivor_alone(folder: Path, there: bool):
    other = ANA | {"id": "p2"}
    put(folder, ANA, other)
    bring(folder, fhir=True)
    link = {"type": "replaces", "other": {"reference": "Patient/p1"}}
    never = {"type": "replaces", "other": {"reference": "Patient/never-here"}}
    put(folder, *([ANA] if there else []), other | {"link": [link, never]})
    for changes in (1, 0):
        report = bring(folder, fhir=True)
        assert (report.set_aside, report.changes) == ([], changes)
        assert person("p1").status is PatientStatus.MERGED
        assert person("p2").status is PatientStatus.ACTIVE


def test_dep_10_a_partial_birth_date_is_partial(folder: Path):
    put(folder, ANA | {"birthDate": "1985-02"})
    assert ["partial" in p.reason for p in bring(folder, fhir=True).problems] == [True]


def test_a_family_name_of_several_words_is_not_said_twice():
    name = {"family": "de la Cruz", "text": "Ana María de la Cruz"}
    assert person_name({"name": [name]}, TODAY, zone()) == ("Ana María", "de la Cruz")


def test_a_good_address_behind_a_placeholder_and_a_third_phone_count(folder: Path):
    emails = [{"system": "email", "value": value} for value in ("none@none.com", "ana@example.com")]
    numbers = ("(212) 555-0142", "(917) 555-0143", "(917) 555-0199")
    put(folder, ANA | {"telecom": emails + [{"system": "phone", "value": number} for number in numbers]})
    assert not bring(folder, fhir=True).set_aside
    with reading(IMPORT) as tx:
        found = {one.value for one in tx.exec(select(ContactPoint))}
    assert found == {"ana@example.com", "+12125550142", "+19175550143", "+19175550199"}
