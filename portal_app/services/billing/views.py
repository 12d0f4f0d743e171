"""What billing services return: frozen values, no database rows. Money and dates are formatted by the pages."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from portal_app.domain.billing.payability import Payability
from portal_app.domain.billing.types import InvoiceStatus, Method, PaymentStatus, RefundStatus
from portal_app.domain.ids import AccountId, AppointmentId, InvoiceId, PatientId, PaymentId, PaymentMethodId
from portal_app.domain.money import Money


class InvoiceRow(NamedTuple):
    """One line of the list of invoices. A tuple, because no other value is made as often."""

    id: InvoiceId
    number: str
    title: str  # first line's description; "" when masked (DEP-4: say "Services")
    more_lines: int
    people: tuple[str, ...]  # given names the viewer may see, in line order
    status: InvoiceStatus
    overdue: bool
    issue_date: date
    due_date: date
    total: Money
    due: Money


@dataclass(frozen=True, slots=True)
class NextAppointment:
    """The next appointment, shown beside the invoices."""

    id: AppointmentId
    patient_name: str
    provider: str
    location: str
    start: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class InvoiceList:
    """One page of the list of invoices, and what waits to be paid."""

    owed: Money  # over every account of the viewer
    owed_count: int
    waiting: tuple[
        InvoiceRow, ...
    ]  # to pay, oldest due first, at most one page; narrowed to the chosen person
    waiting_count: int
    rows: tuple[InvoiceRow, ...]  # one page of those that match the filter
    page: int  # 1-based
    pages: int
    count: int  # of all that match the filter
    people: tuple[tuple[PatientId, str], ...]  # to filter by
    next_appointment: NextAppointment | None
    online_payments: bool


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of an invoice; of a person whom the viewer may not see only the amount (DEP-4)."""

    description: str  # "" when masked
    person: str  # "" when masked
    service_date: date | None
    quantity: int
    unit_amount: Money | None  # None when masked
    amount: Money
    provider: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as the invoice that it pays shows it."""

    id: PaymentId
    on: date
    amount: Money  # what it paid of this invoice
    status: PaymentStatus
    shown: str  # "Visa ending in 4242", "Cash"
    method: Method
    receipt_number: str


@dataclass(frozen=True, slots=True)
class PaymentMethodView:
    """A saved card or bank account."""

    id: PaymentMethodId
    shown: str
    name: str
    kind: str
    exp_month: int | None
    exp_year: int | None
    expired: bool
    expiring: bool  # within 30 days
    is_default: bool


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """One invoice with its lines, payments and what may be paid of it."""

    id: InvoiceId
    account_id: AccountId
    number: str
    title: str
    status: InvoiceStatus
    overdue: bool
    issue_date: date
    due_date: date
    people: tuple[str, ...]
    provider: str
    lines: tuple[LineView, ...]
    payments: tuple[PaymentView, ...]
    total: Money
    adjusted: Money
    paid: Money
    due: Money
    payability: Payability  # online now
    linkable: bool  # staff may make a pay link for it
    payment_methods: tuple[PaymentMethodView, ...]
    refunds: tuple["RefundView", ...] = ()
    shared_by: str = ""  # full name of another adult who lets the viewer pay it; "" for one's own


@dataclass(frozen=True, slots=True)
class SharedInvoice:
    """Another adult's invoice that the viewer may pay: how much and by when, not what it was for."""

    id: InvoiceId
    shared_by: str
    number: str
    due_date: date
    overdue: bool
    due: Money


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """The state of a payment after the processor was asked."""

    payment_id: PaymentId
    status: PaymentStatus
    amount: Money
    decline_code: str = ""
    client_secret: str = ""  # for the bank's question in the browser, with REQUIRES_ACTION
    accepted_by_processor: bool = True


