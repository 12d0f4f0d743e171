"""A refund as patients read it."""

from dataclasses import dataclass
from datetime import timedelta

from portal_app import clock
from portal_app.domain.billing.types import PaymentStatus, RefundStatus
from portal_app.i18n import money_text, translate
from portal_app.services.billing.views import RecentPayment, RefundView

_TRAVELS = timedelta(days=10)  # 5 business days, over weekends and holidays


@dataclass(frozen=True)
class RefundItem:
    what: str
    note: str  # "" once it should have come
    amount: str


def dispute_items(language: str, paid: RecentPayment) -> list[RefundItem]:
    """What the payer's own bank did with the payment, in plain words."""
    if paid.status is PaymentStatus.DISPUTED:
        what = translate(language, "Your bank has asked for this payment back.")
        return [RefundItem(what, translate(language, "Nothing is due again until your bank decides."), "")]
    if not paid.lost:
        return []
    what = translate(language, "Taken back by your bank")
    note = translate(language, "What it paid is due again. If you did not ask your bank for this, call us.")
    return [RefundItem(what, note, money_text(language, paid.lost))]


def refund_item(language: str, refund: RefundView) -> RefundItem:
    if refund.status is RefundStatus.FAILED:
        return RefundItem(
            translate(language, "Refund that came back, {day}", day=refund.on),
            translate(language, "Your bank sent it back. Call us, and we give it back another way."),
            money_text(language, refund.amount),
        )
    travels = clock.today() - refund.on <= _TRAVELS
    return RefundItem(
        translate(language, "Refund, {day}", day=refund.on),
        translate(language, "It can take up to 5 business days to reach you.") if travels else "",
        money_text(language, refund.amount),
    )
