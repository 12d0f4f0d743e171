"""Patients, their families and accounts, and contact points."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Payment
from portal_app.db.tables.families import NAME_COLUMNS, ContactPoint, Family, Patient
from portal_app.domain.billing.types import Origin
from portal_app.domain.families import ContactKind, PatientStatus, full_name
from portal_app.domain.ids import AccountId, FamilyId, PatientId, new_id
from portal_app.domain.imports.dates import PartialDate
from portal_app.domain.imports.values import Unreadable
from portal_app.i18n import gettext_noop
from portal_app.services.imports.import_run import ImportRun, Person, Row, chunks, full_row, task
from portal_app.services.imports.people.contacts import SharedContacts, email_of, phones_of
from portal_app.services.imports.people.guarantors import (
    find_survivors,
    guarantor_chart,
    settle_merged_charts,
    warn_of_children,
)
from portal_app.services.imports.people.unnumbered import set_aside_unnumbered
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


_PEOPLE = columns(
    *(Patient.chart_number, Patient.id, Patient.account_id),
    *(Patient.birth_date, Patient.status, *NAME_COLUMNS),
)


def know_everybody(run: ImportRun) -> None:
    """Who is here already: by chart number, by guarantor, by family."""
    with run.opened() as tx:
        run.phone_country = phone_country(tx)
        for chart, id_, account_id, born, status, *names in tx.exec(_PEOPLE):
            if chart is None:  # added in the portal; no row can name them
                continue
            run.people[chart] = Person(id_, account_id, full_name(*names), born, status)
        homes = {person.id: person.account_id for person in run.people.values()}
        for account in tx.exec(select(Account).order_by(col(Account.id))):
            guarantor = account.guarantor_id
            run.guarantors[account.id] = guarantor
            if guarantor in run.accounts:
                run.several.add(guarantor)
            if run.accounts.setdefault(guarantor, account.id) != homes.get(guarantor) == account.id:
                run.accounts[guarantor] = account.id  # of several, the one that the guarantor is on
        run.families.update((one.practice_key, one.id) for one in tx.exec(select(Family)))
        imported = select(Payment.id).where(Payment.origin == Origin.IMPORT).limit(1)
        run.had_payments = tx.exec(imported).first() is not None


@dataclass(slots=True)
class _Batch:
    """What one transaction will write."""

    families: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    accounts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    patients: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    changed: dict[tuple[str, ...], list[dict[str, Any]]] = field(
        default_factory=dict[tuple[str, ...], list[dict[str, Any]]]
    )
    contacts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    dropped: list[ContactPoint] = field(default_factory=list[ContactPoint])
    tasks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    shared: SharedContacts = field(default_factory=SharedContacts)


def import_patients(run: ImportRun, rows: list[Row]) -> None:
    """Guarantors first, so that every account is there before it is somebody's."""
    rows = _once_each(run, rows)
    run.related.update(row.chart_number for row in rows if row.chart_number.startswith("RelatedPerson/"))
    everybody = [*rows, *run.endings]
    find_survivors(run, everybody)
    rows = set_aside_unnumbered(run, rows)
    rows = _answered_for(run, rows)
    charts = {row.chart_number: row for row in rows}
    new = {chart: PatientId(run.next_id("pat")) for chart in charts if chart not in run.people}
    ids = {chart: person.id for chart, person in run.people.items()} | new
    shared = SharedContacts()
    for some in chunks(_guarantors_first(run, rows)):
        with run.opened() as tx:
            _keep_patients(run, tx, some, ids, shared)
        run.step(len(some))
    _end_access(run)
    settle_merged_charts(run, everybody)
    warn_of_children(run, rows)
    shared.warn(run)


def _once_each(run: ImportRun, rows: list[Row]) -> list[Row]:
    """A chart number that comes twice: the first row counts, the second is set aside."""
    seen: dict[str, Row] = {}
    for row in rows:
        if first := seen.get(row.chart_number):
            run.aside(
                "patients",
                row,
                "chart_number",
                f"{row.chart_number} was in line {first.line} already",
            )
        else:
            seen[row.chart_number] = row
    return list(seen.values())


