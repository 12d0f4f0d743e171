"""Staying, access links and passkeys over plain routes."""

import json
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import update
from starlette.applications import Starlette

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.credentials import ActionLink
from portal_app.domain.access import Principal, Side, system_principal
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.families import ContactKind
from portal_app.domain.ip import rate_limit_network
from portal_app.domain.sign_in import session_ref
from portal_app.services.credentials.passkeys import list_passkeys
from portal_app.services.links import action_links
from portal_app.services.sign_in.known_sources import remember
from portal_app.services.sign_in.sessions import principal_of, write_ticket
from portal_app.settings import settings
from portal_app.visitor import Visitor
from portal_app.web.routes import passkeys, session
from portal_app.web.shield import sockets
from portal_app.web.shield.sockets import OPEN, OpenSockets, Socket
from tests.people import INVOICE, KIM, KIM_INVOICE, MARIA, People
from tests.services.credentials.test_passkeys import Device
from tests.services.credentials_helper import make_link, new_session, sign_in_as, trail, with_password

HOME = "203.0.113.7"
APP = Starlette(routes=[*session.routes, *passkeys.routes])


async def post(
    path: str, what: dict[str, Any] | None = None, who: Principal | None = None, *, device: str = ""
) -> httpx.Response:
    visitor = Visitor(who.session_ref if who else "", "", HOME, device=device)
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


async def test_b70_the_network_is_not_blamed_while_the_portal_itself_takes_no_sockets(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    help_ = await post("/auth/help?lang=es")
    assert (help_.status_code, help_.json()["title"]) == (200, "Esta red bloquea el portal")
    monkeypatch.setattr(OPEN, "suspended", True)  # Redis is away
    assert (await post("/auth/help?lang=es")).status_code == 503
    monkeypatch.undo()
    assert (await post("/auth/help?lang=es")).status_code == 200


async def test_b70_the_network_is_not_blamed_when_its_address_has_as_many_pages_open_as_may_be(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(OPEN.connections.of_address, rate_limit_network(HOME), settings().sockets_per_address)
    full = (await post("/auth/help?lang=es")).json()
    assert full["title"] == "Hay demasiadas páginas abiertas"
    assert not [line for line in full["text"] if "red bloquea" in line]
    # Who is signed in may open pages all the same: for them it is the network.
    kims = (await post("/auth/help?lang=es", who=new_session(KIM))).json()
    assert kims["title"] == "Esta red bloquea el portal"


async def test_link_1_each_page_asks_about_its_own_kind_of_link(sample_people: People):
    token = urlsplit(
        make_link(sample_people.dana, Purpose.FORMS, "forms", patient_id=KIM.id).address
    ).fragment
    for page, is_open in (("/links", True), ("", True), ("/stop-reset", False), ("/staff/set-up", False)):
        assert (await post("/auth/link", {"token": token, "page": page})).json() == {"open": is_open}
    assert (await post("/auth/link", {"token": "unknown", "page": "/links"})).json() == {"open": False}


async def test_an_access_link_gives_the_contact_and_nothing_else(sample_people: People):
    token = urlsplit(
        action_links.make_access_link(sample_people.dana, ContactKind.EMAIL, "kim@example.com")
    ).fragment
    assert (await post("/auth/access-link", {"token": token})).json() == {"contact": "kim@example.com"}
    for wrong in (token[:-4], "", 7, None):
        answer = await post("/auth/access-link", {"token": wrong})
        assert (answer.status_code, answer.json()) == (404, {"contact": ""})


async def test_strangers_use_up_no_tries_at_links_of_those_who_are_known_there(sample_people: People):
    device = session_ref(remember(replace(new_session(KIM), ip=HOME)))
    kims, marias = (
        action_links.make_access_link(sample_people.dana, ContactKind.EMAIL, email).partition("#")[2]
        for email in ("kim@example.com", "maria@example.com")
    )
    pay = make_link(sample_people.dana, Purpose.FORMS, "forms", patient_id=KIM.id).address.partition("#")[2]
    for _ in range(60):
        assert (await post("/auth/access-link", {"token": "made up"})).status_code == 404
    assert (await post("/auth/access-link", {"token": marias})).json() == {"contact": ""}  # a stranger there
    assert (await post("/auth/access-link", {"token": kims})).json() == {"contact": "kim@example.com"}
    assert (await post("/auth/access-link", {"token": kims}, device=device)).status_code == 200
    with transaction(system_principal("a link that is over")) as tx:
        tx.exec(update(ActionLink).values(expires_at=clock.now() - timedelta(minutes=1)))
    assert (await post("/auth/link", {"token": pay})).json() == {"open": True}  # not looked up any more
    assert (await post("/auth/link", {"token": pay}, device=device)).json() == {"open": False}


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
    assert principal_of(kim.session_ref, Side.PATIENT)


async def test_the_trail_knows_from_where(sample_people: People):
    kim, phone = new_session(KIM), Device()
    asked = await post("/auth/passkey/options", {"what": "add"}, kim)
    answer = json.loads(phone.create(asked.text))
    await post("/auth/passkey/answer", {"what": "add", "answer": answer, "name": "My phone"}, kim)
    await post("/auth/sign-out?side=patient", who=kim)
    lines = [entry for entry in trail() if entry.action in ("add:passkey", "sign_out")]
    assert [entry.ip for entry in lines] == ["203.0.113.7"] * 2


async def test_back_1_the_answer_to_a_sign_in_says_where_to_go(sample_people: People):
    async def enter(asked: str, page: str) -> str:
        with transaction(system_principal("test")) as tx:
            ticket = write_ticket(tx, way="code", patient_id=MARIA.id)
        answer = await post("/auth/session", {"ticket": ticket, "asked": asked, "page": page})
        assert answer.status_code == 200
        return answer.json()["next"]

    own = f"/invoices/{INVOICE}"
    assert await enter(own, "/sign-in") == own
    assert await enter(own, "/es/sign-in/password") == f"/es{own}"
    assert await enter(f"/es{own}", "/sign-in") == own  # in the language of the page that signs in
    assert await enter(f"/invoices/{KIM_INVOICE}", "/sign-in") == ""
    assert await enter("//evil.example", "/sign-in") == ""
    assert await enter("", "/sign-in") == ""
