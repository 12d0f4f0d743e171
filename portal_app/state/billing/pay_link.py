"""What a pay link opens: one invoice without names and services, paying it, the receipt (CODE-14).

Every handler has the guard of link sessions; which invoice it is the services read from the session.
"""

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PaymentId, parse_id
from portal_app.gateways import gateways
from portal_app.i18n import date_text, money_text, paid_with_text, time_text
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.links import pay_links
from portal_app.services.links.pay_links import LinkedInvoice, LinkedReceipt
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.labels import payment_status, status_of_invoice
from portal_app.state.billing.payment_form import PaymentForm, PaymentStepsState
from portal_app.state.feedback import LoadedPage
from portal_app.state.live import watch


class PayLinkState(PaymentStepsState, PortalState):
    number: rx.Field[str] = rx.field("")
    figure: rx.Field[str] = rx.field("")
    settled: rx.Field[bool] = rx.field(False)  # nothing is left to pay by this link
    status_tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    issued: rx.Field[str] = rx.field("")
    due_day: rx.Field[str] = rx.field("")
    total: rx.Field[str] = rx.field("")
    paid: rx.Field[str] = rx.field("")  # "" when nothing is

    held_elsewhere: rx.Field[bool] = rx.field(False)  # somebody else's payment in flight: they decide

    _receipt_page = "/links/receipt"
    _account: str = ""  # whose changes redraw this page

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def load(self):
        if self._start_visit():
            await self._show()
            self.card_wanted = self.can_pay
        if self._account:
            watch(f"account:{self._account}", PayLinkState.refresh)
            watch("settings", PayLinkState.refresh)

    @rx.event
    @requires(Permission.ACTION_LINK, activity=False)
    async def refresh(self):
        """Somebody paid elsewhere, or the practice changed a setting; not in the middle of paying."""
        if self.ready and not (self.busy or self._has_question()):
            await self._show()

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def pay(self, form: dict[str, str]):
        async for step in self._start_payment({**form, "source": "new"}):
            yield step

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def pay_with_card(self, token: str):
        async for step in self._pay_with_token(token):
            yield step

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def confirm_duplicate(self):
        async for step in self._pay_second_time():
            yield step

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def cancel_duplicate(self):
        self.duplicate_warning = ""

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def check_bank_answer(self, result: dict[str, str]):
        """The page's word for it is not enough: the processor is asked."""
        yield await self._confirm()

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def continue_payment(self):
        async for step in self._continue_payment():
            yield step

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def cancel_payment(self):
        async for step in self._cancel_payment():
            yield step

    def _read_form(self, form: dict[str, str]) -> PaymentForm:
        return self._read_amount(form)

    def _pay(self, principal: Principal, offer: PaymentForm, again: bool) -> PaymentOutcome:
        return pay_links.pay_linked_invoice(
            principal,
            offer.payment_id,
            offer.amount,
            token=offer.token,
            processor=gateways().payments,
            duplicate_confirmed=again,
        )

    def _refetch(self, principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        return pay_links.confirm_linked_payment(principal, payment_id, processor=gateways().payments)

    def _cancel(self, principal: Principal, payment_id: PaymentId) -> PaymentOutcome:
        return pay_links.cancel_linked_payment(principal, payment_id, processor=gateways().payments)

    async def _show(self) -> None:
        try:
            shown = await in_thread(pay_links.view_linked_invoice, me())
        except NotFound:
            self.missing, self._payability, self._account = True, None, ""
            return
        self._account = shown.account_id
        self._show_facts(shown)
        self._draw_form(shown.payability, ())
        self.held_elsewhere = not shown.held_by_this_link
        self._show_payability(shown.payability, elsewhere=self.held_elsewhere)
        self.ready = True

    def _show_facts(self, shown: LinkedInvoice) -> None:
        self.number, self.figure = shown.number, money_text(self.language, shown.payability.payable)
        self.settled = not shown.payability.payable and shown.payability.held is None
        self.status_tone, self.status = status_of_invoice(
            self.language, shown.status, shown.due_date, shown.overdue
        )
        self.issued = date_text(self.language, shown.issue_date)
        self.due_day = date_text(self.language, shown.due_date)
        self.total = money_text(self.language, shown.total)
        self.paid = money_text(self.language, shown.paid) if shown.paid else ""


class LinkedReceiptState(LoadedPage, PortalState):
    number: rx.Field[str] = rx.field("")
    amount: rx.Field[str] = rx.field("")
    refunded: rx.Field[str] = rx.field("")
    status: rx.Field[str] = rx.field("")
    received: rx.Field[bool] = rx.field(True)
    on: rx.Field[str] = rx.field("")
    shown: rx.Field[str] = rx.field("")
    invoice: rx.Field[str] = rx.field("")
    left: rx.Field[str] = rx.field("")  # "" when nothing is

    @rx.event
    @requires(Permission.ACTION_LINK)
    async def load(self):
        self.ready = self.missing = False
        try:
            payment = PaymentId(parse_id("pay", self.router.url.query_parameters.get("id")))
            self._show(await in_thread(pay_links.view_linked_receipt, me(), payment))
            self.ready = True
        except NotFound:
            self.missing = True

    def _show(self, receipt: LinkedReceipt) -> None:
        day = clock.local_date(receipt.paid_at)
        self.on = f"{date_text(self.language, day)}, {time_text(self.language, receipt.paid_at)}"
        self.number, self.invoice = receipt.number, receipt.invoice_number
        self.amount = money_text(self.language, receipt.amount)
        self.refunded = money_text(self.language, receipt.refunded) if receipt.refunded else ""
        self.shown = paid_with_text(self.language, receipt.shown)
        tone, self.status = payment_status(self.language, receipt.status)
        self.received = tone == "paid"
        self.left = money_text(self.language, receipt.still_due) if receipt.still_due else ""
