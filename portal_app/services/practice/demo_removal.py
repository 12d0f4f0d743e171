"""Takes away what the demo made, and nothing else, from a database that also holds a practice's own records.

How the demo's rows are recognised:

- a patient by chart number and name together, as `portal_app/demo/patients.csv` has them: a practice may use the
  same chart numbers for its own patients;
- staff by an email at the demo's own domain, which nobody else can have;
- plans by key and name, agreements by name; families and accounts as those of the demo's patients;
- everything else by what it belongs to: each row that refers to one of these goes with them, whoever added it.

A row that goes but also names somebody else's patient or account stands in the way, and so do records that an import
of the practice's own brought for a demo patient. Then nothing is removed. The audit trail is never touched.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import SQLModel, col, delete, func, select, update

from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.agreements import Agreement
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.billing import Account, Invoice
from portal_app.db.tables.families import ContactPoint, Family, Patient
from portal_app.db.tables.memberships import JoinRequest, Plan
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal
from portal_app.domain.families import full_name
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.practice.errors import DemoChanged, DemoRemovalBlocked

_AT_ONCE = 500  # values in one question: databases have a limit
_NEVER = ("audit_entry", "practice", "setting_change")
_ROOTS = ("family", "patient", "account", "staff_member", "plan", "agreement")


@dataclass(frozen=True, slots=True)
class DemoMarks:
    """What the demo's own files and constants say."""

    people: Mapping[str, tuple[str, str]]  # chart number → given and family name
    plans: frozenset[tuple[str, str]]  # key, name
    invoices: frozenset[str]  # numbers
    keys: Mapping[str, frozenset[str]]  # table → the practice keys of its rows
    staff_domain: str  # "@…"
    practice: Mapping[str, Any]
    agreements: frozenset[str] = frozenset()  # names
    joined: frozenset[str] = frozenset()  # contacts of those who joined online: they have no chart number


@dataclass(frozen=True, slots=True)
class Removal:
    """What would go, and what stands in the way of it."""

    staff: tuple[str, ...]  # emails, and what was done with each account
    patients: tuple[str, ...]  # names with chart numbers
    counts: dict[str, int]  # rows by table
    practice: tuple[str, ...]  # the practice's facts that are still the demo's
    in_the_way: tuple[str, ...]
    exported: int  # entries that the practice's own system was given already

    @property
    def empty(self) -> bool:
        return not (self.counts or self.practice)


@dataclass(slots=True)
class _Found:
    """What was collected: by table the keys of its rows (the first column of the primary key)."""

    tx: Tx
    marks: DemoMarks
    going: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    rows: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict[str, list[Mapping[str, Any]]])
    trouble: list[str] = field(default_factory=list[str])

    def ids(self, table: str) -> set[str]:
        return self.going.get(table, set())

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        key = _key_of(SQLModel.metadata.tables[table]).name
        known = self.going.setdefault(table, set())
        fresh = [row for row in rows if row[key] not in known]
        known.update(row[key] for row in fresh)
        self.rows.setdefault(table, []).extend(fresh)


def find_demo(principal: Principal, marks: DemoMarks) -> Removal:
    """What `remove_demo` would take away. Changes nothing."""
    principal.require(Permission.MANAGE_STAFF)
    with reading(principal) as tx:
        return find_demo_in(tx, marks)


def find_demo_in(tx: Tx, marks: DemoMarks) -> Removal:
    """What `find_demo` finds, in a transaction that is open."""
    return _removal(_collect(tx, marks))


def find_demo_people(principal: Principal, marks: DemoMarks) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The demo's staff accounts, and names of its patients, where there are any."""
    principal.require(Permission.MANAGE_STAFF)
    with reading(principal) as tx:
        found = _Found(tx, marks)
        _staff_and_patients(found)
        return _staff(found), _patients(found)


