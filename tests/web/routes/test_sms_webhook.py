"""POST /webhooks/sms: STOP, START and HELP by phone number; only what the carrier signed."""

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from portal_app import gateways
from portal_app.db.scope import reading
from portal_app.db.tables.families import ContactPoint
from portal_app.domain.access import system_principal
from portal_app.domain.families import ContactKind
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.pdf import typesetter
from portal_app.gateways.sms import text_signature
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.messaging.incoming_sms import SmsCommand, parse_command
from portal_app.settings import settings
from portal_app.web.routes.sms_webhook import ADDRESS, routes
from tests.payments_helper import tasks
from tests.people import EVA, IVY, LUIS, MARIA, People

RIVERAS = "+12125550142"
PORTAL = system_principal("test")


@pytest.fixture
def texter(sample_people: People) -> Iterator[FakeTexter]:
    texter = FakeTexter()
    gateways.use(gateways.Gateways(FakeProcessor(), FakeMailer(), texter, typesetter()))
    yield texter
    gateways.use(None)


async def text(texter: FakeTexter, words: str, sid: str = "SM1", **more: str) -> httpx.Response:
    form = {"MessageSid": sid, "From": RIVERAS, "Body": words, **more}
    signature = text_signature(texter.secret, settings().public_url + ADDRESS, form)
    return await post(urlencode(form), signature)


async def post(body: str, signature: str) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        return await client.post(ADDRESS, content=body, headers={"X-Twilio-Signature": signature})


def may_text() -> set[str]:
    with reading(PORTAL) as tx:
        points = tx.exec(select(ContactPoint).where(ContactPoint.kind == ContactKind.PHONE))
        return {point.patient_id for point in points if point.may_text}


async def test_stop_counts_for_everybody_with_that_number_and_start_takes_it_back(
    sample_people: People, texter: FakeTexter
) -> None:
    answer = await text(texter, " stop. ")
    assert answer.headers["content-type"].startswith("text/xml")
    assert "no more texts" in answer.text
    assert not {MARIA.id, LUIS.id, EVA.id} & may_text()
    assert IVY.id in may_text()
    assert "texts again" in (await text(texter, "Start", "SM2")).text
    assert {MARIA.id, LUIS.id, EVA.id} <= may_text()


async def test_a_replayed_text_changes_nothing(sample_people: People, texter: FakeTexter) -> None:
    await text(texter, "START", "SM1")
    await text(texter, "STOP", "SM2")
    assert "<Response/>" in (await text(texter, "START", "SM1")).text
    assert MARIA.id not in may_text()


async def test_help_answers_in_the_language_of_its_word(sample_people: People, texter: FakeTexter) -> None:
    assert "for help call +12125550100" in (await text(texter, "HELP")).text
    assert "para ayuda llame" in (await text(texter, "ayuda", "SM2")).text
    assert MARIA.id in may_text()


async def test_what_the_carrier_answered_itself_is_not_answered_twice(
    sample_people: People, texter: FakeTexter
) -> None:
    assert "<Response/>" in (await text(texter, "STOP", OptOutType="STOP")).text
    assert MARIA.id not in may_text()


async def test_other_words_are_not_kept_and_staff_are_told_once_a_day(
    sample_people: People, texter: FakeTexter
) -> None:
    assert "nobody reads texts" in (await text(texter, "my tooth hurts")).text
    assert "<Response/>" in (await text(texter, "hello?", "SM2")).text
    assert tasks() == ["text_came"]


async def test_unsigned_forged_and_altered_texts_are_refused(
    sample_people: People, texter: FakeTexter
) -> None:
    form = {"MessageSid": "SM1", "From": RIVERAS, "Body": "STOP"}
    url = settings().public_url + ADDRESS
    good = text_signature(texter.secret, url, form)
    for body, signature in (
        (urlencode(form), ""),
        (urlencode(form), text_signature("other", url, form)),
        (urlencode(form), text_signature(texter.secret, url + "?x", form)),
        (urlencode(form | {"From": "+12125550146"}), good),
        (urlencode(form) + "&Body=HELP", good),
        ("\xff", good),
    ):
        assert (await post(body, signature)).status_code == 403
    assert MARIA.id in may_text()
    assert (await post("x" * 70_000, good)).status_code == 413


def test_the_signature_is_the_one_of_the_carriers_own_example() -> None:
    """https://www.twilio.com/docs/usage/security#validating-signatures-from-twilio."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert text_signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("STOP", SmsCommand.STOP),
        ("Unsubscribe", SmsCommand.STOP),
        ("¡Alto!", SmsCommand.STOP),
        ("baja", SmsCommand.STOP),
        ("Sí", SmsCommand.START),
        ("unstop", SmsCommand.START),
        ("INFO", SmsCommand.HELP),
        ("Ayuda por favor", SmsCommand.OTHER),
        ("do not stop", SmsCommand.OTHER),
        ("", SmsCommand.OTHER),
    ],
)
def test_one_word_however_it_is_written(words: str, wish: SmsCommand) -> None:
    assert parse_command(words)[0] is wish
