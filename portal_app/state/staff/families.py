"""The page Families: who may act for whom. Staff find a family file, record relations and mark dependents."""

from dataclasses import dataclass
from datetime import date

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.families import RelationKind
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import full_date_text, gettext_noop, translate
from portal_app.services.patients import relations as family_links
from portal_app.services.patients import search as patient_search
from portal_app.services.patients.relations import FamilyFile, FamilyMember, MarkRow, PersonFound, RelationRow
from portal_app.services.patients.search import Found
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.family.labels import born_words
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.staff.errors import AdultMissing, RelationKindMissing
from portal_app.state.staff.form_values import read_date

_KINDS = {RelationKind.PARENT: gettext_noop("Parent"), RelationKind.GUARDIAN: gettext_noop("Guardian")}
_ENDED = gettext_noop("Ended. They no longer see this person, also where they are signed in.")


@dataclass(frozen=True)
class PatientItem:
    id: str
    name: str
    about: str  # chart number and birth date
    href: str
    doubtful: bool  # the birth date is missing or in the future


@dataclass(frozen=True)
class MemberItem:
    id: str
    name: str
    about: str
    guarantor: str
    selected: bool  # the patient whose file is shown
    doubtful: bool
    href: str


@dataclass(frozen=True)
class RelationItem:
    """A recorded relation, or a marked dependent."""

    id: str
    people: str  # "Luis Rivera for Eva Rivera"
    about: str
    over: bool


@dataclass(frozen=True)
class AdultItem:
    id: str
    name: str


