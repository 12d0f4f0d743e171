"""How much may be given back, and which invoice gives it."""

from collections.abc import Sequence

from portal_app.domain.billing.errors import NothingToRefund, RefundExceedsChosenInvoices, RefundTooLarge
from portal_app.domain.ids import InvoiceId
from portal_app.domain.money import InvalidAmount, Money


def refund_amount(refundable: Money, offered: Money) -> Money:
    """`offered`, if that much is left to give back (REF-1, REF-2)."""
    if refundable <= refundable.zero():
        raise NothingToRefund
    if offered.currency != refundable.currency or offered <= offered.zero():
        raise InvalidAmount(refundable.currency, field="amount")
    if offered > refundable:
        raise RefundTooLarge(amount=refundable)
    return offered


def take_back(
    amount: Money,
    unused: Money,
    allocations: Sequence[tuple[InvoiceId, Money]],
    chosen: Sequence[InvoiceId] | None = None,
    *,
    strict: bool = True,
) -> list[tuple[InvoiceId, Money]]:
    """How much of a refund each invoice gives back.

    Unused credit goes first, then the latest allocation (`allocations` are oldest first);
    with `chosen` invoices only those, in that order, and Refused when they hold less; not `strict`,
    the others give the rest, and unused credit last.
    """
    if chosen is None:
        amount = max(amount - unused, amount.zero())
        order = list(reversed(allocations))
    else:
        order = [(i, part) for wanted in chosen for i, part in allocations if i == wanted]
        if not strict:
            order += [(i, part) for i, part in reversed(allocations) if i not in chosen]
    taken = []
    for invoice_id, part in order:
        piece = min(part, amount)
        if piece:
            taken.append((invoice_id, piece))
            amount = amount - piece
    if amount and (strict or chosen is None):
        raise RefundExceedsChosenInvoices
    return taken