def remove_demo(principal: Principal, marks: DemoMarks, shown: Removal) -> Removal:
    """Removes in one transaction what was `shown`. Raises DemoRemovalBlocked if anything stands in the way, and
    DemoChanged if something was added since it was shown; then nothing is removed.
    """
    principal.require(Permission.MANAGE_STAFF)
    with transaction(principal) as tx:
        found = _collect(tx, marks, lock=True)
        removal = _removal(found)
        if removal.in_the_way:
            raise DemoRemovalBlocked(what="; ".join(removal.in_the_way))
        if removal != shown:
            raise DemoChanged
        for table in reversed(SQLModel.metadata.sorted_tables):
            for some in _some(found.ids(table.name)):
                tx.exec(delete(table).where(_key_of(table).in_(some)))
        _forget_practice_facts(tx, removal)
        _no_longer_a_demo(tx)
        tx.add_as_system(audit.entry(principal, "demo:removed", details=dict(removal.counts)))
    return removal


def _forget_practice_facts(tx: Tx, removal: Removal) -> None:
    practice = tx.get(Practice, "practice")
    if practice is None:
        return
    tx.get_or_404(Practice, "practice", lock=True)
    for name in removal.practice:
        setattr(practice, name, {} if name == "opening_hours" else "")
    if removal.counts.get("join_request"):  # the demo turned it on
        SETTINGS["membership_join_online"].write(practice, False)
    practice.version += 1  # who sees whom is decided anew


def _no_longer_a_demo(tx: Tx) -> None:
    """The row that says whether this database is a demo's, where there is one."""
    table = SQLModel.metadata.tables.get("installation")
    if table is not None:
        tx.exec(update(table).values(demo=False))


def _collect(tx: Tx, marks: DemoMarks, *, lock: bool = False) -> _Found:
    found = _Found(tx, marks)
    _staff_and_patients(found, lock=lock)
    patients = found.rows["patient"]
    found.add("account", _where(tx, Account.__table__, "guarantor_id", found.ids("patient"), lock=lock))  # type: ignore[attr-defined]
    found.add("family", _where(tx, Family.__table__, "id", {row["family_id"] for row in patients}))  # type: ignore[attr-defined]
    plans = _where(tx, Plan.__table__, "practice_key", {key for key, _ in marks.plans})  # type: ignore[attr-defined]
    found.add("plan", [row for row in plans if (row["practice_key"], row["name"]) in marks.plans])
    found.add("agreement", _where(tx, Agreement.__table__, "name", set(marks.agreements)))  # type: ignore[attr-defined]
    for table in SQLModel.metadata.sorted_tables:
        if table.name not in (*_ROOTS, *_NEVER):
            for column, target in _references(table):
                found.add(table.name, _where(tx, table, column, found.ids(target)))
    _without_foreign_keys(found)
    _look_for_others(found)
    return found


def _staff_and_patients(found: _Found, *, lock: bool = False) -> None:
    """Locked, so that nobody adds anything of theirs while they are removed."""
    members = _all(StaffMember.__table__).where(  # type: ignore[attr-defined]
        col(StaffMember.email).endswith(found.marks.staff_domain, autoescape=True)
    )
    found.add("staff_member", found.tx.exec(members.with_for_update() if lock else members).mappings())  # type: ignore[attr-defined]
    same_number = _where(found.tx, Patient.__table__, "chart_number", set(found.marks.people), lock=lock)  # type: ignore[attr-defined]
    people = found.marks.people
    found.add(
        "patient",
        [r for r in same_number if people[r["chart_number"]] == (r["given_name"], r["family_name"])],
    )
    joined = _where(found.tx, JoinRequest.__table__, "contact_value", set(found.marks.joined))  # type: ignore[attr-defined]
    accounts = {row["account_id"] for row in joined if row["account_id"]}
    theirs = _where(found.tx, Patient.__table__, "account_id", accounts, lock=lock)  # type: ignore[attr-defined]
    found.add("patient", [row for row in theirs if row["chart_number"] is None])


