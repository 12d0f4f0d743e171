"""A demo's database and a practice's do not stand in for each other, whoever asks."""

import pytest
from sqlmodel import select

from portal_app import clock, demo
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.installation import Installation
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Role, nobody, system_principal
from portal_app.domain.ids import StaffId
from portal_app.services.practice import installation
from portal_app.services.practice.installation import IsDemo, IsNoDemo
from tests.people import People

TEST = system_principal("test")


def marked(demo: bool) -> None:
    with transaction(TEST) as tx:
        tx.add(Installation(id="installation", demo=demo, created_at=clock.now()))


def hire(email: str) -> None:
    with transaction(TEST) as tx:
        tx.add(
            StaffMember(
                id=StaffId("stf_1"), email=email, name="Olga", role=Role.OWNER, created_at=clock.now()
            )
        )


@pytest.mark.parametrize("demo", [True, False])
def test_the_mark_decides_whatever_else_is_in_it(db: str, demo: bool):
    marked(demo)
    hire("olga@riverside.example" if demo else "olga@juniper.example")
    assert installation.is_demo(TEST) is demo
    assert installation.is_demo(nobody()) is demo
    if demo:
        installation.require_demo(TEST)
        with pytest.raises(IsDemo):
            installation.refuse_demo(TEST)
    else:
        installation.refuse_demo(TEST)
        with pytest.raises(IsNoDemo):
            installation.require_demo(TEST)


def test_without_a_mark_the_content_decides(sample_people: People):
    assert not installation.is_demo(TEST, when_empty=True)
    with pytest.raises(IsNoDemo):
        installation.require_demo(TEST)
    hire("somebody@JUNIPER.example")
    assert installation.is_demo(TEST, when_empty=False)


@pytest.mark.parametrize("mode_is_demo", [True, False])
def test_an_empty_one_without_a_mark_is_what_the_mode_says(db: str, mode_is_demo: bool):
    assert installation.is_demo(TEST, when_empty=mode_is_demo) is mode_is_demo


@pytest.mark.parametrize("with_mark", [True, False])
def test_the_demo_is_not_loaded_into_a_practices_database(sample_people: People, with_mark: bool):
    if with_mark:
        marked(demo=False)
    with reading(TEST) as tx:
        before = len(tx.exec(select(Patient.id)).all())
    with pytest.raises(IsNoDemo):
        demo.load(TEST)
    with reading(TEST) as tx:
        assert len(tx.exec(select(Patient.id)).all()) == before


def test_nor_into_an_empty_one_that_a_practice_has_made(db: str):
    marked(demo=False)
    with pytest.raises(IsNoDemo):
        demo.load(TEST)
