"""How much of a payment may be refunded, and from which invoices the refund is taken."""

from collections.abc import Sequence

from portal_app.domain.billing.errors import NothingToRefund, RefundExceedsChosenInvoices, RefundTooLarge
from portal_app.domain.ids import InvoiceId
from portal_app.domain.money import InvalidAmount, Money


def check_refund_amount(refundable: Money, amount: Money) -> Money:
    """Return `amount`, if that much is left to refund (REF-1, REF-2).

    Raises: NothingToRefund, InvalidAmount, RefundTooLarge.
    """
    if refundable <= refundable.zero():
        raise NothingToRefund
    if amount.currency != refundable.currency or amount <= amount.zero():
        raise InvalidAmount(refundable.currency, field="amount")
    if amount > refundable:
        raise RefundTooLarge(amount=refundable)
    return amount


def split_refund(
    amount: Money,
    unused: Money,
    allocations: Sequence[tuple[InvoiceId, Money]],
    chosen: Sequence[InvoiceId] | None = None,
    *,
    strict: bool = True,
) -> list[tuple[InvoiceId, Money]]:
    """Divide a refund of `amount` over the invoices that the payment pays.

    Without `chosen`, unused credit is taken first, then the latest allocation. With `chosen`, only those
    invoices in that order; when they hold less and it is not `strict`, the rest comes from the other
    invoices, the latest first, and last from unused credit.

    Args:
        unused: the part of the payment that pays no invoice.
        allocations: what the payment pays of each invoice, oldest first.

    Raises: RefundExceedsChosenInvoices.
    """
    if chosen is None:
        amount = max(amount - unused, amount.zero())
        order = list(reversed(allocations))
    else:
        order = [(i, part) for invoice_id in chosen for i, part in allocations if i == invoice_id]
        if not strict:
            order += [(i, part) for i, part in reversed(allocations) if i not in chosen]
    taken: list[tuple[InvoiceId, Money]] = []
    for invoice_id, part in order:
        piece = min(part, amount)
        if piece:
            taken.append((invoice_id, piece))
            amount = amount - piece
    if amount and (strict or chosen is None):
        raise RefundExceedsChosenInvoices
    return taken
