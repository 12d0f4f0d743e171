"""The served page for joining under a flood of code requests: held by address and by contact, and others go on."""

from typing import Any

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.messages import OutboxMessage
from tests.attacks.conftest import serving
from tests.attacks.everybody import TEST
from tests.attacks.served import ALL, Stage
from tests.attacks.wire import AT_A_TIME, Caller, Line

pytestmark = pytest.mark.served
LOAD, SEND = (
    next(name for name in ALL if name.endswith(f"join_state.{handler}")) for handler in ("load", "send_code")
)
FROM_ONE_ADDRESS, TO_ONE_CONTACT = 6, 3  # in five minutes: services/sign_in/rate_limits.py


@pytest.fixture(scope="module")
def stage() -> Any:
    """One of its own, at which nobody else has asked for a code."""
    yield from serving()


async def ask_for_codes(line: Line, address: str, contacts: list[str]) -> str:
    """All that the page is told."""
    page = await line.hydrated(Caller(address=address), path="/join")
    assert len(contacts) < AT_A_TIME
    await page.tell(LOAD, path="/join")
    for contact in contacts:
        await page.tell(SEND, {"form": {"contact": contact}}, path="/join")
    await page.settle()
    await page.close()
    return "\n".join(page.heard)


def codes_sent(stage: Stage) -> dict[str, int]:
    """Messages with a code for joining, by where they go."""
    sent: dict[str, int] = {}
    with stage.looked_into(), reading(TEST) as tx:
        for message in tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "join_code")).all():
            sent[message.to] = sent.get(message.to, 0) + 1
    return sent


async def test_join_2_one_address_gets_a_few_codes_and_others_get_theirs(stage: Stage, line: Line):
    told = await ask_for_codes(line, "203.0.113.9", [f"flood{n}@example.com" for n in range(30)])
    assert "You have tried often" in told
    assert sum(codes_sent(stage).values()) == FROM_ONE_ADDRESS
    await ask_for_codes(line, "198.51.100.77", ["newcomer@example.com"])
    assert codes_sent(stage)["newcomer@example.com"] == 1


async def test_join_2_one_contact_gets_a_few_codes_however_many_addresses_ask(stage: Stage, line: Line):
    for n in range(12):
        await ask_for_codes(line, f"192.0.2.{n + 1}", ["victim@example.com"])
    assert codes_sent(stage)["victim@example.com"] == TO_ONE_CONTACT
