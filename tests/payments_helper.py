"""What tests of payments share: a processor that knows Maria's saved Visa, and short ways to read rows."""

from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry, Payment
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import system_principal
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, new_id
from portal_app.domain.money import Money, total
from portal_app.gateways.payments_fake import FakeProcessor
from tests import people
from tests.invariants import check_billing_invariants


def fake_processor() -> FakeProcessor:
    """A fake card processor on which Maria has a saved Visa."""
    processor = FakeProcessor()
    customer = processor.customer(people.RIVERA, "Maria Rivera")
    processor.save_card(customer, processor_id=f"pm_{people.VISA}")
    return processor


def new_payment() -> PaymentId:
    return PaymentId(new_id("pay"))


def invoice(id_: InvoiceId) -> Invoice:
    with reading(system_principal("test")) as tx:
        return tx.get_or_404(Invoice, id_)


def payment(id_: PaymentId) -> Payment:
    with reading(system_principal("test")) as tx:
        return tx.get_or_404(Payment, id_)


def payments() -> list[Payment]:
    with reading(system_principal("test")) as tx:
        return list(tx.exec(select(Payment)))


def tasks() -> list[str]:
    """The kinds of all staff tasks, sorted."""
    with reading(system_principal("test")) as tx:
        return sorted(tx.exec(select(Task.kind)))


def balance(account: AccountId = people.RIVERA) -> Money:
    """The sum of the account's ledger."""
    with reading(system_principal("test")) as tx:
        return total(tx.exec(columns(LedgerEntry.amount).where(LedgerEntry.account_id == account)))


def set_practice(**changes: object) -> None:
    """Change columns of the practice, as its settings would."""
    with transaction(system_principal("test")) as tx:
        row = tx.get_or_404(Practice, "practice")
        for name, value in changes.items():
            setattr(row, name, value)
        row.version += 1


def check_ledger() -> None:
    """Assert that invoices, payments and ledger agree (DOMAIN.md, Money, invariants 1 to 4)."""
    with reading(system_principal("test")) as tx:
        check_billing_invariants(tx)
        assert tx.exec(select(Account)).all()
