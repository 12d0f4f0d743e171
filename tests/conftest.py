"""Every test: the clock stands still, nothing leaves the machine, the database is real and its own."""

import gc
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_DATA = tempfile.mkdtemp(prefix="portal-tests-")
_SET = {
    "PORTAL_MODE": "demo",
    "PORTAL_DATA_DIR": _DATA,
    "PORTAL_SECRET_KEY": "tests-" + "0123456789abcdef" * 4,
}
os.environ.update(_SET)
for _name in ("PORTAL_CLOCK", "PORTAL_SURFACE", "PORTAL_DEMO_USES_ENV", "DATABASE_URL", "REDIS_URL"):
    os.environ.pop(_name, None)

from portal_app.settings import Settings, settings  # noqa: E402  (after the environment is set)

Settings.model_config["env_file"] = None  # a developer's own .env decides nothing here

from sqlmodel import SQLModel  # noqa: E402

import portal_app.db.tables  # noqa: E402  (the metadata is whole)
from portal_app import clock  # noqa: E402
from portal_app.db import engine as db_engine  # noqa: E402
from portal_app.db.scope import reading  # noqa: E402
from portal_app.domain.access import nobody, system_principal  # noqa: E402
from portal_app.services import background_writes  # noqa: E402
from portal_app.services.patients import access  # noqa: E402
from portal_app.services.practice import facts  # noqa: E402
from portal_app.services.sign_in import password_hashes, rate_limits  # noqa: E402
from tests.architecture import sources  # noqa: E402
from tests.db import sample_rows  # noqa: E402
from tests.invariants import check_billing_invariants  # noqa: E402
from tests.people import People  # noqa: E402
from tests.servers import Missing, Postgres, Server, start_postgres, start_redis  # noqa: E402

assert portal_app.db.tables
# The real one is slow on purpose. `real_passwords` brings it back where its slowness is what is tested.
_REAL = password_hashes._hasher
password_hashes._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 15, 12, 0, tzinfo=NEW_YORK)
DATABASES = os.environ.get("PORTAL_TEST_DATABASES", "sqlite,postgresql").replace(",", " ").split()
_PARAMS = [
    pytest.param(name, marks=[pytest.mark.postgres] if name == "postgresql" else []) for name in DATABASES
]


class LeftTheMachine(Exception):
    """A test tried to talk to somebody who is not on this machine."""


def pytest_configure() -> None:
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def only_loopback(name: str) -> Callable[..., Any]:
        def requires(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                host = str(address[0])
                if not (host.startswith("127.") or host in ("::1", "localhost")):
                    raise LeftTheMachine(f"{host}: tests talk to loopback only")
            return real[name](self, address)

        return requires

    for name in real:
        setattr(socket.socket, name, only_loopback(name))
    gc.disable()


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_runtest_logreport() -> None:
    """`make test` checks types beside the tests, and makes this file when it finds an error: nobody waits for the rest."""
    stop = os.environ.get("PORTAL_STOP_FILE")
    if stop and "PYTEST_XDIST_WORKER" not in os.environ and Path(stop).exists():
        pytest.exit("the types are wrong", returncode=1)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    inside = [each is not None and "architecture" in each.path.parts for each in (item, nextitem)]
    if inside == [True, False]:
        sources.forget_trees()


def pytest_unconfigure() -> None:
    shutil.rmtree(_DATA, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A skipped server is said aloud: nobody shall think PostgreSQL was tested when it was not."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT TESTED ({count}): {reason.removeprefix('Skipped: ')}", yellow=True)


@pytest.fixture(autouse=True)
def noon(request: pytest.FixtureRequest) -> Iterator[datetime]:
    """The clock stands at noon of 15 June 2026 in New York. Another time: `with clock.held_at(…)`."""
    if request.node.get_closest_marker("browser") or request.node.get_closest_marker("bench"):
        yield clock.real_now()
        return
    with clock.held_at(NOON):
        yield NOON


@pytest.fixture
def real_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_hashes, "_hasher", _REAL)
    monkeypatch.setattr(password_hashes, "_dummy_hash", cache(password_hashes._dummy_hash.__wrapped__))


