"""`portal demo --remove` removes nothing while somebody real depends on a row of the demo."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, select

from portal_app import clock
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.billing import Invoice, Payment
from portal_app.db.tables.families import ContactPoint, Grant, Relation
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.demo.removal import marks
from portal_app.domain.access import nobody
from portal_app.domain.families import GrantKind, RelationKind
from portal_app.domain.ids import new_id
from portal_app.services.practice.demo_removal import (
    _NEVER,
    _references,
    find_demo,
    find_demo_in,
    remove_demo,
)
from portal_app.services.practice.errors import DemoChanged, DemoRemovalBlocked
from portal_app.services.sign_in.codes import request_code
from tests.attacks.everybody import everything_written
from tests.services.practice.demo_practice import (
    FILES,
    INVOICES,
    LINES,
    PATIENTS,
    TEST,
    US,
    bring,
    load,
    of,
    take_away,
)


def in_her_family(tx: Tx) -> None:
    of("R-3", tx).family_id = of("1001", tx).family_id


def paid_by_her(tx: Tx) -> None:
    of("R-3", tx).account_id = of("1001", tx).account_id


def pays_for_her_child(tx: Tx) -> None:
    of("1003", tx).account_id = of("R-1", tx).account_id


def has_her_email(tx: Tx) -> None:
    other = tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == of("R-3", tx).id)).one()
    other.value = "maria@example.com"


def is_the_parent_of_her_child(tx: Tx) -> None:
    ids = {"patient_id": of("1003", tx).id, "adult_id": of("R-1", tx).id}
    tx.add(Relation(id=new_id("rel"), kind=RelationKind.GUARDIAN, created_at=clock.now(), **ids))


def has_a_parent_of_the_demo(tx: Tx) -> None:
    ids = {"patient_id": of("R-2", tx).id, "adult_id": of("1001", tx).id}
    tx.add(Relation(id=new_id("rel"), kind=RelationKind.GUARDIAN, created_at=clock.now(), **ids))


def shares_with_her(tx: Tx) -> None:
    ids = {"patient_id": of("R-1", tx).id, "to_id": of("1001", tx).id}
    tx.add(Grant(id=new_id("grt"), kind=GrantKind.CONTACT, created_at=clock.now(), **ids))


def had_an_invoice_paid_by_her(tx: Tx) -> None:
    tx.exec(select(Payment).where(col(Payment.account_id) == of("R-1", tx).account_id)).one().payer_id = of(
        "1001", tx
    ).id


def took_her_chart_number(tx: Tx) -> None:
    of("1030", tx).given_name = "Jane"


def took_over_her_invoice(tx: Tx) -> None:
    tx.exec(select(Invoice).where(col(Invoice.number) == "JF-20101")).one().account_id = of(
        "R-1", tx
    ).account_id


def was_given_her_appointment(tx: Tx) -> None:
    """By an import: the practice uses the same chart number."""
    tx.exec(select(Appointment).where(col(Appointment.patient_id) == of("R-2", tx).id)).one().patient_id = of(
        "1003", tx
    ).id


def has_her_plan(tx: Tx) -> None:
    plan = tx.exec(select(Plan).where(col(Plan.practice_key) == "CARE")).one()
    tx.add(
        Membership(
            id=new_id("mem"),
            account_id=of("R-1", tx).account_id,
            practice_key="OWN-1",
            plan_id=plan.id,
            status="active",
            billed_by="practice",
            start=clock.today(),
            anchor=clock.today(),
            created_at=clock.now(),
        )
    )


IN_THE_WAY: list[tuple[Callable[[Tx], None], str]] = [
    (in_her_family, "a family file of the demo: Ben Stone (chart R-3) is in it"),
    (paid_by_her, "an account of the demo: it pays for Ben Stone (chart R-3)"),
    (pays_for_her_child, "a patient of the demo: Ana Reyes (chart R-1) pays for them"),
    (has_her_email, "an email or phone of the demo: Ben Stone (chart R-3) has it too"),
    (is_the_parent_of_her_child, "1 relation of the demo: Ana Reyes (chart R-1)"),
    (has_a_parent_of_the_demo, "1 relation of the demo: Cal Reyes (chart R-2)"),
    (shares_with_her, "1 sharing grant of the demo: Ana Reyes (chart R-1)"),
    (had_an_invoice_paid_by_her, "1 payment of the demo: Ana Reyes (chart R-1)"),
    (took_her_chart_number, "chart 1030 of the demo: it is Jane Whitlow here"),
    (took_over_her_invoice, "invoice JF-20101 of the demo: Ana Reyes (chart R-1) owes it"),
    (was_given_her_appointment, "appointment V-1 of an import of your own: for a demo patient"),
    (has_her_plan, "1 membership of the demo: Ana Reyes (chart R-1)"),
]


class TakenBack(Exception):
    """Ends a transaction without a trace."""


def test_what_is_a_real_patients_too_stops_it(db: str, tmp_path: Path):
    """Each alone: one that is overlooked would take a real patient's records along, or break what is left."""
    load(tmp_path)
    bring(tmp_path / "own", **FILES)
    for entangle, why in IN_THE_WAY:
        with suppress(TakenBack), transaction(TEST) as tx:
            assert find_demo_in(tx, marks()).in_the_way == ()
            entangle(tx)
            tx.flush()
            assert why in find_demo_in(tx, marks()).in_the_way, entangle.__name__
            raise TakenBack


