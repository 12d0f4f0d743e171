"""The shield, by itself: hosts, origins, cookies, closed routes, headers."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.settings import Mode, Settings, settings
from portal_app.visitor import visitor_of
from portal_app.web.cookies import session_refs
from portal_app.web.shield import rate_budgets, shield
from portal_app.web.shield.shield import ADDRESS_BURST, Shield
from portal_app.web.shield.socket_frames import is_valid_frame

HOST, ORIGIN = "localhost:3000", "http://localhost:3000"
TOKEN = "0f8fad5b-d9cb-469f-a165-70867728950e"


class Inner:
    """What stands behind the shield."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["path"] == "/bug":
            raise RuntimeError("Maria Rivera")
        if scope["type"] == "http":
            headers = [(b"content-type", b"text/html"), (b"access-control-allow-origin", b"*")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"ok"})
        else:
            await send({"type": "websocket.accept"})


async def ask(
    path: str, method: str = "GET", kind: str = "http", house: Shield | None = None, **given: str
) -> tuple[int, dict[str, str], Inner]:
    inner, sent = Inner(), list[Any]()
    token, more = given.pop("token", TOKEN), given.pop("more", "")
    headers = {"host": HOST} | {k.replace("_", "-"): v for k, v in given.items()}
    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "query_string": f"token={token}&EIO=4{more}".encode(),
        "client": ("203.0.113.7", 1),
        "headers": [(k.encode(), line.encode()) for k, v in headers.items() if v for line in v.split("\n")],
    }

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": f"{kind}.disconnect", "code": 1000}

    await (house or Shield(inner, Path("/nowhere"), ("/webhooks/",)))(scope, receive, send)
    first = sent[0]
    said = {k.decode(): v.decode() for k, v in first.get("headers", [])}
    return first.get("status", 101 if first["type"] == "websocket.accept" else 403), said, inner


@pytest.mark.parametrize("path", ["/_upload", "/_upload/x", "/ping", "/_health", "/_all_routes"])
async def test_the_frameworks_own_routes_do_not_exist(path: str):
    assert (await ask(path))[0] == 404


async def test_another_host_is_refused():
    assert (await ask("/", host="evil.example"))[0] == 421


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", "http://localhost:3000.evil.example"])
async def test_nobody_elses_page_writes_or_opens_a_socket(origin: str):
    assert (await ask("/auth/session", "POST", origin=origin))[0] == 403
    assert (await ask("/_event/", kind="websocket", origin=origin))[0] == 403


async def test_our_own_pages_do():
    assert (await ask("/auth/session", "POST", origin=ORIGIN))[0] == 200
    assert (await ask("/_event/", kind="websocket", origin=ORIGIN))[0] == 101


@pytest.mark.parametrize("written", ["https://portal.juniper.example:443", "https://PORTAL.juniper.example"])
async def test_b62_a_default_port_in_the_public_address_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch, written: str
):
    monkeypatch.setenv("PORTAL_PUBLIC_URL", written)
    ours = Settings(mode=Mode.DEMO)
    monkeypatch.setattr(shield, "settings", lambda: ours)
    house = Shield(Inner(), Path("/nowhere"))
    for host in ("portal.juniper.example", "portal.juniper.example:443", "Portal.Juniper.example"):
        told = {"host": host, "origin": "https://portal.juniper.example"}
        assert (await ask("/auth/session", "POST", house=house, **told))[0] == 200
        assert (await ask("/_event/", kind="websocket", house=house, **told))[0] == 101
    told = {"host": "portal.juniper.example", "origin": "https://portal.juniper.example:444"}
    assert (await ask("/auth/session", "POST", house=house, **told))[0] == 403


async def test_webhooks_come_without_an_origin_and_sockets_never():
    assert (await ask("/webhooks/stripe", "POST"))[0] == 200
    assert (await ask("/webhooks/stripe", kind="websocket"))[0] == 403


