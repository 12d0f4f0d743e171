"""Staying, access links and passkeys over plain routes."""

import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from portal_app import clock
from portal_app.domain.access import Principal, Side
from portal_app.domain.families import ContactKind
from portal_app.services.credentials.passkeys import list_passkeys
from portal_app.services.links import action_links
from portal_app.services.sign_in.sessions import principal_of
from portal_app.visitor import Visitor
from portal_app.web.routes import passkeys, session
from portal_app.web.shield import sockets
from portal_app.web.shield.sockets import OpenSockets, Socket
from tests.people import KIM, People
from tests.services.credentials.test_passkeys import Device
from tests.services.credentials_helper import new_session, sign_in_as, trail, with_password

APP = Starlette(routes=[*session.routes, *passkeys.routes])


async def post(path: str, what: dict[str, Any] | None = None, who: Principal | None = None) -> httpx.Response:
    visitor = Visitor(who.session_ref if who else "", "", "203.0.113.7")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://portal") as client:
        return await client.post(path, json=what or {}, headers={"authorization": visitor.header()})


async def test_a_person_who_does_something_stays_and_a_page_that_asks_does_not(sample_people: People):
    kim, began = new_session(KIM), clock.now()
    with clock.held_at(began + timedelta(minutes=13)):
        assert (await post("/auth/stay?by=page", who=kim)).json() == {"left": 120}
        assert (await post("/auth/stay?by=page", who=kim)).json() == {"left": 120}
        assert (await post("/auth/stay?by=person", who=kim)).json() == {"left": 900}
    with clock.held_at(began + timedelta(minutes=28)):
        assert (await post("/auth/stay?by=person", who=kim)).status_code == 401
    assert (await post("/auth/stay?by=person")).status_code == 401
    assert (await post("/auth/stay?by=person&side=staff", who=kim)).status_code == 401


async def test_signing_out_clears_what_the_browser_kept(sample_people: People):
    answer = await post("/auth/sign-out?side=patient", who=new_session(KIM))
    assert answer.headers["clear-site-data"] == '"cache"'
    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_an_access_link_gives_the_contact_and_nothing_else(sample_people: People):
    token = urlsplit(
        action_links.make_access_link(sample_people.dana, ContactKind.EMAIL, "kim@example.com")
    ).fragment
    assert (await post("/auth/access-link", {"token": token})).json() == {"contact": "kim@example.com"}
    for wrong in (token[:-4], "", 7, None):
        answer = await post("/auth/access-link", {"token": wrong})
        assert (answer.status_code, answer.json()) == (404, {"contact": ""})


async def test_a_passkey_is_added_and_signs_in(sample_people: People):
    kim, phone = new_session(KIM), Device()
    asked = await post("/auth/passkey/options", {"what": "add"}, kim)
    answer = json.loads(phone.create(asked.text))
    added = await post("/auth/passkey/answer", {"what": "add", "answer": answer, "name": "My phone"}, kim)
    assert (added.status_code, added.json()) == (200, {})
    assert [key.name for key in list_passkeys(kim)] == ["My phone"]
    asked = await post("/auth/passkey/options", {"what": "sign_in"})
    answer = json.loads(phone.get(asked.text))
    entered = await post("/auth/passkey/answer", {"what": "sign_in", "answer": answer})
    assert sign_in_as(entered.json()["ticket"]).patient_id == KIM.id
    again = await post("/auth/passkey/answer", {"what": "sign_in", "answer": answer, "language": "es"})
    assert again.status_code == 403
    assert again.json()["error"].startswith("Esa llave de acceso no funcionó")


async def test_a_passkey_wants_a_fresh_proof_and_a_session(sample_people: People):
    kim = with_password(KIM)
    with clock.held_at(clock.now() + timedelta(minutes=11)):
        answer = await post("/auth/passkey/options", {"what": "add"}, kim)
        assert (answer.status_code, answer.json()["proof"]) == (403, True)
    assert (await post("/auth/passkey/options", {"what": "add"})).status_code == 401
    assert (await post("/auth/passkey/options", {"what": "prove"})).status_code == 401


@pytest.mark.parametrize("body", [{}, {"what": "own"}, {"what": 7}, {"what": ["add"]}])
async def test_what_makes_no_sense_is_refused(sample_people: People, body: dict[str, Any]):
    assert (await post("/auth/passkey/options", body)).status_code == 400


@pytest.mark.parametrize(
    "answer", [None, "x", 7, [], {"response": 1}, {"response": {"clientDataJSON": "e30"}}]
)
async def test_what_is_no_answer_of_a_passkey_is_refused(sample_people: People, answer: Any):
    said = await post("/auth/passkey/answer", {"what": "sign_in", "answer": answer})
    assert said.status_code == 403


async def test_the_sweeper_closes_pages_of_idle_sessions_once(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    async def send(_: Any) -> None: ...

    kim, began = new_session(KIM), clock.now()
    held = OpenSockets()
    monkeypatch.setattr(sockets, "OPEN", held)
    page = Socket(secrets.token_hex(16), (kim.session_ref,), "203.0.113.7", send)
    held.add(page)
    assert await sockets.sweep_once() == 0
    with clock.held_at(began + timedelta(minutes=15)):
        assert await sockets.sweep_once() == 1
        assert page.ended.is_set()
        assert await sockets.sweep_once() == 0
    assert principal_of(kim.session_ref, Side.PATIENT, touch=False)


async def test_the_trail_knows_from_where(sample_people: People):
    kim, phone = new_session(KIM), Device()
    asked = await post("/auth/passkey/options", {"what": "add"}, kim)
    answer = json.loads(phone.create(asked.text))
    await post("/auth/passkey/answer", {"what": "add", "answer": answer, "name": "My phone"}, kim)
    await post("/auth/sign-out?side=patient", who=kim)
    lines = [entry for entry in trail() if entry.action in ("add:passkey", "sign_out")]
    assert [entry.ip for entry in lines] == ["203.0.113.7"] * 2
