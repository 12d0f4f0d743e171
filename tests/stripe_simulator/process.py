"""The simulator as its own process on a free loopback port, and a webhook that notes what it is told."""

import contextlib
import http.server
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SECRET = "whsec_tests"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@dataclass(frozen=True)
class Simulated:
    url: str

    def turn(self, **switches: Any) -> None:
        self.post("/switches", switches)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def get(self, path: str) -> Any:
        headers = {"Authorization": "Bearer sk_test_tests"}
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, headers=headers), timeout=10
        ) as answer:
            return json.load(answer)

    def payer_answers(self, intent_id: str, client_secret: str, passed: bool) -> Any:
        """As the 3-D Secure frame does."""
        return self.post(
            "/challenge/answer", {"id": intent_id, "client_secret": client_secret, "passed": passed}
        )


@contextlib.contextmanager
def simulator(store: str = ":memory:", webhook_url: str = "", port: int = 0) -> Iterator[Simulated]:
    port = port or free_port()
    command = [sys.executable, "-m", "portal_app.stripe_simulator", "--port", str(port), "--store", store]
    process = subprocess.Popen(
        [*command, "--webhook-url", webhook_url, "--webhook-secret", SECRET], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield Simulated(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("the simulator did not start")


@dataclass
class WebhookReceiver:
    """A webhook. `refuse`: how many deliveries it answers with 500 first."""

    url: str = ""
    refuse: int = 0
    received: list[tuple[bytes, str]] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.received]

    def wait_for(self, kind: str, times: int = 1, seconds: float = 8) -> None:
        deadline = time.monotonic() + seconds
        while self.kinds().count(kind) < times:
            assert time.monotonic() < deadline, f"{kind} did not come {times} times: {self.kinds()}"
            time.sleep(0.02)


@contextlib.contextmanager
def webhook() -> Iterator[WebhookReceiver]:
    told = WebhookReceiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refused = told.refuse > 0
            if refused:
                told.refuse -= 1
            else:
                told.received.append((body, self.headers["Stripe-Signature"]))
            self.send_response(500 if refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}/webhook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