async def test_the_cookie_stays_outside_and_its_hash_goes_in():
    _, _, inner = await ask(
        "/", cookie="demo-portal=abc; demo-portal-staff=def; x=y", authorization="Portal p=forged"
    )
    inside = {k.decode(): v.decode() for k, v in inner.scope["headers"]}
    visitor = visitor_of(inside)
    assert "cookie" not in inside and "abc" not in str(inside)
    # Of two, the one that came first would be believed: theirs must be gone, not only outdone.
    assert "forged" not in str(inner.scope["headers"])
    assert (visitor.patient, visitor.staff) == session_refs(
        [(b"cookie", b"demo-portal=abc; demo-portal-staff=def")]
    )
    assert visitor.ip == "203.0.113.7"


async def test_a_forwarded_address_is_believed_from_our_own_proxy_only():
    _, _, inner = await ask("/", x_forwarded_for="198.51.100.1")
    assert visitor_of({k.decode(): v.decode() for k, v in inner.scope["headers"]}).ip == "203.0.113.7"


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("10.0.0.1, 198.51.100.1:4711", "198.51.100.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("64:ff9b::198.51.100.1", "198.51.100.1"),
        (
            "10.0.0.1\n198.51.100.1",
            "198.51.100.1",
        ),  # the visitor wrote one, and the proxy adds a line of its own
        ("10.0.0.1, 10.0.0.2\n10.0.0.3\n198.51.100.1", "198.51.100.1"),
        ("198.51.100.1\n", "198.51.100.1"),
        ("1.2.3.4;frame=1", "203.0.113.7"),
        ("1.2.3.4;p=x;s=y", "203.0.113.7"),
        ("unknown", "203.0.113.7"),
        ("", "203.0.113.7"),
    ],
)
async def test_behind_our_proxy_an_address_is_believed_if_it_is_one(
    monkeypatch: pytest.MonkeyPatch, told: str, believed: str
):
    monkeypatch.setattr(shield, "settings", lambda: settings().model_copy(update={"trusted_proxy_hops": 1}))
    _, _, inner = await ask("/", x_forwarded_for=told)
    visitor = visitor_of({k.decode(): v.decode() for k, v in inner.scope["headers"]})
    assert (visitor.ip, visitor.embedded, visitor.patient) == (believed, False, "")


async def test_the_first_forwarded_header_that_nobody_believes_is_said_once(caplog: pytest.LogCaptureFixture):
    shield._say_that_there_is_a_proxy.cache_clear()
    for told in ({"x_forwarded_for": "198.51.100.1"}, {"forwarded": "for=198.51.100.1"}, {}):
        await ask("/", **told)
    lines = [
        record.getMessage() for record in caplog.records if "PORTAL_TRUSTED_PROXY_HOPS" in record.getMessage()
    ]
    assert len(lines) == 1 and "198.51" not in lines[0]


