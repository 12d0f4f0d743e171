"""Patients, their families and accounts, contact points, parents, guardians and marks."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, DependentMark, Family, Patient, Relation
from portal_app.domain.families import ContactKind, PatientStatus, RelationKind, full_name
from portal_app.domain.ids import AccountId, FamilyId, PatientId, new_id
from portal_app.domain.imports import Unreadable
from portal_app.i18n import gettext_noop
from portal_app.services.imports.contacts import email_of, phone_of
from portal_app.services.imports.import_run import ImportRun, Person, Row, chunks, keyed_id, task, whole
from portal_app.services.patients.usable_contacts import phone_country

_COPIED = [
    "given_name",
    "family_name",
    "birth_date",
    "sex",
    "status",
    "language",
    "line1",
    "line2",
    "city",
    "region",
    "postal_code",
    "country",
]


def know_everybody(desk: ImportRun) -> None:
    """Who is here already: by chart number, by guarantor, by family."""
    with desk.opened() as tx:
        desk.phone_country = phone_country(tx)
        for one in tx.exec(select(Patient)):
            desk.people[one.chart_number] = Person(one.id, one.account_id, one.full_name)
        desk.accounts.update((one.guarantor_id, one.id) for one in tx.exec(select(Account)))
        desk.families.update((one.practice_key, one.id) for one in tx.exec(select(Family)))


@dataclass(slots=True)
class _Batch:
    """What one transaction will write."""

    families: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    patients: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=dict)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[ContactPoint] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)


def import_patients(desk: ImportRun, rows: list[Row]) -> None:
    """Guarantors first, so that every account is there before it is somebody's."""
    rows = _answered_for(desk, _once_each(desk, rows))
    charts = {row["chart_number"]: row for row in rows}
    new = {chart: PatientId(new_id("pat")) for chart in charts if chart not in desk.people}
    ids = {chart: person.id for chart, person in desk.people.items()} | new
    for some in chunks(_guarantors_first(rows)):
        with desk.opened() as tx:
            _keep_patients(desk, tx, some, ids)
        desk.step(len(some))


def _once_each(desk: ImportRun, rows: list[Row]) -> list[Row]:
    """A chart number that comes twice: the first row counts, the second is set aside."""
    seen: dict[str, Row] = {}
    for row in rows:
        if first := seen.get(row["chart_number"]):
            desk.aside(
                "patients",
                row,
                "chart_number",
                f"{row['chart_number']} was in line {first.where.line} already",
            )
        else:
            seen[row["chart_number"]] = row
    return list(seen.values())


def _guarantor(row: Row) -> str:
    return row["guarantor_chart_number"] or row["chart_number"]


def _answered_for(desk: ImportRun, rows: list[Row]) -> list[Row]:
    """Without the rows whose guarantor did not come in, or was set aside for the same reason."""
    here = {row["chart_number"]: row for row in rows}
    while True:
        lost = [
            row for row in here.values() if _guarantor(row) not in here and _guarantor(row) not in desk.people
        ]
        if not lost:
            return list(here.values())
        for row in lost:
            desk.person("patients", row, "guarantor_chart_number")
            desk.set_aside[row["chart_number"]] = row.where
            del here[row["chart_number"]]


def _guarantors_first(rows: list[Row]) -> list[Row]:
    answering = {_guarantor(row) for row in rows}
    return sorted(rows, key=lambda row: row["chart_number"] not in answering)


def _keep_patients(desk: ImportRun, tx: Tx, rows: list[Row], ids: dict[str, PatientId]) -> None:
    charts = [row["chart_number"] for row in rows]
    here = {p.chart_number: p for p in tx.exec(select(Patient).where(col(Patient.chart_number).in_(charts)))}
    known = [p.id for p in here.values()]
    contacts: dict[str, list[ContactPoint]] = {}
    for point in tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id).in_(known))):
        contacts.setdefault(point.patient_id, []).append(point)
    batch = _Batch()
    for row in rows:
        before = here.get(row["chart_number"])
        moved = _keep_patient(desk, batch, row, before, ids)
        reached = _keep_contacts(desk, batch, row, ids[row["chart_number"]], contacts)
        count = desk.count("patients")
        count.added += before is None
        count.changed += before is not None and (moved or reached)
        count.unchanged += before is not None and not (moved or reached)
    _write(desk, tx, batch)


