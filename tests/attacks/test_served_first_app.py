"""Whoever knows a password of staff tries to become that member, on a practice's portal as it is served.

The password may be a published one, or one that somebody saw over a shoulder: without the link that
`portal staff add` printed, nobody sets up the second factor that goes with it.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pyotp.totp import TOTP

from portal_app.domain.access import Side
from tests.attacks.served import ALL
from tests.attacks.wire import Caller, Line, Page
from tests.commands.places import NAME_PRACTICE, PRODUCTION, Place
from tests.conftest import DATABASES
from tests.e2e.portal import CLIENT, ROOT
from tests.servers import free_port, listening, wait_until

pytestmark = pytest.mark.served
PASSWORD = "lantern-quartz-4-meadow"
NEW_PASSWORD = "eleven green kettles sing"
OWNER = "olga@riverside.example"
PUBLIC = PRODUCTION["PORTAL_PUBLIC_URL"]
HOST = PUBLIC.removeprefix("https://")
SIGN_IN, SET_UP = "staff_sign_in_state", "staff_set_up_state"


@dataclass(frozen=True)
class Served:
    place: Place
    line: str
    link: str  # as `portal staff add` printed it


def handler(state: str, name: str) -> str:
    return next(known for known in ALL if known.endswith(f"{state}.{name}"))


@pytest.fixture(scope="module", params=DATABASES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A practice in production with its owner, who has not set up an app yet."""
    if not (CLIENT / "index.html").exists():
        pytest.skip("the pages are not built: python scripts/build.py")
    folder, port = tmp_path_factory.mktemp("practice"), free_port()
    settings = PRODUCTION | {"PORTAL_DATA_DIR": str(folder), "PORTAL_PORT": str(port)}
    settings["PORTAL_TRUSTED_PROXY_HOPS"] = "1"
    if request.param == "postgresql":
        request.getfixturevalue("postgres").command("CREATE DATABASE first_app")
        settings["DATABASE_URL"] = request.getfixturevalue("postgres").url("first_app")
    place = Place(folder, settings)
    place.does("migrate")
    place.does(*NAME_PRACTICE)
    printed = place.does(
        *("staff", "add", OWNER, "--name", "Olga Novak", "--role", "owner"), PORTAL_STAFF_PASSWORD=PASSWORD
    )
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "portal_app.cli", "serve"],
        cwd=ROOT,  # where the built pages are
        env=place.environment(**settings),
        stdout=log,
        stderr=log,
    )
    try:
        wait_until(lambda: _listens(process, port, folder), seconds=60, what="the portal")
        yield Served(place, f"http://127.0.0.1:{port}", _link_in(printed))
        assert "Traceback" not in (folder / "log").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        log.close()
        if request.param == "postgresql":
            request.getfixturevalue("postgres").command("DROP DATABASE first_app WITH (FORCE)")


def _listens(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> bool:
    assert process.poll() is None, (folder / "log").read_text()[-2000:]
    return listening(port)


def _link_in(printed: str) -> str:
    found = re.search(rf"{re.escape(PUBLIC)}/staff/set-up#\S+", printed)
    assert found, printed
    return found[0]


@pytest.fixture
async def page(served: Served, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A stranger's page, from an address of its own: nothing that another test tried counts against it."""
    number = sum(map(ord, request.node.name)) % 200 + 1
    caller = replace(Caller(side=Side.STAFF), address=f"203.0.113.{number}")
    async with aiohttp.ClientSession() as client:
        line = Line(served.line, client)
        page = await line.call(caller, host=HOST, origin=PUBLIC)
        await page.hydrate(path="/staff/sign-in")
        yield page
        await page.close()


async def told(page: Page, state: str, name: str, **form: str) -> dict[str, Any]:
    """What the page knows of a state after one of its forms was sent."""
    given = {"form": form} if form else {}
    await page.tell(handler(state, name), given, "/staff/sign-in")
    await page.settle()
    found = [values for known, values in page.deltas().items() if known.endswith(state)]
    assert found
    return {name.removesuffix("_rx_state_"): value for name, value in found[0].items()}


def _said(seen: dict[str, Any]) -> str:
    """What the page says: on top of the form, or at a field."""
    return " ".join([seen["message"], *seen["field_errors"].values()]).strip()


async def test_a_known_password_alone_is_shown_nothing_to_scan(page: Page):
    seen = await told(page, SIGN_IN, "give_password", email=OWNER, password=PASSWORD)
    assert (seen["step"], seen["qr"], seen["secret"], seen["ticket"]) == ("password", "", "", "")
    assert "set-up link" in _said(seen)
    seen = await told(page, SIGN_IN, "give_code", code="000000")
    assert (seen["step"], seen["ticket"]) == ("password", "")


async def test_a_wrong_password_is_told_no_more_than_ever(page: Page):
    seen = await told(page, SIGN_IN, "give_password", email=OWNER, password="not the password")
    assert _said(seen) == "The email or the password is wrong, or the sign-in is locked for a while."


@pytest.mark.parametrize("token", ["", "x" * 43, "' OR 1=1 --"])
async def test_nor_is_it_by_a_link_that_somebody_made_up(page: Page, token: str):
    seen = await told(page, SET_UP, "give_password", token=token, password=PASSWORD)
    assert (seen["step"], seen["qr"], seen["secret"], seen["ticket"]) == ("over", "", "", "")


async def test_nor_by_the_link_without_the_password(served: Served, page: Page):
    seen = await told(
        page, SET_UP, "give_password", token=served.link.partition("#")[2], password=NEW_PASSWORD
    )
    assert (seen["step"], seen["qr"], seen["secret"]) == ("password", "", "")
    assert "password is wrong" in _said(seen)


async def test_the_one_who_was_given_the_link_is_in_and_nobody_after_them(served: Served, page: Page):
    """Then the link is over. After a reset the old password opens nothing, by the new link neither."""
    who = "ann@riverside.example"
    printed = served.place.does(
        *("staff", "add", who, "--name", "Ann Ito", "--role", "billing"), PORTAL_STAFF_PASSWORD=PASSWORD
    )
    token = _link_in(printed).partition("#")[2]
    seen = await told(page, SET_UP, "give_password", token=token, password=PASSWORD)
    assert seen["step"] == "scan" and seen["qr"]
    code = TOTP(seen["secret"].replace(" ", "")).at(time.time())
    seen = await told(page, SET_UP, "give_code", code=code)
    assert seen["step"] == "done" and seen["ticket"] and not seen["secret"]
    seen = await told(page, SET_UP, "give_password", token=token, password=PASSWORD)
    assert seen["step"] == "over"
    printed = served.place.does("staff", "reset", who, PORTAL_STAFF_PASSWORD=NEW_PASSWORD)
    await told(page, SET_UP, "start_over")
    seen = await told(
        page, SET_UP, "give_password", token=_link_in(printed).partition("#")[2], password=PASSWORD
    )
    assert (seen["step"], seen["secret"]) == ("password", "") and "password is wrong" in _said(seen)
    seen = await told(page, SIGN_IN, "give_password", email=who, password=NEW_PASSWORD)
    assert (seen["step"], seen["secret"]) == ("password", "") and "set-up link" in _said(seen)
