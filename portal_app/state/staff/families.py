"""The desk keeps who answers for whom: found by name, changed with a reason, obeyed at once."""

from dataclasses import dataclass
from datetime import date

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import UserError
from portal_app.domain.families import RelationKind
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import full_date_text, gettext_noop, translate
from portal_app.services.patients import relations as family_links
from portal_app.services.patients import search as finding
from portal_app.services.patients.relations import FamilyFile, PersonFound
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.family.labels import born_words
from portal_app.state.feedback import run_busy
from portal_app.state.i18n_paths import address

_KINDS = {RelationKind.PARENT: gettext_noop("Parent"), RelationKind.GUARDIAN: gettext_noop("Guardian")}


@dataclass(frozen=True)
class FoundItem:
    id: str
    name: str
    about: str
    href: str
    doubtful: bool


@dataclass(frozen=True)
class MemberItem:
    id: str
    name: str
    about: str
    guarantor: str
    here: bool
    doubtful: bool
    href: str


@dataclass(frozen=True)
class LinkItem:
    id: str
    who: str  # "Luis Rivera, parent of Eva Rivera"
    about: str
    over: bool


@dataclass(frozen=True)
class AdultItem:
    id: str
    name: str


class FamilyState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    news: rx.Field[str] = rx.field("")
    words: rx.Field[str] = rx.field("")
    searched: rx.Field[bool] = rx.field(False)
    found: rx.Field[list[FoundItem]] = rx.field(default_factory=list)
    doubtful: rx.Field[list[FoundItem]] = rx.field(default_factory=list)

    id: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    members: rx.Field[list[MemberItem]] = rx.field(default_factory=list)
    relations: rx.Field[list[LinkItem]] = rx.field(default_factory=list)
    marks: rx.Field[list[LinkItem]] = rx.field(default_factory=list)
    adults: rx.Field[list[AdultItem]] = rx.field(default_factory=list)
    form_key: rx.Field[int] = rx.field(0)  # raised to empty the forms

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def load(self):
        self.busy = False
        if self._newly_here():
            self.ready = self.searched = False
            self.error = self.news = self.words = self.id = ""
            self.found = []
        flagged = await in_thread(family_links.doubtful_birth_dates, me())
        self.doubtful = [self._found(row) for row in flagged]
        if wanted := self.router.url.query_parameters.get("id", ""):
            await self._show(PatientId(parse_id("pat", wanted)))
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def search(self, form: dict[str, str]):
        self.words, self.found, self.searched = form.get("words", "").strip(), [], False
        async for shown in run_busy(self, self._search()):
            yield shown

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def add_relation(self, form: dict[str, str]):
        self.news = ""
        async for shown in run_busy(self, self._add_relation(form)):
            yield shown

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def end_relation(self, relation: str):
        await in_thread(family_links.end_relation, me(), relation)
        await self._done(
            gettext_noop("Ended. They no longer see this person, also where they are signed in.")
        )

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def mark_dependent(self, form: dict[str, str]):
        self.news = ""
        async for shown in run_busy(self, self._mark(form)):
            yield shown

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def unmark(self, mark_id: str):
        await in_thread(family_links.unmark_dependent, me(), mark_id)
        await self._done(
            gettext_noop("Ended. They no longer see this person, also where they are signed in.")
        )

    async def _search(self) -> None:
        rows = await in_thread(finding.find_patients, me(), self.words)
        self.found = [
            FoundItem(
                row.id,
                row.name,
                f"{row.chart_number} · {born_words(self.language, row.birth_date)}",
                self._address(row.id),
                row.birth_date is None,
            )
            for row in rows
        ]
        self.searched = True

    async def _add_relation(self, form: dict[str, str]) -> None:
        if form.get("kind") not in set(RelationKind):
            raise UserError("Choose parent or guardian.")
        adult = await self._adult(form)
        who, until = PatientId(parse_id("pat", form.get("patient"))), last_day(form.get("until", ""))
        await in_thread(family_links.add_relation, me(), who, adult, RelationKind(form["kind"]), until)
        await self._done(gettext_noop("Recorded. It holds from now on, also where they are signed in."))

    async def _mark(self, form: dict[str, str]) -> None:
        adult = await self._adult(form)
        who, until = PatientId(parse_id("pat", form.get("patient"))), last_day(form.get("until", ""))
        await in_thread(family_links.mark_dependent, me(), who, adult, form.get("reason", ""), until)
        await self._done(gettext_noop("Marked. The patient is told, and it is in the audit trail."))

    async def _adult(self, form: dict[str, str]) -> PatientId:
        """Of this file, or of another one by chart number."""
        if chart := form.get("chart", "").strip():
            return await in_thread(family_links.person_by_chart, me(), chart)
        if not form.get("adult"):
            raise UserError("Choose the adult.")
        return PatientId(parse_id("pat", form["adult"]))

    async def _done(self, msgid: str) -> None:
        self.error = ""
        await self._show(PatientId(self.id))
        self.form_key += 1
        self.news = translate(self.language, msgid)

    async def _show(self, patient_id: PatientId) -> None:
        shown = await in_thread(family_links.view_family, me(), patient_id)
        self.id, self.name = shown.patient.id, shown.patient.name
        self.members = [
            MemberItem(
                row.person.id,
                row.person.name,
                self._about(row.person),
                row.guarantor,
                row.person.id == shown.patient.id,
                row.person.doubtful,
                self._address(row.person.id),
            )
            for row in shown.members
        ]
        people = [row.person for row in shown.members]
        self.adults = [AdultItem(p.id, p.name) for p in people if p.adult and not p.doubtful]
        self._show_links(shown)

    def _show_links(self, shown: FamilyFile) -> None:
        say_ = self.language
        self.relations = [
            LinkItem(
                row.id,
                translate(say_, "{adult} for {patient}", adult=row.adult, patient=row.patient),
                " · ".join(
                    part for part in (translate(say_, _KINDS[row.kind]), self._until(row.until)) if part
                ),
                row.over,
            )
            for row in shown.relations
        ]
        self.marks = [
            LinkItem(
                row.id,
                translate(say_, "{adult} for {patient}", adult=row.adult, patient=row.patient),
                " · ".join(
                    part
                    for part in (
                        row.reason,
                        translate(say_, "Since {start}", start=full_date_text(say_, row.since)),
                        self._until(row.until),
                    )
                    if part
                ),
                row.over,
            )
            for row in shown.marks
        ]

    def _until(self, day: date | None) -> str:
        return (
            translate(self.language, "Until {date}", date=full_date_text(self.language, day)) if day else ""
        )

    def _about(self, person: PersonFound) -> str:
        return f"{person.chart_number} · {born_words(self.language, person.birth_date)}"

    def _found(self, person: PersonFound) -> FoundItem:
        href = self._address(person.id)
        return FoundItem(person.id, person.name, self._about(person), href, person.doubtful)

    def _address(self, patient_id: str) -> str:
        return address(self.language, f"/staff/family?id={patient_id}")


def last_day(typed: str) -> date | None:
    """Of a date field; "" is no end."""
    if not typed.strip():
        return None
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise UserError("That is not a date. Check the month, day and year") from None
