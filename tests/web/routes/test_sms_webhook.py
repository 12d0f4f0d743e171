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
from portal_app.services.staff.tasks import list_tasks
from portal_app.settings import settings
from portal_app.web.routes.sms_webhook import ADDRESS, routes
from tests.people import EVA, IVY, LUIS, MARIA, People

RIVERAS = "+12125550142"
IVYS = "+12125550146"
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


def told(people: People) -> list[tuple[str, str, dict[str, str]]]:
    return [(task.kind, task.who, task.values) for task in list_tasks(people.dana).rows]


async def test_b61_staff_read_every_other_text_and_the_first_is_answered(
    sample_people: People, texter: FakeTexter
) -> None:
    assert "passed on your text" in (await text(texter, "my tooth hurts")).text
    assert "<Response/>" in (await text(texter, "hello?\0", "SM2")).text
    rows = told(sample_people)
    assert {kind for kind, _, _ in rows} == {"text_came"}
    assert {values["words"] for *_, values in rows} == {"my tooth hurts", "hello?"}
    for _, who, values in rows:  # the number of three persons is nobody's alone
        assert who == ""
        assert all(name in values["phone"] for name in (RIVERAS, "Maria Rivera", "Luis Rivera", "Eva Rivera"))


async def test_b61_a_wish_to_stop_in_a_sentence_stops(sample_people: People, texter: FakeTexter) -> None:
    assert "no more texts" in (await text(texter, "Stop. Thank you")).text
    assert MARIA.id not in may_text()
    assert told(sample_people) == []


async def test_b61_what_may_be_a_wish_to_stop_reaches_staff_as_one(
    sample_people: People, texter: FakeTexter
) -> None:
    assert "reply only STOP" in (await text(texter, "Can I stop by at 3?", From=IVYS)).text
    assert IVY.id in may_text()
    ((kind, who, values),) = told(sample_people)
    assert (kind, who, values["words"]) == ("text_stop_wish", "Ivy Hill", "Can I stop by at 3?")


async def test_texts_are_read_by_those_who_may_see_patients(
    sample_people: People, texter: FakeTexter
) -> None:
    await text(texter, "I feel dizzy", From="+12125559999")
    assert list_tasks(sample_people.nora).rows == ()
    assert len(list_tasks(sample_people.dana).rows) == 1


async def test_a_picture_without_words_is_told_and_a_flood_is_one_task(
    sample_people: People, texter: FakeTexter
) -> None:
    await text(texter, "")
    for number in range(30):
        await text(texter, f"again {number}", f"SM{number + 2}")
    messages = [task.message for task in list_tasks(sample_people.dana).rows]
    assert len(messages) == 21
    assert sum("without words" in message for message in messages) == 1
    assert sum("more than {most}" in message for message in messages) == 1


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
    "wrong",
    [
        {"MessageSid": ""},
        {"MessageSid": "SM\x00"},
        {"MessageSid": "S M"},
        {"From": ""},
        {"From": "Maria"},
        {"From": "+1212555014\x00"},
    ],
)
async def test_a_signed_text_that_nobody_can_read_is_refused_and_never_a_bug(
    texter: FakeTexter, wrong: dict[str, str]
) -> None:
    form = {"MessageSid": "SM1", "From": RIVERAS, "Body": "stop", **wrong}
    signature = text_signature(texter.secret, settings().public_url + ADDRESS, form)
    assert (await post(urlencode(form), signature)).status_code == 400


async def test_a_text_with_characters_that_no_database_stores_is_received(texter: FakeTexter) -> None:
    assert (await text(texter, "hello \x00 there")).status_code == 200
