"""/join: a plan, the members with the live price, a verified contact, the address, and paying the first invoice."""

from dataclasses import replace

import reflex as rx

from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PlanId, parse_id
from portal_app.domain.memberships.types import UNFINISHED_JOINS, JoinStatus
from portal_app.i18n import full_date_text, money_text, translate
from portal_app.services.memberships.joining.contact import request_join_code, verify_join_contact
from portal_app.services.memberships.joining.draft import JoinChoice
from portal_app.services.memberships.joining.errors import JoiningOff, JoinOver
from portal_app.services.memberships.joining.price import JoinPrice, list_join_plans, price_join
from portal_app.services.memberships.joining.view import (
    JoinView,
    keep_join_choice,
    keep_join_owner,
    view_join,
)
from portal_app.services.sign_in.codes import check_birth_date
from portal_app.services.sign_in.errors import NeedsFirstName
from portal_app.state.base import PortalState, in_thread, me, public, scope_now
from portal_app.state.errors import ContactMissing
from portal_app.state.feedback import run_busy
from portal_app.state.memberships.join_rows import (
    PersonItem,
    next_words,
    owner_fields,
    person_item,
    plan_item,
    price_notes,
    price_rows,
    read_owner,
    read_person,
)
from portal_app.state.memberships.join_tab import JoinTabState
from portal_app.state.memberships.labels import period_price
from portal_app.state.memberships.memberships import AmountRow
from portal_app.state.typed_fields import birth_date, six_digits

_STEPS = ("plan", "people", "contact", "owner", "check")
_PERSON = ("given_name", "family_name", "born", "sex", "relationship", "consent")
_OWNER = ("given_name", "family_name", "sex", "line1", "line2", "city", "region", "postal_code")


