"""Patients found by name or chart number."""

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import full_date_text, money_text, plural, translate
from portal_app.services.billing.staff.patient_billing import FoundPatient, find_patients
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.paging import page_number

PATH = "/staff/patients"


@dataclass(frozen=True)
class PatientItem:
    id: str
    href: str
    name: str
    chart: str
    born: str
    guarantor: str
    balance: str
    active: bool


class PatientsState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    text: rx.Field[str] = rx.field("")
    rows: rx.Field[list[PatientItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    pages: rx.Field[int] = rx.field(1)
    newer: rx.Field[str] = rx.field("")
    older: rx.Field[str] = rx.field("")
    where: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        """The service says who may look anybody up."""
        query = self.router.url.query_parameters
        self.text = strip_unstorable(query.get("q", "")).strip()[:80]
        page = query.get("page", "")
        number = page_number(page)
        found = await in_thread(find_patients, me(), self.text, page=number)
        self.rows = [self._item(row) for row in found.rows]
        self.count = plural(self.language, "{n} patient", "{n} patients", found.count) if self.text else ""
        self.pages = found.pages
        self.newer = self._address(found.page - 1) if found.page > 1 else ""
        self.older = self._address(found.page + 1) if found.page < found.pages else ""
        self.where = translate(self.language, "Page {page} of {pages}", page=found.page, pages=found.pages)
        self.ready = True

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def search(self, form: dict[str, str]):
        self.text = form.get("q", "").strip()[:80]
        return rx.redirect(self._address(1))

    def _address(self, page: int) -> str:
        asked = {"q": self.text} | ({"page": page} if page > 1 else {})
        return address(self.language, PATH) + f"?{urlencode(asked)}"

    def _item(self, row: FoundPatient) -> PatientItem:
        return PatientItem(
            id=row.id,
            href=address(self.language, f"{PATH}/{row.id}"),
            name=row.name,
            chart=row.chart_number,
            born=full_date_text(self.language, row.birth_date) if row.birth_date else "",
            guarantor=row.guarantor,
            balance=money_text(self.language, row.balance) if row.balance is not None else "",
            active=row.active,
        )
