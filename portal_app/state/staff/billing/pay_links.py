"""Pay links in an invoice's panel: shown with a QR code, sent by message, revoked."""

from dataclasses import dataclass

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.ids import InvoiceId, parse_id
from portal_app.i18n import date_text, gettext_noop, plural, translate
from portal_app.services.links import action_links, pay_links
from portal_app.services.links.pay_links import OpenPayLink, PayLink
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.typed_fields import as_image


@dataclass(frozen=True)
class LinkItem:
    id: str
    about: str  # up to which amount, until when


class InvoicePayLinkState(Feedback, PortalState):
    invoice: rx.Field[str] = rx.field("")  # the invoice whose links these are
    open_links: rx.Field[list[LinkItem]] = rx.field(default_factory=list)
    # The link that was just made: its address cannot be read again.
    address: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    about: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def load_links(self, invoice: str):
        """Another invoice is shown: nothing of the last one's link stays."""
        self._clear()
        self.invoice = parse_id("inv", invoice)
        await self._show_open_links()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def make_link(self):
        self._clear()
        async for step in run_busy(self, self._make_link()):
            yield step
        await self._show_open_links()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def send_link(self):
        """Sends a pay link to the guarantor, to the contacts they chose for messages about money."""
        self._clear()
        async for step in run_busy(self, self._send_link()):
            yield step
        await self._show_open_links()

    @rx.event
    @requires(Permission.TAKE_PAYMENTS)
    async def revoke_link(self, link: str):
        self._clear()
        await in_thread(action_links.revoke_link, me(), parse_id("lnk", link))
        await self._show_open_links()
        self._show_done(gettext_noop("The link no longer works."))

    async def _make_link(self) -> None:
        link = await in_thread(pay_links.make_pay_link, me(), self._invoice_id())
        self.address, self.qr, self.about = link.address, as_image(link.qr_svg), self._about(link)

    async def _send_link(self) -> None:
        count = await in_thread(pay_links.send_pay_link, me(), self._invoice_id())
        self._show_done_text(
            plural(
                self.language,
                "The link is on its way in {n} message.",
                "The link is on its way in {n} messages.",
                count,
            )
        )

    async def _show_open_links(self) -> None:
        links = await in_thread(pay_links.open_pay_links, me(), self._invoice_id())
        self.open_links = [LinkItem(link.id, self._about(link)) for link in links]

    def _about(self, link: PayLink | OpenPayLink) -> str:
        day = date_text(self.language, clock.local_date(link.expires))
        return translate(self.language, "Up to {amount}, until {date}", amount=link.at_most, date=day)

    def _invoice_id(self) -> InvoiceId:
        return InvoiceId(parse_id("inv", self.invoice))

    def _clear(self) -> None:
        self._clear_feedback()
        self.address = self.qr = self.about = ""