def _keep_patient(
    desk: ImportRun, batch: _Batch, row: Row, before: Patient | None, ids: dict[str, PatientId]
) -> bool:
    id_ = ids[row["chart_number"]]
    guarantor = ids[_guarantor(row)]
    if before is None or "guarantor_chart_number" in row.given:
        account = desk.accounts.get(guarantor) or _new_account(desk, batch, guarantor)
    else:
        account = before.account_id
    name = full_name(row["given_name"], row["family_name"])
    values = {column: row[column] for column in _COPIED} | {"account_id": account}
    if "\n" in values["line1"]:  # a whole address in one column
        first, _, rest = values["line1"].partition("\n")
        values |= {"line1": first.strip(), "line2": values["line2"] or rest.strip().replace("\n", ", ")}
    desk.people[row["chart_number"]] = Person(id_, account, name)
    _look_at_birth_date(desk, batch, row, id_, name)
    if before is None:
        values["family_id"] = _family(desk, batch, row)
        batch.patients.append(
            whole(Patient, id=id_, chart_number=row["chart_number"], created_at=now(), **values)
        )
        return True
    if row["family_key"]:
        values["family_id"] = _family(desk, batch, row)
    may = row.given | {"account_id", "family_id"}
    moved = {
        column: value
        for column, value in values.items()
        if column in may and getattr(before, column) != value
    }
    if moved:
        batch.changed.setdefault(tuple(sorted(moved)), []).append({"id": id_, **dict(sorted(moved.items()))})
    return bool(moved)


def _new_account(desk: ImportRun, batch: _Batch, guarantor: PatientId) -> AccountId:
    desk.accounts[guarantor] = made = AccountId(new_id("acc"))
    batch.accounts.append(whole(Account, id=made, guarantor_id=guarantor, created_at=now()))
    return made


def _family(desk: ImportRun, batch: _Batch, row: Row) -> FamilyId:
    key = row["family_key"] or f"chart:{_guarantor(row)}"
    if key not in desk.families:
        desk.families[key] = made = FamilyId(new_id("fam"))
        batch.families.append({"id": made, "practice_key": key})
    return desk.families[key]


def _look_at_birth_date(desk: ImportRun, batch: _Batch, row: Row, id_: PatientId, name: str) -> None:
    """Missing or in the future: an adult to the portal, and staff are told (DEP-10)."""
    born = row["birth_date"]
    if row["status"] != PatientStatus.ACTIVE or (born and born <= desk.manner.today):
        return
    said = (
        gettext_noop("The date of birth of {name} ({chart}) is in the future.")
        if born
        else gettext_noop("The date of birth of {name} ({chart}) is missing.")
    )
    desk.warn(row, "birth_date", "is in the future: an adult" if born else "is missing: an adult")
    batch.tasks.append(
        task(
            f"birth_date:{id_}:{born}",
            "birth_date",
            said,
            patient_id=id_,
            name=name,
            chart=row["chart_number"],
        )
    )


def _points(desk: ImportRun, row: Row) -> list[tuple[ContactKind, str, str, bool]]:
    """(kind, normal form, as written, may be texted), the first of each kind preferred."""
    points: list[tuple[ContactKind, str, str, bool]] = []
    for column in ("email", "phone", "other_phone"):
        if not (text := row[column]):
            continue
        try:
            if column == "email":
                points.append((ContactKind.EMAIL, email_of(text), text, False))
            else:
                form, texts = phone_of(text, desk.phone_country)
                points.append((ContactKind.PHONE, form, text, texts))
        except Unreadable as reason:
            desk.warn(row, column, f"{reason}; left out")
    return list({(kind, value): (kind, value, text, texts) for kind, value, text, texts in points}.values())


