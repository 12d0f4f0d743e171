"""Real servers for tests, each on a free loopback port with its files in a temporary folder."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Missing(Exception):
    """This machine has not got the program; the text says which one and how to get it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.05)


@dataclass
class Server:
    """A child process and its folder; both are gone after `stop`."""

    process: subprocess.Popen[Any]
    port: int
    folder: Path

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres(Server):
    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://portal@127.0.0.1:{self.port}/{database}"

    def connection_string(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=portal dbname={database}"

    def command(self, sql: str, database: str = "postgres") -> None:
        """Run it outside of any transaction of ours."""
        import psycopg  # noqa: PLC0415

        with psycopg.connect(self.connection_string(database), autocommit=True) as connection:
            connection.execute(sql.encode())


def start_postgres() -> Postgres:
    """A cluster that forgets everything. PostgreSQL refuses root, so root steps down."""
    initdb, postgres = _postgres_program("initdb"), _postgres_program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    run_as: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        user = _somebody_else()
        os.chown(folder, user.pw_uid, user.pw_gid)
        run_as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, port = folder / "data", free_port()
    subprocess.run(
        [initdb, "-D", data, "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True,
        capture_output=True,
        **run_as,
    )
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 80,
        "shared_buffers": "64MB",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    with (folder / "log").open("wb") as log:
        command = [postgres, "-D", str(data), *options]
        process: subprocess.Popen[Any] = subprocess.Popen(command, stdout=log, stderr=log, **run_as)
    server = Postgres(process, port, folder)
    wait_until(lambda: _answers(server), seconds=30, what="PostgreSQL")
    return server


def start_redis(port: int = 0) -> Server:
    program = shutil.which("redis-server")
    if not program:
        raise Missing("redis-server is not installed (Debian: apt-get install redis-server)")
    folder, port = Path(tempfile.mkdtemp(prefix="portal-redis-")), port or free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(process, port, folder)
    wait_until(lambda: listening(port), seconds=10, what="Redis")
    return server


def _answers(server: Postgres) -> bool:
    import psycopg  # noqa: PLC0415

    if server.process.poll() is not None:
        raise RuntimeError((server.folder / "log").read_text())
    try:
        server.command("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _postgres_program(name: str) -> str:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: p.parts[4].zfill(4))
    found = str(versions[-1]) if versions else shutil.which(name)
    if not found:
        raise Missing(f"PostgreSQL's {name} is not installed (Debian: apt-get install postgresql)")
    return found


def _somebody_else() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Missing("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
