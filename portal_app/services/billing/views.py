"""What billing shows: small frozen answers, no rows. Money and dates are formatted further out."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from portal_app.domain.billing.payability import Payability
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, Method, PaymentStatus, RefundStatus
from portal_app.domain.ids import AccountId, AppointmentId, InvoiceId, PatientId, PaymentId, PaymentMethodId
from portal_app.domain.money import Money


class InvoiceRow(NamedTuple):
    """A tuple, for it is made twenty at a time and more often than anything else."""

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
    id: AppointmentId
    patient_name: str
    provider: str
    location: str
    start: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class InvoiceList:
    owed: Money  # over every account of the viewer
    owed_count: int
    waiting: tuple[InvoiceRow, ...]  # to pay, oldest due first, at most a page; of the person asked for
    waiting_count: int
    rows: tuple[InvoiceRow, ...]  # one page of what fits the filter
    page: int  # 1-based
    pages: int
    count: int  # of rows that fit the filter
    people: tuple[tuple[PatientId, str], ...]  # whom one may filter by
    next_appointment: NextAppointment | None
    online_payments: bool


@dataclass(frozen=True, slots=True)
class LineView:
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
    id: PaymentId
    on: date
    amount: Money  # what it paid of this invoice
    status: PaymentStatus
    shown: str  # "Visa ending in 4242", "Cash"
    method: Method
    receipt_number: str


@dataclass(frozen=True, slots=True)
class PaymentMethodView:
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
    linkable: bool  # for staff: a pay link may be made for it
    sources: tuple[PaymentMethodView, ...]
    refunds: tuple["RefundView", ...] = ()
    whose: str = ""  # another adult who lets the viewer pay


@dataclass(frozen=True, slots=True)
class OthersInvoice:
    """Another adult's bill that the viewer may pay: how much, by when, and nothing of what it was for."""

    id: InvoiceId
    whose: str
    number: str
    due_date: date
    overdue: bool
    due: Money


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """What came of an attempt to pay."""

    payment_id: PaymentId
    status: PaymentStatus
    amount: Money
    decline_code: str = ""
    client_secret: str = ""  # with REQUIRES_ACTION
    accepted_by_processor: bool = True


@dataclass(frozen=True, slots=True)
class ReceiptPart:
    invoice_id: InvoiceId
    number: str
    title: str
    people: tuple[str, ...]
    amount: Money
    still_due: Money


@dataclass(frozen=True, slots=True)
class ReceiptView:
    payment_id: PaymentId
    number: str
    amount: Money
    refunded: Money
    status: PaymentStatus
    paid_at: datetime
    shown: str
    payer: str
    email: str  # where the receipt was sent, "" if nowhere
    parts: tuple[ReceiptPart, ...]
    credit: Money  # what of it no invoice uses yet
    posted: bool
    by_bank: bool = True  # the payer's bank shows it in some days: not cash, not a check


@dataclass(frozen=True, slots=True)
class StaffPaymentRow:
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
class Today:
    """The staff dashboard's list."""

    rows: tuple[StaffPaymentRow, ...]  # newest first, today's practice day, at most 200
    received: Money
    count: int
    failed: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something reconcile found and put right, or told staff of."""

    kind: str  # "charged_not_posted", "posted_not_charged", "amount_differs", "refund_unknown", …
    payment_id: PaymentId | None
    intent_id: str
    ours: Money | None
    theirs: Money | None
    repaired: bool


@dataclass(frozen=True, slots=True)
class PersonBalance:
    patient_id: PatientId | None  # None when masked
    name: str  # "" when masked
    owed: Money


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    id: InvoiceId
    number: str
    title: str  # "" when masked
    due_date: date
    overdue: bool
    due: Money
    payable: Money


@dataclass(frozen=True, slots=True)
class RecentPayment:
    """Received and not yet posted (LEDG-1), or history."""

    id: PaymentId
    on: date
    amount: Money
    refunded: Money
    status: PaymentStatus
    shown: str
    receipt_number: str
    posted: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    """The payments page: "Balance · Recent payment, being posted · You will owe"."""

    account_id: AccountId
    balance: Money  # the ledger's
    being_posted: tuple[RecentPayment, ...]
    being_posted_total: Money  # positive
    will_owe: Money  # balance − being posted: the default next amount, less what is in flight
    payability: Payability  # of all that is open, online now
    credit: Money
    people: tuple[PersonBalance, ...]
    open: tuple[OpenInvoice, ...]  # oldest due first
    sources: tuple[PaymentMethodView, ...]


@dataclass(frozen=True, slots=True)
class PastDueOffer:
    """SRC-3: bills past due, to be paid now."""

    rows: tuple[OpenInvoice, ...]
    amount: Money


@dataclass(frozen=True, slots=True)
class SetupStarted:
    setup_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class RefundView:
    id: str
    payment_id: PaymentId
    amount: Money
    status: RefundStatus
    on: date


@dataclass(frozen=True, slots=True)
class PastPayment:
    payment: RecentPayment
    refunds: tuple[RefundView, ...]


@dataclass(frozen=True, slots=True)
class PaymentHistory:
    rows: tuple[PastPayment, ...]  # one page, newest first
    page: int  # 1-based
    pages: int
    count: int


@dataclass(frozen=True, slots=True)
class TaxRow:
    on: date
    amount: Money  # negative: given back
    shown: str
    receipt_number: str


@dataclass(frozen=True, slots=True)
class TaxYear:
    """What was paid in a year, and given back in it."""

    year: int
    payer: str
    rows: tuple[TaxRow, ...]
    paid: Money
    refunded: Money  # zero or negative
    total: Money


@dataclass(frozen=True, slots=True)
class ItemisedLine:
    """A service as a health account asks for it; masked lines have their amounts and nothing else."""

    service_date: date | None
    person: str
    provider: str
    description: str
    code: str
    number: str  # of its invoice
    charge: Money
    paid: Money


@dataclass(frozen=True, slots=True)
class Itemised:
    account_id: AccountId
    payer: str
    number: str  # of the one invoice it is of, else ""
    first: date | None
    last: date | None
    rows: tuple[ItemisedLine, ...]
    charged: Money
    paid: Money


@dataclass(frozen=True, slots=True)
class NewLine:
    patient_id: PatientId
    description: str
    amount: Money  # of one
    quantity: int = 1
    service_date: date | None = None
    provider: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class StatementRow:
    on: date  # of posting
    happened_on: date
    kind: EntryKind
    text: str
    people: tuple[str, ...]  # given names the viewer may see
    amount: Money
    running: Money
    number: str = ""  # of its invoice, where it is of one


@dataclass(frozen=True, slots=True)
class PersonTotal:
    name: str  # "" for whom one may not see, and for what is nobody's alone
    charges: Money
    payments: Money
    total: Money


@dataclass(frozen=True, slots=True)
class StatementView:
    account_id: AccountId
    guarantor: str
    person: str  # of whom alone it is, "" for the whole account
    first: date
    last: date
    opening: Money
    rows: tuple[StatementRow, ...]
    charges: Money
    payments: Money  # zero or negative
    adjustments: Money  # credits and reversals
    refunds: Money
    closing: Money
    being_posted: tuple[RecentPayment, ...]
    being_posted_total: Money  # positive
    after_posting: Money
    people: tuple[PersonTotal, ...]