@pytest.fixture
def has_languages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """has_languages("es en"): from here on these are PORTAL_LANGUAGES, the default one first."""

    def change(languages: str) -> None:
        monkeypatch.setenv("PORTAL_LANGUAGES", languages)
        settings.cache_clear()

    yield change
    monkeypatch.delenv("PORTAL_LANGUAGES", raising=False)
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server per test process."""
    try:
        server = start_postgres()
    except Missing as reason:
        pytest.skip(f"PostgreSQL: {reason}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    try:
        server = start_redis()
    except Missing as reason:
        pytest.skip(f"Redis: {reason}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables, made once; each test gets a copy of the file."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    _make_tables(f"sqlite:///{file}")
    return file


@dataclass(frozen=True)
class PostgresTables:
    """One database with all tables for every test of this process: making one takes a second.

    `connection` empties it: making one for each test takes longer than the deleting.
    """

    url: str
    connection: psycopg.Connection

    def empty(self) -> None:
        """Every row goes, and every connection that an earlier test forgot."""
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        self.connection.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode()
        )
        deletes = [f'DELETE FROM "{table.name}"' for table in SQLModel.metadata.sorted_tables]
        first = "SELECT setval(pg_get_serial_sequence('audit_entry', 'seq'), 1, false)"
        # As a replica: no trigger and no foreign key asks which comes first.
        statements = ["SET session_replication_role = replica", *deletes, first]
        self.connection.execute("; ".join(statements).encode())


@pytest.fixture(scope="session")
def postgres_tables(postgres: Postgres) -> Iterator[PostgresTables]:
    postgres.command("CREATE DATABASE test_portal")
    url = postgres.url("test_portal")
    _make_tables(url)
    with psycopg.connect(postgres.connection_string("test_portal"), autocommit=True) as connection:
        yield PostgresTables(url, connection)


def _make_tables(url: str) -> None:
    db_engine.bind(url)
    SQLModel.metadata.create_all(db_engine.engine())
    db_engine.dispose()


@pytest.fixture
def sqlite_db(sqlite_template: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Only SQLite: for what does not depend on the kind of database."""
    file = sqlite_template.with_name("portal.db")
    for beside in ("-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    shutil.copy(sqlite_template, file)
    yield from _bound(f"sqlite:///{file}", request)


@pytest.fixture
def postgres_db(postgres_tables: PostgresTables, request: pytest.FixtureRequest) -> Iterator[str]:
    """Only PostgreSQL: for real concurrency."""
    postgres_tables.empty()
    yield from _bound(postgres_tables.url, request)


def _bound(url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Always the same address: the engine and its prepared statements serve every test of the process."""
    access.forget()
    facts.forget()
    rate_limits.forget_all()
    db_engine.bind(url)
    yield url
    try:
        if not request.node.get_closest_marker("loose_rows") and not request.node.get_closest_marker("bench"):
            _books_agree(url)
    finally:
        _background_writes_end()
        db_engine.close()
        db_engine.unbind()


def _background_writes_end() -> None:
    """What a test wrote in the background is not to reach the database of the next one."""
    if background_writes._threads.cache_info().currsize:
        meeting = threading.Barrier(background_writes._THREADS)

        def meet(_: object) -> None:
            meeting.wait(60)

        for each in [background_writes.write_soon(nobody(), meet) for _ in range(background_writes._THREADS)]:
            each.result(60)


def _books_agree(url: str) -> None:
    """However a test ends: the sum of the balances is the ledger's, and every invariant of money holds."""
    db_engine.bind(url)
    with reading(system_principal("books")) as tx:
        check_billing_invariants(tx)


@pytest.fixture(params=_PARAMS)
def db(request: pytest.FixtureRequest) -> str:
    """An empty database with all tables, once on SQLite and once on PostgreSQL. The value is its address."""
    return request.getfixturevalue("sqlite_db" if request.param == "sqlite" else "postgres_db")


@pytest.fixture
def sample_people(db: str) -> People:
    """The people every test knows, in `db`."""
    return sample_rows.create_people()
