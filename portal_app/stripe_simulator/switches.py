"""For tests: how the simulator can be made to misbehave, as networks and processors do."""

import json
import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from portal_app.stripe_simulator import disputes, methods
from portal_app.stripe_simulator.store import Store
from portal_app.stripe_simulator.webhooks import Courier


@dataclass(slots=True)
class Broken:
    """The next `times` answers to requests that match are lost, or are errors."""

    match: str  # regular expression on "POST /v1/payment_intents"
    when: str = "after"  # the work is done "after", or nothing was done "before"
    times: int = 1
    status: int = 0  # 0: the connection breaks off
    late: float = 0.0  # seconds: the true answer, so late

    def answer(self, headers: dict[str, str]) -> tuple[int, dict[str, Any], dict[str, str]] | None:
        if not self.status:
            return None
        kind = (
            "api_error"
            if self.status >= 500
            else "rate_limit_error"
            if self.status == 429
            else "invalid_request_error"
        )
        return self.status, {"error": {"type": kind, "message": "Broken by a test."}}, headers


class Switches:
    def __init__(self, store: Store, courier: Courier) -> None:
        self._store, self._courier = store, courier
        self._broken: list[Broken] = []

    def broken(self, method: str, path: str, when: str) -> Broken | None:
        for one in self._broken:
            if one.times > 0 and one.when == when and re.search(one.match, f"{method} {path}"):
                one.times -= 1
                return one
        return None

    async def turn(self, request: Request) -> JSONResponse:
        """POST {"hold": true, "broken": [{…}], "dispute": ["ch_…"], "disputes": {"dp_…": "won"}, …}."""
        asked: dict[str, Any] = json.loads(await request.body() or b"{}")
        if asked.get("reset"):
            self._reset()
        if "webhook" in asked:
            self._courier.url, self._courier.secret = asked["webhook"]["url"], asked["webhook"]["secret"]
        self._courier.held = asked.get("hold", self._courier.held)
        self._courier.newest_first = asked.get("reverse", self._courier.newest_first)
        self._store.duplicates = asked.get("duplicate", self._store.duplicates)
        self._store.delay = asked.get("delay", self._store.delay)
        self._store.settle_after = asked.get("settle_after", self._store.settle_after)
        if "broken" in asked:
            self._broken = [Broken(**one) for one in asked["broken"]]
        if "decline" in asked:
            self._store.declining = [_codes(code) for code in asked["decline"]]
        with self._store.transaction():
            for method_id, month, year in asked.get("renew", []):
                methods.renew(self._store, method_id, month, year)
            for event_id in asked.get("again", []):
                self._store.deliver(event_id)
            self._store.request_key = None
            for charge_id in asked.get("dispute", []):
                disputes.open_dispute(self._store, self._store.get("charge", charge_id), "fraudulent")
            for dispute_id, what in asked.get("disputes", {}).items():
                disputes.act_as_bank(self._store, dispute_id, what)
        self._courier.call()
        return JSONResponse({"ok": True})

    async def deliveries(self, request: Request) -> JSONResponse:
        with self._store.lock:
            return JSONResponse(self._store.deliveries())

    def _reset(self) -> None:
        with self._store.transaction():
            self._store.clear()
        self._broken.clear()
        self._store.declining.clear()
        self._store.duplicates, self._store.delay, self._store.settle_after = 0, 0.0, 4.0
        self._courier.held = self._courier.newest_first = False


def _codes(decline_code: str) -> tuple[str, str]:
    """Some reasons are the error's own code, the others are details of `card_declined`."""
    own = ("expired_card", "incorrect_cvc", "incorrect_number", "incorrect_zip", "processing_error")
    own += ("invalid_cvc", "invalid_number", "invalid_expiry_month", "invalid_expiry_year")
    return (decline_code, "") if decline_code in own else ("card_declined", decline_code)


def routes(switches: Switches) -> list[Route]:
    return [
        Route("/switches", switches.turn, methods=["POST"]),
        Route("/switches/deliveries", switches.deliveries),
    ]
