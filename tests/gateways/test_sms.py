"""SMS against a small server that answers as Twilio's API does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from portal_app.gateways.sending import Failed, Sent
from portal_app.gateways.sms import TwilioTexter
from portal_app.gateways.sms_fake import FakeTexter

TO = "+12025550123"


class Twilio(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status, self.answer = 201, b'{"sid": "SM123", "status": "queued"}'
        self.slow = threading.Event()
        self.slow.set()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Twilio

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append({"path": self.path, "auth": self.headers["Authorization"], "form": form})
        self.server.slow.wait(5)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    server = Twilio()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.slow.set()
    server.shutdown()
    server.server_close()
    thread.join()


def texter(server: Twilio, sender: str = "+12025550100", seconds: float = 5) -> TwilioTexter:
    base = f"http://127.0.0.1:{server.server_port}"
    return TwilioTexter("AC1", SecretStr("token"), sender, base=base, seconds=seconds)


def test_a_text_is_asked_for_as_twilio_wants_it(twilio: Twilio) -> None:
    assert texter(twilio).send(TO, "Código 1 & 2\n\n@host #123456", key="msg_1") == Sent("SM123")
    (asked,) = twilio.asked
    assert asked["path"] == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked["auth"] == "Basic QUMxOnRva2Vu"
    assert asked["form"] == {
        "To": [TO],
        "From": ["+12025550100"],
        "Body": ["Código 1 & 2\n\n@host #123456"],
    }


def test_a_messaging_service_is_named_as_one(twilio: Twilio) -> None:
    texter(twilio, sender="MG9").send(TO, "Hi", key="k")
    assert twilio.asked[0]["form"]["MessagingServiceSid"] == ["MG9"]
    assert "From" not in twilio.asked[0]["form"]


@pytest.mark.parametrize(
    ("status", "code", "permanent", "stopped"),
    [
        (400, 21610, True, True),
        (400, 21211, True, False),
        (400, 21614, True, False),
        (400, 21212, False, False),  # our own number is wrong: B60's kind
        (400, 21606, False, False),
        (400, 99999, True, False),
        (401, 20003, False, False),
        (403, 20005, False, False),
        (429, 20429, False, False),
        (500, 20500, False, False),
        (503, 0, False, False),
    ],
)
def test_what_twilio_refuses_is_for_good_or_for_later(
    twilio: Twilio, status: int, code: int, permanent: bool, stopped: bool
) -> None:
    twilio.status, twilio.answer = status, json.dumps({"code": code, "message": f"{TO} …"}).encode()
    answer = texter(twilio).send(TO, "Hi", key="k")
    assert isinstance(answer, Failed)
    assert (answer.permanent, answer.opted_out) == (permanent, stopped)
    assert answer.ours is (status in (401, 403) or code in (21212, 21606))
    assert TO not in answer.reason


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b'{"code": "x"}'])
def test_an_answer_that_makes_no_sense_is_for_later(twilio: Twilio, body: bytes) -> None:
    twilio.status, twilio.answer = 502, body
    answer = texter(twilio).send(TO, "Hi", key="k")
    assert isinstance(answer, Failed)
    assert not answer.permanent


def test_no_service_is_for_later_but_a_lost_answer_is_not_asked_again(twilio: Twilio) -> None:
    away = TwilioTexter("AC1", SecretStr("t"), "+1", base="http://127.0.0.1:1").send(TO, "Hi", key="k")
    assert isinstance(away, Failed)
    assert not away.permanent
    twilio.slow.clear()
    lost = texter(twilio, seconds=0.2).send(TO, "Hi", key="k")
    assert isinstance(lost, Failed)
    assert lost.permanent


def test_the_double_keeps_the_same_promises() -> None:
    fake = FakeTexter()
    assert isinstance(fake.send(TO, "Hi", key="k"), Sent)
    stopped = fake.send("+12025550000", "Hi", key="k")
    assert isinstance(stopped, Failed)
    assert stopped.opted_out
    assert fake.sent == [(TO, "Hi")]