def _without_foreign_keys(found: _Found) -> None:
    """Rows that name what goes in a plain column: by session, by the name of whoever typed, by address."""
    tx, tables = found.tx, SQLModel.metadata.tables
    sessions = found.ids("portal_session")
    for name in ("session_proof", "passkey_challenge", "second_factor_challenge"):
        found.add(name, _where(tx, tables[name], "session_ref", sessions))
    names = {f"patient:{id_}" for id_ in found.ids("patient")} | {
        f"staff:{id_}" for id_ in found.ids("staff_member")
    }
    everything = set().union(*found.going.values())
    found.add("draft", _where(tx, tables["draft"], "owner_name", names))
    found.add("draft", _where(tx, tables["draft"], "subject", everything))
    addresses = {row["value"] for row in found.rows.get("contact_point", ())}
    addresses |= {row["email"] for row in found.rows["staff_member"]}
    found.add("outbox_message", _where(tx, tables["outbox_message"], "to", addresses))
    processor = {
        row[column]
        for table, columns in (
            ("payment", ("processor_intent_id", "processor_charge_id")),
            ("refund", ("processor_refund_id",)),
            ("payment_method", ("processor_id",)),
            ("account", ("processor_customer_id",)),
        )
        for row in found.rows.get(table, ())
        for column in columns
        if row[column]
    }
    found.add("received_webhook", _where(tx, tables["received_webhook"], "about", processor))
    if found.ids("patient"):
        codes = tx.exec(_all(tables["sign_in_code"])).mappings()
        theirs = found.ids("patient")
        found.add(
            "sign_in_code", [code for code in codes if code["household"] and theirs >= set(code["household"])]
        )


def _look_for_others(found: _Found) -> None:
    """Everything by which something that goes is somebody else's too."""
    patients, accounts = found.ids("patient"), found.ids("account")
    others: Counter[tuple[str, str]] = Counter()
    for table, rows in found.rows.items():
        for column, target in _references(SQLModel.metadata.tables[table]):
            if target in ("patient", "account"):
                mine = patients if target == "patient" else accounts
                strange = (row[column] for row in rows if row[column] and row[column] not in mine)
                others.update((table, id_) for id_ in strange)
    shared = _where(found.tx, Patient.__table__, "family_id", found.ids("family"))  # type: ignore[attr-defined]
    others.update(("family", row["id"]) for row in shared if row["id"] not in patients)
    paid_for = _where(found.tx, Patient.__table__, "account_id", accounts)  # type: ignore[attr-defined]
    others.update(("account", row["id"]) for row in paid_for if row["id"] not in patients)
    values = {row["value"] for row in found.rows.get("contact_point", ())}
    same = _where(found.tx, ContactPoint.__table__, "value", values)  # type: ignore[attr-defined]
    others.update(("contact_point", row["patient_id"]) for row in same if row["patient_id"] not in patients)
    names = _names(found.tx, {id_ for _, id_ in others})
    found.trouble += sorted(
        _IN_THE_WAY.get(table, "{count} {noun} of the demo: {name}").format(
            count=count, noun=noun(table, count), name=names[id_]
        )
        for (table, id_), count in others.items()
    )
    _look_for_imports(found)


_IN_THE_WAY = {
    "family": "a family file of the demo: {name} is in it",
    "account": "an account of the demo: it pays for {name}",
    "patient": "a patient of the demo: {name} pays for them",
    "contact_point": "an email or phone of the demo: {name} has it too",
}


def _look_for_imports(found: _Found) -> None:
    """What the practice's own import wrote over the demo's records, or added to its patients."""
    marks, patients, accounts = found.marks, found.ids("patient"), found.ids("account")
    invoices = _where(found.tx, Invoice.__table__, "number", set(marks.invoices))  # type: ignore[attr-defined]
    strange = [row for row in invoices if row["account_id"] not in accounts]
    names = _names(found.tx, {row["account_id"] for row in strange})
    found.trouble += sorted(
        f"invoice {row['number']} of the demo: {names[row['account_id']]} owes it" for row in strange
    )
    if patients or invoices:
        same_number = _where(found.tx, Patient.__table__, "chart_number", set(marks.people))  # type: ignore[attr-defined]
        found.trouble += sorted(
            f"chart {row['chart_number']} of the demo: it is {full_name(row['given_name'], row['family_name'])} here"
            for row in same_number
            if row["id"] not in patients
        )
    imported = Counter(
        row["account_id"] for row in found.rows.get("ledger_entry", ()) if row["posted_by"] == "portal:import"
    )
    names = _names(found.tx, set(imported))
    found.trouble += sorted(
        f"{count} {noun('ledger_entry', count)} of an import of your own: on the account of {names[id_]}"
        for id_, count in imported.items()
    )
    for table, known in marks.keys.items():
        brought = [
            row["practice_key"]
            for row in found.rows.get(table, ())
            if row["practice_key"] and row["practice_key"] not in known  # without one it was made here
        ]
        found.trouble += [
            f"{noun(table, 1)} {key} of an import of your own: for a demo patient" for key in sorted(brought)
        ]


