"""The built portal as a process of its own, with a demo practice in a temporary folder."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from portal_app.demo.passwords import passwords_in
from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / ".web" / "build" / "client"
# The practice's day is 15 June 2026, and the day after within its last hour; the hours go on.
_TODAY = datetime.now(ZoneInfo("America/New_York")).date()
CLOCK = f"-{(_TODAY - date(2026, 6, 15)).days}d" if date(2026, 6, 15) < _TODAY else ""
KEY = "e2e-" + "0123456789abcdef" * 4


@dataclass
class Portal:
    """One installation: its folder, its database, and as many processes as are started."""

    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="portal-e2e-")))
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"portal-{self.port}.log"

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PORTAL_MODE": "demo",
            # A demo ignores a database, Redis and processor that are named outside, unless it is told otherwise.
            "PORTAL_DEMO_USES_ENV": "yes" if any("PORTAL_" not in name for name in self.settings) else "no",
            "PORTAL_DATA_DIR": str(self.folder),
            "PORTAL_PORT": str(self.port),
            "PORTAL_PUBLIC_URL": self.url,
            "PORTAL_SECRET_KEY": KEY,
            "PORTAL_CLOCK": CLOCK,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    def command(self, *words: str) -> str:
        """`portal …` in this installation; its output. Fails the test when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "portal_app.cli", *words],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"portal {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def prepare(self) -> "Portal":
        self.command("migrate")
        self.command("demo")
        return self

    def password_of(self, email: str) -> str:
        """Of a member of the demo's staff in this installation."""
        return passwords_in(self.folder)[email]

    def like(self, folder: Path) -> "Portal":
        """With a copy of the data that another installation prepared."""
        shutil.copytree(folder, self.folder, dirs_exist_ok=True)
        return self

    def charges(self) -> list[int]:
        """What the simulated processor has taken from cards, in cents."""
        with closing(sqlite3.connect(self.folder / "stripe_simulator.db")) as store:
            rows = store.execute("SELECT body FROM thing WHERE kind = 'charge'").fetchall()
        charges = [json.loads(body) for (body,) in rows]
        return [charge["amount_captured"] for charge in charges if charge["status"] == "succeeded"]

    def start(self) -> "Portal":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal_app.cli", "serve"],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.answers, seconds=60, what=f"the portal ({self.log.read_text()[-2000:]})")
        return self

    def answers(self) -> bool:
        assert self.process is None or self.process.poll() is None, self.log.read_text()[-4000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as page:
                return page.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """As a power cut does: nothing is finished, nothing is said."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
            self.process.wait(timeout=15)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def faults(self) -> list[str]:
        """Lines of the log that no run shall have."""
        return [
            line
            for line in self.log.read_text().splitlines()
            if re.search(r"Traceback|\bERROR\b|\bbug ", line)
        ]