def _keep_contacts(
    desk: ImportRun, batch: _Batch, row: Row, id_: PatientId, known: dict[str, list[ContactPoint]]
) -> bool:
    """Replaces what an import brought, never what the patient confirmed in the portal (CODE-12)."""
    here = known.get(id_, [])
    points = _points(desk, row)
    changed = False
    for kind, columns in ((ContactKind.EMAIL, {"email"}), (ContactKind.PHONE, {"phone", "other_phone"})):
        if not columns & row.given:
            continue
        ours = {p.value: p for p in here if p.kind is kind}
        theirs = {value: (text, texts) for k, value, text, texts in points if k is kind}
        if any(p.verified_at for p in ours.values()):
            if theirs.keys() - ours.keys():
                desk.warn(row, min(columns), "the patient has confirmed another one in the portal; kept")
            continue
        for n, (value, (text, texts)) in enumerate(theirs.items()):
            if value not in ours:
                point = {"id": new_id("con"), "patient_id": id_, "kind": kind, "value": value, "shown": text}
                batch.contacts.append(whole(ContactPoint, **point, preferred=n == 0, may_text=texts))
                changed = True
        gone = [p for value, p in ours.items() if value not in theirs]
        batch.dropped.extend(gone)
        changed = changed or bool(gone)
    return changed


def _write(desk: ImportRun, tx: Tx, batch: _Batch) -> None:
    for table, rows in ((Family, batch.families), (Account, batch.accounts), (Patient, batch.patients)):
        desk.bulk_insert(tx, table, rows)
    for rows in batch.changed.values():
        desk.bulk_update(tx, Patient, rows)
    if not desk.check:
        for point in batch.dropped:
            tx.delete(point)
        tx.flush()
    desk.bulk_insert(tx, ContactPoint, batch.contacts)
    desk.add_staff_task(tx, batch.tasks)


def import_relations(desk: ImportRun, rows: list[Row]) -> None:
    for some in chunks(rows):
        with desk.opened() as tx:
            _keep_relations(desk, tx, some)
        desk.step(len(some))


def _keep_relations(desk: ImportRun, tx: Tx, rows: list[Row]) -> None:
    found: dict[str, tuple[Row, PatientId, PatientId]] = {}
    for row in rows:
        if (child := desk.person("relations", row, "chart_number")) is None:
            continue
        if (adult := desk.person("relations", row, "adult_chart_number")) is None:
            continue
        if child.id == adult.id:
            desk.aside("relations", row, "adult_chart_number", "nobody is their own relation")
            continue
        found[keyed_id("rel", row["kind"], f"{child.id}:{adult.id}")] = (row, child.id, adult.id)
    ids = list(found)
    here = {r.id: r for r in tx.exec(select(Relation).where(col(Relation.id).in_(ids)))}
    marks = {m.id: m for m in tx.exec(select(DependentMark).where(col(DependentMark.id).in_(ids)))}
    for id_, (row, child, adult) in found.items():
        before = here.get(id_) or marks.get(id_)
        if before is None:
            _new_relation(desk, tx, id_, row, child, adult)
            desk.count("relations").added += 1
        elif before.until != row["until"] and "until" in row.given:
            table = Relation if id_ in here else DependentMark
            desk.bulk_update(tx, table, [{"id": id_, "until": row["until"]}])
            desk.count("relations").changed += 1
        else:
            desk.count("relations").unchanged += 1


def _new_relation(desk: ImportRun, tx: Tx, id_: str, row: Row, child: PatientId, adult: PatientId) -> None:
    facts = {"id": id_, "patient_id": child, "adult_id": adult, "until": row["until"], "created_at": now()}
    if row["kind"] == "dependent_of":
        reason = row["reason"] or "Marked in the practice's system"
        desk.bulk_insert(
            tx, DependentMark, [whole(DependentMark, **facts, reason=reason, marked_by=desk.principal.name)]
        )
    else:
        desk.bulk_insert(tx, Relation, [whole(Relation, **facts, kind=RelationKind(row["kind"]))])
