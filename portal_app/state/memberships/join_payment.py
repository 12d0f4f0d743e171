"""Paying the first invoice on the page for joining: the steps of every payment, for somebody without an account."""

import reflex as rx

from portal_app.domain.access import Principal
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import PaymentId, parse_id
from portal_app.gateways import gateways
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.memberships.joining.errors import AlreadyJoined
from portal_app.services.memberships.joining.pay import (
    cancel_join_payment,
    confirm_join_payment,
    pay_first_invoice,
)
from portal_app.state.base import public
from portal_app.state.billing.payment_form import PaymentForm, PaymentStepsState


class JoinPaymentState(PaymentStepsState, mixin=True):
    """Whose request it is the services read from the code that was typed (`_code_id`), which never leaves the server."""

    _code_id: str = ""

    @rx.event
    @public
    async def pay(self, form: dict[str, str]):
        async for step in self._start_payment({**form, "source": "new"}):
            yield step

    @rx.event
    @public
    async def pay_with_card(self, token: str):
        async for step in self._pay_with_token(token):
            yield step

    @rx.event
    @public
    async def join_for_nothing(self):
        """The first invoice is 0.00: no card is asked for."""
        self._clear_question()
        self.busy = True
        yield
        try:
            if self._payability is None:
                raise NotFound
            amount = self._payability.payable
            yield await self._charge(PaymentForm(PaymentId(self.payment), amount))
        except UserError as refusal:
            await self._refuse(refusal)

    @rx.event
    @public
    async def confirm_duplicate(self):
        async for step in self._pay_second_time():
            yield step

    @rx.event
    @public
    async def cancel_duplicate(self):
        self.duplicate_warning = ""

    @rx.event
    @public
    async def check_bank_answer(self, result: dict[str, str]):
        """The page's word for it is not enough: the processor is asked."""
        yield await self._confirm()

    @rx.event
    @public
    async def continue_payment(self):
        async for step in self._continue_payment():
            yield step

    @rx.event
    @public
    async def cancel_payment(self):
        async for step in self._cancel_payment():
            yield step

    def _read_form(self, form: dict[str, str]) -> PaymentForm:
        if self._payability is None:
            raise NotFound
        return PaymentForm(PaymentId(parse_id("pay", form.get("payment"))), self._payability.payable)

    def _pay(self, principal: Principal, offer: PaymentForm, again: bool) -> PaymentOutcome:
        return pay_first_invoice(
            principal,
            self._code_id,
            offer.payment_id,
            offer.amount,
            token=offer.token,
            processor=gateways().payments,
            duplicate_confirmed=again,
        )

    def _refetch(self, principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        return confirm_join_payment(principal, self._code_id, payment_id, processor=gateways().payments)

    def _cancel(self, principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        return cancel_join_payment(principal, self._code_id, payment_id, processor=gateways().payments)

    async def _show_outcome(self, outcome: PaymentOutcome) -> rx.event.EventSpec | None:
        """Paid, it is done on this page: there is no receipt to open without signing in."""
        if outcome.status is PaymentStatus.SUCCEEDED:
            self._release()
            self._offer = None
            await self._show()
            return None
        return await super()._show_outcome(outcome)

    async def _refuse(self, refusal: UserError) -> None:
        """Paid in another tab: the page says so, instead of a refusal."""
        await super()._refuse(refusal)
        if isinstance(refusal, AlreadyJoined):
            self._clear_feedback()
