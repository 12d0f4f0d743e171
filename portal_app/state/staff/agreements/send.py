"""The page Send: one agreement to one patient with named signers, to the members of a plan, to everyone of a status."""

from collections.abc import Mapping
from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.agreements.types import AgreementStatus, SignerPart
from portal_app.domain.errors import NotFound
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import AgreementId, PatientId, PlanId, parse_id
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import plural, translate
from portal_app.services.agreements.copies.paper import PARTS
from portal_app.services.agreements.requests.ask import AskForm, AskResult, ask_to_sign, preview_asking
from portal_app.services.agreements.requests.people import Audience
from portal_app.services.agreements.texts.read import view_agreement
from portal_app.services.memberships.plans.read import list_plans
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address, last_part
from portal_app.state.staff.agreements.labels import PATH
from portal_app.state.staff.agreements.people import FoundPerson, find_people
from portal_app.state.staff.agreements.request_items import SetAsideItem, set_aside
from portal_app.state.staff.agreements.requests import asked_text
from portal_app.state.staff.errors import AudienceMissing
from portal_app.state.staff.form_values import read_whole_number
from portal_app.state.staff.memberships.labels import ChoiceItem

_FIELDS = ("who", "plan", "expires_days", "guardian", "second_guardian")
_NAMED = (SignerPart.GUARDIAN, SignerPart.SECOND_GUARDIAN)


@dataclass(frozen=True)
class NamedSigner:
    part: str
    who: str  # "Responsible adult"
    name: str


class AgreementSendState(LoadedPage, Feedback, PortalState):
    name: rx.Field[str] = rx.field("")
    requests_href: rx.Field[str] = rx.field("")
    usable: rx.Field[bool] = rx.field(False)  # a version is published, and it is in use
    signed_before: rx.Field[bool] = rx.field(False)  # there are earlier versions
    plans: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    who: rx.Field[str] = rx.field("patient")  # patient, plan, active, before
    searched: rx.Field[str] = rx.field("")
    found: rx.Field[list[FoundPerson]] = rx.field(default_factory=list)
    patient: rx.Field[str] = rx.field("")  # the name of the one patient; "" while none is chosen
    named: rx.Field[list[NamedSigner]] = rx.field(default_factory=list)
    question: rx.Field[str] = rx.field("")
    question_lines: rx.Field[list[str]] = rx.field(default_factory=list)
    aside: rx.Field[list[SetAsideItem]] = rx.field(default_factory=list)
    _agreement: str = ""
    _patient: str = ""
    _signers: dict[str, str] = {}  # part → patient's id
    _form: AskForm | None = None  # what was asked about

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def load(self):
        """Keeps what is chosen when only the connection was lost."""
        if not (self._newly_here() or not self.ready):
            return
        self._clear_feedback()
        self._forget()
        self.missing, self.who, self.searched, self.found = False, "patient", "", []
        self.patient, self._patient, self.named, self._signers = "", "", [], {}
        try:
            self._agreement = parse_id("agr", last_part(self.router.url.path))
            await self._show()
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def choose_who(self, who: str):
        """One patient, or a group of them."""
        self._forget()
        self._clear_feedback()
        self.who = who

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def find(self, form: dict[str, str]):
        """The patient, or somebody who is named as a signer."""
        self.searched = strip_unstorable(form.get("q", "")).strip()
        self.found = await find_people(self.language, self.searched)

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def choose_patient(self, patient: str):
        one = self._found(patient)
        self._clear_feedback()
        self._patient, self.patient, self.found, self.searched = one.id, one.name, [], ""

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def forget_patient(self):
        self._forget()
        self._patient, self.patient, self.named, self._signers = "", "", [], {}

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def name_signer(self, patient: str, part: str):
        """This person signs in this part."""
        one = self._found(patient)
        if part not in _NAMED:
            raise NotFound
        self._forget()
        self._clear_feedback()
        self._signers = {**self._signers, part: one.id}
        words = translate(self.language, PARTS[SignerPart(part)])
        others = [signer for signer in self.named if signer.part != part]
        self.named = sorted([*others, NamedSigner(part, words, one.name)], key=lambda signer: signer.part)
        self.found, self.searched = [], ""

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def forget_signer(self, part: str):
        self._forget()
        self._signers = {key: value for key, value in self._signers.items() if key != part}
        self.named = [signer for signer in self.named if signer.part != part]

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def ask_send(self, form: dict[str, str]):
        """Says who would be asked, and asks once."""
        self._forget()
        async for step in run_busy(self, self._ask_send(form), *_FIELDS):
            yield step

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def confirm(self):
        """Asks them."""
        async for step in run_busy(self, self._confirm(), *_FIELDS):
            yield step
        self._forget()

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def keep(self):
        """Asks nobody."""
        self._forget()

    def _found(self, patient: str) -> FoundPerson:
        for one in self.found:
            if one.id == patient:
                return one
        raise NotFound

    async def _ask_send(self, form: Mapping[str, str]) -> None:
        asked = self._read(form)
        result = await in_thread(preview_asking, me(), AgreementId(self._agreement), asked)
        if self.who == "patient" and not result.asked and result.set_aside:
            raise result.set_aside[0].error
        self._form = asked
        self._show_question(result)

    def _read(self, form: Mapping[str, str]) -> AskForm:
        """Who is asked, as it was typed. Raises: AudienceMissing; NotFound for a plan's id that is none."""
        days = form.get("expires_days", "").strip()
        expires = read_whole_number(form, "expires_days") if days else None
        match self.who:
            case "patient":
                if not self._patient:
                    raise AudienceMissing
                named = {SignerPart(part): PatientId(id_) for part, id_ in self._signers.items()}
                return AskForm(Audience(patients=(PatientId(self._patient),)), named, expires)
            case "plan":
                plan = PlanId(parse_id("pln", form.get("plan")))
                return AskForm(Audience(plan_id=plan), expires_days=expires)
            case "active":
                return AskForm(Audience(status=PatientStatus.ACTIVE), expires_days=expires)
            case "before":
                return AskForm(Audience(signed_before=True), expires_days=expires)
            case _:
                raise NotFound

    def _show_question(self, result: AskResult) -> None:
        language = self.language
        self.question = plural(
            language, "Ask {n} patient to sign?", "Ask {n} patients to sign?", result.asked
        )
        waiting, signed, aside = result.waiting, result.signed, len(result.set_aside)
        lines = (
            (waiting, plural(language, "{n} is asked already.", "{n} are asked already.", waiting)),
            (
                signed,
                plural(language, "{n} has signed this version.", "{n} have signed this version.", signed),
            ),
            (aside, plural(language, "{n} cannot be asked:", "{n} cannot be asked:", aside)),
        )
        self.question_lines = [line for count, line in lines if count]
        self.aside = set_aside(language, result)

    async def _confirm(self) -> None:
        if self._form is None:  # pressed twice
            return
        form, self._form = self._form, None
        result = await in_thread(ask_to_sign, me(), AgreementId(self._agreement), form)
        self._show_done_text(asked_text(self.language, result))

    def _forget(self) -> None:
        self.question, self.question_lines, self.aside, self._form = "", [], [], None

    async def _show(self) -> None:
        view = await in_thread(view_agreement, me(), AgreementId(self._agreement))
        self.name = view.name
        self.requests_href = address(self.language, f"{PATH}/requests/{view.id}")
        self.usable = view.status is AgreementStatus.ACTIVE
        self.signed_before = len(view.versions) > 1
        plans = await in_thread(list_plans, me())
        self.plans = [ChoiceItem(plan.id, plan.facts.name) for plan in plans]
