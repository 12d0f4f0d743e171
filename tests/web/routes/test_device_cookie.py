"""The cookie by which a browser is known again: set after a full sign-in, and it signs nobody in."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from portal_app.db.scope import transaction
from portal_app.domain.access import Side
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.services.links import action_links
from portal_app.services.sign_in.sessions import write_ticket
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.cookies import device_cookie, device_ref, session_refs
from portal_app.web.routes import session
from tests.people import KIM, KIM_INVOICE, People
from tests.services.credentials_helper import TEST, make_link


def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(visitor_of(request.headers).device)


APP = Starlette(routes=[*session.routes, Route("/echo", _echo)])


async def begun(ticket: str, *, framed: bool = False) -> list[str]:
    """The cookies that POST /auth/session sets."""
    headers = {"authorization": Visitor("", "", "203.0.113.7", embedded=framed).header()}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://portal") as client:
        answer = await client.post("/auth/session", json={"ticket": ticket}, headers=headers)
    assert answer.status_code == 200
    return answer.headers.get_list("set-cookie")


@pytest.mark.parametrize("framed", [False, True])
async def test_a_full_sign_in_sets_it_for_half_a_year_and_no_script_sees_it(
    sample_people: People, framed: bool
):
    scope = SessionScope.EMBED if framed else SessionScope.FULL
    with transaction(TEST) as tx:
        ticket = write_ticket(tx, way="code", patient_id=KIM.id, scope=scope)
    _, device = await begun(ticket, framed=framed)
    assert device.startswith("demo-portal-embed-device=" if framed else "demo-portal-device=")
    assert "; HttpOnly" in device and f"; Max-Age={180 * 86_400}" in device
    assert ("; Partitioned" in device) is framed


async def test_an_action_link_sets_none(sample_people: People):
    token = make_link(sample_people.olga, Purpose.PAY, KIM_INVOICE).address.partition("#")[2]
    ticket = action_links.open_link(TEST, token, KIM.birth_date)
    assert len(await begun(ticket)) == 1


def test_it_signs_nobody_in_and_reaches_the_services_as_a_hash():
    value = device_cookie("secret-of-this-browser").partition(";")[0].encode()
    headers = [(b"cookie", value)]
    assert session_refs(headers) == ("", "")
    assert device_ref(headers, embedded=False) == session_ref("secret-of-this-browser")
    assert device_ref(headers, embedded=True) == ""
    passed_on = Visitor(device=session_ref("secret-of-this-browser"), ip="203.0.113.7")
    assert visitor_of({"authorization": passed_on.header()}) == passed_on
    assert passed_on.refs == Visitor().refs, "a page's state does not depend on it"
    assert passed_on.ref(Side.PATIENT) == ""