def _names(tx: Tx, ids: set[str]) -> dict[str, str]:
    """Of patients, and of the guarantors of accounts, with chart numbers."""
    guarantors = {row["id"]: row["guarantor_id"] for row in _where(tx, Account.__table__, "id", ids)}  # type: ignore[attr-defined]
    rows = _where(tx, Patient.__table__, "id", (ids - guarantors.keys()) | set(guarantors.values()))  # type: ignore[attr-defined]
    said = {row["id"]: _named(row) for row in rows}
    return {id_: said.get(guarantors.get(id_, id_), id_) for id_ in ids}


def _named(row: Mapping[str, Any]) -> str:
    chart = f"chart {row['chart_number']}" if row["chart_number"] else "no chart"
    return f"{full_name(row['given_name'], row['family_name'])} ({chart})"


def _removal(found: _Found) -> Removal:
    counts = {table: len(rows) for table, rows in sorted(found.rows.items()) if rows}
    practice = found.tx.get(Practice, "practice")
    facts = found.marks.practice.items()
    return Removal(
        staff=_staff(found),
        patients=_patients(found),
        counts=counts,
        practice=tuple(name for name, value in facts if practice and getattr(practice, name) == value),
        in_the_way=tuple(dict.fromkeys(found.trouble)),
        exported=sum(bool(row["sent_at"]) for row in found.rows.get("posting_export", ())),
    )


def _staff(found: _Found) -> tuple[str, ...]:
    """Each account with how far somebody came with it: without an app nobody ever signed in."""
    said = []
    for row in sorted(found.rows["staff_member"], key=lambda row: row["email"]):
        by_them = (
            select(func.count()).select_from(AuditEntry).where(col(AuditEntry.actor) == f"staff:{row['id']}")
        )
        done = found.tx.exec(by_them).one()
        used = (
            f"signed in, entries in the audit trail: {done}"
            if row["totp_secret"] or done
            else "never signed in"
        )
        said.append(f"{row['email']} ({used})")
    return tuple(said)


def _patients(found: _Found) -> tuple[str, ...]:
    return tuple(
        _named(row) for row in sorted(found.rows["patient"], key=lambda row: row["chart_number"] or "")
    )


def noun(table: str, count: int) -> str:
    """A table's rows in words: "invoice lines"."""
    word = {"staff_member": "staff account", "family": "family file"}.get(table, table.replace("_", " "))
    if count == 1:
        return word
    return f"{word[:-1]}ies" if word.endswith("y") else word if word.endswith("s") else f"{word}s"


def _references(table: Any) -> list[tuple[str, str]]:
    """Its columns that name a row of another table, and that table; those without a foreign key too."""
    found = [(key.parent.name, key.column.table.name) for key in table.foreign_keys]
    return [*found, ("guarantor_id", "patient")] if table.name == "account" else found


def _all(table: Any) -> Any:
    return select(*table.columns)


def _key_of(table: Any) -> Any:
    return next(iter(table.primary_key.columns))


def _where(
    tx: Tx, table: Any, column: str, values: set[Any], *, lock: bool = False
) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for some in _some(values):
        asked = _all(table).where(table.c[column].in_(some))
        rows += tx.exec(asked.with_for_update() if lock else asked).mappings()
    return rows


def _some(values: Iterable[Any]) -> Iterable[list[Any]]:
    ordered = sorted(values)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