async def test_one_address_that_asks_without_end_is_told_to_wait(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr(rate_budgets, "time", SimpleNamespace(monotonic=lambda: now[0]))
    house = Shield(Inner(), Path("/nowhere"))
    answers = [(await ask("/invoices", house=house))[0] for _ in range(int(ADDRESS_BURST) + 1)]
    assert set(answers[:-1]) == {200} and answers[-1] == 429
    status, headers, _ = await ask("/invoices", house=house)
    assert status == 429 and "content-security-policy" in headers
    assert (await ask("/livez", house=house))[0] == 200
    assert (await ask("/livez", kind="websocket", origin=ORIGIN, house=house))[
        0
    ] == 403  # no probe is a socket
    now[0] = 1.0
    assert (await ask("/invoices", house=house))[0] == 200


async def test_every_answer_is_dressed():
    _, headers, _ = await ask("/invoices")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers
    assert "strict-transport-security" not in headers  # this is plain http


async def test_staff_pages_let_in_no_frame():
    assert "frame-src 'none'" in (await ask("/es/staff"))[1]["content-security-policy"]


async def test_what_the_build_named_by_its_content_is_kept_for_ever():
    assert "immutable" in (await ask("/assets/a-1234.js"))[1]["cache-control"]


async def test_a_bug_says_nothing():
    status, headers, _ = await ask("/bug")
    assert status == 500 and "content-security-policy" in headers


async def page_within(token: str, cookie: str, more: str = "") -> str:
    """The token that the framework is told."""
    _, _, inner = await ask(
        "/_event/", kind="websocket", origin=ORIGIN, cookie=cookie, token=token, more=more
    )
    return parse_qs(inner.scope["query_string"].decode())["token"][0]


async def test_a_page_is_named_within_by_its_token_and_by_whose_it_is():
    hers = await page_within(TOKEN, "demo-portal=maria")
    assert hers == await page_within(TOKEN, "demo-portal=maria")
    others = {
        await page_within(TOKEN, cookie) for cookie in ("", "demo-portal=kim", "demo-portal-staff=maria")
    }
    assert len(others | {hers, TOKEN}) == 5
    assert hers != await page_within(TOKEN.replace("0f", "1f"), "demo-portal=maria")


async def test_a_page_is_named_within_by_this_one_loading_of_it_too():
    """A duplicated tab has the first one's token; a page whose line was cut says its word again."""
    loads = [
        await page_within(TOKEN, "", f"&load={word}{again}") for word in "ab" for again in ("", "&again=1")
    ]
    assert loads[0] == loads[1] != loads[2] == loads[3]


@pytest.mark.parametrize(
    ("more", "load", "again"),
    [
        ("", "", False),
        ("&load=mb3x0q7", "mb3x0q7", False),
        ("&load=mb3x0q7&again=1", "mb3x0q7", True),
        ("&load=" + "a" * 33, "", False),
        ("&load=a%3Bp%3Dforged", "", False),
        ("&load=A", "", False),
        ("&load=a%0A", "", False),
    ],
)
async def test_a_word_of_a_loading_is_handed_on_if_it_is_one(more: str, load: str, again: bool):
    _, _, inner = await ask("/_event/", kind="websocket", origin=ORIGIN, more=more)
    visitor = visitor_of({k.decode(): v.decode() for k, v in inner.scope["headers"]})
    assert (visitor.load, visitor.again, visitor.patient) == (load, again, "")


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("2", True),
        ("3", True),
        ("40/_event,", True),
        ('40/_event,{"event":{"name":"a.b","payload":{},"router_data":{"pathname":"/"}}}', True),
        ('42/_event,["event",{"name":"a.b","payload":{"x":1},"router_data":{"query":{}}}]', True),
        ('42/_event,["event",{"name":"a.b"}]', True),
        ('42/_event,["ping"]', True),
        ('40/_event,{"event":["a"]}', False),
        ('42/_event,["event",{"name":1}]', False),
        ('42/_event,["event",{"name":"a.\\ud83d"}]', False),
        ('42/_event,["event",{"name":"a","router_data":{"asPath":"/\\u0000"}}]', False),
        ('42/_event,["event",{"name":"a","payload":{"self":1}}]', False),
        ('42/_event,["event",{"name":"a","payload":[]}]', False),
        ('42/_event,["event",{"name":"a","router_data":{"pathname":{}}}]', False),
        ('42/_event,["event","x"]', False),
        ('42/_event,["event"]', False),
        ('42/_event,["other",{}]', False),
        ("42/_event," + "[" * 9_000, False),
        ("42/_event,{", False),
        ('42["event",{"name":"a"}]', False),
        ("4x", False),
        ("", False),
    ],
)
def test_only_what_a_page_says_gets_in(text: str, may: bool):
    assert is_valid_frame({"type": "websocket.receive", "text": text}) is may


def test_bytes_are_not_what_a_page_says():
    assert not is_valid_frame({"type": "websocket.receive", "bytes": b"42/_event,", "text": None})


async def test_a_links_pages_fetch_pdfs_with_the_links_own_cookie():
    cookies = "demo-portal=mine; demo-portal-staff=staff; demo-portal-link=link"
    _, _, inner = await ask("/links/documents/agreements/agc_1.pdf", cookie=cookies)
    assert inner.scope["path"] == "/documents/agreements/agc_1.pdf"
    headers = {name.decode(): value.decode() for name, value in inner.scope["headers"]}
    visitor = visitor_of(headers)
    assert (
        visitor.linked and visitor.patient == session_ref("link", SessionScope.LINK) and visitor.staff == ""
    )
    _, _, inner = await ask("/documents/agreements/agc_1.pdf", cookie=cookies)
    headers = {name.decode(): value.decode() for name, value in inner.scope["headers"]}
    assert not visitor_of(headers).linked
    assert visitor_of(headers).patient == session_ref("mine")
