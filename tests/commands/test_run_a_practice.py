"""From an empty folder to a served portal by the commands of the README: the owner and a patient get in."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from aiosmtpd.controller import Controller
from pyotp.totp import TOTP

from portal_app.domain.access import Side
from tests.attacks.test_served_first_app import HOST, PUBLIC, SET_UP, told
from tests.attacks.wire import Caller, Line, Page
from tests.commands.databases import Database
from tests.commands.places import PRODUCTION, ROOT, Place
from tests.commands.test_demo_and_practice import HIRES, PASSWORD, PATIENTS
from tests.e2e.portal import CLIENT
from tests.gateways.test_mail import Inbox
from tests.servers import free_port, listening, wait_until

pytestmark = pytest.mark.served
PATIENT_SIGN_IN = "code____sign_in_state"  # the staff's state ends in sign_in_state too
README = (ROOT / "README.md").read_text()


@dataclass(frozen=True)
class Practice:
    line: str
    set_up_token: str
    inbox: Inbox


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """A mail server of this machine."""
    kept, port = Inbox(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    yield kept, port
    controller.stop()


def commands_of_the_readme() -> list[list[str]]:
    """The words of each `portal …` command under "Run it for your practice"."""
    text = README.partition("## Run it for your practice")[2].partition("```\n")[2].partition("```")[0]
    found = re.findall(r"^\.venv/bin/portal ([^#\n]*?)\s*(?:#.*)?$", text, re.M)
    return [command.split() for command in found]


@pytest.fixture
def practice(database: Database, inbox: tuple[Inbox, int], tmp_path: Path) -> Iterator[Practice]:
    """Every command of the README in its order, in a folder that holds a `.env` and nothing else."""
    if not (CLIENT / "index.html").exists():
        pytest.skip("the pages are not built: python scripts/build.py")
    kept, mail_port = inbox
    port = free_port()
    mail = {"SMTP_PORT": str(mail_port), "SMTP_TLS": "none"}
    place = Place(tmp_path, PRODUCTION | database.settings | mail | {"PORTAL_PORT": str(port)})
    records = tmp_path / "records"
    records.mkdir()
    (records / "patients.csv").write_text(PATIENTS)
    given = {
        "doctor": ("doctor",),
        "migrate": ("migrate",),
        "practice": ("practice", "set", "--name", "Riverside Family Dental"),
        "import": ("import", str(records)),
        "staff": HIRES,
    }
    printed = {}
    named = [words[0] for words in commands_of_the_readme()]
    assert named == ["doctor", "migrate", "practice", "import", "staff", "serve"]
    for name in named[:-1]:
        done = place.portal(*given[name], **PASSWORD)
        assert done.returncode == (1 if name == "doctor" else 0), f"{name}: {done.stdout}{done.stderr}"
        printed[name] = done.stdout
    assert "run portal migrate" in printed["doctor"]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "portal_app.cli", "serve"],
        cwd=tmp_path,
        env=place.environment(REFLEX_WEB_WORKDIR=os.fspath(ROOT / ".web")),
        stdout=log,
        stderr=log,
    )
    try:
        wait_until(lambda: _listens(process, port, tmp_path), seconds=60, what="the portal")
        yield Practice(f"http://127.0.0.1:{port}", _token_in(printed["staff"]), kept)
        assert "Traceback" not in (tmp_path / "log").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        log.close()


def _listens(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> bool:
    assert process.poll() is None, (folder / "log").read_text()[-2000:]
    return listening(port)


def _token_in(printed: str) -> str:
    found = re.search(rf"{re.escape(PUBLIC)}/staff/set-up#(\S+)", printed)
    assert found, printed
    return found[1]


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def page_at(practice: Practice, client: aiohttp.ClientSession, path: str, side: Side) -> Page:
    page = await Line(practice.line, client).call(replace(Caller(), side=side), host=HOST, origin=PUBLIC)
    await page.hydrate(path=path)
    return page


async def test_by_the_commands_of_the_readme_the_owner_and_a_patient_get_in(
    practice: Practice, client: aiohttp.ClientSession
):
    page = await page_at(practice, client, "/staff/set-up", Side.STAFF)
    password = PASSWORD["PORTAL_STAFF_PASSWORD"]
    seen = await told(page, SET_UP, "give_password", token=practice.set_up_token, password=password)
    assert seen["step"] == "scan" and seen["qr"], seen["error"]
    code = TOTP(seen["secret"].replace(" ", "")).at(time.time())
    seen = await told(page, SET_UP, "give_code", code=code)
    assert seen["step"] == "done" and seen["ticket"]
    await page.close()

    page = await page_at(practice, client, "/sign-in", Side.PATIENT)
    seen = await told(page, PATIENT_SIGN_IN, "send_code", contact="rita@example.com")
    assert seen["step"] == "code", seen["error"]
    wait_until(lambda: bool(practice.inbox.kept), seconds=20, what="the mail with the code")
    (letter,) = practice.inbox.letters()
    assert letter["To"] == "rita@example.com" and "Riverside Family Dental" in letter["From"]
    body = letter.get_body(("plain",))
    assert body is not None
    found = re.search(r"\b\d{6}\b", body.get_content())
    assert found
    await told(page, PATIENT_SIGN_IN, "check_code", code=found[0])
    born = {"born_day": "1", "born_month": "2", "born_year": "1980"}
    seen = await told(page, PATIENT_SIGN_IN, "check_birth_date", **born)
    assert seen["step"] == "done" and seen["ticket"], seen["error"]
    await page.close()