class JoinState(JoinTabState, PortalState):
    adding: rx.Field[str] = rx.field("me")  # which form of the people is open: "me", "other" or ""
    is_member: rx.Field[bool] = rx.field(True)
    people: rx.Field[list[PersonItem]] = rx.field(default_factory=list)
    coupon: rx.Field[str] = rx.field("")
    rows: rx.Field[list[AmountRow]] = rx.field(default_factory=list)
    amount: rx.Field[str] = rx.field("")  # "$110.00 a month"; "" while there is no price
    fee: rx.Field[str] = rx.field("")
    first: rx.Field[str] = rx.field("")  # the first invoice
    free: rx.Field[bool] = rx.field(False)  # nothing is to be paid now
    notes: rx.Field[list[str]] = rx.field(default_factory=list)
    next_bill: rx.Field[str] = rx.field("")
    sent_to: rx.Field[str] = rx.field("")
    sent_again: rx.Field[bool] = rx.field(False)
    reference: rx.Field[str] = rx.field("")
    ask_first_name: rx.Field[bool] = rx.field(False)
    ticket: rx.Field[str] = rx.field("")
    owner: rx.Field[dict[str, str]] = rx.field(default_factory=dict)  # by the field's name
    started: rx.Field[str] = rx.field("")  # the day, once it is paid
    waits: rx.Field[bool] = rx.field(False)  # for staff's answer

    _asked_code: str = ""  # the code that was sent last

    @rx.event
    @public
    async def load(self):
        if not self._newly_here():
            if self.busy:  # the handler that was to answer is gone
                self._release()
            return
        self._start_over()
        try:
            plans = await in_thread(list_join_plans, me())
            self.plans = [plan_item(self.language, plan) for plan in plans]
        except JoiningOff:
            self.missing = True
            return
        self.missing, self.ready = not plans, True

    @rx.event
    @public
    async def choose_plan(self, plan: str):
        """Also another plan, after the members were entered."""
        async for _ in run_busy(self, self._choose_plan(plan)):
            yield

    @rx.event
    @public
    async def save_me(self, form: dict[str, str]):
        async for _ in run_busy(self, self._save_me(form), "born"):
            yield

    @rx.event
    @public
    async def add_person(self, form: dict[str, str]):
        async for _ in run_busy(self, self._add_person(form), *_PERSON):
            yield

    @rx.event
    @public
    async def remove_person(self, place: int):
        async for _ in run_busy(self, self._remove_person(place)):
            yield

    @rx.event
    @public
    async def use_coupon(self, form: dict[str, str]):
        async for _ in run_busy(self, self._use_coupon(form), default_field="coupon"):
            yield

    @rx.event
    @public
    async def open_form(self, which: str):
        """Which of the forms about people is shown: "me", "other" or none."""
        self._clear_feedback()
        self.adding = which if which in ("me", "other") else ""

    @rx.event
    @public
    async def go_to(self, step: str):
        """Back to an earlier step, on to the contact, or straight there with what was typed on another device."""
        self._clear_question()
        if step not in _STEPS or (step in ("owner", "check") and not self._code_id):
            return
        if step == "contact" and self._code_id:  # verified already
            async for _ in run_busy(self, self._go_on()):
                yield
            return
        self.step = step

    @rx.event
    @public
    async def send_code(self, form: dict[str, str]):
        """The answer is the same whether or not the contact is on file (JOIN-2)."""
        self.sent_again = False
        async for _ in run_busy(self, self._send(form.get("contact", "").strip()), default_field="contact"):
            yield

    @rx.event
    @public
    async def resend_code(self):
        """A new code to the same contact."""
        self.sent_again = False
        async for _ in run_busy(self, self._send(self.contact), default_field="code"):
            yield
        self.sent_again = not self.field_errors

    @rx.event
    @public
    async def check_code(self, form: dict[str, str]):
        self.sent_again = False
        async for _ in run_busy(self, self._check_code(form.get("code", "")), default_field="code"):
            yield

    @rx.event
    @public
    async def check_birth_date(self, form: dict[str, str]):
        """Whoever is known signs in, with the code that they typed."""
        async for _ in run_busy(self, self._check_birth_date(form), default_field="born"):
            yield

    @rx.event
    @public
    async def start_over(self):
        self._start_over()
        self._keep_in_tab()

    @rx.event
    @public
    async def save_owner(self, form: dict[str, str]):
        async for _ in run_busy(self, self._save_owner(form), *_OWNER):
            yield

    def _start_over(self) -> None:
        """Forget what was typed here; what a code was typed for is kept by the portal."""
        plans, ready, missing = self.plans, self.ready, self.missing
        self._clear_question()
        self.step, self.adding, self.is_member, self.busy = "plan", "me", True, False
        self.plan = self.coupon = self.amount = self.fee = self.first = self.next_bill = ""
        self.contact = self.sent_to = self.reference = self.ticket = self.started = ""
        self.people, self.rows, self.notes, self.owner = [], [], [], {}
        self.free = self.sent_again = self.ask_first_name = self.waits = self.card_wanted = False
        self._code_id = self._asked_code = ""
        self._choice, self._payability, self._offer = None, None, None
        self.plans, self.ready, self.missing = plans, ready, missing

    async def _choose_plan(self, plan: str) -> None:
        plan_id = PlanId(parse_id("pln", plan))
        if plan_id not in {item.id for item in self.plans}:
            raise NotFound
        self.plan = next(item.name for item in self.plans if item.id == plan_id)
        before = self._choice
        self._choice = replace(before, plan_id=plan_id) if before else JoinChoice(plan_id)
        self.step = "people"
        self._keep_in_tab()
        if before is not None and (before.members or before.owner_is_member):
            await self._price(self._choice)

    async def _save_me(self, form: dict[str, str]) -> None:
        choice = replace(
            self._chosen(), owner_birth_date=birth_date(form), owner_is_member=form.get("member") == "on"
        )
        if choice.owner_is_member or choice.members:
            await self._price(choice)
            self.adding = ""
        else:  # who pays for others only has somebody to add first
            await self._check_owner_age(choice)
            self._choice, self.is_member, self.adding = choice, False, "other"
            self._keep_in_tab()

    async def _check_owner_age(self, choice: JoinChoice) -> None:
        """As a member they would have a price, or be told why not."""
        await in_thread(price_join, me(), replace(choice, owner_is_member=True, coupon=""))

    async def _add_person(self, form: dict[str, str]) -> None:
        choice = self._chosen()
        await self._price(replace(choice, members=(*choice.members, read_person(form))))
        self.adding = ""

    async def _remove_person(self, place: int) -> None:
        choice = self._chosen()
        members = tuple(one for number, one in enumerate(choice.members) if number != place)
        if not members and not choice.owner_is_member:  # nobody is left: no price
            self._choice, self.people, self.rows, self.amount = replace(choice, members=()), [], [], ""
            self.adding = "other"
            self._keep_in_tab()
            return
        await self._price(replace(choice, members=members))

    async def _use_coupon(self, form: dict[str, str]) -> None:
        await self._price(replace(self._chosen(), coupon=form.get("coupon", "").strip()))

    async def _price(self, choice: JoinChoice) -> None:
        """What it costs now; what is refused changes nothing."""
        price = await self._keep(choice) or await in_thread(price_join, me(), choice)
        self._show_choice(choice, price)

    async def _keep(self, choice: JoinChoice) -> JoinPrice | None:
        """Keep the choice with the code, and say what it costs; None before the code and once it has expired."""
        if not self._code_id:
            return None
        try:
            return await in_thread(keep_join_choice, me(), self._code_id, choice)
        except JoinOver:  # they show a code again, and this choice is kept then
            self._code_id = ""
            return None

    def _chosen(self) -> JoinChoice:
        if self._choice is None:
            raise NotFound
        return self._choice

    async def _send(self, contact: str) -> None:
        if not contact:
            raise ContactMissing
        request = await in_thread(request_join_code, me(), contact)
        self.contact, self._asked_code, self.reference = contact, request.id, request.reference
        self.sent_to, self.step = request.shown, "code"
        self._keep_in_tab()

    async def _check_code(self, typed: str) -> None:
        choice = self._choice if self.amount else None
        verified = await in_thread(
            verify_join_contact, me(), self._asked_code, six_digits(typed), self.contact, choice
        )
        if verified.known:
            self.step, self._choice = "known", None
            self._keep_in_tab()
            return
        self._code_id = self._asked_code
        self._keep_in_tab()
        await self._go_on()

    async def _check_birth_date(self, form: dict[str, str]) -> None:
        born, name = birth_date(form), form.get("first_name", "").strip()
        try:
            ticket = await in_thread(check_birth_date, me(), self._asked_code, born, name, scope=scope_now())
        except NeedsFirstName:
            self.ask_first_name = True
            return
        self.ticket, self.step = str(ticket), "signed_in"

    async def _save_owner(self, form: dict[str, str]) -> None:
        born = self._chosen().owner_birth_date
        if born is None:
            raise NotFound
        typed = read_owner(form, born)
        self.owner = owner_fields(typed)
        try:
            await in_thread(keep_join_owner, me(), self._code_id, typed)
        except JoinOver as refusal:
            self._ask_contact_again(refusal)
            return
        await self._go_on()

    async def _go_on(self) -> None:
        """To the first step that is not done: what was kept of another visit counts."""
        await self._show()
        if self.step == "done" or not self._code_id:
            return
        choice = self._choice
        if choice is None:
            self.step = "plan"
        elif not self.amount or choice.owner_birth_date is None:
            self.step = "people"
        else:
            self.step = "check" if self.owner else "owner"

    async def _show(self) -> None:
        """Read again what is kept and what it costs, and draw the payment form with a new payment id."""
        try:
            view = await in_thread(view_join, me(), self._code_id)
        except JoinOver as refusal:
            self._ask_contact_again(refusal)
            return
        if view.status not in UNFINISHED_JOINS:
            self._show_joined(view)
            return
        self._show_kept(view)
        if view.payability is not None:
            self._draw_form(view.payability, ())
            self._show_payability(view.payability)
            self.free = not view.payability.payable and view.payability.held is None
            if self.free:
                self.why_not = ""
            self.card_wanted = self.can_pay or bool(self.bank_secret)
        else:
            self.can_pay, self.free, self._payability = False, False, None

    def _ask_contact_again(self, refusal: JoinOver) -> None:
        """The code was accepted too long ago."""
        self._code_id, self.step = "", "contact"
        self.field_errors = {"contact": translate(self.language, refusal.message)}

    def _show_joined(self, view: JoinView) -> None:
        self.step, self.waits = "done", view.status is JoinStatus.WAITING
        self.started = full_date_text(self.language, view.start) if view.start else ""
        self.sent_to = view.contact
        self._choice = None

    def _show_kept(self, view: JoinView) -> None:
        self.sent_to = view.contact
        self.owner = owner_fields(view.owner) if view.owner else {}
        if view.choice is None:
            return
        if view.price is not None:
            self._show_choice(view.choice, view.price)
            return
        self._choice, self.amount = view.choice, ""
        if view.trouble is not None:
            self._show_refusal(view.trouble)

    def _show_choice(self, choice: JoinChoice, price: JoinPrice) -> None:
        self._choice, self.coupon = choice, choice.coupon
        self._keep_in_tab()
        self.plan, self.is_member = price.plan, choice.owner_is_member
        self.people = [person_item(self.language, one, place) for place, one in enumerate(choice.members)]
        self.rows = price_rows(self.language, price)
        self.amount = period_price(self.language, price.period, price.amount)
        self.fee = money_text(self.language, price.fee) if price.fee else ""
        self.first = money_text(self.language, price.first)
        self.notes, self.next_bill = (
            price_notes(self.language, price),
            next_words(self.language, price.period),
        )
        self.adding = ""