@dataclass(frozen=True, slots=True)
class ReceiptPart:
    """What of a payment paid one invoice."""

    invoice_id: InvoiceId
    number: str
    title: str
    people: tuple[str, ...]
    amount: Money
    still_due: Money


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """The receipt of a payment."""

    payment_id: PaymentId
    number: str
    amount: Money
    refunded: Money
    lost: Money  # taken back by the payer's bank
    status: PaymentStatus
    paid_at: datetime
    shown: str
    payer: str
    email: str  # where the receipt was sent, "" if nowhere
    parts: tuple[ReceiptPart, ...]
    credit: Money  # the part that pays no invoice yet
    posted: bool
    by_bank: bool = True  # it appears on a bank statement: not cash, not a check


@dataclass(frozen=True, slots=True)
class StaffPaymentRow:
    """A payment of today, on the staff dashboard."""

    id: PaymentId
    at: datetime
    who: str  # the guarantor's name
    for_what: str  # invoice numbers
    amount: Money
    status: PaymentStatus
    shown: str
    decline_code: str
    posted: bool


@dataclass(frozen=True, slots=True)
class TodaysPayments:
    """Today's payments, on the staff dashboard."""

    rows: tuple[StaffPaymentRow, ...]  # newest first, at most 200
    received: Money
    count: int
    failed: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ReconcileFinding:
    """A difference that reconciliation found, and corrected or told staff of."""

    kind: str  # "charged_not_posted", "posted_not_charged", "amount_differs", "refund_unknown", …
    payment_id: PaymentId | None
    intent_id: str
    ours: Money | None
    theirs: Money | None
    repaired: bool


@dataclass(frozen=True, slots=True)
class PersonBalance:
    """What is due for one person."""

    patient_id: PatientId | None  # None when masked
    name: str  # "" when masked
    owed: Money


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice of the account that can be paid."""

    id: InvoiceId
    number: str
    title: str  # "" when masked
    due_date: date
    overdue: bool
    due: Money
    payable: Money


@dataclass(frozen=True, slots=True)
class RecentPayment:
    """A payment in the history, or one that is being posted (LEDG-1)."""

    id: PaymentId
    on: date
    amount: Money
    refunded: Money
    lost: Money  # taken back by the payer's bank
    status: PaymentStatus
    shown: str
    receipt_number: str
    posted: bool

    @property
    def kept(self) -> Money:
        """What is left of it."""
        return self.amount - self.refunded - self.lost


@dataclass(frozen=True, slots=True)
class AccountView:
    """The payments page: balance, payments being posted, balance after posting."""

    account_id: AccountId
    balance: Money  # of the ledger
    being_posted: tuple[RecentPayment, ...]
    being_posted_total: Money  # positive
    will_owe: Money  # balance after posting: the default next amount, less what is in flight
    payability: Payability  # of all that is open, online now
    credit: Money
    people: tuple[PersonBalance, ...]
    open: tuple[OpenInvoice, ...]  # oldest due first
    payment_methods: tuple[PaymentMethodView, ...]


@dataclass(frozen=True, slots=True)
class PastDueOffer:
    """Overdue invoices that the payer is offered to pay now (SRC-3)."""

    rows: tuple[OpenInvoice, ...]
    amount: Money


@dataclass(frozen=True, slots=True)
class SetupStarted:
    """What the payer's browser needs to give a card to the processor."""

    setup_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund of a payment."""

    id: str
    payment_id: PaymentId
    amount: Money
    status: RefundStatus
    on: date


@dataclass(frozen=True, slots=True)
class PastPayment:
    """A payment in the history, with its refunds."""

    payment: RecentPayment
    refunds: tuple[RefundView, ...]


@dataclass(frozen=True, slots=True)
class PaymentHistory:
    """One page of the account's payments."""

    rows: tuple[PastPayment, ...]  # one page, newest first
    page: int  # 1-based
    pages: int
    count: int


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line of an invoice that staff write."""

    patient_id: PatientId
    description: str
    amount: Money  # of one unit
    quantity: int = 1
    service_date: date | None = None
    provider: str = ""
    code: str = ""