def _end_access(run: ImportRun) -> None:
    """People who are gone, whose rows lack everything else: of these the status alone is taken."""
    count = run.count("patients")
    for some in chunks(run.endings):
        changes = []
        for row in some:
            person, status = run.people[row.chart_number], PatientStatus(row.status)
            run.warn(row, "status", f"the row lacks what a patient needs; only {status.value} was taken")
            count.changed += person.status is not status
            count.unchanged += person.status is status
            if person.status is not status:
                changes.append({"id": person.id, "status": status})
            person.status = status
        with run.opened() as tx:
            run.bulk_update(tx, Patient, changes)


def _answered_for(run: ImportRun, rows: list[Row]) -> list[Row]:
    """Without the rows whose guarantor did not come in, or was set aside for the same reason."""
    here = {row.chart_number: row for row in rows}
    while True:
        lost = [
            row
            for row in here.values()
            if (chart := guarantor_chart(run, row)) not in here and chart not in run.people
        ]
        if not lost:
            return list(here.values())
        for row in lost:
            run.person("patients", row, "guarantor_chart_number")
            run.set_aside[row.chart_number] = row.where
            del here[row.chart_number]


def _guarantors_first(run: ImportRun, rows: list[Row]) -> list[Row]:
    guarantors = {guarantor_chart(run, row) for row in rows}
    return sorted(rows, key=lambda row: row.chart_number not in guarantors)


def _keep_patients(
    run: ImportRun, tx: Tx, rows: list[Row], ids: dict[str, PatientId], shared: SharedContacts
) -> None:
    charts = [row.chart_number for row in rows]
    here = {p.chart_number: p for p in tx.exec(select(Patient).where(col(Patient.chart_number).in_(charts)))}
    known = [p.id for p in here.values()]
    contacts: dict[str, list[ContactPoint]] = {}
    for point in tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id).in_(known))):
        contacts.setdefault(point.patient_id, []).append(point)
    batch = _Batch(shared=shared)
    for row in rows:
        before = here.get(row.chart_number)
        moved = _keep_patient(run, batch, row, before, ids)
        reached = _keep_contacts(run, batch, row, ids[row.chart_number], contacts)
        count = run.count("patients")
        count.added += before is None
        count.changed += before is not None and (moved or reached)
        count.unchanged += before is not None and not (moved or reached)
    _write(run, tx, batch)


def _keep_patient(
    run: ImportRun, batch: _Batch, row: Row, before: Patient | None, ids: dict[str, PatientId]
) -> bool:
    id_ = ids[row.chart_number]
    guarantor = ids[guarantor_chart(run, row)]
    if before is None or "guarantor_chart_number" in row.given:
        account = run.accounts.get(guarantor) or _new_account(run, batch, guarantor)
    else:
        account = before.account_id
    name = full_name(row.given_name, row.family_name)
    values = {column: getattr(row, column) for column in _COPIED} | {"account_id": account}
    if "\n" in values["line1"]:  # a whole address in one column
        first, _, rest = values["line1"].partition("\n")
        values |= {"line1": first.strip(), "line2": values["line2"] or rest.strip().replace("\n", ", ")}
    status = PatientStatus(row.status if before is None or "status" in row.given else before.status)
    born = row.birth_date if before is None or "birth_date" in row.given else before.birth_date
    run.people[row.chart_number] = Person(id_, account, name, born, status)
    _look_at_birth_date(run, batch, row, id_, name)
    if before is None:
        values["family_id"] = _family(run, batch, row)
        batch.patients.append(
            full_row(Patient, id=id_, chart_number=row.chart_number, created_at=now(), **values)
        )
        return True
    if row.family_key:
        values["family_id"] = _family(run, batch, row)
    may = row.given | {"account_id", "family_id"}
    moved = {
        column: value
        for column, value in values.items()
        if column in may and getattr(before, column) != value
    }
    if moved:
        batch.changed.setdefault(tuple(sorted(moved)), []).append({"id": id_, **dict(sorted(moved.items()))})
    return bool(moved)


def _new_account(run: ImportRun, batch: _Batch, guarantor: PatientId) -> AccountId:
    run.accounts[guarantor] = made = AccountId(run.next_id("acc"))
    run.guarantors[made] = guarantor
    batch.accounts.append(full_row(Account, id=made, guarantor_id=guarantor, created_at=now()))
    return made


