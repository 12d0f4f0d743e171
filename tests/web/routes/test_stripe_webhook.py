"""The webhook's route: only what the processor signed, exactly as it sent it, once."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from portal_app import gateways
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Charge, Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.pdf import typesetter
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.web.routes.stripe_webhook import routes
from tests.payments_helper import balance, fake_processor, new_payment, payment
from tests.people import INVOICE, People

Client = httpx.AsyncClient
ADDRESS = "/webhooks/stripe"


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    processor = fake_processor()
    gateways.use(gateways.Gateways(processor, FakeMailer(), FakeTexter(), typesetter()))
    yield processor
    gateways.use(None)


@pytest.fixture
def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=routes))
    return httpx.AsyncClient(transport=transport, base_url="http://portal")


async def post(client: Client, body: bytes, signature: str = "") -> int:
    return (await client.post(ADDRESS, content=body, headers={"Stripe-Signature": signature})).status_code


def asked_by_the_bank(sample_people: People, processor: FakeProcessor) -> tuple[str, str]:
    outcome = pay_invoice(
        sample_people.maria,
        new_payment(),
        INVOICE,
        Money(50_00),
        processor=processor,
        token=processor.token("pm_card_authenticationRequired"),
    )
    intent = payment(outcome.payment_id).processor_intent_id or ""
    processor.finish(intent)
    return outcome.payment_id, intent


async def test_a_signed_event_settles(
    sample_people: People, processor: FakeProcessor, client: Client
) -> None:
    id_, intent = asked_by_the_bank(sample_people, processor)
    body, signature = processor.event("payment_intent.succeeded", intent)
    for _ in range(3):
        assert await post(client, body, signature) == 200
    assert payment(id_).status is PaymentStatus.SUCCEEDED  # type: ignore[arg-type]
    assert balance() == Money(70_00)


async def test_forged_stale_altered_and_reserialised_bodies_are_refused(
    sample_people: People, processor: FakeProcessor, client: Client
) -> None:
    id_, intent = asked_by_the_bank(sample_people, processor)
    body, signature = processor.event("payment_intent.succeeded", intent)
    bad = {
        "unsigned": (body, ""),
        "forged": (body, FakeProcessor("whsec_other").sign(body)),
        "stale": (body, processor.sign(body, at=int(time.time()) - 301)),
        "altered": (body.replace(b"succeeded", b"cancelled"), signature),
        "reserialised": (json.dumps(json.loads(body), indent=1).encode(), signature),
    }
    for what, (sent, header) in bad.items():
        assert await post(client, sent, header) == 400, what
    assert payment(id_).status is PaymentStatus.REQUIRES_ACTION  # type: ignore[arg-type]


async def test_an_event_that_cannot_be_handled_yet_is_asked_for_again(
    sample_people: People, processor: FakeProcessor, client: Client
) -> None:
    id_, intent = asked_by_the_bank(sample_people, processor)
    body, signature = processor.event("payment_intent.succeeded", intent)

    class Down(FakeProcessor):
        def look_up(self, intent_id: str) -> Charge:
            return Charge(Outcome.UNKNOWN)

    gateways.use(gateways.Gateways(Down(), FakeMailer(), FakeTexter(), typesetter()))
    assert await post(client, body, signature) == 503
    gateways.use(gateways.Gateways(processor, FakeMailer(), FakeTexter(), typesetter()))
    assert await post(client, body, signature) == 200
    assert payment(id_).status is PaymentStatus.SUCCEEDED  # type: ignore[arg-type]


async def test_only_posts_and_nothing_huge(
    sample_people: People, processor: FakeProcessor, client: Client
) -> None:
    assert (await client.get(ADDRESS)).status_code == 405
    assert await post(client, b"x" * 1_000_001) == 413


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"[]",
            b"null",
            b'{"id": "evt_1"}',
            b'{"id": 7, "type": "x", "data": {"object": {}}}',
            b"[" * 100_000,
        ),
        b'{"id": "evt_\\u0000", "type": "x", "data": {"object": {"object": "charge", "id": "ch_1"}}}',
    ],
)
async def test_a_signed_event_that_nobody_can_read_is_refused_and_never_a_bug(
    processor: FakeProcessor, client: Client, body: bytes
) -> None:
    assert await post(client, body, processor.sign(body)) == 400
