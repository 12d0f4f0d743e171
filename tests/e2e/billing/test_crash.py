"""The power fails between charge and posting; the practice sits at another process than the patient."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    MARIA,
    OWNER,
    PAYS,
    invoice_is_shown,
    on_receipt,
    open_invoice,
    pay,
    seen_at_once,
    sign_in,
    staff_sign_in,
)
from tests.servers import wait_until
from tests.stripe_simulator.process import Simulated, simulator

PAIR = "two processes on PostgreSQL and Redis"


@dataclass
class Premises:
    """Where patients and staff are served, and a processor that lives on when the portal dies."""

    patients: Portal
    staff: Portal
    processor: Simulated


@pytest.fixture(scope="module", params=["one process on SQLite", PAIR])
def premises(request: pytest.FixtureRequest, built: object) -> Iterator[Premises]:
    patients = Portal()
    with simulator(str(patients.folder / "stripe_simulator.db")) as processor:
        patients.settings["STRIPE_API_BASE"] = processor.url
        if request.param == PAIR:
            patients.settings |= _shared(request)
            patients.prepare()
            staff = Portal(patients.settings, folder=patients.folder).start()
        else:
            staff = patients.like(request.getfixturevalue("demo"))
        patients.start()
        yield Premises(patients, staff, processor)
        staff.stop()
        patients.remove()


def _shared(request: pytest.FixtureRequest) -> dict[str, str]:
    """A database and a Redis that several processes of one installation share."""
    postgres, redis = request.getfixturevalue("postgres"), request.getfixturevalue("redis_server")
    postgres.command("CREATE DATABASE premises")
    return {"DATABASE_URL": postgres.url("premises"), "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}


def test_the_practice_sees_a_payment_that_another_process_took(premises: Premises, visit: Visits):
    desk = staff_sign_in(visit(premises.staff, phone=False), OWNER)
    page = sign_in(visit(premises.patients), MARIA)
    open_invoice(page, "X-ray, left wrist")
    pay(page, card=PAYS, amount="12.60")
    on_receipt(page)
    seen_at_once(desk, "New payment: $12.60", "Maria Alvarez")


def test_a_crash_between_charge_and_posting_is_put_right(premises: Premises, visit: Visits):
    """kill -9 after the processor has charged: restart and reconcile post it once."""
    patients, processor = premises.patients, premises.processor
    maria = visit(patients)
    page = sign_in(maria, MARIA)
    open_invoice(page, "Office visit, 20 minutes")
    invoice = page.url
    # The answer to the charge and the webhook are both on their way when the power fails.
    processor.turn(delay=3600, broken=[{"match": "POST /v1/payment_intents$", "late": 15}])
    pay(page, card=PAYS, amount="50.00")
    wait_until(lambda: 5000 in patients.charges(), seconds=30, what="the charge")
    patients.kill()
    patients.start()
    page.goto(invoice)
    expect(page.locator("main")).to_contain_text("We are checking your last payment of $50.00")
    desk = staff_sign_in(visit(premises.staff, phone=False), OWNER)
    first = patients.command("reconcile", "--minutes", "0")
    if premises.staff is not patients:
        seen_at_once(desk, "New payment: $50.00")  # the command ran in a third process
    again = patients.command("reconcile", "--minutes", "0")
    # On a slow machine the server's own job is first: either way it is posted once.
    assert "put right" in first.splitlines()[-1]
    assert "Nothing to put right" in again
    page.goto(invoice)
    invoice_is_shown(page)
    expect(page.locator("tfoot")).to_contain_text("$70.00")
    assert patients.charges().count(5000) == 1
    maria.forgive()  # the lost line is said in the console, rightly
