"""Parents, guardians and marks as dependent: who may act for whom."""

from datetime import timedelta

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.families import DependentMark, Relation
from portal_app.domain.families import RelationKind
from portal_app.domain.ids import PatientId
from portal_app.services.imports.import_run import ImportRun, Row, chunks, full_row, keyed_id


def import_relations(run: ImportRun, rows: list[Row]) -> None:
    seen: dict[str, int] = {}  # the first line of each: one that comes twice counts once
    for some in chunks(rows):
        with run.opened() as tx:
            _keep_relations(run, tx, some, seen)
        run.step(len(some))


def _keep_relations(run: ImportRun, tx: Tx, rows: list[Row], seen: dict[str, int]) -> None:
    found: dict[str, tuple[Row, PatientId, PatientId]] = {}
    for row in rows:
        if (child := run.person("relations", row, "chart_number")) is None:
            continue
        if (adult := run.person("relations", row, "adult_chart_number")) is None:
            continue
        if child.id == adult.id:
            run.aside("relations", row, "adult_chart_number", "nobody is their own relation")
            continue
        id_ = keyed_id("rel", row.kind, f"{child.id}:{adult.id}")
        if id_ in seen:
            run.aside("relations", row, "adult_chart_number", f"was in line {seen[id_]} already")
            continue
        seen[id_] = row.line
        run.relations.add(id_)
        found[id_] = (row, child.id, adult.id)
    ids = list(found)
    here = {r.id: r for r in tx.exec(select(Relation).where(col(Relation.id).in_(ids)))}
    marks = {m.id: m for m in tx.exec(select(DependentMark).where(col(DependentMark.id).in_(ids)))}
    for id_, (row, child, adult) in found.items():
        before = here.get(id_) or marks.get(id_)
        if before is None:
            _new_relation(run, tx, id_, row, child, adult)
            run.count("relations").added += 1
        elif before.until != row.until and "until" in row.given:
            table = Relation if id_ in here else DependentMark
            run.bulk_update(tx, table, [{"id": id_, "until": row.until}])
            run.count("relations").changed += 1
        else:
            run.count("relations").unchanged += 1


def end_other_relations(run: ImportRun) -> None:
    """End what a FHIR RelatedPerson no longer says: one is one relation to one patient, and it may change.

    Left alone is what staff recorded.
    """
    adults = [run.people[chart].id for chart in run.related if chart in run.people]
    today = run.options.today
    for some in chunks(sorted(adults), 500):
        with run.opened() as tx:
            holds = col(Relation.until).is_(None) | (col(Relation.until) >= today)
            found = tx.exec(select(Relation).where(col(Relation.adult_id).in_(some), holds)).all()
            over = [
                one.id
                for one in found
                if one.id == keyed_id("rel", one.kind.value, f"{one.patient_id}:{one.adult_id}")
                and one.id not in run.relations
            ]
            run.bulk_update(tx, Relation, [{"id": id_, "until": today - timedelta(days=1)} for id_ in over])
            run.count("relations").changed += len(over)
        if over:
            run.report.notes.append(
                f"relations: {len(over)} ended, because a RelatedPerson no longer says them."
            )


def _new_relation(run: ImportRun, tx: Tx, id_: str, row: Row, child: PatientId, adult: PatientId) -> None:
    facts = {"id": id_, "patient_id": child, "adult_id": adult, "until": row.until, "created_at": now()}
    if row.kind == "dependent_of":
        reason = row.reason or "Marked in the practice's system"
        run.bulk_insert(
            tx, DependentMark, [full_row(DependentMark, **facts, reason=reason, marked_by=run.principal.name)]
        )
    else:
        run.bulk_insert(tx, Relation, [full_row(Relation, **facts, kind=RelationKind(row.kind))])
