"""A transaction reads and writes only rows of its principal, whatever kind of query it runs."""

import subprocess
import sys

import pytest
from sqlalchemy import delete, func, insert, text, update
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Side, system_principal
from portal_app.domain.errors import NotFound
from tests.people import EVA, INVOICE, KIM, KIM_INVOICE, LUIS, MARIA, OKAFOR, People

TEST = system_principal("test")


def name_of(patient_id: str) -> str:
    with reading(TEST) as tx:
        return tx.get_or_404(Patient, patient_id).given_name


def test_every_way_to_read_is_narrowed(sample_people: People):
    with reading(sample_people.maria) as tx:
        assert tx.get(Patient, KIM.id) is None
        with pytest.raises(NotFound):
            tx.get_or_404(Invoice, KIM_INVOICE, lock=False)
        assert tx.exec(select(Patient).where(col(Patient.id) == KIM.id)).first() is None
        assert tx.exec(select(func.count()).select_from(Patient)).one() == 4
        joined = select(Invoice.id).join(Patient, col(Patient.account_id) == col(Invoice.account_id))
        assert KIM_INVOICE not in tx.exec(joined).all()


def test_a_bulk_change_is_narrowed_to_own_rows(sample_people: People):
    with transaction(sample_people.maria) as tx:
        tx.exec(update(Patient).values(given_name="Nobody"))  # type: ignore[call-overload]
    assert (name_of(EVA.id), name_of(KIM.id), name_of(LUIS.id)) == ("Nobody", "Kim", "Luis")
    with transaction(sample_people.luis) as tx:
        gone = tx.exec(delete(Invoice).where(col(Invoice.id) == KIM_INVOICE))  # type: ignore[call-overload]
        assert gone.rowcount == 0


def test_a_row_of_somebody_else_is_not_written(sample_people: People):
    with reading(TEST) as tx:
        kims = tx.get_or_404(Patient, KIM.id)
        session = PortalSession(ref="r", side=Side.PATIENT, created_at=clock.now(), seen_at=clock.now())
        practice = tx.get_or_404(Practice, "practice")
        tx.expunge_all()
    kims.given_name, practice.name = "Nobody", "Nobody's"
    for row in (kims, session, practice):
        with pytest.raises(NotFound), transaction(sample_people.maria) as tx:
            tx.add(row)
    with pytest.raises(NotFound), transaction(sample_people.maria) as tx:
        tx.delete(kims)
    assert name_of(KIM.id) == "Kim"


def test_a_row_is_not_given_to_somebody_else(sample_people: People):
    with pytest.raises(NotFound), transaction(sample_people.maria) as tx:
        tx.get_or_404(Invoice, INVOICE).account_id = OKAFOR


def test_reading_writes_nothing(sample_people: People):
    with reading(sample_people.maria) as tx:
        tx.get_or_404(Patient, MARIA.id).city = "Troy"
        with pytest.raises(RuntimeError):
            tx.flush()


@pytest.mark.parametrize(
    "statement",
    [
        text("SELECT * FROM patient"),
        insert(Patient).values(id="pat_x"),
        select(Patient.__table__),  # type: ignore[attr-defined]
        update(Patient.__table__).values(given_name="x"),  # type: ignore[attr-defined]
    ],
    ids=["text", "insert", "table", "update of the table"],
)
def test_what_cannot_be_narrowed_is_refused(sample_people: People, statement: object):
    with pytest.raises(RuntimeError, match="cannot be narrowed"), transaction(sample_people.maria) as tx:
        tx.exec(statement)  # type: ignore[call-overload]


def test_only_the_system_principal_writes_in_bulk(sample_people: People):
    for method, *values in (
        ("bulk_insert", [{"id": KIM.id}]),
        ("bulk_insert_columns", {"id": [KIM.id]}, {}),
        ("bulk_update", [{"id": KIM.id}]),
    ):
        with (
            pytest.raises(RuntimeError, match="only the system principal"),
            transaction(sample_people.olga) as tx,
        ):
            getattr(tx, method)(Patient, *values)


# As `portal serve` does: a first query runs before all tables are imported, and the serving processes inherit
# what was cached then.
NARROWS_EARLY = """
from portal_app.db import scope
from portal_app.domain.access import nobody
scope._narrowed_to(nobody())
import portal_app.db.tables
from sqlmodel import SQLModel
print(sorted(set(SQLModel.metadata.tables) - {table.__tablename__ for table in scope.tables()}))
"""


def test_narrowing_covers_tables_imported_later():
    done = subprocess.run([sys.executable, "-c", NARROWS_EARLY], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
