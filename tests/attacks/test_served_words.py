"""The served portal, told what no keyboard types: half characters, zeros, signs that other programs obey.

No word that somebody sends makes a bug of ours, be it in a form, an address or a plain request: a bug is a
line in the log and a number to call about, and whoever can make them at will hides the real ones.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest

from tests.attacks import served
from tests.attacks.served import Stage, caller
from tests.attacks.test_served_sweep import OURS, may, others, sweep
from tests.attacks.wire import VISIT, Closed, Line

pytestmark = pytest.mark.served
# A pair cut in half (as a field's maxlength may leave it), what PostgreSQL cannot keep, what turns a line round.
ODD = (
    "half \ud83d",
    "zero \x00",
    "\u202e\x1b[2J\r\nX-Header: 1",
    "𝔘" * 40,
    "'; DROP TABLE patient; --",
    "%_\\",
)
CALLERS = ["nobody", "maria", "olga"]


@pytest.fixture(
    scope="module", params=["stage", pytest.param("stage_on_postgres", marks=pytest.mark.postgres)]
)
def stage(request: pytest.FixtureRequest) -> Stage:
    """On each database: what one keeps, the other may refuse with a bug of ours."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def no_bug(stage: Stage) -> Iterator[None]:
    begun = len(stage.portal.log.read_text())
    yield
    log = stage.portal.log.read_text()[begun:]
    found = [line for line in log.splitlines() if re.search(r"Traceback|\bbug |a route failed", line)]
    assert not found, f"{len(found)}: {found[:3]}"
    assert "DROP TABLE" not in log


@pytest.mark.parametrize("word", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("name", CALLERS)
async def test_no_word_in_a_form_makes_a_bug(
    stage: Stage, line: Line, looked_into: None, no_bug: None, name: str, word: str
):
    who, things = served.newcomer(name), others(stage, name)
    names = [handler for handler in OURS if may(name, handler)]

    def given(handler: str) -> dict[str, Any]:
        right = served.arguments(handler, things)
        return {argument: odd(value) for argument, value in right.items()}

    def odd(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v if k.endswith("_id") else word for k, v in value.items()}
        return word if isinstance(value, str) else value

    told = await sweep(line, who, names, given, lambda n: things.path(n, framed=False))
    assert told
    assert "give this number" not in json.dumps(told)


@pytest.mark.parametrize("word", ODD, ids=range(len(ODD)))
async def test_no_word_in_an_address_makes_a_bug(
    stage: Stage, line: Line, looked_into: None, no_bug: None, word: str
):
    who = served.newcomer("olga")
    names = [handler for handler in OURS if may("olga", handler) and handler.endswith((".load", ".begin"))]
    fields = ("id", "q", "search", "account", "person", "patient", "from", "to", "page", "kind", "status")
    for asked in (
        {"from": "0001-01-01", "to": "9999-12-31"},
        dict.fromkeys(fields, word),
        dict.fromkeys(fields, quote(word, errors="surrogatepass")),
    ):
        path = "/staff/transactions?" + "&".join(f"{k}={v}" for k, v in asked.items())
        with suppress(Closed):  # no browser writes an address so: the portal may hang up
            told = await sweep(line, who, names, lambda _: {}, lambda _, path=path: path)
            assert "give this number" not in json.dumps(told)


async def test_no_name_of_an_event_makes_a_bug(stage: Stage, line: Line, looked_into: None, no_bug: None):
    for word in ODD:
        for name in (VISIT + word, VISIT.removesuffix("visit") + word, word):
            page = await line.hydrated(caller("maria"))
            with suppress(Closed):
                await page.tell(name)
                await page.settle()


ROUTES = ("/auth/session", "/auth/access-link", "/auth/passkey/options", "/auth/passkey/answer")


@pytest.mark.parametrize("path", ROUTES)
async def test_no_body_of_a_request_makes_a_bug(line: Line, looked_into: None, no_bug: None, path: str):
    bodies: list[Any] = ["[" * 2_900, '{"ticket":' * 280, "{}", "null", b"\xff\xfe", ""]
    for word in ODD:
        said = {"ticket": word, "token": word, "what": "sign_in", "language": word, "name": word}
        bodies += [json.dumps(said | {"answer": answer}) for answer in answers(word)]
    for body in bodies:
        status, _ = await line.ask("POST", path, caller("maria"), data=body)
        assert status < 500, body[:80]


def answers(word: str) -> Iterator[Any]:
    yield from (word, [word], {"response": word}, {"response": {"clientDataJSON": word}}, [[[[]]]] * 3)
    deep: Any = word
    for _ in range(900):
        deep = [deep]
    yield deep


@pytest.mark.parametrize("name", ["maria", "olga"])
async def test_no_address_of_a_paper_makes_a_bug(line: Line, looked_into: None, no_bug: None, name: str):
    who = served.newcomer(name)
    for word in ("%00", "%ED%A0%80", "%0d%0aX-Header:%201", "../../etc/passwd", "%2e%2e%2fx", "a" * 4_000):
        for path in (
            f"/documents/invoice/{word}.pdf",
            f"/documents/payments/{word}.pdf",
            f"/documents/statement.pdf?from={word}&to=2026-06-30&account={word}&person={word}&lang={word}",
            "/documents/statement.pdf?from=0001-01-01&to=9999-12-31",
            "/documents/statement.pdf?from=0001-01-01&to=0001-01-01",
            "/documents/itemised.pdf?from=9999-12-31&to=9999-12-31",
            "/documents/payments/0001.pdf",
            "/documents/payments/9999.pdf",
            "/staff/export/transactions.csv?from=0001-01-01",
            "/staff/export/transactions.csv?to=9999-12-31",
            f"/staff/export/transactions.csv?q={word}&kind={word}&from={word}",
            f"/staff/export/transactions.csv?q={word}",
            f"/staff/export/memberships.csv?q={word}&status={word}&plan={word}&until={word}",
            f"/staff/export/memberships.csv?q={word}",
            f"/assets/{word}",
            f"/es/{word}",
        ):
            status, said = await line.ask("GET", path, who)
            assert status < 500, path
            assert "root:" not in said
