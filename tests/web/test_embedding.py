"""The frame's routes: headers, cookies and documents by path."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from portal_app import settings as settings_module
from portal_app.db.scope import transaction
from portal_app.domain.access import Side, system_principal
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.services.sign_in.sessions import principal_of, write_ticket
from portal_app.visitor import visitor_of
from portal_app.web.cookies import set_cookie
from portal_app.web.routes import documents, session
from portal_app.web.shield.shield import Shield
from tests.people import EVA, INVOICE, KIM, MARIA, People, Person
from tests.web.shield.test_shield import HOST, ORIGIN, TOKEN, Inner

SITE = "https://www.juniper.example"
BOTH = "demo-portal=abc; demo-portal-staff=def; demo-portal-embed=ghi"
IN_FRAME = ["/embed", "/es/embed", "/embed/invoices", "/embed/invoices/inv_1", "/es/embed/receipt"]
ALONE = [
    "/",
    "/sign-in",
    "/es/sign-in",
    "/invoices",
    "/receipt",
    "/account",
    "/staff",
    "/invoices/embed",
    "/outbox",
]


async def ask(
    path: str, method: str = "GET", kind: str = "http", **given: str
) -> tuple[int, dict[str, str], Inner]:
    """Through the shield of a practice that has named one site."""
    inner, sent = Inner(), list[Any]()
    headers = {"host": HOST} | {k.replace("_", "-"): v for k, v in given.items()}
    path, _, query = path.partition("?")
    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "query_string": (query or f"token={TOKEN}").encode(),
        "client": ("203.0.113.7", 1),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": f"{kind}.disconnect", "code": 1000}

    await Shield(inner, Path("/nowhere"), framed_by=lambda: (SITE,))(scope, receive, send)
    first = sent[0]
    said = {k.decode(): v.decode() for k, v in first.get("headers", [])}
    return first.get("status", 101 if first["type"] == "websocket.accept" else 403), said, inner


def passed_on(inner: Inner) -> dict[str, str]:
    return {k.decode(): v.decode() for k, v in inner.scope["headers"]}


@pytest.mark.parametrize("path", IN_FRAME)
async def test_pages_for_a_frame_may_be_framed_by_the_practices_site_only(path: str):
    _, headers, _ = await ask(path)
    assert f"frame-ancestors {SITE}" in headers["content-security-policy"].split("; ")
    assert "x-frame-options" not in headers
    assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("path", ALONE)
async def test_no_other_page_may_be_framed_by_anybody(path: str):
    _, headers, _ = await ask(path)
    assert "frame-ancestors 'none'" in headers["content-security-policy"].split("; ")
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_a_framed_page_may_pay_as_the_others_may():
    framed, alone = [
        (await ask(path))[1]["content-security-policy"] for path in ("/embed/invoices", "/invoices")
    ]
    assert framed.replace(SITE, "'none'") == alone


async def test_a_practice_that_has_named_no_site_is_framed_by_nobody():
    inner, sent = Inner(), list[Any]()
    scope = {"type": "http", "path": "/embed", "method": "GET", "headers": [(b"host", HOST.encode())]}

    async def send(message: Any) -> None:
        sent.append(message)

    await Shield(inner, Path("/nowhere"))(scope, None, send)  # type: ignore[arg-type]
    said = dict(sent[0]["headers"])
    assert b"frame-ancestors 'none'" in said[b"content-security-policy"]


async def test_in_a_frame_one_is_who_the_frames_cookie_says():
    for path in ("/embed/invoices", "/embed/auth/sign-out", "/embed/documents/invoice/x.pdf"):
        visitor = visitor_of(passed_on((await ask(path, cookie=BOTH))[2]))
        assert (visitor.patient, visitor.staff) == (session_ref("ghi", SessionScope.EMBED), "")
        assert visitor.embedded


async def test_elsewhere_the_frames_cookie_is_nobodys():
    for path in ("/", "/invoices", "/auth/sign-out", "/documents/invoice/x.pdf"):
        visitor = visitor_of(passed_on((await ask(path, cookie="demo-portal-embed=ghi"))[2]))
        assert (visitor.patient, visitor.staff, visitor.embedded) == ("", "", False)


async def test_one_cookie_in_the_others_place_fits_nothing():
    framed = visitor_of(passed_on((await ask("/embed", cookie="demo-portal-embed=abc"))[2])).patient
    alone = visitor_of(passed_on((await ask("/", cookie="demo-portal=abc"))[2])).patient
    assert framed != alone == hashlib.sha256(b"abc").hexdigest()


async def test_the_socket_of_a_frame_has_a_base_of_its_own():
    status, _, inner = await ask("/embed/_event/", kind="websocket", origin=ORIGIN, cookie=BOTH)
    visitor = visitor_of(passed_on(inner))
    assert (status, inner.scope["path"]) == (101, "/_event/")
    assert visitor.patient == session_ref("ghi", SessionScope.EMBED)
    _, _, inner = await ask("/_event/", kind="websocket", origin=ORIGIN, cookie=BOTH)
    assert visitor_of(passed_on(inner)).patient == session_ref("abc")


@pytest.mark.parametrize("origin", [SITE, "https://evil.example", "null", ""])
async def test_no_other_site_opens_a_socket_not_even_the_one_that_frames_us(origin: str):
    given = {"origin": origin} if origin else {}
    for path in ("/_event/", "/embed/_event/"):
        assert (await ask(path, kind="websocket", **given))[0] == 403
    assert (await ask("/embed/auth/session", "POST", **given))[0] == 403


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/embed", "/"),
        ("/es/embed/invoices?show=paid", "/es/invoices?show=paid"),
        ("/embed//evil.example", "/evil.example"),
    ],
)
async def test_in_a_window_of_its_own_a_framed_page_becomes_the_portals(path: str, own: str):
    query = "" if "?" in path else "?x=1"
    status, headers, _ = await ask(path + query, sec_fetch_dest="document")
    assert (status, headers["location"]) == (303, own + query)
    assert (await ask(path, sec_fetch_dest="iframe"))[0] == 200


@pytest.mark.parametrize(
    ("url", "name"),
    [("http://localhost:3000", "demo-portal-embed"), ("https://my.juniper.example", "__Host-portal-embed")],
)
def test_the_frames_cookie_is_kept_apart_by_site(monkeypatch: pytest.MonkeyPatch, url: str, name: str):
    known = settings_module.settings().model_copy(update={"public_url": url})
    monkeypatch.setattr("portal_app.web.cookies.settings", lambda: known)
    said = set_cookie(Side.PATIENT, "v", SessionScope.EMBED)
    assert said == f"{name}=v; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"
    assert "SameSite=Lax" in set_cookie(Side.PATIENT, "v") and "Partitioned" not in set_cookie(
        Side.PATIENT, "v"
    )


def through(path: str, method: str = "GET", cookie: str = "", **more: Any) -> httpx.Response:
    """The real routes behind the real shield."""
    app = Shield(Starlette(routes=[*documents.routes, *session.routes]), Path("/nowhere"))

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            headers = {"cookie": cookie, "origin": ORIGIN}
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(asked())


def signed_in(who: Person, scope: SessionScope, base: str) -> str:
    """The cookie, as the route sets it."""
    with transaction(system_principal("test")) as tx:
        ticket = write_ticket(tx, way="code", patient_id=who.id, scope=scope)
    answer = through(f"{base}/auth/session", "POST", json={"ticket": ticket})
    assert answer.status_code == 200
    return answer.headers["set-cookie"].partition(";")[0]


PAPER = f"/documents/invoice/{INVOICE}.pdf"


def test_papers_come_through_the_frames_base_with_the_frames_cookie(sample_people: People):
    cookie = signed_in(MARIA, SessionScope.EMBED, "/embed")
    assert cookie.startswith("demo-portal-embed=")
    answer = through("/embed" + PAPER, cookie=cookie)
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF")
    assert through(PAPER, cookie=cookie).status_code == 401
    assert through(PAPER, cookie=cookie.replace("demo-portal-embed", "demo-portal")).status_code == 401
    assert through("/embed" + PAPER, cookie=signed_in(KIM, SessionScope.EMBED, "/embed")).status_code == 404


def test_the_portals_own_cookie_gets_nothing_through_the_frames_base(sample_people: People):
    cookie = signed_in(MARIA, SessionScope.FULL, "")
    assert through(PAPER, cookie=cookie).status_code == 200
    answer = through("/embed" + PAPER + "?lang=es", cookie=cookie)
    assert (answer.status_code, answer.headers["location"]) == (303, "/es/embed")  # to sign in there
    renamed = cookie.replace("demo-portal", "demo-portal-embed")
    assert through("/embed" + PAPER, cookie=renamed).status_code == 303


@pytest.mark.parametrize(("scope", "base"), [(SessionScope.EMBED, ""), (SessionScope.FULL, "/embed")])
def test_a_ticket_is_good_at_its_own_base_only(sample_people: People, scope: SessionScope, base: str):
    with transaction(system_principal("test")) as tx:
        ticket = write_ticket(tx, way="code", patient_id=MARIA.id, scope=scope)
    assert through(f"{base}/auth/session", "POST", json={"ticket": ticket}).status_code == 401


def test_signing_out_of_the_frame_leaves_the_portal_signed_in(sample_people: People):
    own, framed = signed_in(MARIA, SessionScope.FULL, ""), signed_in(MARIA, SessionScope.EMBED, "/embed")
    answer = through("/embed/auth/sign-out?side=staff", "POST", cookie=f"{own}; {framed}")
    assert answer.headers["set-cookie"].startswith("demo-portal-embed=;")
    assert through("/embed" + PAPER, cookie=framed).status_code == 303
    assert through(PAPER, cookie=own).status_code == 200


def test_signing_in_in_the_frame_leaves_the_portal_signed_in_too(sample_people: People):
    own = signed_in(MARIA, SessionScope.FULL, "")
    with transaction(system_principal("test")) as tx:
        ticket = write_ticket(tx, way="code", patient_id=KIM.id, scope=SessionScope.EMBED)
    through("/embed/auth/session", "POST", cookie=own, json={"ticket": ticket})
    ref = session_ref(own.partition("=")[2])
    assert principal_of(ref, Side.PATIENT).patient_id == MARIA.id
    assert EVA.id in principal_of(ref, Side.PATIENT).patients  # type: ignore[operator]
