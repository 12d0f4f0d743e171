"""Redis between processes: announcements by publish/subscribe, and which process holds which page."""

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import Any

import redis

from portal_app.settings import settings

_CHANNEL = "portal:live"
_BEAT_HOLDS = 6  # seconds: a process without a heartbeat for so long is gone
PROBE_TIMEOUT = 1.0  # seconds
_PAGE_HOLDS = 86_400
_REFLEX_PAGE_KEY = "token_manager_socket_record_"  # Reflex: which process a page's socket is at
_log = logging.getLogger("portal.bus")


class Holder(StrEnum):
    """Which process holds a page's socket, as far as Redis knows."""

    NOBODY = "nobody"
    US = "us"
    ANOTHER = "another"
    GONE = "gone"  # a process without a heartbeat


def _connect(url: str, *, answers_within: float, connects_within: float) -> Any:
    """A client of Redis, whose types leave most of its answers open. It connects with the first command."""
    client: Any = redis.Redis
    return client.from_url(url, socket_timeout=answers_within, socket_connect_timeout=connects_within)


class Bus:
    """Announcements go to every other process, not to the one that publishes them."""

    def __init__(self, url: str) -> None:
        self._redis = _connect(url, answers_within=5, connects_within=2)
        self._probe = _connect(url, answers_within=PROBE_TIMEOUT, connects_within=PROBE_TIMEOUT)
        self._from = secrets.token_hex(8)
        self._subscribed = False

    def is_answering(self) -> bool:
        """Whether Redis answers within a second."""
        try:
            return bool(self._probe.ping())
        except redis.RedisError:
            return False

    def publish(self, topic: str, key: str) -> None:
        """Announces. Without Redis it is lost, with a line in the log: pages reload by themselves when they return."""
        try:
            self._redis.publish(_CHANNEL, json.dumps([self._from, topic, key]))
        except redis.RedisError as trouble:
            _log.warning("an announcement was lost: %s", type(trouble).__name__)

    def send_heartbeat(self) -> None:
        """Marks this process as alive for a few seconds."""
        self._redis.set(f"portal:process:{self._from}", "1", ex=_BEAT_HOLDS)

    def claim_page(self, page: str) -> None:
        self._redis.set(f"portal:page:{page}", self._from, ex=_PAGE_HOLDS)

    def release_page(self, page: str) -> None:
        if self._holder_of(page) == self._from:
            self._redis.delete(f"portal:page:{page}")

    def find_holder(self, page: str) -> Holder:
        held_by = self._holder_of(page)
        if held_by in ("", self._from):
            return Holder.US if held_by else Holder.NOBODY
        return Holder.ANOTHER if self._redis.exists(f"portal:process:{held_by}") else Holder.GONE

    def forget_page(self, page: str) -> None:
        """Deletes who holds the page, where that process cannot do it itself."""
        self._redis.delete(f"portal:page:{page}", _REFLEX_PAGE_KEY + page)

    def _holder_of(self, page: str) -> str:
        found = self._redis.get(f"portal:page:{page}")
        return found.decode() if found else ""

    def subscribe(self, listener: Callable[[str, str], None]) -> None:
        """Calls the listener for each announcement, in a thread that lives as long as the process."""
        if not self._subscribed:
            self._subscribed = True
            threading.Thread(target=self._receive_forever, args=(listener,), name="bus", daemon=True).start()

    def _receive_forever(self, listener: Callable[[str, str], None]) -> None:
        while True:
            try:
                self._receive(listener)
            except (redis.RedisError, OSError) as trouble:
                _log.warning("Redis is away: %s", type(trouble).__name__)
                time.sleep(1)

    def _receive(self, listener: Callable[[str, str], None]) -> None:
        with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            channel.subscribe(_CHANNEL)
            while True:
                message = channel.get_message(timeout=4)
                if message is None:
                    continue
                whose, topic, key = json.loads(message["data"])
                if whose != self._from:
                    listener(topic, key)


def why_refused(url: str) -> str:
    """Why Redis at this address does not answer us: the kind of error; "" when it does."""
    try:
        _connect(url, answers_within=3, connects_within=3).ping()
    except (redis.RedisError, ValueError) as trouble:
        return type(trouble).__name__
    return ""


def is_redis_away(trouble: BaseException) -> bool:
    """Whether this is Redis that cannot be reached: an outage, not a fault of the portal."""
    return isinstance(trouble, redis.ConnectionError | redis.TimeoutError)


@cache
def bus() -> Bus | None:
    """The bus of this process; None without REDIS_URL."""
    url = settings().redis_url.get_secret_value()
    return Bus(url) if url else None
