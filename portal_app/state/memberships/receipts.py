"""The receipt for the year: what was paid for memberships, person by person, each as a PDF (HSA, FSA)."""

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId
from portal_app.i18n import money_text, translate
from portal_app.services.billing.history import years_with_payments
from portal_app.services.memberships.receipts.year import MembershipYear, membership_payments_of_year
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.billing.account_picker import AccountPicker
from portal_app.state.feedback import LoadedPage
from portal_app.state.i18n_paths import address

_YEARS = 5


@dataclass(frozen=True)
class YearLink:
    label: str
    href: str
    on: bool


@dataclass(frozen=True)
class PersonReceipt:
    name: str
    paid: str
    pdf: str


class MembershipReceiptsState(LoadedPage, AccountPicker, PortalState):
    years: rx.Field[list[YearLink]] = rx.field(default_factory=list)
    receipts: rx.Field[list[PersonReceipt]] = rx.field(default_factory=list)
    paid: rx.Field[str] = rx.field("")
    pdf: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def load(self):
        if self._newly_here():
            self.ready = self.missing = False
        try:
            await self._pick_account()
            await self._show(self.router.url.query_parameters.get("year", ""))
        except NotFound:
            self.missing = True

    async def _show(self, asked: str) -> None:
        years = (await in_thread(years_with_payments, me(), self._account_id))[:_YEARS]
        self.years, self.receipts, self.paid = [], [], ""
        if years:
            year = next((each for each in years if str(each) == asked), years[0])
            self.years = [YearLink(str(each), self._address(each), each == year) for each in years]
            view = await in_thread(membership_payments_of_year, me(), year, account_id=self._account_id)
            self._show_year(view)
        self.missing, self.ready = False, True

    def _show_year(self, view: MembershipYear) -> None:
        self.pdf = self._pdf(view.year)
        self.receipts = [
            PersonReceipt(
                one.name, money_text(self.language, one.paid), self._pdf(view.year, person=one.patient_id)
            )
            for one in view.people
        ]
        if view.people:
            self.paid = translate(
                self.language,
                "Paid for memberships in {year}: {amount}",
                year=str(view.year),
                amount=view.paid,
            )

    def _pdf(self, year: int, **more: str) -> str:
        query = urlencode({**self._account_query, **more, "lang": self.language})
        return f"/documents/memberships/{year}.pdf?{query}"

    def _address(self, year: int) -> str:
        query = urlencode({**self._account_query, "year": year})
        return address(self.language, f"/memberships/receipts?{query}")

    def _account_address(self, account_id: AccountId) -> str:
        return address(self.language, f"/memberships/receipts?account={account_id}")
