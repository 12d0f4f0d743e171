"""A RelatedPerson whose relationship changes: who no longer is a parent has no say any more."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from portal_app.clock import now
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Relation
from portal_app.domain.families import RelationKind
from portal_app.domain.ids import new_id
from tests.services.imports.fhir.test_people import ANA, BOB, KID, TODAY, guarantor_of, person, put
from tests.services.imports.import_helper import IMPORT, bring

DEE = KID | {"id": "dee", "name": [{"family": "Reyes", "given": ["Dee"]}]}
YESTERDAY = TODAY - timedelta(days=1)


def relations() -> dict[tuple[str, RelationKind], date | None]:
    """(child, kind) → the last day."""
    charts = {person(chart).id: chart for chart in ("kid", "dee")}
    with reading(IMPORT) as tx:
        return {(charts[one.patient_id], one.kind): one.until for one in tx.exec(select(Relation))}


@pytest.fixture
def father(folder: Path) -> Path:
    put(folder, KID, DEE, BOB)
    bring(folder, fhir=True)
    assert relations() == {("kid", RelationKind.PARENT): None}
    return folder


@pytest.mark.parametrize(
    "relationship",
    [
        [{"coding": [{"code": "UNCLE"}]}],
        [{"coding": [{"code": "NBOR"}]}, {"text": "Neighbour"}],
        [{"text": "step-uncle"}],
        [],
        None,
    ],
)
def test_who_is_neither_parent_nor_guardian_any_more_has_no_say(father: Path, relationship: Any):
    put(father, KID, DEE, BOB | {"relationship": relationship})
    for changes in (True, False):
        report = bring(father, fhir=True)
        assert [p.column for p in report.set_aside] == ["relationship"]
        assert bool(report.changes) is changes
        assert relations() == {("kid", RelationKind.PARENT): YESTERDAY}
        assert guarantor_of("kid") == "kid"


def test_a_parent_who_becomes_a_guardian_is_one_thing_at_a_time(father: Path):
    put(father, KID, DEE, BOB | {"relationship": [{"coding": [{"code": "GUARD"}]}]})
    bring(father, fhir=True)
    assert relations() == {("kid", RelationKind.PARENT): YESTERDAY, ("kid", RelationKind.GUARDIAN): None}
    put(father, KID, DEE, BOB)
    bring(father, fhir=True)
    assert relations() == {("kid", RelationKind.PARENT): None, ("kid", RelationKind.GUARDIAN): YESTERDAY}


def test_who_is_recorded_for_another_child_has_no_say_in_the_first(father: Path):
    put(father, KID, DEE, BOB | {"patient": {"reference": "Patient/dee"}})
    bring(father, fhir=True)
    assert relations() == {("kid", RelationKind.PARENT): YESTERDAY, ("dee", RelationKind.PARENT): None}


def test_a_relation_that_begins_anew_in_the_future_has_ended_for_now(father: Path):
    put(father, KID, DEE, BOB | {"period": {"start": "2027-01-01"}})
    bring(father, fhir=True)
    assert relations() == {("kid", RelationKind.PARENT): YESTERDAY}


def test_a_check_ends_nothing_and_says_that_something_would_change(father: Path):
    put(father, KID, DEE, BOB | {"relationship": []})
    assert bring(father, fhir=True, check=True).changes
    assert relations() == {("kid", RelationKind.PARENT): None}


def test_what_staff_recorded_and_other_people_stay(father: Path):
    staffs = {"patient_id": person("dee").id, "adult_id": person("RelatedPerson/r1").id, "created_at": now()}
    with transaction(IMPORT) as tx:
        tx.add(Relation(id=new_id("rel"), kind=RelationKind.GUARDIAN, **staffs))
    aunt = ANA | {"resourceType": "RelatedPerson", "id": "r2", "relationship": [{"text": "aunt"}]}
    put(father, KID, DEE, BOB, aunt | {"patient": {"reference": "Patient/kid"}})
    report = bring(father, fhir=True)
    assert (len(report.set_aside), report.changes) == (1, 0)
    assert relations() == {("kid", RelationKind.PARENT): None, ("dee", RelationKind.GUARDIAN): None}
