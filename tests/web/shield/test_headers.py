"""What every answer carries, on the demo's plain http and behind a practice's https."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal_app import settings as settings_module
from portal_app.domain.access import Side
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.web import cookies
from portal_app.web.shield import content_policy
from portal_app.web.shield.headers import answer_headers

WEB = Path("/nowhere")
PAGES = ["/", "/es/sign-in", "/invoices", "/links", "/account", "/staff", "/es/staff/patients", "/outbox"]
ANSWERS = ["/auth/session", "/documents/invoice/x.pdf", "/staff/export/transactions.csv", "/livez"]


@pytest.fixture
def https(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    known = settings_module.settings().model_copy(update={"public_url": "https://my.juniper.example"})
    for place in ("cookies", "shield.content_policy", "shield.headers"):
        monkeypatch.setattr(f"portal_app.web.{place}.settings", lambda: known)
    content_policy.policy.cache_clear()
    yield
    content_policy.policy.cache_clear()


def headers(path: str, kind: str = "text/html", **given: str) -> dict[str, str]:
    said = [(b"content-type", kind.encode()), *((k.encode(), v.encode()) for k, v in given.items())]
    return {k.decode(): v.decode() for k, v in answer_headers(path, said, WEB)}


def rules(path: str) -> dict[str, str]:
    parts = (part.split(" ", 1) for part in headers(path)["content-security-policy"].split("; "))
    return {part[0]: (part[1:] or [""])[0] for part in parts}


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_of_a_page_lets_in_nothing_from_outside(path: str):
    policy = rules(path)
    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == policy["worker-src"] == "'none'"
    assert policy["form-action"] == policy["font-src"] == "'self'"
    assert not re.search(r"unsafe|\*|http:|data:", policy["script-src"])
    assert "unsafe" not in policy["style-src-elem"]
    assert policy["img-src"] == "'self' data:"
    assert "*" not in " ".join(policy.values())


@pytest.mark.parametrize("path", [*PAGES, *ANSWERS])
def test_every_answer_has_all_of_them(path: str):
    said = headers(path)
    assert said["x-content-type-options"] == "nosniff"
    assert said["referrer-policy"] == "same-origin"
    assert said["cross-origin-opener-policy"] == said["cross-origin-resource-policy"] == "same-origin"
    assert said["x-frame-options"] == "DENY"
    assert said["cache-control"] == "no-store"
    assert "camera=()" in said["permissions-policy"]


def test_what_the_framework_says_of_itself_and_to_other_sites_is_taken_away():
    opened = {"access-control-allow-origin": "*", "Access-Control-Allow-Credentials": "true"}
    said = headers("/invoices", server="granian", **opened)
    assert not [name for name in said if name.lower().startswith("access-control") or name == "server"]


def test_a_papers_own_word_about_keeping_it_stays():
    said = headers("/documents/invoice/x.pdf", "application/pdf", **{"cache-control": "private, no-store"})
    assert said["cache-control"] == "private, no-store"


def test_only_the_processors_scripts_come_besides(monkeypatch: pytest.MonkeyPatch):
    real = settings_module.settings().model_copy(update={"stripe_secret_key": settings_module.SecretStr("k")})
    monkeypatch.setattr("portal_app.web.shield.content_policy.settings", lambda: real)
    content_policy.policy.cache_clear()
    try:
        assert rules("/invoices")["script-src"].split() == ["'self'", *content_policy.STRIPE_SCRIPTS.split()]
        assert rules("/staff")["script-src"].split() == ["'self'"]
        assert rules("/staff")["frame-src"] == "'none'"
    finally:
        content_policy.policy.cache_clear()


def test_behind_https_browsers_never_ask_in_clear_again(https: None):
    said = headers("/")
    age = re.fullmatch(r"max-age=(\d+); includeSubDomains", said["strict-transport-security"])
    assert age and int(age[1]) >= 31_536_000
    assert "upgrade-insecure-requests" in rules("/")
    assert rules("/")["connect-src"] == "'self' wss://my.juniper.example"


def test_on_plain_http_the_demo_does_not_promise_https():
    assert "strict-transport-security" not in headers("/")


@pytest.mark.parametrize("side", [Side.PATIENT, Side.STAFF])
def test_the_cookie_of_a_session_is_of_this_host_alone_and_no_scripts(https: None, side: Side):
    said = cookies.set_cookie(side, "v")
    name = {"patient": "__Host-portal", "staff": "__Host-portal-staff"}[side]
    assert said == f"{name}=v; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert cookies.set_cookie(side, "").endswith("; Max-Age=0")


def test_a_cookie_without_its_prefix_is_nobodys_behind_https(https: None):
    """Another host of the practice's domain could have set it."""
    jar = [(b"cookie", b"portal=v; demo-portal=v; portal-staff=v")]
    assert cookies.session_refs(jar) == ("", "")
    right = [(b"cookie", b"__Host-portal=v")]
    assert cookies.session_refs(right) == (session_ref("v", SessionScope.FULL), "")
