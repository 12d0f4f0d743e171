"""The pay link of an invoice: shown with its QR code, sent by message, taken back."""

from dataclasses import dataclass

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.errors import UserError
from portal_app.domain.ids import InvoiceId, parse_id
from portal_app.i18n import date_text, plural, translate
from portal_app.services.links import action_links, pay_links
from portal_app.services.links.pay_links import OpenPayLink, PayLink
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.typed_fields import as_image


@dataclass(frozen=True)
class OpenLink:
    id: str
    about: str


class PayLinkState(PortalState):
    invoice: rx.Field[str] = rx.field("")  # whose links these are
    open_links: rx.Field[list[OpenLink]] = rx.field(default_factory=list)
    address: rx.Field[str] = rx.field("")  # of the one just made: nobody can read it again
    qr: rx.Field[str] = rx.field("")
    about: rx.Field[str] = rx.field("")
    busy: rx.Field[bool] = rx.field(False)
    done: rx.Field[str] = rx.field("")
    trouble: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def look(self, invoice: str):
        """Another invoice is shown: nothing of the last one's link stays."""
        self._away()
        self.invoice = parse_id("inv", invoice)
        await self._list()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def make(self):
        self._away()
        self.busy = True
        yield
        try:
            self._show(await in_thread(pay_links.make_pay_link, me(), self._whose()))
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
        await self._list()
        self.busy = False

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def send(self):
        """By message to the guarantor, in the ways they chose."""
        self._away()
        self.busy = True
        yield
        try:
            n = await in_thread(pay_links.send_pay_link, me(), self._whose())
            self.done = plural(
                self.language,
                "The link is on its way in {n} message.",
                "The link is on its way in {n} messages.",
                n,
            )
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
        await self._list()
        self.busy = False

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def revoke(self, link: str):
        self._away()
        await in_thread(action_links.revoke_link, me(), parse_id("lnk", link))
        self.done = translate(self.language, "The link opens nothing any more.")
        await self._list()

    async def _list(self) -> None:
        found = await in_thread(pay_links.open_pay_links, me(), self._whose())
        self.open_links = [OpenLink(one.id, self._until(one)) for one in found]

    def _show(self, made: PayLink) -> None:
        self.address, self.qr, self.about = made.address, as_image(made.qr_svg), self._until(made)

    def _until(self, link: PayLink | OpenPayLink) -> str:
        day = date_text(self.language, clock.local_date(link.expires))
        return translate(self.language, "Up to {amount}, until {date}", amount=link.at_most, date=day)

    def _whose(self) -> InvoiceId:
        return InvoiceId(parse_id("inv", self.invoice))

    def _away(self) -> None:
        self.address = self.qr = self.about = self.done = self.trouble = ""
