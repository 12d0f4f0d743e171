"""Eight threads at the same accounts on PostgreSQL: no lock fails, and the ledger agrees afterwards."""

import os
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Invoice, Payment
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import RECEIVED, Method
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import InvoiceId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome, ProcessorEvent
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import use_credit
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.billing.payments.pay import cancel_payment, pay_account, pay_invoice
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.payments.webhooks import handle_webhook
from portal_app.services.billing.staff.record_payment import post_payments, record_payment
from portal_app.services.billing.views import NewLine
from tests import people
from tests.payments_helper import check_ledger, fake_processor, set_practice
from tests.people import VISA, People, add_payment_method

PORTAL = system_principal("test")
SECONDS = float(os.environ.get("PORTAL_THREADS_SECONDS", "5"))
LEAST = 12  # steps of each thread, however slow the machine
WHO = (
    (people.RIVERA, people.MARIA, "maria"),
    (people.LUIS_S, people.LUIS, "luis"),
    (people.OKAFOR, people.KIM, "kim"),
)


class Someone:
    """One thread: whatever payers and staff may do, at random."""

    def __init__(
        self, seed: int, sample_people: People, processor: FakeProcessor, cards: dict[str, Any]
    ) -> None:
        self.dice, self.sample_people, self.processor, self.cards = (
            random.Random(seed),
            sample_people,
            processor,
            cards,
        )
        self.done = 0

    def pick(self, table: Any, *where: Any) -> Any:
        with reading(PORTAL) as tx:
            rows = tx.exec(select(table).where(*where).order_by(table.id)).all()
        return self.dice.choice(rows) if rows else None

    def charge(self) -> None:
        account, who, _ = self.dice.choice(WHO)
        id_ = InvoiceId(new_id("inv"))
        lines = [NewLine(who.id, "Filling", Money(self.dice.choice([20_00, 60_00, 150_00])))]
        create_invoice(
            self.sample_people.nora, id_, account, lines, due_date=clock.today() + timedelta(days=2)
        )
        send_invoice(self.sample_people.nora, id_)

    def pay(self) -> None:
        account, _, name = self.dice.choice(WHO)
        if self.dice.random() < 0.15:
            outcome = self.dice.choice([Outcome.SUCCEEDED, Outcome.UNKNOWN])
            self.processor.no_answer(outcome)
        amount = Money(self.dice.choice([50, 10_00, 20_00, 60_00]))
        more: dict[str, Any] = {
            "processor": self.processor,
            "payment_method_id": self.cards[account],
            "duplicate_confirmed": True,
        }
        who, id_ = getattr(self.sample_people, name), PaymentId(new_id("pay"))
        if self.dice.random() < 0.5:
            pay_account(who, id_, amount, **more)
        elif invoice := self.pick(Invoice, Invoice.account_id == account):
            pay_invoice(who, id_, invoice.id, amount, **more)

    def cash(self) -> None:
        account = self.dice.choice(WHO)[0]
        id_ = PaymentId(new_id("pay"))
        record_payment(self.sample_people.nora, id_, account, Money(5_00), method=Method.CASH)

    def refund(self) -> None:
        if row := self.pick(Payment, Payment.status.in_(sorted(RECEIVED))):  # type: ignore[attr-defined]
            amount, void = Money(self.dice.choice([1_00, 5_00, 20_00])), self.dice.random() < 0.4
            id_ = RefundId(new_id("ref"))
            for _ in range(2):
                refund_payment(
                    self.sample_people.nora, id_, row.id, amount, processor=self.processor, void_charge=void
                )

    def webhook(self) -> None:
        if intents := list(self.processor._intents):
            intent = self.dice.choice(intents)
            told = ProcessorEvent(
                f"evt_{self.dice.randrange(200)}",
                "payment_intent.succeeded",
                "payment_intent",
                intent,
                intent,
            )
            handle_webhook(PORTAL, told, processor=self.processor)

    def give_up(self) -> None:
        if row := self.pick(Payment):
            who = {account: getattr(self.sample_people, name) for account, _, name in WHO}[row.account_id]
            cancel_payment(who, row.id, processor=self.processor)

    def close(self) -> None:
        if row := self.pick(Invoice):
            self.dice.choice([void_invoice, write_off])(self.sample_people.nora, row.id)

    def use_credit(self) -> None:
        use_credit(self.sample_people.nora, self.dice.choice(WHO)[0])

    def post(self) -> None:
        with reading(PORTAL) as tx:
            waiting = tx.exec(select(Payment).where(Payment.posted.is_(False))).all()  # type: ignore[attr-defined]
        wanted = [row.id for row in waiting if row.status in RECEIVED]
        self.dice.shuffle(wanted)
        post_payments(self.sample_people.nora, wanted[:5])

    def switch(self) -> None:
        set_practice(post_automatically=self.dice.random() < 0.6)

    def reconcile(self) -> None:
        reconcile(PORTAL, processor=self.processor, older_than=timedelta())

    def tell(self) -> None:
        send_daily_digests(PORTAL)

    def live(self, until: float, bugs: list[BaseException]) -> None:
        often: list[Callable[[], None]] = (
            [self.pay] * 6 + [self.charge] * 3 + [self.refund] * 3 + [self.webhook] * 3
        )
        seldom = [
            self.cash,
            self.give_up,
            self.close,
            self.use_credit,
            self.post,
            self.switch,
            self.reconcile,
            self.tell,
        ]
        while (time.monotonic() < until or self.done < LEAST) and not bugs:
            try:
                self.dice.choice(often + seldom)()
            except (UserError, NotFound):
                pass
            except BaseException as bug:
                bugs.append(bug)
            self.done += 1


@pytest.mark.postgres
@pytest.mark.slow
def test_eight_threads_at_once_leave_no_deadlock_and_a_ledger_that_agrees(postgres_db: str) -> None:
    assert postgres_db
    sample_people, processor = People.create(), fake_processor()
    cards = {people.RIVERA: VISA}
    for account, _, name in WHO[1:]:
        cards[account] = add_payment_method(account)
        customer = processor.customer(account, name)
        processor.save_card(customer, processor_id=f"pm_{cards[account]}")
    bugs: list[BaseException] = []
    hands = [Someone(seed, sample_people, processor, cards) for seed in range(8)]
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=one.live, args=(until, bugs)) for one in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if bugs:
        raise bugs[0]
    assert all(one.done >= LEAST for one in hands)
    check_ledger()
    with clock.held_at(clock.now() + timedelta(hours=26)):
        reconcile(PORTAL, processor=processor)
        assert reconcile(PORTAL, processor=processor) == []
    check_ledger()
    with reading(PORTAL) as tx:
        ours = {row.processor_intent_id for row in tx.exec(select(Payment)) if row.status in RECEIVED}
    theirs = {id_ for id_, i in processor._intents.items() if i.charge.outcome is Outcome.SUCCEEDED}
    assert ours - {None} == theirs
