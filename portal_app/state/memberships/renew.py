"""Renewing a membership: the new term and its price first, then the button, then what was agreed."""

from datetime import date

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.money import Money
from portal_app.i18n import full_date_text, money_text, translate
from portal_app.services.agreements.errors import AgreementUnsigned
from portal_app.services.memberships.renewals.errors import RenewalChanged
from portal_app.services.memberships.renewals.renew import SeenRenewal, renew_membership
from portal_app.services.memberships.views.types import MembershipView, RenewalState
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.memberships.labels import amount_rows, period_price, renewal_words
from portal_app.state.memberships.memberships import AmountRow
from portal_app.state.memberships.one_membership import OneMembership


class RenewState(OneMembership, PortalState):
    plan: rx.Field[str] = rx.field("")
    first: rx.Field[str] = rx.field("")
    last: rx.Field[str] = rx.field("")
    lines: rx.Field[list[AmountRow]] = rx.field(default_factory=list)
    price: rx.Field[str] = rx.field("")  # "$110.00 a month"
    price_now: rx.Field[str] = rx.field("")  # where it is another one
    why_not: rx.Field[str] = rx.field("")  # "" while it is offered
    takes_back: rx.Field[bool] = rx.field(False)  # a cancellation
    sign_href: rx.Field[str] = rx.field("")  # where the newest agreement is signed first (REN-5)
    done: rx.Field[bool] = rx.field(False)

    _seen: tuple[str, str, int, str] | None = None  # first day, price version, minor units, currency

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        self.done, self.sign_href = False, ""
        self._forget_visit()
        await self._show_named()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def renew(self):
        async for _ in run_busy(self, self._renew()):
            yield

    async def _renew(self) -> None:
        if self._seen is None:
            raise NotFound
        first, price_id, minor, currency = self._seen
        seen = SeenRenewal(date.fromisoformat(first), price_id, Money(minor, currency))
        try:
            term = await in_thread(renew_membership, me(), self._membership(), seen)
        except RenewalChanged:
            await self._show()  # what holds now, with the words why
            raise
        except AgreementUnsigned as unsigned:
            self.sign_href = address(self.language, f"/agreements/{unsigned.values['request']}")
            raise
        self.first = full_date_text(self.language, term.first_day)
        self.last = full_date_text(self.language, term.last_day) if term.last_day else ""
        self.done = True

    async def _show(self) -> None:
        self._fill(await self._view_as_owner())
        self.missing, self.ready = False, True

    def _fill(self, view: MembershipView) -> None:
        renewal = view.renewal
        self.plan, self.takes_back = view.plan, renewal.takes_cancellation_back
        self.why_not, self._seen = "", None
        if renewal.state is not RenewalState.OFFERED or not renewal.price or not renewal.first_day:
            not_yet = translate(self.language, "This membership cannot be renewed yet.")
            self.why_not = renewal_words(self.language, view) or not_yet
            return
        self.first = full_date_text(self.language, renewal.first_day)
        self.last = full_date_text(self.language, renewal.last_day) if renewal.last_day else ""
        self.lines = [AmountRow(*row) for row in amount_rows(self.language, renewal.price)]
        self.price = period_price(self.language, view.period, renewal.price.amount)
        now = view.price.amount if view.price else None
        amount = renewal.price.amount
        self.price_now = money_text(self.language, now) if now is not None and now != amount else ""
        self._seen = (renewal.first_day.isoformat(), renewal.price_id, amount.minor, amount.currency)
