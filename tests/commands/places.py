"""A folder in which somebody runs the portal: its `.env`, its data, and its commands as real processes."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.commands.preloaded import run_portal

ROOT = Path(__file__).resolve().parents[2]
# What a practice writes into its `.env`: test keys are enough to start.
PRODUCTION = {
    "PORTAL_MODE": "production",
    "PORTAL_SECRET_KEY": "places-" + "0123456789abcdef" * 4,
    "PORTAL_PUBLIC_URL": "https://portal.riverside.example",
    "STRIPE_SECRET_KEY": "sk_test_0",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_0",
    "STRIPE_WEBHOOK_SECRET": "whsec_0",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_PORT": "9",
    "SMTP_FROM": "portal@riverside.example",
}
NAME_PRACTICE = ("practice", "set", "--name", "Riverside Family Dental")
DEMO = {"PORTAL_MODE": "demo"}  # as `make run` sets it
_OURS = ("PORTAL_", "STRIPE_", "SMTP_", "TWILIO_", "DATABASE_URL", "REDIS_URL")


@dataclass
class Place:
    """`env_file`: what stands in its `.env`; nothing of the tests' own settings is around it."""

    folder: Path
    env_file: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.env_file:
            text = "".join(f"{name}={value}\n" for name, value in self.env_file.items())
            (self.folder / ".env").write_text(text)

    def environment(self, **settings: str) -> dict[str, str]:
        around = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        around |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        around["HTTPS_PROXY"] = "http://127.0.0.1:9"  # nobody: a practice's portal would ask the real Stripe
        return around | settings

    def program(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """`python -m …`, run to its end; one that goes on serving fails the test after three minutes."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def portal(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        if words[0] == "serve":
            return self.program("portal_app.cli", *words, **settings)
        return run_portal(words, self.folder, self.environment(**settings))

    def does(self, *words: str, **settings: str) -> str:
        """`portal …` that works; what it prints."""
        done = self.portal(*words, **settings)
        assert done.returncode == 0, f"portal {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def refuses(self, *words: str, **settings: str) -> str:
        """`portal …` that ends in one line of words and exit code 1; the line."""
        done = self.portal(*words, **settings)
        assert done.returncode == 1, f"portal {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        assert done.stderr.startswith("portal: ") and done.stderr.count("\n") == 1, done.stderr
        return done.stderr