class FamilyState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    search_text: rx.Field[str] = rx.field("")
    searched: rx.Field[bool] = rx.field(False)
    found: rx.Field[list[PatientItem]] = rx.field(default_factory=list)
    doubtful: rx.Field[list[PatientItem]] = rx.field(default_factory=list)

    # The family file that is shown; `id` is the patient it was opened for.
    id: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    members: rx.Field[list[MemberItem]] = rx.field(default_factory=list)
    relations: rx.Field[list[RelationItem]] = rx.field(default_factory=list)
    marks: rx.Field[list[RelationItem]] = rx.field(default_factory=list)
    adults: rx.Field[list[AdultItem]] = rx.field(default_factory=list)
    form_key: rx.Field[int] = rx.field(0)  # raised to draw the forms empty

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def load(self):
        self.busy = False
        if self._newly_here():
            self.ready = self.searched = False
            self.search_text = self.id = ""
            self._clear_feedback()
            self.found = []
        doubtful = await in_thread(family_links.doubtful_birth_dates, me())
        self.doubtful = [self._patient_item(row) for row in doubtful]
        if patient := self.router.url.query_parameters.get("id", ""):
            await self._show_file(PatientId(parse_id("pat", patient)))
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def search_patients(self, form: dict[str, str]):
        self.search_text, self.found, self.searched = form.get("words", "").strip(), [], False
        async for step in run_busy(self, self._search_patients(), default_field="words"):
            yield step

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def add_relation(self, form: dict[str, str]):
        async for step in run_busy(self, self._add_relation(form)):
            yield step

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def end_relation(self, relation: str):
        await in_thread(family_links.end_relation, me(), relation)
        await self._finish(_ENDED)

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def mark_dependent(self, form: dict[str, str]):
        async for step in run_busy(self, self._mark_dependent(form)):
            yield step

    @rx.event
    @requires(Permission.MANAGE_FAMILY_LINKS)
    async def unmark_dependent(self, mark_id: str):
        await in_thread(family_links.unmark_dependent, me(), mark_id)
        await self._finish(_ENDED)

    async def _search_patients(self) -> None:
        rows = await in_thread(patient_search.find_patients, me(), self.search_text)
        self.found = [self._found_item(row) for row in rows]
        self.searched = True

    async def _add_relation(self, form: dict[str, str]) -> None:
        if form.get("kind") not in set(RelationKind):
            raise RelationKindMissing
        adult = await self._read_adult(form)
        patient = PatientId(parse_id("pat", form.get("patient")))
        kind, until = RelationKind(form["kind"]), read_date(form, "until")
        await in_thread(family_links.add_relation, me(), patient, adult, kind, until)
        await self._finish(gettext_noop("Recorded. It holds from now on, also where they are signed in."))

    async def _mark_dependent(self, form: dict[str, str]) -> None:
        adult = await self._read_adult(form)
        patient = PatientId(parse_id("pat", form.get("patient")))
        reason, until = form.get("reason", ""), read_date(form, "until")
        await in_thread(family_links.mark_dependent, me(), patient, adult, reason, until)
        await self._finish(gettext_noop("Marked. The patient is told, and it is in the audit trail."))

    async def _read_adult(self, form: dict[str, str]) -> PatientId:
        """The adult that a form names: by chart number, of any file, or chosen from this file.

        Raises:
            AdultMissing: neither.
        """
        if chart := form.get("chart", "").strip():
            return await in_thread(family_links.person_by_chart, me(), chart)
        if not form.get("adult"):
            raise AdultMissing
        return PatientId(parse_id("pat", form["adult"]))

    async def _finish(self, msgid: str) -> None:
        """Shows the file as it is after a change, with empty forms and what was done."""
        self._clear_feedback()
        await self._show_file(PatientId(self.id))
        self.form_key += 1
        self._show_done(msgid)

    async def _show_file(self, patient_id: PatientId) -> None:
        view = await in_thread(family_links.view_family, me(), patient_id)
        self.id, self.name = view.patient.id, view.patient.name
        self.members = [self._member_item(row, view) for row in view.members]
        people = [row.person for row in view.members]
        self.adults = [AdultItem(p.id, p.name) for p in people if p.adult and not p.doubtful]
        self.relations = [self._relation_item(row) for row in view.relations]
        self.marks = [self._mark_item(row) for row in view.marks]

    def _found_item(self, row: Found) -> PatientItem:
        about = f"{row.chart_number} · {born_words(self.language, row.birth_date)}"
        return PatientItem(row.id, row.name, about, self._address(row.id), row.birth_date is None)

    def _patient_item(self, person: PersonFound) -> PatientItem:
        href = self._address(person.id)
        return PatientItem(person.id, person.name, self._about(person), href, person.doubtful)

    def _member_item(self, row: FamilyMember, view: FamilyFile) -> MemberItem:
        return MemberItem(
            id=row.person.id,
            name=row.person.name,
            about=self._about(row.person),
            guarantor=row.guarantor,
            selected=row.person.id == view.patient.id,
            doubtful=row.person.doubtful,
            href=self._address(row.person.id),
        )

    def _relation_item(self, row: RelationRow) -> RelationItem:
        about = (translate(self.language, _KINDS[row.kind]), self._until(row.until))
        return RelationItem(row.id, self._people(row), " · ".join(filter(None, about)), row.over)

    def _mark_item(self, row: MarkRow) -> RelationItem:
        since = translate(self.language, "Since {start}", start=full_date_text(self.language, row.since))
        about = (row.reason, since, self._until(row.until))
        return RelationItem(row.id, self._people(row), " · ".join(filter(None, about)), row.over)

    def _people(self, row: RelationRow | MarkRow) -> str:
        return translate(self.language, "{adult} for {patient}", adult=row.adult, patient=row.patient)

    def _until(self, day: date | None) -> str:
        """Of an end date; "" without one."""
        if day is None:
            return ""
        return translate(self.language, "Until {date}", date=full_date_text(self.language, day))

    def _about(self, person: PersonFound) -> str:
        return f"{person.chart_number} · {born_words(self.language, person.birth_date)}"

    def _address(self, patient_id: str) -> str:
        return address(self.language, f"/staff/family?id={patient_id}")
