"""The simulator's HTTP side: API calls with Stripe's idempotency, and the pages its frames show."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from portal_app.stripe_simulator import api, intents, pages, switches
from portal_app.stripe_simulator.store import API_VERSION, Store, new_id
from portal_app.stripe_simulator.switches import Switches
from portal_app.stripe_simulator.webhooks import Courier
from portal_app.stripe_simulator.wire import Fields, Problem, Thing, nested, written

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Max-Age": "300",
}


class _BreakOff:
    """An answer that ends too early: the client cannot know whether the work was done."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"999999"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionResetError("broken off by a test")


class Simulator:
    """One store, webhook and set of switches. It has threads of its own: the portal's may all wait for it."""

    def __init__(self, store: Store, courier: Courier, secret_key: str) -> None:
        self.store, self.courier, self.secret_key = store, courier, secret_key
        self.switches = Switches(store, courier)
        self.threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="stripe-simulator")

    async def api(self, request: Request) -> Response | _BreakOff:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=CORS)
        fields = nested(parse_qsl(request.url.query, keep_blank_values=True))
        if raw := await request.body():
            fields.update(nested(parse_qsl(raw.decode(), keep_blank_values=True)))
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        headers = {name.lower(): value for name, value in request.headers.items()}
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(self.threads, self._call, request.method, path, fields, headers)
        self.courier.call()
        if done is None:
            return _BreakOff()
        status, body, more = done
        return Response(written(body), status, {**CORS, **more}, "application/json")

    def _call(
        self, method: str, path: str, fields: Fields, headers: dict[str, str]
    ) -> tuple[int, Thing, dict[str, str]] | None:
        """Status, body, headers; None when the answer is to be lost."""
        more = {
            "Request-Id": new_id("req_", 14),
            "Stripe-Version": headers.get("stripe-version", API_VERSION),
        }
        try:
            key = self._key(headers, fields)
            broken = self.switches.broken(method, path, "before")
            if broken:
                return broken.answer(more)
            status, body, replayed = self._once(method, path, fields, key, headers.get("idempotency-key"))
        except Problem as problem:
            status, body, replayed = problem.status, problem.body, False
        if replayed:
            more["Idempotent-Replayed"] = "true"
        if "idempotency-key" in headers:
            more["Idempotency-Key"] = headers["idempotency-key"]
        broken = self.switches.broken(method, path, "after")
        if broken and broken.late:
            time.sleep(broken.late)  # this thread serves nobody else
            broken = None
        return broken.answer(more) if broken else (status, body, more)

    def _once(
        self, method: str, path: str, fields: Fields, key: str, once: str | None
    ) -> tuple[int, Thing, bool]:
        """One transaction; a POST with a key that was answered before is answered the same."""
        store = self.store
        once = once if method == "POST" else None
        digest = hashlib.sha256(json.dumps([path, fields], sort_keys=True).encode()).hexdigest()
        with store.transaction():
            store.request_key = once
            if once and (before := store.answered(once)):
                if before[0] != digest:
                    words = (
                        "Keys for idempotent requests can only be used with the same parameters they were"
                        f" first used with. Try using a key other than '{once}' if you meant to execute a"
                        " different request."
                    )
                    raise Problem(400, words, kind="idempotency_error")
                return before[1], before[2], True
            try:
                status, body = 200, api.answer(store, method, path, fields, key)
            except Problem as problem:
                if not problem.kept:
                    raise
                status, body = problem.status, problem.body
            if once:
                store.remember(once, digest, status, body)
        return status, body, False

    def _key(self, headers: dict[str, str], fields: Fields) -> str:
        """The request's key: any test key, or exactly `secret_key` where one is set."""
        given = headers.get("authorization", "")
        if given.startswith("Bearer "):
            key = given.removeprefix("Bearer ")
        elif given.startswith("Basic "):
            key = base64.b64decode(given.removeprefix("Basic ")).decode().split(":")[0]
        else:
            key = str(fields.get("key") or "")
        if "_live_" in key:
            raise Problem(401, "This is a simulator: it refuses live keys.")
        if not key:
            raise Problem(401, "You did not provide an API key.")
        ours = (
            key.startswith("pk_")
            or not self.secret_key
            or hmac.compare_digest(key.encode(), self.secret_key.encode())
        )
        if not (ours and re.fullmatch(r"[spr]k_test_\w+", key)):
            raise Problem(401, f"Invalid API Key provided: {key[:8]}***")
        return key

    async def challenge_answered(self, request: Request) -> Response:
        """The 3-D Secure frame reports which button the payer pressed."""
        answered: dict[str, Any] = await request.json()
        loop = asyncio.get_running_loop()
        try:
            intent = await loop.run_in_executor(self.threads, self._authenticate, answered)
        except Problem as problem:
            return JSONResponse(problem.body, problem.status)
        self.courier.call()
        return JSONResponse(api.without_private_fields(intent))

    def _authenticate(self, answered: dict[str, Any]) -> Thing:
        id_ = str(answered.get("id"))
        kind = "payment_intent" if id_.startswith("pi_") else "setup_intent"
        with self.store.transaction():
            self.store.request_key = None
            intent = api.intent_of_secret(self.store, kind, id_, answered.get("client_secret"))
            return intents.authenticate(self.store, intent, answered.get("passed") is True)


def make_app(
    store_path: str | Path = ":memory:",
    webhook_url: str = "",
    webhook_secret: str = "",
    base_url: str = "",
    *,
    secret_key: str = "",
    with_switches: bool = False,
) -> Starlette:
    """Stripe, simulated, to be mounted or served by itself.

    `base_url` is where it is reached. `secret_key`: the only one accepted, else any test key.
    `with_switches`: tests may make it misbehave; never where strangers can reach it.
    """
    for secret in (secret_key, webhook_secret):
        if "_live_" in secret:
            raise ValueError("the simulator refuses live keys")
    store = Store(store_path, base_url.rstrip("/"))
    simulator = Simulator(store, Courier(store, webhook_url, webhook_secret), secret_key)
    routes = [
        Route("/v1/{rest:path}", simulator.api, methods=["GET", "POST", "DELETE", "OPTIONS"]),
        Route("/challenge/answer", simulator.challenge_answered, methods=["POST"]),
        *pages.routes(),
    ]
    if with_switches:
        routes += switches.routes(simulator.switches)
    app = Starlette(routes=routes)
    app.state.simulator = simulator
    return app


async def deliver_webhooks(simulator: Starlette) -> None:
    """Runs beside the app until cancelled (a mounted app has no lifespan): webhooks, bank debits, slow refunds."""
    await simulator.state.simulator.courier.work()