def test_nothing_is_removed_when_something_stands_in_the_way(db: str, tmp_path: Path):
    load(tmp_path)
    bring(tmp_path / "own", **FILES)
    with transaction(TEST) as tx:
        in_her_family(tx)
        has_her_email(tx)
    before = everything_written()
    with pytest.raises(DemoRemovalBlocked) as refused:
        take_away()
    assert all(
        name in refused.value.values["what"] for name in ("family file", "email or phone", "Ben Stone")
    )
    assert everything_written() == before


def test_invoices_that_an_import_brought_for_a_demo_patient_stop_it(db: str, tmp_path: Path):
    """The practice uses the same chart numbers, and its import found the demo's patients there."""
    load(tmp_path)
    bring(
        tmp_path / "own",
        invoices=INVOICES.replace("R-1,", "1001,").replace("R-3,", "1010,"),
        invoice_lines=LINES.replace("R-2,", "1001,").replace("R-3,", "1010,"),
    )
    with pytest.raises(DemoRemovalBlocked) as refused:
        take_away()
    assert (
        "1 ledger entry of an import of your own: on the account of Maria Alvarez (chart 1001)"
        in refused.value.values["what"]
    )


def test_a_patient_of_the_practice_under_a_demos_chart_number_stays_once_the_demo_is_gone(
    db: str, tmp_path: Path
):
    load(tmp_path)
    take_away()
    bring(tmp_path / "own", patients=PATIENTS.replace("R-", "100"))
    assert take_away() == ["Nothing of the demo is in this database."]


def test_what_was_added_after_it_was_shown_is_not_removed_unseen(db: str, tmp_path: Path):
    load(tmp_path)
    shown = find_demo(US, marks())
    request_code(nobody("203.0.113.7"), "maria@example.com")
    before = everything_written()
    with pytest.raises(DemoChanged):
        remove_demo(US, marks(), shown)
    assert everything_written() == before


def test_no_table_names_a_person_or_an_account_unseen():
    """A column that names one and has no foreign key would be left behind, or would stop nothing."""
    names = {
        "patient_id",
        "adult_id",
        "to_id",
        "payer_id",
        "guarantor_id",
        "staff_id",
        "account_id",
        "family_id",
    }
    unseen = [
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        if table.name not in _NEVER
        for column in table.columns
        if column.name in names and column.name not in {name for name, _ in _references(table)}
    ]
    assert not unseen
