"""The base of the state machine of billing: a portal of its own for every run, and what must hold after every step."""

import shutil
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import select

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.db.scope import reading
from portal_app.db.tables.billing import LedgerEntry, Payment, Refund
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import RECEIVED, RefundStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import new_id
from portal_app.gateways.payments import NoAnswer, Outcome, ProcessorEvent
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.statements import list_people, view_statement
from tests import people
from tests.conftest import NOON
from tests.invariants import check_billing_invariants
from tests.people import VISA, People
from tests.services.billing.crashes import CrashingProcessor, Fuse

PORTAL = system_principal("test")
RIVERA = people.RIVERA
template: list[Path] = []  # the SQLite file that every run copies


class BillingMachine(RuleBasedStateMachine):
    """One run: a copy of the database, a processor that can crash, a clock that is held."""

    @initialize()
    def open(self) -> None:
        self.exits = ExitStack()
        self.folder = template[0].parent / f"run-{new_id('say')}"
        self.folder.mkdir()
        shutil.copy(template[0], self.folder / "portal.db")
        db_engine.bind(f"sqlite:///{self.folder / 'portal.db'}")
        self.sample_people, self.fuse = People(), Fuse()
        self.exits.enter_context(self.fuse.at_commits())
        self.processor = CrashingProcessor()
        self.processor.fuse = self.fuse
        customer = self.processor.customer(RIVERA, "Maria Rivera")
        self.processor.save_card(customer, processor_id=f"pm_{VISA}")
        self.forms: list[tuple[Any, ...]] = []
        self.refund_forms: list[tuple[Any, ...]] = []
        self.heard: list[ProcessorEvent] = []
        self.moment = NOON
        self.held = ExitStack()
        self.held.enter_context(clock.held_at(self.moment))

    def all_of(self, table: Any) -> list[Any]:
        with reading(PORTAL) as tx:
            return list(tx.exec(select(table).order_by(table.created_at, table.id)))

    def pick(self, rows: list[Any], number: int) -> Any:
        return rows[number % len(rows)] if rows else None

    def attempt(self, fuse: int | None, service: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a service: it is done, it refuses, or the process dies at a boundary."""
        with self.fuse.lit(fuse):
            try:
                return service(*args, **kwargs)
            except (UserError, NotFound, NoAnswer):
                return None

    @rule(hours=st.sampled_from([0.05, 0.2, 1, 26, 24 * 10]))
    def time_passes(self, hours: float) -> None:
        self.moment += timedelta(hours=hours)
        self.held.close()
        self.held.enter_context(clock.held_at(self.moment))

    # ---- what must hold ----------------------------------------------------------------------
    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "processor"):
            return
        with reading(PORTAL) as tx:
            check_billing_invariants(tx)

    @invariant()
    def nobody_is_charged_twice(self) -> None:
        """One intent to pay: at most one charge; what is booked as received was received, as far as we were told."""
        if not hasattr(self, "processor"):
            return
        keys = [i.charge.payment_id for i in self.processor._intents.values()]
        assert len(keys) == len(set(keys))
        for row in self.all_of(Payment):
            if row.status in RECEIVED and row.processor_intent_id:
                charge = self.processor._intents[row.processor_intent_id].charge
                assert charge.outcome is Outcome.SUCCEEDED
                assert charge.received == row.amount

    def teardown(self) -> None:
        if not hasattr(self, "processor"):
            return
        try:
            self.at_the_end()
        finally:
            self.held.close()
            self.exits.close()
            db_engine.dispose()
            db_engine.unbind()
            shutil.rmtree(self.folder)

    def at_the_end(self) -> None:
        """Everything lost is found; processor and portal agree one to one; statements follow on each other."""
        self.processor.away = False
        self.time_passes(26)
        reconcile(PORTAL, processor=self.processor)
        assert reconcile(PORTAL, processor=self.processor) == []
        self.the_books_agree()
        ours = {row.processor_intent_id: row for row in self.all_of(Payment) if row.status in RECEIVED}
        theirs = {id_ for id_, i in self.processor._intents.items() if i.charge.outcome is Outcome.SUCCEEDED}
        assert {id_ for id_ in ours if id_} == theirs
        back: dict[str, int] = {}
        for facts, _ in self.processor._refunds.values():
            if facts.outcome is Outcome.SUCCEEDED and facts.amount:
                back[facts.intent_id] = back.get(facts.intent_id, 0) + facts.amount.minor
        assert {id_: row.refunded.minor for id_, row in ours.items() if id_ and row.refunded} == back
        open_ = [row for row in self.all_of(Refund) if row.status is RefundStatus.PROCESSING]
        assert all(row.processor_refund_id for row in open_)
        self.statements_follow_on()

    def statements_follow_on(self) -> None:
        first = date(2026, 5, 1)
        middle, last = date(2026, 6, 15), clock.today()
        before = view_statement(self.sample_people.maria, first, middle)
        after = view_statement(
            self.sample_people.maria, middle + timedelta(days=1), max(last, middle + timedelta(days=1))
        )
        assert before.closing == after.opening
        for person, _ in list_people(self.sample_people.maria):  # read in full, and kept as a sum
            past = view_statement(self.sample_people.maria, first, middle, patient_id=person)
            following = view_statement(
                self.sample_people.maria,
                middle + timedelta(days=1),
                middle + timedelta(days=1),
                patient_id=person,
            )
            assert past.closing == following.opening
        with reading(PORTAL) as tx:
            entries = tx.exec(select(LedgerEntry).where(LedgerEntry.account_id == RIVERA)).all()
        assert after.closing.minor == sum(entry.amount.minor for entry in entries)
        assert view_account(self.sample_people.maria).balance == after.closing
