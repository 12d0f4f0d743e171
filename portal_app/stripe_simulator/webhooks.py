"""Webhooks: events posted over HTTP, signed as Stripe signs, tried again until they are accepted."""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import sqlite3

import httpx

from portal_app.stripe_simulator import disputes, intents, refunds
from portal_app.stripe_simulator.store import Store, now
from portal_app.stripe_simulator.wire import written

log = logging.getLogger(__name__)
_MOST_TRIES = 16
_PAUSE = 0.5  # seconds between checks when nothing wakes it


class Courier:
    """Posts events to one webhook; tests can hold them back or reverse their order."""

    def __init__(self, store: Store, url: str, secret: str) -> None:
        self.store, self.url, self.secret = store, url, secret
        self.held = False
        self.newest_first = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._called = asyncio.Event()

    def call(self) -> None:
        """There is an event to post; may be called from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just closed
                self._loop.call_soon_threadsafe(self._called.set)

    async def work(self) -> None:
        """Posts events until cancelled."""
        self._loop = asyncio.get_running_loop()
        self._called = asyncio.Event()
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._called.wait(), _PAUSE)
                self._called.clear()
                try:
                    self._settle()
                    await self._bring(client)
                except sqlite3.OperationalError:
                    log.warning("simulator's store is busy; trying again")

    def _settle(self) -> None:
        """Ends bank debits and slow refunds that are due, and returns debits."""
        store = self.store
        for id_ in store.due_to_settle():
            with store.transaction():
                if id_ not in store.due_to_settle():
                    continue  # another process was faster
                store.request_key = None
                if id_.startswith("pi_"):
                    intents.settle_debit(store, store.get("payment_intent", id_))
                elif id_.startswith("ch_"):
                    returned = store.hidden(id_).get("returned", "insufficient_funds")
                    disputes.return_debit(store, store.get("charge", id_), returned)
                else:
                    refunds.settle(store, store.get("refund", id_))
                store.settled(id_)

    async def _bring(self, client: httpx.AsyncClient) -> None:
        if self.held or not self.url:
            return
        for n, event_id, tries in self.store.due_deliveries(self.newest_first):
            if not self.store.claim_delivery(n, tries, again_in=min(60.0, 2.0**tries)):
                continue
            body = written(self.store.get("event", event_id)).encode()
            answer = await self._post(client, body)
            taken = answer.startswith("2")
            self.store.delivered(n, answer, done=taken or tries + 1 >= _MOST_TRIES)

    async def _post(self, client: httpx.AsyncClient, body: bytes) -> str:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(
                body, self.secret
            ),  # when sent, so that a late retry is no stale one
        }
        try:
            return str((await client.post(self.url, content=body, headers=headers)).status_code)
        except httpx.HTTPError as problem:
            return type(problem).__name__


def signature(body: bytes, secret: str) -> str:
    moment = now()
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"
