"""What may be paid of invoices now, read for every page and service by the domain's one rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice
from portal_app.domain.billing import payments
from portal_app.domain.billing.payability import Channel, LinkAllowance, Owing, Payability, payability
from portal_app.domain.billing.payments import InFlightPayment
from portal_app.domain.ids import InvoiceId
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import currency, in_flight_payments, paid_since
from portal_app.services.practice.facts import practice


@dataclass(frozen=True, slots=True)
class LinkLimit:
    """A pay link takes at most what it was for, less what was paid since it was made (ALL-8, ALL-9).

    Links of an early version were for no amount (`at_most` is None): they take whatever is due.
    """

    at_most: Money | None
    since: datetime


@dataclass(frozen=True, slots=True)
class ToPay:
    """The answer for invoices together, and what is payable and on its way of each."""

    payability: Payability
    channel: Channel
    payable: dict[InvoiceId, Money]
    attempts: dict[InvoiceId, list[InFlightPayment]]


def to_pay(
    tx: Tx, invoices: Sequence[Invoice], *, limit: LinkLimit | None = None, channel: Channel | None = None
) -> ToPay:
    """What may be paid of these invoices now. `channel`: None is online; `limit` is of the one invoice."""
    attempts = in_flight_payments(tx, [row.id for row in invoices])
    owing = {row.id: Owing(row.status, row.due, tuple(attempts.get(row.id, ()))) for row in invoices}
    allowance = None
    if limit is not None and limit.at_most is not None:
        (invoice_id,) = owing
        allowance = LinkAllowance(limit.at_most, tuple(paid_since(tx, invoice_id, limit.since)))
    channel = channel or _online(tx)
    answer = payability(owing.values(), channel, currency(), allowance)
    return ToPay(answer, channel, {id_: each.payable for id_, each in owing.items()}, attempts)


def link_payability(tx: Tx, invoice: Invoice) -> Payability:
    """May a pay link be made for it? Whatever is on its way may still fail, and the link lives longer."""
    return payability([Owing(invoice.status, invoice.due)], _online(tx), currency())


def _online(tx: Tx) -> Channel:
    """Online, as the practice has set it."""
    facts = practice(tx)
    return Channel(facts.online_payments, facts.minimum_payment)


def left_of_link(tx: Tx, invoice_id: InvoiceId, due: Money, limit: LinkLimit) -> Money:
    """What of `due` is still for this link to pay."""
    if limit.at_most is None:
        return due
    return payments.left_of_link(due, limit.at_most, paid_since(tx, invoice_id, limit.since))
