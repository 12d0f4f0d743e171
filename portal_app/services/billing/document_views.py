"""What statements, itemized receipts and tax lists contain: frozen values, no database rows."""

from dataclasses import dataclass
from datetime import date

from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import AccountId
from portal_app.domain.money import Money
from portal_app.services.billing.views import RecentPayment


@dataclass(frozen=True, slots=True)
class TaxRow:
    """A payment, a refund, or what the payer's bank took back in the year."""

    on: date
    amount: Money  # negative: refunded or taken back
    shown: str
    receipt_number: str
    taken_back: bool = False  # by the payer's bank: not a refund


@dataclass(frozen=True, slots=True)
class TaxYear:
    """What was paid and refunded in one year, for taxes."""

    year: int
    payer: str
    rows: tuple[TaxRow, ...]
    paid: Money
    refunded: Money  # zero or negative; with what banks took back
    total: Money


@dataclass(frozen=True, slots=True)
class ItemizedLine:
    """A service with what health accounts (HSA, FSA) ask for; a masked line has only its amounts."""

    service_date: date | None
    person: str
    provider: str
    description: str
    code: str
    number: str  # of its invoice
    charge: Money
    paid: Money


@dataclass(frozen=True, slots=True)
class ItemizedReceipt:
    """Services of one invoice or one period, with what was paid of each."""

    account_id: AccountId
    payer: str
    number: str  # of the invoice; "" for a period
    first: date | None
    last: date | None
    rows: tuple[ItemizedLine, ...]
    charged: Money
    paid: Money


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A ledger entry on a statement, with the balance after it."""

    on: date  # of posting
    happened_on: date
    kind: EntryKind
    text: str
    people: tuple[str, ...]  # given names the viewer may see
    amount: Money
    running: Money
    number: str = ""  # of its invoice, if it has one


@dataclass(frozen=True, slots=True)
class PersonTotal:
    """What was charged for one person and paid for them in the period."""

    name: str  # "" for people whom the viewer may not see, and for what belongs to nobody
    charges: Money
    payments: Money
    total: Money


@dataclass(frozen=True, slots=True)
class StatementView:
    """The account's statement of a period."""

    account_id: AccountId
    guarantor: str
    person: str  # the one person it is about; "" for the whole account
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
