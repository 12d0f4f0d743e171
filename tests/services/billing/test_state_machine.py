"""Payments, refunds, invoices, webhooks and crashes in random order; after every step amounts and ledger agree.

Run it longer: `PORTAL_MACHINE_EXAMPLES=2000 pytest tests/services/billing/test_state_machine.py`.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Invoice, Payment
from portal_app.domain.billing.types import RECEIVED, Method
from portal_app.domain.ids import InvoiceId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome, ProcessorEvent
from portal_app.services.billing.accounts import use_credit
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment, pay_account, pay_invoice
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.payments.webhooks import handle_webhook
from portal_app.services.billing.staff.record_payment import post_payments, record_payment
from portal_app.services.billing.views import NewLine
from tests import people
from tests.conftest import NOON
from tests.payments_helper import set_practice
from tests.people import VISA, People
from tests.services.billing.billing_machine import PORTAL, RIVERA, BillingMachine, template

EXAMPLES = int(os.environ.get("PORTAL_MACHINE_EXAMPLES", "40"))
STEPS = int(os.environ.get("PORTAL_MACHINE_STEPS", "30"))
AMOUNTS = st.sampled_from([50, 1_00, 20_00, 33_33, 50_00, 60_00, 100_00, 120_00, 200_00])
FUSE = st.none() | st.integers(0, 14)
PICK = st.integers(0, 30)
CARDS = st.sampled_from(["", "pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_authenticationRequired"])
ANSWERS = st.sampled_from(
    [
        "as the card",
        "as the card",
        "as the card",
        "lost",
        "never came",
        "lost and declined",
        "bank debit",
        "refused",
    ]
)
KINDS = st.sampled_from(
    ["payment_intent.succeeded", "payment_intent.payment_failed", "charge.refunded", "charge.failed"]
)


class PaymentsInAnyOrder(BillingMachine):
    """Maria pays, Nora does the billing, the card processor answers or does not, and processes die."""

    # ---- paying ----------------------------------------------------------------------------
    @rule(
        which=PICK,
        amount=AMOUNTS,
        whole=st.booleans(),
        card=CARDS,
        answer=ANSWERS,
        fuse=FUSE,
        again=st.booleans(),
    )
    def pay(
        self, which: int, amount: int, whole: bool, card: str, answer: str, fuse: int | None, again: bool
    ) -> None:
        """One invoice, or the account, with the saved card or a typed one."""
        invoices = [row.id for row in self.all_of(Invoice)]
        invoice = self.pick([*invoices, None], which)
        if whole and invoice is not None:
            with reading(PORTAL) as tx:
                amount = max(tx.get_or_404(Invoice, invoice).due.minor, 50)
        self.set_answer(answer)
        form = (PaymentId(new_id("pay")), invoice, Money(amount), card, again)
        self.forms.append(form)
        self.send_payment(form, fuse)
        self.processor._scripted.clear()

    @precondition(lambda self: self.forms)
    @rule(which=PICK, fuse=FUSE)
    def press_again(self, which: int, fuse: int | None) -> None:
        """A double click, a reload, a second tab with the same form."""
        self.send_payment(self.pick(self.forms, which), fuse)

    def send_payment(self, form: tuple[Any, ...], fuse: int | None) -> None:
        id_, invoice, amount, card, again = form
        more: dict[str, Any] = {"processor": self.processor, "duplicate_confirmed": again}
        more |= {"token": self.processor.token(card)} if card else {"payment_method_id": VISA}
        if invoice is None:
            self.attempt(fuse, pay_account, self.sample_people.maria, id_, amount, **more)
        else:
            self.attempt(fuse, pay_invoice, self.sample_people.maria, id_, invoice, amount, **more)

    def set_answer(self, answer: str) -> None:
        if answer == "lost":
            self.processor.no_answer(Outcome.SUCCEEDED)
        elif answer == "lost and declined":
            self.processor.no_answer(Outcome.DECLINED)
        elif answer == "never came":
            self.processor.no_answer()
        elif answer == "bank debit":
            self.processor.answers(Outcome.PROCESSING)
        elif answer == "refused":
            self.processor.answers(Outcome.REFUSED)

    @rule(which=PICK, fuse=FUSE)
    def confirm(self, which: int, fuse: int | None) -> None:
        if row := self.pick(self.all_of(Payment), which):
            self.attempt(fuse, confirm_payment, self.sample_people.maria, row.id, processor=self.processor)

    @rule(which=PICK, fuse=FUSE)
    def cancel(self, which: int, fuse: int | None) -> None:
        if row := self.pick(self.all_of(Payment), which):
            self.attempt(fuse, cancel_payment, self.sample_people.maria, row.id, processor=self.processor)

    @rule(away=st.sampled_from([True, False, False]))
    def the_line_goes_down_or_comes_back(self, away: bool) -> None:
        self.processor.away = away

    @rule(which=PICK, well=st.booleans())
    def the_bank_decides(self, which: int, well: bool) -> None:
        """3-D Secure is answered, a bank debit comes to its end."""
        waiting = [
            i
            for i in self.processor._intents.values()
            if i.charge.outcome in (Outcome.REQUIRES_ACTION, Outcome.PROCESSING)
        ]
        if intent := self.pick(waiting, which):
            self.processor.finish(intent.charge.intent_id, Outcome.SUCCEEDED if well else Outcome.DECLINED)

    @rule(which=PICK)
    def dispute(self, which: int) -> None:
        paid = [i for i in self.processor._intents.values() if i.charge.outcome is Outcome.SUCCEEDED]
        if (intent := self.pick(paid, which)) and which % 5 == 0:
            self.processor.dispute(intent.charge.intent_id)

    # ---- webhooks: some twice, some late, in any order, some never ---------------------------
    @rule(which=PICK, kind=KINDS, again=st.booleans(), fuse=FUSE)
    def a_webhook(self, which: int, kind: str, again: bool, fuse: int | None) -> None:
        event = self.pick(self.heard, which) if again else None
        if event is None:
            intent = self.pick(list(self.processor._intents), which)
            if intent is None:
                return
            object_kind = kind.split(".")[0]
            about = intent if object_kind == "payment_intent" else "ch_1"
            event = ProcessorEvent(f"evt_{secrets.token_hex(12)}", kind, object_kind, about, intent)
            self.heard.append(event)
        self.attempt(fuse, handle_webhook, PORTAL, event, processor=self.processor)

    @rule(which=PICK, fuse=FUSE)
    def a_webhook_of_a_refund(self, which: int, fuse: int | None) -> None:
        if refund := self.pick(list(self.processor._refunds), which):
            intent = self.processor._refunds[refund][0].intent_id
            event = ProcessorEvent(f"evt_{secrets.token_hex(12)}", "refund.updated", "refund", refund, intent)
            self.attempt(fuse, handle_webhook, PORTAL, event, processor=self.processor)

    @rule(fuse=FUSE, hours=st.sampled_from([0.1, 0.1, 1, 26]))
    def reconcile(self, fuse: int | None, hours: float) -> None:
        """It may crash half-way; a whole run after it corrects everything, so that the next one finds nothing."""
        self.time_passes(hours)
        self.attempt(fuse, reconcile, PORTAL, processor=self.processor)
        if fuse is None and not self.processor.away:
            assert reconcile(PORTAL, processor=self.processor) == []
            self.statements_follow_on()

    # ---- giving back -------------------------------------------------------------------------
    @rule(
        which=PICK,
        amount=AMOUNTS,
        whole=st.booleans(),
        void=st.booleans(),
        chosen=st.none() | PICK,
        answer=st.sampled_from(
            [None, None, Outcome.UNKNOWN, Outcome.PROCESSING, Outcome.DECLINED, Outcome.REFUSED]
        ),
        fuse=FUSE,
    )
    def refund(
        self,
        which: int,
        amount: int,
        whole: bool,
        void: bool,
        chosen: int | None,
        answer: Outcome | None,
        fuse: int | None,
    ) -> None:
        paid = [row for row in self.all_of(Payment) if row.status in RECEIVED]
        if not (row := self.pick(paid, which)):
            return
        money = row.amount if whole else Money(amount)
        if answer:
            self.processor.refund_answers(answer)
        invoices = [self.pick(self.all_of(Invoice), chosen).id] if chosen is not None else None
        form = (RefundId(new_id("ref")), row.id, money, void, invoices)
        self.refund_forms.append(form)
        self.send_refund(form, fuse)
        self.processor._scripted_refunds.clear()

    @precondition(lambda self: self.refund_forms)
    @rule(which=PICK, fuse=FUSE)
    def press_refund_again(self, which: int, fuse: int | None) -> None:
        self.send_refund(self.pick(self.refund_forms, which), fuse)

    def send_refund(self, form: tuple[Any, ...], fuse: int | None) -> None:
        id_, payment_id, money, void, invoices = form
        more = {"processor": self.processor, "void_charge": void, "invoice_ids": invoices}
        self.attempt(fuse, refund_payment, self.sample_people.nora, id_, payment_id, money, **more)

    @rule(which=PICK, amount=AMOUNTS)
    def refund_at_the_processor(self, which: int, amount: int) -> None:
        """Somebody used the processor's own pages."""
        paid = [i for i in self.processor._intents.values() if i.charge.outcome is Outcome.SUCCEEDED]
        if intent := self.pick(paid, which):
            key = RefundId(new_id("ref"))
            made = self.processor.refund(intent.charge.intent_id, Money(amount), key=key)
            if made.refund_id:
                _, created = self.processor._refunds[made.refund_id]
                self.processor._refunds[made.refund_id] = (replace(made, our_id=None), created)

    @rule(which=PICK, well=st.booleans())
    def a_refund_ends(self, which: int, well: bool) -> None:
        """Days later the payer's bank takes it, or sends it back; what failed stays failed."""
        open_ = [
            id_
            for id_, (facts, _) in self.processor._refunds.items()
            if facts.outcome is Outcome.PROCESSING or (facts.outcome is Outcome.SUCCEEDED and not well)
        ]
        if refund := self.pick(open_, which):
            self.processor.finish_refund(refund, Outcome.SUCCEEDED if well else Outcome.DECLINED)

    # ---- the practice ------------------------------------------------------------------------
    @rule(amount=AMOUNTS, days=st.integers(0, 20), send=st.booleans(), fuse=FUSE)
    def charge(self, amount: int, days: int, send: bool, fuse: int | None) -> None:
        id_ = InvoiceId(new_id("inv"))
        lines = [
            NewLine(people.MARIA.id, "Filling", Money(amount)),
            NewLine(people.EVA.id, "Cleaning", Money(20_00)),
        ]
        due = clock.today() + timedelta(days=days)
        self.attempt(
            fuse, create_invoice, self.sample_people.nora, id_, RIVERA, lines[: 1 + days % 2], due_date=due
        )
        if send:
            self.attempt(fuse, send_invoice, self.sample_people.nora, id_)

    @rule(which=PICK, verb=st.sampled_from(["send", "void", "write off"]), fuse=FUSE)
    def close(self, which: int, verb: str, fuse: int | None) -> None:
        row = self.pick(self.all_of(Invoice), which)
        do = {"send": send_invoice, "void": void_invoice, "write off": write_off}[verb]
        self.attempt(fuse, do, self.sample_people.nora, row.id)

    @rule(amount=AMOUNTS, which=st.none() | PICK, fuse=FUSE)
    def cash(self, amount: int, which: int | None, fuse: int | None) -> None:
        invoices = None if which is None else [self.pick(self.all_of(Invoice), which).id]
        id_ = PaymentId(new_id("pay"))
        for _ in range(2):  # pressed twice
            self.attempt(
                fuse,
                record_payment,
                self.sample_people.nora,
                id_,
                RIVERA,
                Money(amount),
                method=Method.CASH,
                invoice_ids=invoices,
            )

    @rule(fuse=FUSE, staff=st.booleans())
    def use_credit(self, fuse: int | None, staff: bool) -> None:
        who = self.sample_people.nora if staff else self.sample_people.maria
        self.attempt(fuse, use_credit, who, RIVERA)

    @rule(automatic=st.booleans(), online=st.sampled_from([True, True, True, False]))
    def settings_change(self, automatic: bool, online: bool) -> None:
        set_practice(post_automatically=automatic, online_payments=online)

    @rule(which=st.none() | PICK, fuse=FUSE)
    def post(self, which: int | None, fuse: int | None) -> None:
        waiting = [row.id for row in self.all_of(Payment) if row.status in RECEIVED and not row.posted]
        chosen = waiting if which is None else waiting[which % 3 : which % 3 + 1]
        self.attempt(fuse, post_payments, self.sample_people.nora, chosen)
        self.statements_follow_on()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[None]:
    file = tmp_path_factory.mktemp("machine") / "cast.db"
    shutil.copy(sqlite_template, file)
    db_engine.bind(f"sqlite:///{file}")
    with clock.held_at(NOON):
        People.create()
    db_engine.dispose()  # closing the last connection writes the log into the file
    db_engine.unbind()
    template[:] = [file]
    yield
    template.clear()


@pytest.mark.slow
def test_amounts_and_ledger_agree_after_any_order_of_payments_refunds_and_crashes(stage: None) -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    run_state_machine_as_test(
        PaymentsInAnyOrder,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="PORTAL_MACHINE_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
