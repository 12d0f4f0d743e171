"""What may be paid of invoices now: reads what the domain's rule (`payability`) needs, for every page and service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice
from portal_app.domain.billing import payments
from portal_app.domain.billing.payability import (
    Channel,
    InvoiceToPay,
    LinkAllowance,
    Payability,
    payability,
)
from portal_app.domain.ids import InvoiceId
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import currency, in_flight_payments, paid_since
from portal_app.services.billing.payments.credit import credit_for
from portal_app.services.practice.facts import practice


@dataclass(frozen=True, slots=True)
class LinkLimit:
    """What a pay link may take: the amount it was made for, less what was paid since then (ALL-8, ALL-9).

    Links of an early version have no amount (`at_most` is None): they take whatever is due.
    """

    at_most: Money | None
    since: datetime


@dataclass(frozen=True, slots=True)
class InvoicesPayability:
    """What may be paid of some invoices together, and of each of them."""

    payability: Payability
    channel: Channel
    payable: dict[InvoiceId, Money]


def read_payability(
    tx: Tx, invoices: Sequence[Invoice], *, limit: LinkLimit | None = None, channel: Channel | None = None
) -> InvoicesPayability:
    """What may be paid of these invoices now.

    Args:
        limit: of the pay link through which the one invoice is paid.
        channel: where it is paid; None is online, with the practice's settings.
    """
    in_flight = in_flight_payments(tx, [row.id for row in invoices])
    to_pay = {row.id: InvoiceToPay(row.status, row.due, tuple(in_flight.get(row.id, ()))) for row in invoices}
    allowance = None
    if limit is not None and limit.at_most is not None:
        (invoice_id,) = to_pay
        allowance = LinkAllowance(limit.at_most, tuple(paid_since(tx, invoice_id, limit.since)))
    channel = channel or online_channel(tx)
    credit = None if channel.at_desk else credit_for(tx, invoices)
    together = payability(to_pay.values(), channel, currency(), allowance, credit)
    return InvoicesPayability(together, channel, {id_: invoice.payable for id_, invoice in to_pay.items()})


def read_link_payability(tx: Tx, invoice: Invoice) -> Payability:
    """Whether a pay link may be made for the invoice.

    Payments on their way do not count: they may still fail, and the link outlives them.
    """
    return payability([InvoiceToPay(invoice.status, invoice.due)], online_channel(tx), currency())


def online_channel(tx: Tx) -> Channel:
    """Online payments as the practice has set them."""
    facts = practice(tx)
    return Channel(facts.online_payments, facts.minimum_payment)


def left_on_link(tx: Tx, invoice_id: InvoiceId, due: Money, limit: LinkLimit) -> Money:
    """The part of `due` that this link may still pay."""
    if limit.at_most is None:
        return due
    return payments.left_on_link(due, limit.at_most, paid_since(tx, invoice_id, limit.since))
