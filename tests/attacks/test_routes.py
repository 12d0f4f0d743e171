"""The plain routes, asked by everybody: a paper, a list, a session, a webhook."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette

from portal_app.services.sign_in import rate_limits
from portal_app.visitor import Visitor
from portal_app.web.routes import documents, exports, session, sms_webhook, stripe_webhook
from tests.attacks.everybody import EVERYBODY, STAFF, everything_written, open_sessions, set_the_stage
from tests.people import INVOICE, NINA, PARK, RIVERA, People

ROUTES = [*documents.routes, *exports.routes, *session.routes, *stripe_webhook.routes, *sms_webhook.routes]
PERIOD = "from=2026-06-01&to=2026-06-30"
# Status by person; "*" for everybody else who is signed in. Nobody is always told to sign in.
BILLING = {"dana": 200, "nora": 200, "olga": 200}
PAPER = {"maria": 200, "embed": 200, **BILLING, "*": 404}
GETS: dict[str, dict[str, int]] = {
    f"/documents/invoice/{INVOICE}.pdf": PAPER,
    "/documents/receipt/{payment}.pdf": PAPER,
    f"/documents/itemised/{INVOICE}.pdf": PAPER,
    f"/documents/itemised.pdf?{PERIOD}&account={RIVERA}": PAPER,
    f"/documents/statement.pdf?{PERIOD}&account={RIVERA}": PAPER,
    f"/documents/payments/2026.pdf?account={RIVERA}": PAPER,
    f"/documents/statement.pdf?{PERIOD}&account={PARK}&person={NINA.id}": {
        "dana": 200,
        "olga": 200,
        "*": 404,
    },
    "/staff/export/transactions.csv": {"nora": 200, "olga": 200, "dana": 403, "cleo": 403, "*": 401},
    "/staff/export/memberships.csv": {"nora": 200, "olga": 200, "dana": 403, "cleo": 403, "*": 401},
}
POSTS = {
    "/auth/session": 400,
    "/auth/access-link": 404,
    "/webhooks/stripe": 400,
}


def visitor(name: str, refs: dict[str, str]) -> Visitor:
    ref = refs.get(name, "")
    if name in STAFF:
        return Visitor("", ref, "203.0.113.7")
    return Visitor(ref, "", "203.0.113.7", name.startswith("embed"))


def ask(method: str, path: str, who: Visitor) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=ROUTES))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, headers={"authorization": who.header()})

    return asyncio.run(asked())


@pytest.mark.parametrize("path", GETS)
def test_who_gets_it_and_what_the_others_are_told(db: str, path: str) -> None:
    rate_limits.forget_all()
    People.create()
    stage = set_the_stage()
    refs = open_sessions()
    told = {}
    for name in EVERYBODY:
        if name == "payer":
            continue
        told[name] = ask("GET", path.format(payment=stage.payment), visitor(name, refs)).status_code
    table = GETS[path]
    expected = {name: table.get(name, table["*"]) for name in told} | {"nobody": 401}
    assert told == expected


@pytest.mark.parametrize("path", POSTS)
def test_an_empty_word_opens_nothing_for_anybody(db: str, path: str) -> None:
    rate_limits.forget_all()
    People.create()
    set_the_stage()
    refs = open_sessions()
    before = everything_written()
    for name in EVERYBODY:
        answer = ask("POST", path, visitor(name, refs))
        assert answer.status_code == POSTS[path], name
        assert "set-cookie" not in answer.headers
    assert everything_written() == before
