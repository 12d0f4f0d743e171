"""The page Patients: found by name or chart number."""

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import full_date_text, money_text, plural
from portal_app.services.billing.staff.patient_billing import FoundPatient, find_patients
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.paging import Page, list_page, page_number

PATH = "/staff/patients"
_LONGEST_SEARCH = 80  # characters


@dataclass(frozen=True)
class PatientItem:
    id: str
    href: str
    name: str
    chart_number: str
    birth_date: str
    guarantor: str
    balance: str
    active: bool


class PatientsState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    search_text: rx.Field[str] = rx.field("")
    rows: rx.Field[list[PatientItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    page: rx.Field[Page] = rx.field(default_factory=Page)

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        """For every staff member; the service checks who may look patients up."""
        query = self.router.url.query_parameters
        self.search_text = strip_unstorable(query.get("q", "")).strip()[:_LONGEST_SEARCH]
        found = await in_thread(
            find_patients, me(), self.search_text, page=page_number(query.get("page", ""))
        )
        self.rows = [self._item(row) for row in found.rows]
        self.count = (
            plural(self.language, "{n} patient", "{n} patients", found.count) if self.search_text else ""
        )
        self.page = list_page(self.language, found.page, found.pages, self._address, exact=True)
        self.ready = True

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def search_patients(self, form: dict[str, str]):
        """The search stands in the address of the page."""
        self.search_text = form.get("q", "").strip()[:_LONGEST_SEARCH]
        return rx.redirect(self._address(1))

    def _address(self, page: int) -> str:
        query = {"q": self.search_text} | ({"page": page} if page > 1 else {})
        return address(self.language, PATH) + f"?{urlencode(query)}"

    def _item(self, row: FoundPatient) -> PatientItem:
        return PatientItem(
            id=row.id,
            href=address(self.language, f"{PATH}/{row.id}"),
            name=row.name,
            chart_number=row.chart_number,
            birth_date=full_date_text(self.language, row.birth_date) if row.birth_date else "",
            guarantor=row.guarantor,
            balance=money_text(self.language, row.balance) if row.balance is not None else "",
            active=row.active,
        )