def _family(run: ImportRun, batch: _Batch, row: Row) -> FamilyId:
    key = row.family_key or f"chart:{guarantor_chart(run, row)}"
    if key not in run.families:
        run.families[key] = made = FamilyId(new_id("fam"))
        batch.families.append({"id": made, "practice_key": key})
    return run.families[key]


def _look_at_birth_date(run: ImportRun, batch: _Batch, row: Row, id_: PatientId, name: str) -> None:
    """Missing, partial or in the future: an adult to the portal, and staff are told (DEP-10)."""
    born = row.birth_date
    if row.status != PatientStatus.ACTIVE or (born and born <= run.options.today):
        return
    doubt = row.shape.without.get("birth_date")
    if doubt is None:  # otherwise it was said while it was read
        run.warn(row, "birth_date", "is in the future: an adult" if born else "is missing: an adult")
    once, said = str(born), gettext_noop("The date of birth of {name} ({chart}) is missing.")
    if born:
        said = gettext_noop("The date of birth of {name} ({chart}) is in the future.")
    elif isinstance(doubt, PartialDate):
        once = "partial"
        said = gettext_noop("The date of birth of {name} ({chart}) is partial: the day is not known.")
    facts = {"patient_id": id_, "name": name, "chart": row.chart_number}
    batch.tasks.append(task(f"birth_date:{id_}:{once}", "birth_date", said, **facts))


def _points(run: ImportRun, row: Row, shared: SharedContacts) -> list[tuple[ContactKind, str, str, bool]]:
    """(kind, normal form, as written, may be texted), the first of each kind preferred."""
    points: list[tuple[ContactKind, str, str, bool]] = []
    for column in ("email", "phone", "other_phone"):
        if not (text := getattr(row, column)):
            continue
        try:
            if column == "email":
                found = [(ContactKind.EMAIL, email_of(text), text, False)]
            else:
                numbers = phones_of(text, run.phone_country)
                found = [(ContactKind.PHONE, form, text, texts) for form, texts in numbers]
        except Unreadable as reason:
            run.warn(row, column, f"{reason}; left out")
            continue
        points += found
        for point in found:
            shared.note(run, row, column, point[1])
    return list({(kind, value): (kind, value, text, texts) for kind, value, text, texts in points}.values())


def _keep_contacts(
    run: ImportRun, batch: _Batch, row: Row, id_: PatientId, known: dict[str, list[ContactPoint]]
) -> bool:
    """Replaces what an import brought, never what the patient confirmed in the portal (CODE-12)."""
    here = known.get(id_, [])
    points = _points(run, row, batch.shared)
    changed = False
    for kind, told in ((ContactKind.EMAIL, {"email"}), (ContactKind.PHONE, {"phone", "other_phone"})):
        if not told & row.given:
            continue
        ours = {p.value: p for p in here if p.kind is kind}
        theirs = {value: (text, texts) for k, value, text, texts in points if k is kind}
        if any(p.verified_at for p in ours.values()):
            if theirs.keys() - ours.keys():
                run.warn(row, min(told), "the patient has confirmed another one in the portal; kept")
            continue
        for n, (value, (text, texts)) in enumerate(theirs.items()):
            if value not in ours:
                point = {
                    "id": run.next_id("con"),
                    "patient_id": id_,
                    "kind": kind,
                    "value": value,
                    "shown": text,
                }
                batch.contacts.append(full_row(ContactPoint, **point, preferred=n == 0, may_text=texts))
                changed = True
        gone = [p for value, p in ours.items() if value not in theirs]
        batch.dropped.extend(gone)
        changed = changed or bool(gone)
    return changed


def _write(run: ImportRun, tx: Tx, batch: _Batch) -> None:
    for table, rows in ((Family, batch.families), (Account, batch.accounts), (Patient, batch.patients)):
        run.bulk_insert(tx, table, rows)
    for rows in batch.changed.values():
        run.bulk_update(tx, Patient, rows)
    if not run.check:
        for point in batch.dropped:
            tx.delete(point)
        tx.flush()
    run.bulk_insert(tx, ContactPoint, batch.contacts)
    run.add_staff_task(tx, batch.tasks)
