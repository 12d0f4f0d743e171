"""Charges that hang hold no thread of anybody else (30 at once), and there is an end to how many wait."""

import asyncio
import threading
import time

import pytest

from portal_app.domain.money import Money
from portal_app.gateways.payments import Charge
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.state import processor_threads
from portal_app.state.base import in_thread
from portal_app.state.errors import ProcessorBusy
from portal_app.state.processor_threads import in_processor_thread
from tests import people
from tests.payments_helper import fake_processor, new_payment, payments
from tests.people import INVOICE, RIVERA, VISA, People, add_invoice


class Hanging(FakeProcessor):
    """Answers no charge until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging, self.let_go = threading.Semaphore(0), threading.Event()

    def charge(self, *args: object, **how: object) -> Charge:
        self.hanging.release()
        assert self.let_go.wait(60)
        return super().charge(*args, **how)  # type: ignore[arg-type]


async def test_thirty_hanging_charges_delay_nobody_else(sample_people: People) -> None:
    processor = Hanging()
    invoices = [add_invoice(RIVERA, (people.MARIA, "Visit", 20_00)) for _ in range(30)]
    maria = sample_people.maria

    def pay(invoice):
        token = processor.token("pm_card_visa")
        return pay_invoice(
            maria,
            new_payment(),
            invoice,
            Money(20_00),
            processor=processor,
            token=token,
            duplicate_confirmed=True,
        )

    charges = [asyncio.create_task(in_processor_thread(pay, invoice)) for invoice in invoices]
    try:
        await asyncio.to_thread(lambda: [processor.hanging.acquire(timeout=60) for _ in invoices])
        waits = []
        for _ in range(40):
            begun = time.perf_counter()
            await in_thread(view_invoice, maria, INVOICE)
            waits.append(time.perf_counter() - begun)
        assert not any(charge.done() for charge in charges)
        assert sorted(waits)[37] < 0.3  # p95
    finally:
        processor.let_go.set()
    outcomes = await asyncio.gather(*charges)
    assert {outcome.status.value for outcome in outcomes} == {"succeeded"}


async def test_when_all_places_are_taken_the_next_one_is_told_at_once_and_begins_nothing(
    sample_people: People,
) -> None:
    let_go, running = threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        running.release()
        assert let_go.wait(60)

    waiting = [asyncio.create_task(in_processor_thread(hang)) for _ in range(processor_threads.MOST)]
    try:
        await asyncio.to_thread(lambda: [running.acquire(timeout=60) for _ in waiting])
        with pytest.raises(ProcessorBusy):
            await in_processor_thread(
                pay_invoice,
                sample_people.maria,
                new_payment(),
                INVOICE,
                Money(50_00),
                processor=fake_processor(),
                payment_method_id=VISA,
            )
        assert payments() == []
        waiting[0].cancel()  # whoever left gives no place back before the call has ended
        await asyncio.sleep(0)
        with pytest.raises(ProcessorBusy):
            await in_processor_thread(hang)
    finally:
        let_go.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await in_processor_thread(lambda: "free again") == "free again"


async def test_a_call_that_fails_gives_its_place_back() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    for _ in range(processor_threads.MOST + 1):
        with pytest.raises(ZeroDivisionError):
            await in_processor_thread(fail)
