"""Every event of the samples, of old and new shapes, at the real route with the real signature check."""

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from portal_app import gateways
from portal_app.db.scope import reading
from portal_app.db.tables.billing import ReceivedWebhook
from portal_app.domain.access import system_principal
from portal_app.domain.billing.declines import DECLINE_CODES
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.pdf import typesetter
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.gateways.stripe import StripeProcessor
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.state.billing.labels import short_decline, why_declined
from portal_app.web.routes.stripe_webhook import routes
from tests.payments_helper import check_ledger, fake_processor, new_payment, payment
from tests.people import INVOICE, VISA, People
from tests.stripe_simulator.process import SECRET

SHARED = Path(__file__).parents[4] / "shared" / "data" / "03_stripe"
SAMPLES = Path(__file__).parents[2] / "gateways" / "stripe_samples"
EVENTS = sorted((SAMPLES / "events").glob("*.json"))
CODES = [
    row["decline_code"] for row in csv.DictReader((SAMPLES / "decline_codes.csv").read_text().splitlines())
]


class Both(FakeProcessor):
    """Stripe's own check of signatures and shapes; the rest as the double answers."""

    hears = StripeProcessor("sk_test_x", "pk_test_x", SECRET)

    def read_webhook(self, body: bytes, signature: str) -> Any:
        return self.hears.read_webhook(body, signature)


@pytest.fixture
def processor(sample_people: People) -> Iterator[Both]:
    processor = Both(SECRET)
    for name, value in vars(fake_processor()).items():
        if name != "_secret":
            setattr(processor, name, value)
    gateways.use(gateways.Gateways(processor, FakeMailer(), FakeTexter(), typesetter()))
    yield processor
    gateways.use(None)
    check_ledger()


async def post(body: bytes, signature: str) -> int:
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        answer = await client.post("/webhooks/stripe", content=body, headers={"Stripe-Signature": signature})
    return answer.status_code


def kept() -> dict[str, str]:
    with reading(system_principal("test")) as tx:
        return {event.id: event.outcome for event in tx.exec(select(ReceivedWebhook))}


def shapes(path: Path) -> Iterator[bytes]:
    """As it is; as an old API sends it; with what newer ones add; without what may be missing."""
    event = json.loads(path.read_text())
    yield path.read_bytes()
    yield json.dumps(
        event | {"id": event["id"] + "_old", "api_version": "2014-11-05", "request": "req_1"}
    ).encode()
    newer = {
        "id": event["id"] + "_new",
        "api_version": "2030-01-01",
        "context": "acct_1",
        "object_class": {"x": [1]},
    }
    yield json.dumps(event | newer).encode()
    thing = {"id": event["data"]["object"].get("id"), "object": event["data"]["object"]["object"]}
    yield json.dumps(event | {"id": event["id"] + "_bare", "data": {"object": thing}}).encode()
    yield json.dumps(
        {"id": event["id"] + "_thin", "object": "event", "type": event["type"], "data": {}}
    ).encode()


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
async def test_no_event_of_any_shape_crashes_it_and_each_is_kept_and_skipped(
    processor: Both, path: Path
) -> None:
    for body in shapes(path):
        for _ in range(2):
            assert await post(body, processor.sign(body)) == 200
        assert kept()[json.loads(body)["id"]] in ("skipped", "not ours")


async def test_an_event_of_a_kind_nobody_knows_is_kept_and_skipped(processor: Both) -> None:
    for thing in (
        {"id": "x_1", "object": "v3.thing"},
        {},
        {"id": None, "object": None},
        {"object": "charge"},
    ):
        body = json.dumps(
            {"id": f"evt_{len(str(thing))}", "object": "event", "type": "a.b" * 60, "data": {"object": thing}}
        )
        assert await post(body.encode(), processor.sign(body.encode())) == 200


async def test_a_real_event_of_our_own_payment_settles_it_once_and_only_as_it_was_signed(
    sample_people: People, processor: Both
) -> None:
    processor.no_answer(Outcome.SUCCEEDED)
    outcome = pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(50_00), processor=processor, payment_method_id=VISA
    )
    intent = next(iter(processor._intents))
    event = json.loads((SAMPLES / "events" / "ruby-mock__payment_intent.succeeded.json").read_text())
    event["data"]["object"] |= {"id": intent, "amount_received": 999_99}  # contents are not believed
    body = json.dumps(event).encode()
    good, now = processor.sign(body), int(time.time())
    assert await post(body, processor.sign(body, at=now - 301)) == 400
    assert await post(body, FakeProcessor("whsec_other").sign(body)) == 400
    assert await post(json.dumps(event, indent=1).encode(), good) == 400
    assert await post(body + b" ", good) == 400
    assert await post(body, good.replace("v1=", "v0=")) == 400
    assert payment(outcome.payment_id).status is PaymentStatus.PROCESSING
    assert [await post(body, good), await post(body, good)] == [200, 200]  # replayed: once
    row = payment(outcome.payment_id)
    assert (row.status, row.amount) == (PaymentStatus.SUCCEEDED, Money(50_00))


@pytest.mark.parametrize("code", CODES)
def test_every_decline_code_of_the_list_has_words_in_both_languages(code: str) -> None:
    assert code in DECLINE_CODES
    for words, least in ((why_declined, 40), (short_decline, 8)):
        english, spanish = (words(language, code) for language in ("en", "es"))
        assert english != spanish
        assert min(len(english), len(spanish)) >= least
        for accusing in ("stolen", "lost", "fraud", "blacklist", "robad", "fraude", "perdid"):
            assert accusing not in english.lower() + spanish.lower()


def test_the_list_is_the_one_that_was_handed_out() -> None:
    """Where the handed-out data lies beside the project, nothing of it is missing here."""
    if not (SHARED / "decline_codes.csv").exists():
        pytest.skip(
            "../shared/data/03_stripe is not here: the copies in tests/gateways/stripe_samples decide"
        )
    handed_out = csv.DictReader((SHARED / "decline_codes.csv").read_text().splitlines())
    assert {row["decline_code"] for row in handed_out} <= DECLINE_CODES
    events = {path.name: path.read_bytes() for path in (SHARED / "webhook_events").glob("*.json")}
    assert events == {path.name: path.read_bytes() for path in EVENTS}
