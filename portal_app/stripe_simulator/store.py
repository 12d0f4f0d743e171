"""Where the simulator keeps its objects: one SQLite file, which several processes may share."""

import contextlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal_app.stripe_simulator.wire import Thing, missing

API_VERSION = "2026-10-28.endive"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA busy_timeout=5000;
CREATE TABLE IF NOT EXISTS thing(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, body TEXT, hidden TEXT DEFAULT '{}');
CREATE INDEX IF NOT EXISTS thing_kind ON thing(kind, seq);
CREATE TABLE IF NOT EXISTS answer(key TEXT PRIMARY KEY, digest TEXT, status INT, body TEXT);
CREATE TABLE IF NOT EXISTS delivery(
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT, due REAL, tries INT DEFAULT 0, done INT DEFAULT 0, last TEXT);
CREATE TABLE IF NOT EXISTS later(id TEXT PRIMARY KEY, due REAL);
"""


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))


def now() -> int:
    """The real time in seconds, also where PORTAL_CLOCK is set: so is Stripe's."""
    return int(time.time())


class Store:
    """Objects as JSON; data that the API never returns is stored beside them. One writer at a time."""

    def __init__(self, path: str | Path, base_url: str = "") -> None:
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.executescript(_SCHEMA)
        self.request_key: str | None = None
        self.duplicates = 0  # extra deliveries of each event
        self.delay = 0.0  # seconds before each delivery
        self.settle_after = 4.0  # seconds until a bank debit or a slow refund has ended
        self.declining: list[tuple[str, str]] = []  # (code, decline code) of the next charges
        self.base_url = base_url

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, also across processes."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    def put(self, thing: Thing, **hidden: Any) -> Thing:
        self.db.execute(
            "INSERT INTO thing(id, kind, body) VALUES(?, ?, ?)"
            " ON CONFLICT(id) DO UPDATE SET body = excluded.body",
            (thing["id"], thing["object"], json.dumps(thing)),
        )
        if hidden:
            self.hide(thing["id"], **hidden)
        return thing

    def hide(self, id_: str, **facts: Any) -> None:
        self.db.execute(
            "UPDATE thing SET hidden = ? WHERE id = ?", (json.dumps({**self.hidden(id_), **facts}), id_)
        )

    def hidden(self, id_: str) -> dict[str, Any]:
        row = self.db.execute("SELECT hidden FROM thing WHERE id = ?", (id_,)).fetchone()
        return json.loads(row[0]) if row else {}

    def get(self, kind: str, id_: str, param: str = "id") -> Thing:
        row = self.db.execute("SELECT body FROM thing WHERE id = ? AND kind = ?", (id_, kind)).fetchone()
        if row is None:
            raise missing("PaymentMethod" if kind == "payment_method" else kind, id_, param)
        return json.loads(row[0])

    def every(self, kind: str, **same: Any) -> list[Thing]:
        """Newest first; `same` narrows by fields, those that are None narrow nothing."""
        rows = self.db.execute("SELECT body FROM thing WHERE kind = ? ORDER BY seq DESC", (kind,))
        wanted = {name: value for name, value in same.items() if value}
        things = (json.loads(row[0]) for row in rows)
        return [thing for thing in things if all(thing.get(name) == value for name, value in wanted.items())]

    def remove(self, id_: str) -> None:
        self.db.execute("DELETE FROM thing WHERE id = ?", (id_,))

    # ---- idempotency ---------------------------------------------------------------------------

    def answered(self, key: str) -> tuple[str, int, Thing] | None:
        row = self.db.execute("SELECT digest, status, body FROM answer WHERE key = ?", (key,)).fetchone()
        return (row[0], row[1], json.loads(row[2])) if row else None

    def remember(self, key: str, digest: str, status: int, body: Thing) -> None:
        self.db.execute("INSERT INTO answer VALUES(?, ?, ?, ?)", (key, digest, status, json.dumps(body)))

    # ---- what happens later, and who is told -----------------------------------------------------

    def settle_later(self, id_: str, seconds: float) -> None:
        self.db.execute("INSERT OR REPLACE INTO later VALUES(?, ?)", (id_, time.time() + seconds))

    def due_to_settle(self) -> list[str]:
        rows = self.db.execute("SELECT id FROM later WHERE due <= ?", (time.time(),)).fetchall()
        return [row[0] for row in rows]

    def settled(self, id_: str) -> None:
        self.db.execute("DELETE FROM later WHERE id = ?", (id_,))

    def tell(self, kind: str, thing: Thing) -> None:
        """Stores an event about `thing`, to be delivered to the webhook."""
        event = {
            "id": new_id("evt_"),
            "object": "event",
            "api_version": API_VERSION,
            "created": now(),
            "data": {"object": thing},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": new_id("req_", 14), "idempotency_key": self.request_key},
            "type": kind,
        }
        self.put(event)
        for _ in range(1 + self.duplicates):
            self.deliver(event["id"])

    def deliver(self, event_id: str) -> None:
        self.db.execute("INSERT INTO delivery(event, due) VALUES(?, ?)", (event_id, time.time() + self.delay))

    def due_deliveries(self, newest_first: bool = False) -> list[tuple[int, str, int]]:
        order = "DESC" if newest_first else "ASC"
        return self.db.execute(
            f"SELECT n, event, tries FROM delivery WHERE done = 0 AND due <= ? ORDER BY n {order}",  # noqa: S608
            (time.time(),),
        ).fetchall()

    def claim_delivery(self, n: int, tries: int, again_in: float) -> bool:
        """Claims a delivery for this process; returns whether it may post it. If it dies, another process posts it later."""
        done = self.db.execute(
            "UPDATE delivery SET tries = tries + 1, due = ? WHERE n = ? AND tries = ? AND done = 0",
            (time.time() + again_in, n, tries),
        )
        return done.rowcount == 1

    def delivered(self, n: int, answer: str, done: bool) -> None:
        self.db.execute("UPDATE delivery SET done = ?, last = ? WHERE n = ?", (int(done), answer, n))

    def deliveries(self) -> list[dict[str, Any]]:
        names = ("n", "event", "due", "tries", "done", "last")
        return [dict(zip(names, row, strict=True)) for row in self.db.execute("SELECT * FROM delivery")]

    def clear(self) -> None:
        for table in ("thing", "answer", "delivery", "later"):
            self.db.execute(f"DELETE FROM {table}")  # noqa: S608
